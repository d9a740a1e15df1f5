"""
Why the lasso makes zeros and ridge does not
============================================

Minimizing loss plus penalty is minimizing the loss within a budget. The lasso's budget has corners on the axes, where a
coefficient is 0, and the loss often meets it there; ridge's is round.
"""

import bayesreg as br

frame, target = br.load_dataset("diabetes")
X, y = frame[["bmi", "s5"]], frame[target]
lasso = br.Regression(X, y, prior=br.Laplace(0.18), sigma=54.0)
ridge = br.Regression(X, y, prior=br.Normal(2.7), sigma=54.0)

figure = br.plot_budget({"lasso": lasso, "ridge": ridge})
