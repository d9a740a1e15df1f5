"""The penalized side by packages that are not ours, where scikit-learn's Gaussian solvers do not reach."""
