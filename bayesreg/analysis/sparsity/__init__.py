"""Which coefficients are really zero, and what can be left out."""
