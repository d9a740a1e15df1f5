"""
What did the data teach?
========================

Prior and posterior density of each coefficient on the same axes: where the two are alike, the data said little.
"""

import bayesreg as br

frame, target = br.load_dataset("diabetes")
X, y = frame.drop(columns=target), frame[target]
reg = br.Regression(X.iloc[:40], y.iloc[:40], prior=br.Laplace(20.0), sigma=54.0)
figure = br.plot_prior_posterior(br.sample(reg, random_seed=0))
