"""
What does alpha=0.1 believe?
============================

A penalty is a belief about coefficients. The same ``alpha`` believes something else in each tool, and with each noise
level: here ``alpha=0.1`` of ``Lasso`` and of ``Ridge``, for 442 rows and noise of standard deviation 54.
"""

import bayesreg as br

lasso = br.to_prior(br.L1(0.1), objective="sklearn.Lasso", n=442, sigma=54.0)
ridge = br.to_prior(br.L2(0.1), objective="sklearn.Ridge", n=442, sigma=54.0)
print(lasso)
print(ridge)

# %%
# In units of a column's standard deviation, the lasso believes in effects of about ±66, ridge in effects of about ±171:
# both expect far more than the data set shows, which is to say that both hardly penalize.

print(br.convert(0.1, source="sklearn.Lasso", target="glmnet", n=442, sigma=54.0))
figure = br.plot_prior([lasso, ridge])
