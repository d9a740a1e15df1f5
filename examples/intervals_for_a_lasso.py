"""
Intervals for a lasso
=====================

scikit-learn's ``Lasso`` returns numbers without uncertainty. They are the mode of a posterior; ``br.explain`` takes the
fitted estimator and returns that posterior, with a certificate of the fit's own coefficients.
"""

from sklearn.linear_model import Lasso

import bayesreg as br

frame, target = br.load_dataset("diabetes")
X, y = frame.drop(columns=target), frame[target]
X = (X - X.mean()) / X.std(ddof=0)

fitted = Lasso(alpha=0.85).fit(X, y)
explained = br.explain(fitted, X, y, random_seed=0)
print(explained)

# %%
# Least squares, posterior mean with its interval, and the lasso's estimate. The fit stopped a little short of its own
# optimum, as the printed gap says; the estimate in the figure is the certified one.

figure = br.plot_shrinkage(explained.idata)
