"""
Exact zeros in a PyMC model
===========================

``pm.find_MAP`` follows gradients and stops beside a kink: it never returns an exact 0. ``br.find_MAP`` takes any PyMC
model and splits variables with a Laplace prior by sign.
"""

import matplotlib.pyplot as plt
import numpy as np
import pymc as pm

import bayesreg as br

generator = np.random.default_rng(1)
X = generator.standard_normal((60, 10))
y = X[:, :2] @ [1.5, -1.0] + generator.standard_normal(60)

with pm.Model() as model:
    beta = pm.Laplace("beta", 0, 0.1, shape=10)
    pm.Normal("y", X @ beta, 1.0, observed=y)

trees = [pm.find_MAP(model=model, jitter=False, return_inferencedata=True, progressbar=False), br.find_MAP(model)]
rough, exact = (tree.posterior["beta"].to_numpy().ravel() for tree in trees)
print(f"exact zeros: pm.find_MAP {np.sum(rough == 0)}, br.find_MAP {np.sum(exact == 0)}")

# %%
# Distance of each coefficient from 0; exact zeros lie on the axis.

figure, ax = plt.subplots(layout="constrained")
ax.plot(np.abs(rough), "o", label="pm.find_MAP", mfc="none")
ax.plot(np.abs(exact), "x", label="br.find_MAP")
ax.set_yscale("symlog", linthresh=1e-9)
ax.set(xlabel="coefficient", ylabel="|MAP|")
ax.legend(frameon=False)
