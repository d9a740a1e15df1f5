"""Whatever the type, the units, the place and the weights of the data: a certified MAP or a named error."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse

import bayesreg as br
from bayesreg.errors import BayesregError

FAMILIES = ("gaussian", "bernoulli", "poisson", "gamma", "laplace")
PRIORS = {
    "laplace": lambda unit: br.Laplace(0.3 * unit),
    "normal": lambda unit: br.Normal(0.3 * unit),
    "elastic net": lambda unit: br.ElasticNetPrior(0.3 * unit, unit),
}
WEIGHTS = {
    "none": lambda rng, n: None,
    "large": lambda rng, n: 10.0 ** rng.uniform(0, 6, n),
    "small": lambda rng, n: 10.0 ** rng.uniform(-6, 0, n),
    "counts": lambda rng, n: rng.integers(1, 5, n),
}
FORMS = {
    "float64": np.asarray,
    "float32": lambda X: X.astype(np.float32),
    "integers": lambda X: np.round(np.clip(X, -1e15, 1e15)).astype(np.int64),
    "sparse": sparse.csr_array,
}


def target(family, eta, rng):
    match family:
        case "bernoulli":
            return (rng.random(len(eta)) < 1 / (1 + np.exp(-eta))).astype(float)
        case "poisson":
            return rng.poisson(np.exp(eta)).astype(float)
        case "gamma":
            return np.exp(eta) * rng.gamma(4.0, size=len(eta)) / 4
        case "gaussian" | "laplace":
            return eta + rng.normal(size=len(eta))


@pytest.mark.filterwarnings("ignore::bayesreg.errors.ConstantColumnWarning")
@settings(deadline=None, derandomize=True, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 10_000),
    family=st.sampled_from(FAMILIES),
    prior=st.sampled_from(sorted(PRIORS)),
    weights=st.sampled_from(sorted(WEIGHTS)),
    form=st.sampled_from(sorted(FORMS)),
    unit_x=st.integers(-9, 9),
    unit_y=st.integers(-9, 9),
    place=st.sampled_from([0.0, 1.0, 1e3, 1e6]),
    standardize=st.booleans(),
)
def test_a_map_is_certified_or_an_error_is_named(
    seed, family, prior, weights, form, unit_x, unit_y, place, standardize
):
    rng = np.random.default_rng(seed)
    Z = rng.normal(size=(30, 3))
    y = target(family, 0.8 * Z[:, 0] - 0.5 * Z[:, 1], rng)
    scaled = family in ("gaussian", "laplace")
    unit = 10.0**unit_y if scaled else 1.0
    X = FORMS[form]((Z + place) * 10.0**unit_x)
    sigma = unit if scaled else 0.5 if family == "gamma" else None
    own = unit if standardize else unit / 10.0**unit_x
    try:
        reg = br.Regression(
            X,
            y * unit,
            prior=PRIORS[prior](own),
            family=family,
            sigma=sigma,
            weights=WEIGHTS[weights](rng, 30),
            standardize=standardize,
        )
        fit = br.map_estimate(reg)
    except BayesregError:
        return
    assert np.all(np.isfinite(fit.coef))
    assert np.isfinite(fit.intercept)
    assert fit.certificate.gap <= 1e-8
