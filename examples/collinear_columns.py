"""
Collinear columns
=================

Two columns that measure nearly the same thing leave least squares undecided: one coefficient large and positive, the
other large and negative. A Normal prior (ridge) settles it, and the posterior still says that only the sum is known.
"""

import numpy as np

import bayesreg as br

generator = np.random.default_rng(6)
signal = generator.standard_normal(80)
X = np.column_stack([signal, signal + 0.01 * generator.standard_normal(80), generator.standard_normal(80)])
y = 2.0 * signal + generator.standard_normal(80)

reg = br.Regression(X, y, prior=br.Normal(2.0))
idata = br.sample(reg, random_seed=0)
beta = idata.posterior["beta"]
print("sd of the first two:", beta.std(("chain", "draw")).to_numpy()[:2].round(2))
print("sd of their sum:    ", float(beta[..., :2].sum("coef_name").std().round(2)))

# %%

figure = br.plot_shrinkage(idata)
