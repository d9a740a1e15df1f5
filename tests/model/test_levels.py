"""(1|column) in a formula: a coefficient for each level under one scale, the random intercept of mixed models."""

import numpy as np
import pandas as pd
import pytest

import bayesreg as br
from bayesreg.errors import DataError, UnsupportedError

RNG = np.random.default_rng(5)
CLINIC = np.repeat(list("abcdefghij"), 6)
FRAME = pd.DataFrame({"age": RNG.normal(size=60), "clinic": CLINIC, "number": np.repeat(np.arange(10), 6)})
EFFECT = pd.Series(1.5 * RNG.normal(size=10), list("abcdefghij"))
FRAME["y"] = 3 + 0.5 * FRAME["age"] + EFFECT[CLINIC].to_numpy() + RNG.normal(size=60)
FLAT = br.Normal(np.inf)


def fit(prior=FLAT, formula="y ~ age + (1|clinic)", **settings):
    return br.Regression.from_formula(formula, FRAME, prior=prior, **settings)


@pytest.fixture(scope="module")
def mixed():
    """The fit by restricted maximum likelihood of statsmodels."""
    from statsmodels.regression.mixed_linear_model import MixedLM

    return MixedLM.from_formula("y ~ age", FRAME, groups=FRAME["clinic"]).fit(reml=True)


def test_its_columns_are_all_levels_as_they_are():
    reg = fit()
    assert reg.names == ("age", *(f"(1|clinic)[{level}]" for level in "abcdefghij"))
    np.testing.assert_array_equal(reg.design.standardization.sd[1:], 1.0)
    assert reg.design.standardization.sd[0] == pytest.approx(FRAME["age"].std(ddof=0))
    # A factor beside it is coded as without it, and so is a column of numbers.
    both = fit(formula="y ~ C(number) + (1|number)").names
    assert both == (*(f"C(number)[T.{k}]" for k in range(1, 10)), *(f"(1|number)[{k}]" for k in range(10)))


def test_its_mode_is_the_best_linear_unbiased_prediction(mixed):
    """At the variances of REML: fixed effects and predictions of the levels by another package's formulas."""
    sigma, tau = mixed.scale**0.5, float(mixed.cov_re.iloc[0, 0]) ** 0.5
    prior = br.Blocks({"(1|clinic)": br.Normal(tau)}, rest=FLAT)
    point = br.map_estimate(fit(prior, sigma=sigma))
    expected = [effects.iloc[0] for effects in mixed.random_effects.values()]
    np.testing.assert_allclose(point.coef[1:], expected, rtol=1e-6)
    np.testing.assert_allclose([point.intercept, point.coef[0]], mixed.fe_params, rtol=1e-6)


def test_the_evidence_is_the_restricted_likelihood(mixed):
    """With flat fixed effects its logarithm differs from REML by a constant, and so is highest at the same scale."""

    def log_evidence(tau):
        from bayesreg.sampling.exact.posterior import exact_posterior

        prior = br.Blocks({"(1|clinic)": br.Normal(tau)}, rest=FLAT)
        return exact_posterior(fit(prior, sigma=mixed.scale**0.5)).log_evidence

    def reml(tau):
        """Twice minus log restricted likelihood, from the dense covariance of the rows."""
        Z = (CLINIC[:, None] == np.unique(CLINIC)) * 1.0
        X = np.column_stack([np.ones(60), FRAME["age"]])
        V = tau**2 * Z @ Z.T + mixed.scale * np.eye(60)
        inner = X.T @ np.linalg.solve(V, X)
        r = FRAME["y"] - X @ np.linalg.solve(inner, X.T @ np.linalg.solve(V, FRAME["y"]))
        return np.linalg.slogdet(V)[1] + np.linalg.slogdet(inner)[1] + r @ np.linalg.solve(V, r)

    gaps = [log_evidence(tau) + 0.5 * reml(tau) for tau in (0.3, 1.0, 4.0)]
    np.testing.assert_allclose(gaps, gaps[0], rtol=1e-8)


def test_its_scale_is_unknown_unless_the_prior_names_it():
    default = fit(br.Laplace(2.0)).prior
    assert default.unknown_scales == ("scale_clinic",)
    assert default.rest == br.Laplace(2.0)
    assert default.priors["(1|clinic)"].scale == br.HalfStudentT(3.0, 2.5 * float(np.std(FRAME["y"])))
    named = br.Blocks({"(1 | clinic)": br.Normal(2.0), "age": br.Laplace(1.0)})
    assert fit(named).prior is named
    counts = FRAME.assign(y=np.arange(60) % 4)
    by_log = br.Regression.from_formula("y ~ age + (1|clinic)", counts, prior=FLAT, family="poisson").prior
    assert by_log.priors["(1|clinic)"].scale == br.HalfStudentT(3.0, 2.5)
    with pytest.raises(UnsupportedError, match="a block may have a Laplace"):
        fit(br.Horseshoe(1.0))


def test_levels_that_were_not_seen_are_refused():
    reg = fit(br.Blocks({"(1|clinic)": br.Normal(1.0)}, rest=br.Normal(2.0)), sigma=1.0)
    tree = br.sample(reg, draws=500, random_seed=1)
    assert len(br.predict(tree, FRAME[:4], reg=reg).mean) == 4
    with pytest.raises(DataError, match=r"levels \['z'\] that were not fitted"):
        br.predict(tree, FRAME[:2].assign(clinic="z"), reg=reg)


@pytest.mark.parametrize(
    "formula",
    [
        "y ~ (age|clinic)",
        "y ~ (1 + age|clinic)",
        "y ~ (0|clinic)",
        "y ~ (1||clinic)",
        "y ~ (1|clinic/number)",
        "y ~ (1|clinic + number)",
        "y ~ (1|clinic:number)",
        "y ~ (1|log(number))",
        "y ~ 1|clinic",
        "y ~ age:(1|clinic)",
        "y ~ (age + (1|clinic))**2",
        "y ~ log((1|number))",
        "y ~ age + offset((1|number))",
        "(1|clinic) ~ age",
        "y ~ (1|nothing)",
    ],
)
def test_nothing_more_of_a_mixed_models_grammar_is_read(formula):
    with pytest.raises(DataError, match=r"formula|no column is called"):
        fit(formula=formula)


def test_moments_do_not_have_it():
    with pytest.raises(DataError, match=r"\(1\|clinic\) needs the rows.*from_formula"):
        br.moments(FRAME, formula="y ~ age + (1|clinic)")
