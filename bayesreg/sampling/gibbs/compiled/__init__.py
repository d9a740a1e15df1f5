"""Gibbs sampling in machine code (numba): single draws, coefficients, hyperparameters, and the chain of them."""
