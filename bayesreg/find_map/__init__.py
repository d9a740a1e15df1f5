"""The parts of find_MAP: a PyMC model's density, variables, Newton steps and certificate."""
