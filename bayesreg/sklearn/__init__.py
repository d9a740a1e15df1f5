"""scikit-learn's penalized regressions under their own names and parameters, with the posterior that each implies.

Change the import line of a script: ``coef_``, ``intercept_`` and ``predict`` stay those of scikit-learn, which fits,
and every estimator has in addition, each made on first use,

``prior_``
    the prior that the penalty equals, with the noise sd estimated once and held as known;
``certificate_``
    how far ``coef_`` is from the optimum of its objective, and ``map_``, the certified mode;
``posterior_``
    the posterior as a DataTree for ArviZ, drawn with ``random_state`` as its seed (0 where that is no number);
``explanation_``
    all that :func:`bayesreg.explain` says.

The training rows are kept for this, also in a pickle. For other settings call ``br.explain(estimator, X, y, sigma=…,
draws=…)``, which takes these estimators too.
"""

from bayesreg.sklearn.chosen import ElasticNetCV, LassoCV, LogisticRegressionCV, RidgeCV
from bayesreg.sklearn.models import ElasticNet, Lasso, LogisticRegression, PoissonRegressor, Ridge

__all__ = [
    "ElasticNet",
    "ElasticNetCV",
    "Lasso",
    "LassoCV",
    "LogisticRegression",
    "LogisticRegressionCV",
    "PoissonRegressor",
    "Ridge",
    "RidgeCV",
]
