"""
My lasso dropped age: is it really zero?
========================================

The lasso sets ``age`` to exactly 0. That is a statement about the mode of a posterior; the posterior itself says how
probable it is that the effect is small, and which sign it has.
"""

import bayesreg as br

frame, target = br.load_dataset("diabetes")
reg = br.Regression(frame.drop(columns=target), frame[target], prior=br.Laplace(7.8), sigma=54.0)
fit, idata = br.map_estimate(reg), br.sample(reg, random_seed=0)
print(f"MAP of age: {fit.coef[0]}, certified to a duality gap of {fit.certificate.gap:.0e}")

# %%
# Bars show the posterior probability that a coefficient is negative, near zero, or positive. "Near zero" means that one
# standard deviation of the column changes the target by less than the size that is printed with the result.

zeros = br.sparsity(idata, estimate=fit)
print(zeros)
figure = br.plot_sparsity(zeros)
