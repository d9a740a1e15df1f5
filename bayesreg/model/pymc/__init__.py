"""A regression as an ordinary PyMC model: its builder, and the PyMC forms of priors and families."""
