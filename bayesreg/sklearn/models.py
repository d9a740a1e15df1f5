"""Estimators of a given strength."""

from typing import Any

from sklearn import linear_model

from bayesreg.sklearn.posterior import ClassifierPosterior, GaussianPosterior, RegressorPosterior


class Lasso(GaussianPosterior, linear_model.Lasso):
    """scikit-learn's ``Lasso``, the mode under a Laplace prior of scale σ²/(n·alpha), with its posterior.

    Examples
    --------
    >>> import bayesreg as br
    >>> from bayesreg.sklearn import Lasso
    >>> frame, target = br.load_dataset("diabetes")
    >>> X, y = frame.drop(columns=target), frame[target]
    >>> model = Lasso(alpha=0.85).fit(X, y)
    >>> round(model.prior_.scale, 3), model.certificate_.gap < 1e-3
    (7.806, True)
    >>> y_hat, sd, interval = model.predict(X.head(), return_std=True, return_interval=0.9)
    >>> interval.shape
    (5, 2)
    """


class ElasticNet(GaussianPosterior, linear_model.ElasticNet):
    """scikit-learn's ``ElasticNet``, the mode under the product of a Laplace and a Normal prior, with its posterior.

    Examples
    --------
    >>> from bayesreg.sklearn import ElasticNet
    >>> ElasticNet(alpha=0.1).fit([[0.0], [1.0], [2.0], [3.0]], [0.0, 1.0, 2.0, 4.0]).prior_.name
    'elastic_net'
    """


class Ridge(GaussianPosterior, linear_model.Ridge):
    """scikit-learn's ``Ridge``, the mode under a Normal prior of variance σ²/alpha, with its posterior.

    Examples
    --------
    >>> from bayesreg.sklearn import Ridge
    >>> model = Ridge(alpha=2.0)
    >>> for start in (0.0, 4.0):
    ...     model = model.partial_fit([[start], [start + 1], [start + 3]], [start, start + 2, start + 3])
    >>> model.explanation_.reg.n
    6
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None, **options: Any) -> Any:
        """Fit as scikit-learn does; a direct solver counts as one iteration, as its own checks ask for."""
        super().fit(X, y, sample_weight, **options)
        if getattr(self, "n_iter_", None) is None:
            self.n_iter_ = 1
        return self


class LogisticRegression(ClassifierPosterior, linear_model.LogisticRegression):
    """scikit-learn's ``LogisticRegression`` of two classes, with its posterior: the prior has scale C or √C.

    Examples
    --------
    >>> from bayesreg.sklearn import LogisticRegression
    >>> model = LogisticRegression(C=4.0).fit([[0.0], [1.0], [2.0], [3.0]], ["a", "b", "a", "b"])
    >>> model.prior_
    Normal(scale=2.0, scaled_by_sigma=False, loc=0.0)
    """


class PoissonRegressor(RegressorPosterior, linear_model.PoissonRegressor):
    """scikit-learn's ``PoissonRegressor``, the mode under a Normal prior of variance 1/(n·alpha), with its posterior.

    Examples
    --------
    >>> from bayesreg.sklearn import PoissonRegressor
    >>> PoissonRegressor(alpha=1.0).fit([[0.0], [1.0], [2.0], [3.0]], [0, 1, 1, 4]).prior_.scale
    0.5
    """
