"""The families that have a name."""

from collections.abc import Callable

from bayesreg.errors import UnsupportedError
from bayesreg.families.base import Family
from bayesreg.families.bernoulli import Bernoulli
from bayesreg.families.gamma import GammaFamily
from bayesreg.families.gaussian import Gaussian
from bayesreg.families.laplace import LaplaceNoise
from bayesreg.families.negative_binomial import NegativeBinomial
from bayesreg.families.poisson import Poisson
from bayesreg.families.student_t import StudentT

KINDS: tuple[Callable[..., Family], ...] = (
    Gaussian,
    Bernoulli,
    Poisson,
    StudentT,
    LaplaceNoise,
    GammaFamily,
    NegativeBinomial,
)
FAMILIES: dict[str, Family] = {family.name: family for family in (kind() for kind in KINDS)}


def find_family(family: str | Family) -> Family:
    """Look up a family by name, or accept one such as ``StudentT(df=7)``.

    Raises
    ------
    UnsupportedError
        If there is no family of that name.
    """
    if isinstance(family, Family):
        return family
    if not isinstance(family, str) or family not in FAMILIES:
        raise UnsupportedError(
            f"family {family!r} is not available; available: {', '.join(FAMILIES)}, or a subclass of br.Family."
        )
    return FAMILIES[family]
