# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Both sides of one regression
#
# A lasso fit is the mode of a Bayesian model. This page states a belief, finds the lasso that equals it, checks that
# both sides agree, and then looks at the rest of the posterior, of which the lasso shows a single point.
#
# The data: disease progression of 442 diabetes patients one year on (a score from 25 to 346), and 10 measurements of
# each (Efron et al. 2004). The table comes with scikit-learn; nothing is downloaded.

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import bayesreg as br

pd.set_option("display.max_colwidth", None)
frame, target = br.load_dataset("diabetes")
X, y = frame.drop(columns=target), frame[target]
X.describe().loc[["mean", "std"]].round(1)

# %% [markdown]
# ## 1. Believe
#
# Before the data: one standard deviation of a measurement moves the score by 8 points or so, up or down, more likely
# little than much. `Laplace(8.0)` says this (8 is the mean of |β| under it); so does a Normal with the same standard
# deviation, 8√2. The columns are standardized, so that one scale can speak for all ten.
#
# *Look at* the right panel. The Laplace prior pulls a small coefficient towards 0 as hard as a large one, the Normal
# prior ever less. Where the pull of the data is weaker than 1/b, a coefficient cannot leave 0.

# %%
prior = br.Laplace(8.0)
br.plot_prior([prior, br.Normal(8.0 * np.sqrt(2))])

# %% [markdown]
# ## 2. Say the same as a penalty
#
# With noise of standard deviation σ, σ² times the negative log posterior is ½RSS + (σ²/b)‖β‖₁: the lasso. σ is taken
# as known here, 54 points, which is what least squares leaves over.
#
# *Look at* the strengths: one belief, four different numbers. Each tool writes its loss in its own way, so a
# strength means nothing without the objective that it is added to.

# %%
names = ["half_rss", "mse", "nll", "sklearn.Lasso", "glmnet"]
strengths = [br.to_penalty(prior, sigma=54.0, n=len(y), objective=name).strength for name in names]
formulas = {objective.name: objective.formula for objective in br.objectives()}
pd.DataFrame({"strength": strengths, "minimizes": [formulas[name] for name in names]}, index=names).round(4)

# %% [markdown]
# ## 3. Compare
#
# `compare` puts least squares, the penalized fit (scikit-learn's `Lasso` with the alpha from above), the MAP
# (bayesreg's own solver) and the posterior in one table. A third piece of code, which knows neither solver, certifies
# both points.
#
# *Look at* the exact zeros, the same two by both routes, and at their intervals, which are as wide as anybody else's.

# %%
reg = br.Regression(X, y, prior=prior, sigma=54.0)
both = br.compare(reg, objective="sklearn.Lasso", draws=4000, random_seed=1)
both

# %% [markdown]
# *Look at* where each line ends. Least squares gives `s1` and `s2` large opposite values: the two are correlated at
# 0.9, and the data hardly tell them apart. The prior settles that by pulling both in. `age` and `s2` sit at exactly 0
# at the MAP (open diamonds), but their posteriors reach well to both sides of it.

# %%
br.plot_shrinkage(both)

# %% [markdown]
# ## 4. The path
#
# A firmer belief is a smaller b, a stronger penalty. *Look at* the left end, where everything is 0, and at the order
# in which the coefficients leave: bmi and s5 first, s2 and age last. The dashed line is the belief from above. `s3`
# comes back to 0 and leaves on the other side: with correlated columns a path need not be monotone.

# %%
br.plot_path(reg)

# %% [markdown]
# ## 5. The posterior
#
# The mode is one point of a distribution over ten coefficients. *Look at* `age` and `s2`: the MAP (orange) is exactly
# 0, yet the draws (blue) make hills without a heap at 0, and not one of 16,000 draws is 0. What can be said is how
# probable it is that a coefficient is *small*: the grey band is |β| < 5% of the standard deviation of y.

# %%
draws = both.idata["posterior"]["beta"].stack(sample=("chain", "draw"))
modes = both.estimates["map"].to_frame()["beta"]
epsilon = both.epsilon_share * y.std(ddof=0)
figure, panels = plt.subplots(1, 3, figsize=(9.6, 3.2), sharex=True, sharey=True, layout="constrained")
for panel, name in zip(panels, ["age", "s2", "s5"], strict=True):
    beta, mode = draws.sel(coef_name=name).values, modes[name]
    panel.axvspan(-epsilon, epsilon, color="#e6e6e6")
    panel.hist(beta, bins=np.arange(-30.5, 50), density=True, color="#0072B2", alpha=0.75)
    panel.plot(mode, 0, marker="D", color="#D55E00", clip_on=False, zorder=3)
    panel.set_title(f"{name}: MAP {mode:.3g}, draws equal to 0: {np.sum(beta == 0)}", loc="left", fontsize=9)
    panel.set_xlabel(f"beta; P(small) = {np.mean(np.abs(beta) < epsilon):.2f}")
panels[0].set_ylabel("posterior density")
plt.show()

# %% [markdown]
# ## What to take along
#
# **The lasso's mode is sparse; the posterior it belongs to is not.** A zero of the lasso says that the pull of the
# data at 0 is weaker than the prior's, not that the coefficient is 0, nor that it is surely small: of the two zeros
# here, one is small with high probability and the other is not. A belief that some coefficients *are* 0 needs a prior
# with a spike there.
#
# From the command line the same comparison, with the strength chosen by cross-validation, is `bayesreg compare
# diabetes`.
