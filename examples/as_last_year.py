"""
Yesterday's posterior, today's prior
====================================

Data that come in two halves need not be kept: the posterior of the first half is the prior of the second, and the
result is that of all rows at once, exactly.
"""

import bayesreg as br

frame, target = br.load_dataset("diabetes")
X, y = frame[["bmi", "bp", "s5"]].to_numpy(), frame[target].to_numpy()
X, y = X - X.mean(axis=0), y - y.mean()
settings = {"sigma": 56.0, "standardize": False, "intercept": False}

first = br.Regression(X[:221], y[:221], prior=br.Normal(50.0), **settings)
learned = br.Normal.from_posterior(br.sample(first, random_seed=0))
second = br.Regression(X[221:], y[221:], prior=learned, **settings)
together = br.Regression(X, y, prior=br.Normal(50.0), **settings)

print("half by half:", br.map_estimate(second).coef)
print("all at once: ", br.map_estimate(together).coef)

# %%
# What the second half added to the belief of the first.

figure = br.plot_prior_posterior(br.sample(second, random_seed=0))
