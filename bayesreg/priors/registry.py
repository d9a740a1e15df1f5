"""The priors of coefficients that are known by name, and the plain form of all others that are penalties."""

from collections.abc import Callable, Sequence

from bayesreg.priors.base import Prior
from bayesreg.priors.blocks import Blocks
from bayesreg.priors.elastic_net import ElasticNetPrior
from bayesreg.priors.group_laplace import GroupLaplace
from bayesreg.priors.horseshoe import Horseshoe
from bayesreg.priors.laplace import Laplace
from bayesreg.priors.normal import Normal
from bayesreg.priors.penalty_prior import PenaltyPrior
from bayesreg.priors.plain import plain_prior
from bayesreg.priors.r2d2 import R2D2
from bayesreg.priors.regularized_horseshoe import RegularizedHorseshoe
from bayesreg.priors.student_t import StudentTPrior

PRIORS: tuple[Callable[..., Prior], ...] = (
    Laplace,
    Normal,
    ElasticNetPrior,
    GroupLaplace,
    Horseshoe,
    RegularizedHorseshoe,
    StudentTPrior,
    R2D2,
    Blocks,
)


def stated(prior: Prior, names: Sequence[str]) -> Prior:
    """The prior itself or, where its scales depend on the columns, the same with a number for each."""
    if not prior.has_penalty or type(prior).term_scales is not PenaltyPrior.term_scales:
        return prior
    return plain_prior(prior.terms, prior.column_scales(names))
