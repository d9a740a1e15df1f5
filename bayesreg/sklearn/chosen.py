"""Estimators that choose their strength, as scikit-learn does or by any rule of :func:`bayesreg.select`."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from copy import deepcopy
from inspect import Parameter, signature
from typing import Any, ClassVar

import numpy as np
from sklearn import linear_model

from bayesreg.analysis.explanation.reading import Data, as_classes, elastic_net
from bayesreg.analysis.explanation.sklearn_models import l1_share
from bayesreg.errors import DataError, PriorError
from bayesreg.model.regression import Regression
from bayesreg.priors.dictionary import to_prior
from bayesreg.selection.select import select
from bayesreg.sklearn.posterior import ClassifierPosterior, RegressorPosterior, WithPosterior


def _with_by(parent: Any) -> Callable[..., None]:
    """The constructor of a class of scikit-learn, of whatever version, with one more parameter."""
    inherited = signature(parent.__init__)

    def __init__(self: Any, *arguments: Any, by: str | None = None, **parameters: Any) -> None:  # noqa: N807
        parent.__init__(self, *arguments, **parameters)
        self.by = by

    by = Parameter("by", Parameter.KEYWORD_ONLY, default=None)
    __init__.__signature__ = inherited.replace(parameters=[*inherited.parameters.values(), by])  # type: ignore[attr-defined]
    return __init__


class WithRule(WithPosterior, ABC):
    """A strength chosen by a rule where ``by`` names one; the fit at that strength is scikit-learn's again."""

    by: str | None
    _parent: ClassVar[Any]
    _objective: ClassVar[str]
    _family: ClassVar[str] = "gaussian"

    def fit(self, X: Any, y: Any, sample_weight: Any = None, **options: Any) -> Any:
        """Fit at scikit-learn's own choice of the strength or, where ``by`` is given, at that of a rule.

        Raises
        ------
        PriorError
            If the rule is unknown, or there is more than one l1_ratio to choose from.
        """
        settings = {name: getattr(self, name) for name in signature(self._parent.__init__).parameters if name != "self"}
        if self.by is not None:
            settings |= self._grid(self._chosen(X, y, sample_weight))
        # Fitted by the class of scikit-learn itself, which hands all its parameters on to functions without `by`.
        fitted = self._parent(**settings).fit(X, y, sample_weight=sample_weight, **options)
        self._forget()
        vars(self).update({name: value for name, value in vars(fitted).items() if name.endswith("_")})
        self._training = deepcopy((X, y, sample_weight))
        return self

    def _chosen(self, X: Any, y: Any, sample_weight: Any) -> float:
        """The strength, in the convention of the class."""
        data, share = Data(X, y, sample_weight), self._share()
        if self._family == "bernoulli":
            data = as_classes(data, _two_classes(y))
        prior = to_prior(elastic_net(1.0, share, "scaled_nll"), family=self._family, sigma=1.0)
        intercept = bool(self.fit_intercept)
        given = {"weights": data.weights, "family": self._family, "standardize": False}
        reg = Regression(data.X, data.y, prior=prior, intercept=intercept, **given)
        more = {} if self.cv is None else {"folds": self.cv}
        chosen = select(reg, str(self.by), objective=self._objective, random_seed=self._shuffle, **more)
        return float(self._whole(chosen.strength, share or 1.0))

    @property
    def _shuffle(self) -> int | None:
        state = getattr(self, "random_state", None)
        return None if state is None else self._seed

    @abstractmethod
    def _share(self) -> float:
        """The share of the L1 term."""

    @abstractmethod
    def _grid(self, strength: float) -> dict[str, Any]:
        """The parameters of a grid of one strength."""

    def _whole(self, part: float, share: float) -> float:
        """The strength of both terms, from that of the L1 term."""
        return part / share


class LassoCV(WithRule, RegressorPosterior, linear_model.LassoCV):
    """scikit-learn's ``LassoCV`` with a posterior and, by ``by=``, any rule of :func:`bayesreg.select`.

    Parameters
    ----------
    by : str, optional
        Such as ``"evidence"`` or ``"cv_1se"``; None is scikit-learn's own cross-validation. A rule has a grid of its
        own in place of ``alphas``; it takes its folds from ``cv``, and shuffles them where ``random_state`` is given.

    Examples
    --------
    >>> import bayesreg as br
    >>> from bayesreg.sklearn import LassoCV
    >>> frame, target = br.load_dataset("diabetes")
    >>> X, y = frame.drop(columns=target), frame[target]
    >>> round(float(LassoCV(by="bic").fit(X, y).alpha_), 2)
    0.61
    """

    _parent, _objective = linear_model.LassoCV, "sklearn.Lasso"
    _parameter_constraints: ClassVar[dict[str, Any]] = {**_parent._parameter_constraints, "by": [str, None]}
    __init__ = _with_by(_parent)

    def _share(self) -> float:
        return 1.0

    def _grid(self, strength: float) -> dict[str, Any]:
        return {"alphas": [strength]}


