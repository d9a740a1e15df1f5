"""What every estimator here adds to scikit-learn's: the posterior behind the fit, made on first use."""

from collections.abc import Callable
from copy import deepcopy
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted, validate_data

from bayesreg.analysis.explanation.explain import explain, explanation_of, tool_of
from bayesreg.analysis.explanation.explanation import Explanation
from bayesreg.analysis.explanation.reading import Data
from bayesreg.analysis.explanation.registry import read
from bayesreg.analysis.predict import Prediction
from bayesreg.design.columns import read_rows
from bayesreg.design.moments import Moments, moments_of_rows
from bayesreg.errors import DataError
from bayesreg.model.regression import Regression
from bayesreg.model.strength import conversion
from bayesreg.optimize.map_estimate import map_estimate
from bayesreg.priors.dictionary import to_prior
from bayesreg.priors.normal import Normal

_LAZY: dict[str, Callable[[Explanation], Any]] = {
    "explanation_": lambda explanation: explanation,
    "prior_": lambda explanation: explanation.prior,
    "certificate_": lambda explanation: explanation.certificate,
    "map_": lambda explanation: explanation.map,
    "posterior_": lambda explanation: explanation.idata,
}


class WithPosterior:
    """A fit of scikit-learn that remembers its rows; the classes of scikit-learn come after it among the bases."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None, **options: Any) -> Any:
        """Fit as scikit-learn does."""
        self._forget()
        super().fit(X, y, sample_weight=sample_weight, **options)  # type: ignore[misc]
        self._training = deepcopy((X, y, sample_weight))
        return self

    def _forget(self) -> None:
        for name in ("_training", "_moments", "_explanation"):
            vars(self).pop(name, None)

    def __getattr__(self, name: str) -> Any:
        # Not properties: scikit-learn's display in a notebook reads every property, which would draw the posterior.
        if name in _LAZY and ("_training" in vars(self) or "_moments" in vars(self)):
            return _LAZY[name](self._explained())
        hint = "; call fit(X, y) first" if name in _LAZY else ""
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{hint}")

    def _explained(self) -> Explanation:
        if "_explanation" not in vars(self):
            self._explanation = self._explain()
        return self._explanation

    def _explain(self) -> Explanation:
        X, y, weights = self._training
        return explain(self, X, y, sample_weight=weights, random_seed=self._seed)

    @property
    def _seed(self) -> int:
        state = getattr(self, "random_state", None)
        return int(state) if isinstance(state, Integral) else 0

    def _prediction(self, X: Any) -> Prediction:
        check_is_fitted(self)
        explanation = self._explained()
        return explanation.predict(validate_data(self, X, accept_sparse=True, reset=False), random_seed=self._seed)


class RegressorPosterior(WithPosterior):
    """Predictive standard deviations and intervals."""

    def predict(self, X: Any, return_std: bool = False, return_interval: float | None = None) -> Any:
        """Predict as scikit-learn does and, on request, say how sure that is.

        Parameters
        ----------
        X : array-like, shape (m, p)
        return_std : bool
            Whether to return the posterior predictive standard deviation of y, shape (m,), too.
        return_interval : float, optional
            Probability of an equal-tailed predictive interval of y, shape (m, 2), to be returned too, such as 0.9.

        Returns
        -------
        ndarray, or tuple of ndarray
            The prediction of scikit-learn (at the mode), then what was asked for. A new row has the mean weight of
            the fitted ones.
        """
        point = super().predict(X)  # type: ignore[misc]
        if not return_std and return_interval is None:
            return point
        prediction = self._prediction(X)
        asked = [prediction.sd] if return_std else []
        asked += [] if return_interval is None else [prediction.interval(return_interval)]
        return (point, *asked)


class GaussianPosterior(RegressorPosterior):
    """Rows in portions, through centred moments."""

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Add rows to those of the fit: the result is the certified mode on all of them.

        Only moments are kept, so that neither time nor memory grows with the rows seen before.

        Raises
        ------
        UnsupportedError
            If the fit is one that no prior states.
        """
        first = not hasattr(self, "coef_")
        validate_data(self, X, y, reset=first, y_numeric=True)
        moments = _moments(X, y, sample_weight)
        before = vars(self).get("_moments") or (_moments(*self._training) if "_training" in vars(self) else None)
        total = moments if before is None else before + moments
        self._set_mode(total)
        self._forget()
        self._moments = total
        return self

    def _set_mode(self, moments: Moments) -> None:
        """Set coef_ and intercept_ to the mode on these moments."""
        self.coef_, self.intercept_ = np.zeros(moments.p), 0.0
        penalty = read(self, Data(None, None)).penalty
        bare = self._regression(moments)
        prior = to_prior(penalty, **conversion(bare, penalty.objective, 1.0))
        best = map_estimate(bare.with_prior(prior))
        self.coef_, self.intercept_ = best.coef, best.intercept

    def _regression(self, moments: Moments) -> Regression:
        intercept = bool(self.fit_intercept)
        bounds = (0, None) if getattr(self, "positive", False) else None
        settings: dict[str, Any] = {"sigma": 1.0, "intercept": intercept, "standardize": False, "bounds": bounds}
        return Regression.from_moments(moments, prior=Normal(1.0), **settings)

    def _explain(self) -> Explanation:
        if "_moments" not in vars(self):
            return super()._explain()
        bare = self._regression(self._moments)
        reading = read(self, Data(None, None))
        return explanation_of(reading, bare, tool_of(self), None, {"random_seed": self._seed})


class ClassifierPosterior(WithPosterior):
    """Probabilities averaged over the posterior, of two classes."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None, **options: Any) -> Any:
        """Fit as scikit-learn does.

        Raises
        ------
        DataError
            If there are more than two classes.
        """
        if type_of_target(y) == "multiclass":
            raise DataError(
                "Only binary classification is supported. The type of the target is multiclass. For a posterior fit "
                "one class against the rest; for the point estimate alone use sklearn.linear_model."
            )
        return super().fit(X, y, sample_weight, **options)

    def predict_proba(self, X: Any, over_posterior: bool = False) -> Any:
        """Probabilities of the two classes, shape (m, 2).

        Parameters
        ----------
        X : array-like, shape (m, p)
        over_posterior : bool
            Whether to average them over the posterior, instead of taking those at the mode as scikit-learn does.
        """
        if not over_posterior:
            return super().predict_proba(X)  # type: ignore[misc]
        second = self._prediction(X).mean
        return np.column_stack([1 - second, second])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.classifier_tags.multi_class = False
        return tags


def _moments(X: Any, y: Any, sample_weight: Any) -> Moments:
    weights = np.full(len(y), float(sample_weight)) if np.ndim(sample_weight) == 0 and sample_weight else sample_weight
    rows, names, target = read_rows(X, y, weights)
    return moments_of_rows(rows, names, target)
