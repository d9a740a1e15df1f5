"""The models and engines whose calibration is looked at."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

import bayesreg as br
from bayesreg.families.registry import find_family


@dataclass(frozen=True)
class Case:
    """A model and the engine that samples it; ranks are among draws that lie `thin` apart.

    Attributes
    ----------
    columns : {"shared", "correlated", "units"}
        What they look like: correlated to a third, to .95, or with units a million apart.
    """

    prior: Any
    sigma: Any = field(default_factory=lambda: br.HalfNormal(1.0))
    n: int = 12
    p: int = 3
    columns: str = "shared"
    intercept: Any = False
    center: bool = True
    standardize: bool = False
    family: Any = "gaussian"
    engine: str = "gibbs"
    kernel: str = "auto"
    thin: int = 10
    tune: int = 200
    bounds: Any = None

    @property
    def settings(self) -> dict[str, Any]:
        """What else a regression is told."""
        noise = {"sigma": self.sigma} if self.has_sigma else {}
        settings = {"intercept": self.intercept, "center": self.center, "standardize": self.standardize}
        return noise | settings | {"family": self.family, "bounds": self.bounds}

    @property
    def has_sigma(self) -> bool:
        """Whether the family has a noise scale."""
        return find_family(self.family).has_sigma


def draw_columns(case: Case, generator: np.random.Generator) -> np.ndarray:
    """The columns as the user has them."""
    own, shared = generator.normal(size=(case.n, case.p)), generator.normal(size=(case.n, 1))
    if case.columns == "correlated":
        return np.sqrt(0.05) * own + np.sqrt(0.95) * shared
    columns = own + 0.7 * shared
    return columns * np.geomspace(1e-3, 1e3, case.p) if case.columns == "units" else columns


def seen_by_prior(case: Case, columns: np.ndarray) -> np.ndarray:
    """The columns whose coefficients the prior is about."""
    if case.center and case.intercept is not False:
        columns = columns - columns.mean(axis=0)
    return columns / columns.std(axis=0) if case.standardize else columns


SCALE, ON_SD = br.InverseGamma(4.0, 2.0), br.InverseGamma(5.0, 3.0, on="sd")
LEVEL, SCALED_LEVEL = br.Normal(1.0, loc=0.5), br.Normal(1.0, loc=0.5, scaled_by_sigma=True)
STANDARDIZED: dict[str, Any] = {"columns": "units", "intercept": LEVEL, "standardize": True}
WIDE: dict[str, Any] = {"n": 4, "p": 6}
BY_NUTS: dict[str, Any] = {"engine": "nuts", "thin": 4, "tune": 300}
INF = np.inf
MIX = br.ElasticNetPrior([0.7, INF, 0.7], [INF, 0.9, 0.9])
SCALED_MIX = br.ElasticNetPrior([0.7, INF, 0.7], [INF, 0.9, 0.9], True)

EXACT = {
    "exact: normal": Case(br.Normal(0.7), engine="exact", thin=1),
    "exact: scaled normal, scale unknown": Case(br.Normal(SCALE, True), engine="exact", thin=1),
    "exact: normal, scale unknown, wide": Case(br.Normal(SCALE), **WIDE, engine="exact", thin=1),
    "exact: normal, wide, intercept": Case(br.Normal(0.7), **WIDE, intercept=LEVEL, engine="exact", thin=1),
    "exact: normal, correlated": Case(br.Normal(SCALE), columns="correlated", engine="exact", thin=1),
    "exact: normal, units": Case(br.Normal([700.0, 0.7, 7e-4]), columns="units", engine="exact", thin=1),
    "exact: normal, standardized": Case(br.Normal(ON_SD), **STANDARDIZED, engine="exact", thin=1),
    "exact: scaled normal, scaled intercept at 0, other hyperpriors": Case(
        br.Normal(br.Exponential(2.0), True),
        sigma=br.HalfStudentT(6.0, 0.8),
        intercept=SCALED_LEVEL,
        center=False,
        engine="exact",
        thin=1,
    ),
}
INTERPRETED = {
    "interpreted: laplace": Case(br.Laplace(0.7), kernel="interpreted", thin=4),
    "interpreted: scaled laplace, wide": Case(br.Laplace(0.7, True), **WIDE, kernel="interpreted", thin=8),
    "interpreted: laplace and normal by column, intercept": Case(
        MIX, intercept=LEVEL, center=False, kernel="interpreted", thin=4
    ),
    "interpreted: laplace, correlated": Case(br.Laplace(0.7), columns="correlated", kernel="interpreted", thin=4),
    "interpreted: laplace, standardized": Case(br.Laplace(0.7), **STANDARDIZED, kernel="interpreted", thin=4),
}
COORDINATE = {
    "coordinate: laplace": Case(br.Laplace(0.7), kernel="coordinate"),
    "coordinate: scaled laplace, scale unknown": Case(br.Laplace(SCALE, True), kernel="coordinate"),
    "coordinate: laplace, scale unknown, wide": Case(br.Laplace(SCALE), **WIDE, kernel="coordinate", thin=1),
    "coordinate: scaled laplace, scale unknown, wide": Case(
        br.Laplace(SCALE, True), **WIDE, kernel="coordinate", thin=1
    ),
    "coordinate: elastic net": Case(br.ElasticNetPrior(0.7, 0.9), kernel="coordinate"),
    "coordinate: scaled, laplace and normal by column": Case(SCALED_MIX, kernel="coordinate"),
    "coordinate: normal, scale unknown": Case(br.Normal(SCALE), kernel="coordinate"),
    "coordinate: horseshoe": Case(br.Horseshoe(SCALE), kernel="coordinate", thin=30),
    "coordinate: laplace, scale unknown, correlated": Case(
        br.Laplace(SCALE), columns="correlated", kernel="coordinate", thin=10
    ),
    "coordinate: laplace, units": Case(br.Laplace([700.0, 0.7, 7e-4]), columns="units", kernel="coordinate"),
    "coordinate: scaled laplace, standardized, other hyperpriors": Case(
        br.Laplace(br.HalfStudentT(6.0, 0.8), True), br.Uniform(1.5), **STANDARDIZED, kernel="coordinate"
    ),
}
BLOCK = {
    "block: laplace, scale unknown": Case(br.Laplace(SCALE), kernel="block", thin=20),
    "block: scaled laplace, scale unknown, intercept at 0": Case(
        br.Laplace(SCALE, True), kernel="block", intercept=SCALED_LEVEL, center=False
    ),
    "block: laplace, wide": Case(br.Laplace(0.7), **WIDE, kernel="block", thin=20),
    "block: normal, scale unknown": Case(br.Normal(SCALE), kernel="block", thin=10),
    "block: laplace and normal by column": Case(MIX, kernel="block", thin=20),
    "block: scaled laplace, scale unknown, correlated": Case(
        br.Laplace(SCALE, True), columns="correlated", kernel="block"
    ),
    "block: scaled laplace, units": Case(br.Laplace([700.0, 0.7, 7e-4], True), columns="units", kernel="block"),
    "block: laplace, standardized, other hyperpriors": Case(
        br.Laplace(br.Exponential(2.0)), ON_SD, **STANDARDIZED, kernel="block", thin=20
    ),
}
HORSESHOE = {
    "block: horseshoe": Case(br.Horseshoe(SCALE), thin=30),
    "block: scaled horseshoe, wide": Case(br.Horseshoe(SCALE, True), **WIDE, thin=40),
    "block: horseshoe, correlated": Case(br.Horseshoe(SCALE), columns="correlated", thin=40),
    "block: horseshoe, standardized": Case(br.Horseshoe(SCALE), **STANDARDIZED, thin=30),
    "block: slab": Case(br.RegularizedHorseshoe(SCALE, 1.0), thin=20),
    "block: small slab": Case(br.RegularizedHorseshoe(br.InverseGamma(4.0, 8.0), 0.3, 3.0), n=6, p=4, thin=20),
    "block: scaled slab, intercept": Case(br.RegularizedHorseshoe(SCALE, 1.0, 4.0, True), intercept=LEVEL, thin=20),
    "block: scaled slab, wide": Case(br.RegularizedHorseshoe(SCALE, 0.5, 4.0, True), **WIDE, thin=20),
}
STUDENT_T = {
    "block: scaled student t, scale unknown, correlated": Case(
        br.StudentTPrior(1.0, SCALE, True), columns="correlated", thin=20
    ),
}
# A half-line keeps half of a prior at every scale, so that a draw may be refused for leaving its bounds.
BOUNDED = {
    "bounded: laplace, scale unknown": Case(br.Laplace(SCALE), bounds=[(0, None), (None, 0), (None, None)]),
    "bounded: scaled normal, scale unknown, wide": Case(br.Normal(SCALE, True), **WIDE, bounds=(0, None)),
    "bounded: elastic net, boxes": Case(br.ElasticNetPrior(0.7, 0.9), bounds=(-0.3, 0.8)),
    "bounded: horseshoe": Case(br.Horseshoe(SCALE), bounds=(0, None), thin=30),
}
NUTS = {
    "nuts: normal, intercept": Case(br.Normal(0.7), intercept=LEVEL, **BY_NUTS),
    "nuts: laplace, scale unknown": Case(br.Laplace(SCALE), **BY_NUTS),
    "nuts: scaled laplace, scale unknown, wide": Case(br.Laplace(SCALE, True), **WIDE, **BY_NUTS),
    "nuts: laplace and normal by column, correlated": Case(MIX, columns="correlated", **BY_NUTS),
    "nuts: laplace, standardized": Case(br.Laplace(SCALE), **STANDARDIZED, **BY_NUTS),
    "nuts: slab": Case(br.RegularizedHorseshoe(SCALE, 1.0, 4.0), **BY_NUTS),
    "nuts: laplace, bernoulli": Case(br.Laplace(SCALE), intercept=LEVEL, family="bernoulli", **BY_NUTS),
    "nuts: normal, poisson": Case(br.Normal(0.5), intercept=LEVEL, family="poisson", **BY_NUTS),
    "nuts: laplace, student t": Case(br.Laplace(0.7), family=br.StudentT(df=5), **BY_NUTS),
    "nuts: scaled normal, laplace noise": Case(br.Normal(0.7, True), family=br.LaplaceNoise(), **BY_NUTS),
}
BY_HMC: dict[str, Any] = {"engine": "hmc", "thin": 2, "tune": 100}
HMC = {
    "hmc: laplace, bernoulli": Case(br.Laplace(SCALE), intercept=LEVEL, family="bernoulli", **BY_HMC),
    "hmc: laplace, bernoulli, wide": Case(br.Laplace(0.7), **WIDE, intercept=LEVEL, family="bernoulli", **BY_HMC),
    "hmc: elastic net, poisson": Case(
        br.ElasticNetPrior(0.5, 0.5), intercept=LEVEL, center=False, family="poisson", **BY_HMC
    ),
    "hmc: laplace, student t": Case(br.Laplace(0.7), family=br.StudentT(df=5), **BY_HMC),
    "hmc: scaled normal, laplace noise": Case(br.Normal(SCALE, True), family=br.LaplaceNoise(), **BY_HMC),
    "hmc: laplace, negative binomial": Case(br.Laplace(0.5), **STANDARDIZED, family=br.NegativeBinomial(2.0), **BY_HMC),
    "hmc: scaled laplace, gamma": Case(br.Laplace(SCALE, True), sigma=ON_SD, family="gamma", **BY_HMC),
    "hmc: scaled laplace, scale unknown, wide": Case(br.Laplace(SCALE, True), **WIDE, **BY_HMC),
}
CASES = EXACT | INTERPRETED | COORDINATE | BLOCK | HORSESHOE | STUDENT_T | NUTS | HMC
