"""The priors of coefficients that draws are read back by."""

from collections.abc import Callable

from bayesreg.priors.base import Prior
from bayesreg.priors.elastic_net import ElasticNetPrior
from bayesreg.priors.horseshoe import Horseshoe
from bayesreg.priors.laplace import Laplace
from bayesreg.priors.normal import Normal
from bayesreg.priors.regularized_horseshoe import RegularizedHorseshoe
from bayesreg.priors.student_t import StudentTPrior

PRIORS: tuple[Callable[..., Prior], ...] = (
    Laplace,
    Normal,
    ElasticNetPrior,
    Horseshoe,
    RegularizedHorseshoe,
    StudentTPrior,
)
