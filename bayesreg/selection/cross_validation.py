"""The strength of a penalty by cross-validation alone, stated as a tool states it."""

from dataclasses import dataclass
from typing import Any

from bayesreg.model.regression import Regression
from bayesreg.priors.dictionary import convert
from bayesreg.selection.held_out import FOLDS
from bayesreg.selection.result import Selection
from bayesreg.selection.select import select


@dataclass(frozen=True)
class SelectedStrength:
    """A chosen strength, and how it was chosen.

    Attributes
    ----------
    strength : float
        In ``half_rss``, for all n rows.
    rule : str
        The rule in words.
    at_edge : bool
        Whether it is at an end of its grid, so that the best one may lie beyond.
    """

    strength: float
    rule: str
    at_edge: bool = False


def cross_validate(reg: Regression, folds: Any = FOLDS, random_seed: int | None = None) -> SelectedStrength:
    """Choose the strength by k-fold cross-validation: the minimum of the held-out error.

    It is ``br.select(reg, by="cv")`` in short: exact points on scikit-learn's own folds, so that for the
    gaussian family LassoCV and RidgeCV, at a tight tolerance and on the same strengths, choose the same.

    Parameters
    ----------
    reg : Regression
        With rows, and a Laplace, Normal or elastic-net prior, whose scale is ignored.
    folds : int, array of shape (n,), or scikit-learn splitter
        How many folds (consecutive rows, or shuffled if a seed is given), a label per row, or a splitter.
    random_seed : int, optional

    Returns
    -------
    SelectedStrength
        A lasso strength is carried over from the folds to all rows per row, a ridge strength as it is.

    Raises
    ------
    DataError
        If there are no rows, fewer than folds, or a constant target or only constant columns.

    See Also
    --------
    select : The strength by cross-validation, evidence and other rules.
    plot_selection : The criterion of each rule along the strengths.
    bias_variance : Bias and variance at each strength when the truth is known.

    Examples
    --------
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> reg = br.Regression(frame.drop(columns=target), frame[target], prior=br.Laplace(1.0), sigma=54.0)
    >>> round(br.cross_validate(reg, random_seed=0).strength, 1)
    374.0
    """
    chosen = select(reg, by="cv", folds=folds, random_seed=random_seed)
    return SelectedStrength(chosen.choice.strength, chosen.how + _in_scikit_learn(chosen), chosen.at_edge)


def _in_scikit_learn(chosen: Selection) -> str:
    """The strength as scikit-learn's tool for the same choice names it, where there is one."""
    reg = chosen.axis.reg
    if not reg.is_gaussian or len(reg.prior.terms) != 1:
        return ""
    term = chosen.axis.term
    tool = {"l1": "Lasso", "l2": "Ridge"}[term]
    alpha = convert(chosen.choice.strength, "half_rss", f"sklearn.{tool}", n=reg.design.weight, term=term)
    return f" (scikit-learn's {tool}CV, alpha = {alpha:.4g})"
