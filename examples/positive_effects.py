"""
Positive media effects
======================

Spending on an advertisement cannot lower sales. Bounds truncate the prior: the estimate keeps exact zeros and exact
bounds, certified, and the posterior has no draw on the wrong side.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import bayesreg as br

generator = np.random.default_rng(4)
channels = ["tv", "radio", "search", "social"]
X = pd.DataFrame(generator.gamma(2.0, 1.0, (60, 4)), columns=channels)
X["price"] = generator.normal(10.0, 1.0, 60)
y = X @ [1.0, 0.3, 0.5, 0.0, -1.5] + generator.normal(0.0, 2.5, 60)

free = br.Regression(X, y, prior=br.Normal(3.0))
bounded = br.Regression(X, y, prior=br.Normal(3.0), bounds={"price": (None, 0)} | dict.fromkeys(channels, (0, None)))

# %%
# Posterior mean and 90% interval of each coefficient, without and with bounds.

figure, ax = plt.subplots(layout="constrained")
for shift, label, reg in [(-0.12, "no bounds", free), (0.12, "bounds", bounded)]:
    coef = br.sample(reg, random_seed=0).posterior["coef"].stack(draws=("chain", "draw")).to_numpy()
    low, high = np.quantile(coef, [0.05, 0.95], axis=1)
    mean = coef.mean(axis=1)
    ax.errorbar(np.arange(5) + shift, mean, [mean - low, high - mean], fmt="o", capsize=3, label=label)
ax.axhline(0, color="0.6", lw=1)
ax.set_xticks(range(5), X.columns)
ax.set(ylabel="effect on sales per unit")
ax.legend(frameon=False)
