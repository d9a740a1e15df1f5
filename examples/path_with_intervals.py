"""
The lasso path, with intervals
==============================

A path shows how estimates leave 0 as the penalty gets weaker. Behind each line lies a posterior: ribbons are 90%
intervals of the same model at the same strength.
"""

import bayesreg as br

frame, target = br.load_dataset("diabetes")
reg = br.Regression(frame.drop(columns=target), frame[target], prior=br.Laplace(7.8), sigma=54.0)

fits = br.path(reg)
ribbons = br.sample_path(reg, fits.strengths[::4], random_seed=0)
figure = br.plot_path(fits, posterior=ribbons)
