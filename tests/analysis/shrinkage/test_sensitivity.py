"""Power-scaling sensitivity against ArviZ on the groups, and where one knows the answer."""

import numpy as np
import pytest

import bayesreg as br


@pytest.fixture(scope="module")
def reg():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 2))
    return br.Regression(X, X @ [1.0, 0.0] + rng.normal(size=80), prior=br.Normal(0.15), sigma=br.HalfNormal(2.0))


@pytest.fixture(scope="module")
def with_groups(reg):
    return br.sample(reg, random_seed=1, groups=("log_likelihood", "log_prior"))


def test_groups_are_not_needed_and_change_nothing(reg, with_groups):
    from arviz_stats import psense_summary

    theirs = psense_summary(with_groups, var_names=["coef", "sigma"], round_to=6)
    ours = br.prior_sensitivity(with_groups)
    np.testing.assert_allclose(ours[["prior", "likelihood"]], theirs[["prior", "likelihood"]], atol=2e-6)
    alone = br.prior_sensitivity(br.sample(reg, random_seed=1))
    np.testing.assert_allclose(alone[["prior", "likelihood"]], ours[["prior", "likelihood"]], atol=2e-6)
    assert list(alone.index) == ["coef[x0]", "coef[x1]", "sigma"]


def test_moments_are_enough(reg):
    short = br.Regression.from_moments(reg.design.moments, prior=reg.prior, sigma=br.HalfNormal(2.0))
    tree = br.sample(reg, random_seed=1)
    columns = ["prior", "likelihood"]
    np.testing.assert_allclose(
        br.prior_sensitivity(tree, reg=short)[columns], br.prior_sensitivity(tree)[columns], atol=2e-6
    )
    assert list(br.prior_sensitivity(br.sample(short, random_seed=1), var_names=["coef"]).index) == [
        "coef[x0]",
        "coef[x1]",
    ]


def test_a_prior_against_the_data_is_a_conflict(reg, with_groups):
    assert "conflict" in br.prior_sensitivity(with_groups).loc["coef[x0]", "diagnosis"]
    wide = br.sample(reg.with_prior(br.Normal(100.0)), random_seed=1)
    assert br.prior_sensitivity(wide)["prior"].max() < 0.05


def test_without_densities_the_cure_is_named(reg):
    tree = br.sample(reg, random_seed=1)
    del tree["sample_stats"]
    with pytest.raises(br.errors.DataError, match=r"groups=\(\"log_likelihood\""):
        br.prior_sensitivity(tree)
