"""
Factors enter and leave whole
=============================

A lasso may keep two levels of a factor and drop the rest. The group lasso penalizes the length of a factor's
coefficients, so that all of them are 0 or none is.
"""

import numpy as np
import pandas as pd

import bayesreg as br

generator = np.random.default_rng(2)
frame = pd.DataFrame({"plan": generator.choice([*"abcd"], 150), "region": generator.choice([*"klmn"], 150)})
frame["age"] = generator.normal(40.0, 10.0, 150)
effect = {"a": 0.0, "b": 1.0, "c": -1.0, "d": 0.5}
frame["y"] = frame["plan"].map(effect) + 0.02 * frame["age"] + generator.normal(0.0, 1.0, 150)

reg = br.Regression(frame, "y", prior=br.GroupLaplace(0.1), sigma=1.0)
fits = br.path(reg)
figure = br.plot_path(fits)
