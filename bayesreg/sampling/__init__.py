"""The posterior: exact draws, Gibbs, or NUTS, and the choice between them."""
