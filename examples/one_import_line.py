"""
One import line
===============

``bayesreg.sklearn`` has scikit-learn's penalized regressions under their own names, with the same coefficients, and
predictions with standard deviations and intervals.
"""

import matplotlib.pyplot as plt
import numpy as np

import bayesreg as br
from bayesreg.sklearn import Ridge

frame, target = br.load_dataset("diabetes")
x, y = frame[["bmi"]], frame[target]

model = Ridge(alpha=1.0).fit(x, y)
new = np.linspace(x["bmi"].min(), x["bmi"].max(), 50)
mean, interval = model.predict(type(x)({"bmi": new}), return_interval=0.9)

figure, ax = plt.subplots(layout="constrained")
ax.plot(x["bmi"], y, ".", color="0.6")
ax.plot(new, mean)
ax.fill_between(new, *np.moveaxis(np.asarray(interval), -1, 0), alpha=0.2)
ax.set(xlabel="bmi", ylabel=target, title="Ridge with a 90% predictive interval")
