"""The plain form of a prior that is a penalty: one of three priors, with a number for each column."""

from collections.abc import Callable

from bayesreg.priors.base import Prior, Term
from bayesreg.priors.column_scales import ColumnScales
from bayesreg.priors.elastic_net import ElasticNetPrior
from bayesreg.priors.laplace import Laplace
from bayesreg.priors.normal import Normal

KINDS: dict[tuple[Term, ...], Callable[..., Prior]] = {
    ("l1",): Laplace,
    ("l2",): Normal,
    ("l1", "l2"): ElasticNetPrior,
}


def plain_prior(terms: tuple[Term, ...], scales: ColumnScales) -> Prior:
    """The prior that has these terms and scales."""
    known = {"l1": scales.laplace, "l2": scales.normal}
    return KINDS[terms](*(known[term] for term in terms), scales.scaled_by_sigma)
