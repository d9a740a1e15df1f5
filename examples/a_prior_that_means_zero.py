"""
A prior that means zero
=======================

The lasso's posterior is not sparse: a Laplace prior shrinks large effects as much as small ones. A horseshoe prior
shrinks what is small nearly to 0 and leaves the rest alone.
"""

import matplotlib.pyplot as plt
import numpy as np

import bayesreg as br

generator = np.random.default_rng(0)
X = generator.standard_normal((60, 15))
true = np.array([3.0, -2.0, 1.5] + 12 * [0.0])
y = X @ true + 2.0 * generator.standard_normal(60)

figure, ax = plt.subplots(figsize=(9, 4), layout="constrained")
ax.plot(true, "_", color="0.3", ms=22, label="truth")
for shift, prior in [(-0.15, br.Laplace(br.HalfCauchy(1.0))), (0.15, br.Horseshoe())]:
    idata = br.sample(br.Regression(X, y, prior=prior), draws=2000, random_seed=0)
    coef = idata.posterior["coef"].stack(draws=("chain", "draw")).to_numpy()
    low, high = np.quantile(coef, [0.05, 0.95], axis=1)
    mean = coef.mean(axis=1)
    label = f"{prior.title}, mean and 90% interval"
    ax.errorbar(np.arange(15) + shift, mean, [mean - low, high - mean], fmt="o", ms=4, label=label)
ax.set(xlabel="column", ylabel="coefficient")
ax.legend(frameon=False)
