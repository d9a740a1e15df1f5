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
# # What the penalty implies
#
# [Both sides of one regression](01_both_sides.ipynb) showed that a lasso fit is the mode of a posterior. This page asks
# the posterior what the mode cannot answer: how strong should the penalty be, what did it shrink, and is a coefficient
# that the lasso sets to 0 really 0?
#
# The first posterior on a machine waits half a minute while the sampler is compiled; later ones take a moment.

# %%
import numpy as np
import pandas as pd

import bayesreg as br

pd.set_option("display.max_colwidth", None)

frame, target = br.load_dataset("diabetes")
X, y = frame.drop(columns=target), frame[target]
reg = br.Regression(X, y, prior=br.Laplace(8.0), sigma=54.0)

# %% [markdown]
# ## 1. How strong?
#
# Rules that look at held-out error, at degrees of freedom, at the evidence, or that give the strength a prior of its
# own answer on one axis. The axis is the strength in `half_rss`; any tool's convention will do.
#
# *Look at* how far apart the choices are, and how flat the curves are between them: the data know the strength only to
# a factor of several.

# %%
found = br.select(reg, by=["cv", "cv_1se", "aic", "bic", "evidence", "full_bayes"], random_seed=1)
found.to_frame()

# %%
br.plot_selection(found)

# %% [markdown]
# ## 2. What is shrunk, and by how much?
#
# The shrinkage κ of a coefficient is 1 where the prior has taken it over and 0 where the data speak alone; 1 − κ,
# summed, is the effective number of coefficients.
#
# *Look at* s1 and s2: they are nearly collinear, so the data say little about either, and the prior much.

# %%
chosen = found["evidence"].regression
idata = br.sample(chosen, random_seed=2)
shrunk = br.shrinkage(idata)
shrunk.to_frame().round(3)

# %%
br.plot_kappa(shrunk)

# %% [markdown]
# ## 3. The lasso said zero; is it?
#
# *Look at* the diamonds, the coefficients whose MAP is exactly 0, and at the hatched part of their bars: the
# probability that the coefficient is smaller than ε. A zero of the mode is no evidence of a zero.

# %%
verdict = br.sparsity(idata)
verdict.to_frame().round(3)

# %%
br.plot_sparsity(verdict)

# %% [markdown]
# ## 4. Along the path
#
# Posteriors at fifty strengths, in one run. The lines are MAP estimates, with their exact zeros; the ribbons are 90%
# intervals.
#
# *Look at* where a line leaves 0: its ribbon has long been there, on both sides of it.

# %%
fits = br.path(reg)
along = br.sample_path(reg, fits.strengths[::2], random_seed=3)
br.plot_path(fits, posterior=along, max_labels=4)

# %% [markdown]
# ## 5. A prior that means zero
#
# The Laplace prior shrinks large coefficients as it shrinks small ones. The horseshoe shrinks small ones nearly to 0
# and leaves large ones alone; it has no mode, and so there is no penalty to it, only a posterior. Its global scale
# follows from a guess: about 3 of the 10 columns matter.
#
# *Look at* the two columns of P(|β| < ε), and at bmi and s5, which the horseshoe shrinks less.

# %%
guess = br.HalfCauchy(br.guess_scale(3, p=10, n=len(y)))
horseshoe = br.sample(br.Regression(X, y, prior=br.Horseshoe(guess, scaled_by_sigma=True)), random_seed=4)
pd.DataFrame(
    {
        "laplace mean": idata["posterior"]["beta"].mean(("chain", "draw")).to_series(),
        "horseshoe mean": horseshoe["posterior"]["beta"].mean(("chain", "draw")).to_series(),
        "laplace P(|coef| < eps)": verdict.to_frame()["p_near_zero"],
        "horseshoe P(|coef| < eps)": br.sparsity(horseshoe).to_frame()["p_near_zero"],
    }
).round(2)

# %% [markdown]
# ## 6. Which predicts better?
#
# One split says little, but the question is put in one line each: the log predictive density of rows that were held
# out, from the penalized point and from the whole posterior.

# %%
held_out = np.arange(len(y)) % 4 == 0
part = br.Regression(X[~held_out], y[~held_out], prior=chosen.prior, sigma=54.0)
point, posterior = br.map_estimate(part), br.sample(part, random_seed=5)
pd.Series(
    {
        "MAP": br.predict(point, X[held_out]).log_density(y[held_out]).mean(),
        "posterior": br.predict(posterior, X[held_out]).log_density(y[held_out]).mean(),
    },
    name="mean log predictive density",
).round(3)
