"""The regression: design, family, priors and noise together, its objective, and its PyMC model."""