class ElasticNetCV(WithRule, RegressorPosterior, linear_model.ElasticNetCV):
    """scikit-learn's ``ElasticNetCV`` with a posterior and, by ``by=``, any rule of :func:`bayesreg.select`.

    Parameters
    ----------
    by : str, optional
        As in :class:`LassoCV`, at one ``l1_ratio``.

    Examples
    --------
    >>> import bayesreg as br
    >>> from bayesreg.sklearn import ElasticNetCV
    >>> frame, target = br.load_dataset("diabetes")
    >>> X, y = frame.drop(columns=target), frame[target]
    >>> model = ElasticNetCV(by="bic", l1_ratio=0.9).fit(X, y)
    >>> model.prior_.name
    'elastic_net'
    """

    _parent, _objective = linear_model.ElasticNetCV, "sklearn.ElasticNet"
    _parameter_constraints: ClassVar[dict[str, Any]] = {**_parent._parameter_constraints, "by": [str, None]}
    __init__ = _with_by(_parent)

    def _share(self) -> float:
        return _one_share(self.l1_ratio)

    def _grid(self, strength: float) -> dict[str, Any]:
        return {"alphas": [strength]}


class RidgeCV(WithRule, RegressorPosterior, linear_model.RidgeCV):
    """scikit-learn's ``RidgeCV`` with a posterior and, by ``by=``, any rule of :func:`bayesreg.select`.

    Parameters
    ----------
    by : str, optional
        As in :class:`LassoCV`; ``"evidence"`` and ``"press"`` are exact here.

    Examples
    --------
    >>> import bayesreg as br
    >>> from bayesreg.sklearn import RidgeCV
    >>> frame, target = br.load_dataset("diabetes")
    >>> X, y = frame.drop(columns=target), frame[target]
    >>> RidgeCV(by="evidence").fit(X, y).posterior_["posterior"].sizes["draw"]
    1000
    """

    _parent, _objective = linear_model.RidgeCV, "sklearn.Ridge"
    _parameter_constraints: ClassVar[dict[str, Any]] = {**_parent._parameter_constraints, "by": [str, None]}
    __init__ = _with_by(_parent)

    def _share(self) -> float:
        return 0.0

    def _grid(self, strength: float) -> dict[str, Any]:
        return {"alphas": [strength]}


class LogisticRegressionCV(ClassifierPosterior, WithRule, linear_model.LogisticRegressionCV):
    """scikit-learn's ``LogisticRegressionCV`` of two classes with a posterior and, by ``by=``, rules of `select`.

    Parameters
    ----------
    by : str, optional
        ``"cv"``, ``"cv_1se"``, ``"aic"`` or ``"bic"``, at one l1_ratio; None is scikit-learn's own cross-validation.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesreg.sklearn import LogisticRegressionCV
    >>> x = np.arange(40.0)
    >>> model = LogisticRegressionCV(by="bic", l1_ratios=(0,), scoring="neg_log_loss", use_legacy_attributes=False)
    >>> bool(model.fit(np.sin(x)[:, None], np.sin(x) + np.cos(5 * x) > 0).C_ > 1)
    True
    """

    _parent, _objective, _family = linear_model.LogisticRegressionCV, "sklearn.LogisticRegression", "bernoulli"
    _parameter_constraints: ClassVar[dict[str, Any]] = {**_parent._parameter_constraints, "by": [str, None]}
    __init__ = _with_by(_parent)

    def _share(self) -> float:
        given = self.l1_ratios
        return l1_share(self, 0.0 if given is None or isinstance(given, str) else _one_share(given))

    def _whole(self, part: float, share: float) -> float:
        return part * share

    def _grid(self, strength: float) -> dict[str, Any]:
        return {"Cs": [strength]}


def _one_share(l1_ratio: Any) -> float:
    shares = np.ravel(l1_ratio)
    if len(shares) != 1:
        raise PriorError(f"by= chooses the strength at one l1_ratio, got {l1_ratio!r}; give one, or by=None.")
    return float(shares[0])


def _two_classes(y: Any) -> Any:
    classes = np.unique(np.asarray(y))
    if len(classes) != 2:
        raise DataError(f"a logistic regression needs two classes, got {classes.tolist()[:5]}.")
    return classes
