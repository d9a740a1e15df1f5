"""
Outliers
========

Least squares follows outliers. Noise with heavy tails, Student-t or Laplace (least absolute deviations), does not.
"""

import matplotlib.pyplot as plt
import numpy as np

import bayesreg as br

generator = np.random.default_rng(0)
x = np.linspace(0, 10, 40)
y = 1.0 + 0.5 * x + 0.3 * generator.standard_normal(40)
y[[30, 35, 39]] += 12.0

figure, ax = plt.subplots(layout="constrained")
ax.plot(x, y, "o", color="0.5")
for family in ["gaussian", br.StudentT(df=4), "laplace"]:
    reg = br.Regression(x[:, None], y, prior=br.Normal(10.0), sigma=0.3, family=family)
    ax.plot(x, br.predict(br.map_estimate(reg), x[:, None]).mean, label=f"{reg.family.name} noise")
ax.set(xlabel="x", ylabel="y")
ax.legend(frameon=False)
