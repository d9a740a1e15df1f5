"""
A prior that means zero
=======================

The lasso's posterior is not sparse: a Laplace prior shrinks large effects as much as small ones. A horseshoe prior
shrinks what is small nearly to 0 and leaves the rest alone. κ is the share of a coefficient that the prior takes away.
"""

import matplotlib.pyplot as plt
import numpy as np

import bayesreg as br

generator = np.random.default_rng(0)
X = generator.standard_normal((120, 12))
y = X[:, :3] @ [3.0, -2.0, 1.5] + generator.standard_normal(120)

figure, axes = plt.subplots(1, 2, figsize=(11, 4.5), sharex=True, layout="constrained")
for ax, prior in zip(axes, [br.Laplace(br.HalfCauchy(1.0)), br.Horseshoe()], strict=True):
    idata = br.sample(br.Regression(X, y, prior=prior), draws=2000, random_seed=0)
    br.plot_kappa(idata, ax=ax)
    ax.set_title(f"{prior.title} prior")
