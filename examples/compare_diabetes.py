"""From the lasso that one fits today to the posterior that it implies; writes shrinkage.png beside this file."""

from pathlib import Path

import bayesreg as br

frame, target = br.load_dataset("diabetes")
X, y = frame.drop(columns=target), frame[target]

# Lasso(alpha=0.85) of scikit-learn on standardized columns is this prior, with noise of standard deviation 54.
prior = br.to_prior(br.L1(0.85), objective="sklearn.Lasso", n=len(y), sigma=54.0)
reg = br.Regression(X, y, prior=prior, sigma=54.0)

both = br.compare(reg, objective="sklearn.Lasso", random_seed=0)
print(prior)
print(both)

br.plot_shrinkage(both).savefig(Path(__file__).with_name("shrinkage.png"), dpi=120)
