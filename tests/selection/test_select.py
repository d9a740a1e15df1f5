"""The one function, its two result types, and the axis that they share."""

import numpy as np
import pytest

import bayesreg as br
from bayesreg.errors import ObjectiveError, PriorError, UnsupportedError


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(12)
    X = rng.normal(size=(60, 5)) * [1, 3, 1, 1, 0.2]
    return X, X @ [1.0, 0.3, 0, 0, 0] + rng.normal(size=60)


@pytest.fixture(scope="module")
def several(data):
    return br.select(br.Regression(*data, prior=br.Laplace(1.0), sigma=1.0), by=["cv", "cv_1se", "aic", "prior"], p0=2)


def test_the_chosen_regression_has_the_chosen_strength(data, several):
    for one in several:
        penalty = br.to_penalty(one.regression.prior, sigma=1.0)
        assert penalty.strength == pytest.approx(one.strength, rel=1e-12)
        assert one.prior is one.regression.prior
        assert one.scale == pytest.approx(1 / one.strength, rel=1e-12)
        assert one.nonzero == 5 - br.map_estimate(one.regression).n_zeros


@pytest.mark.parametrize(
    "prior",
    [
        br.Laplace(3.0, scaled_by_sigma=True),
        br.Normal(3.0),
        br.Normal(3.0, scaled_by_sigma=True),
        br.Laplace(np.array([1.0, 2.0, np.inf, 1.0, 1.0])),
        br.Laplace({"x0": 1.0, "x1": 2.0, "x2": 1.0, "x3": 1.0, "x4": 5.0}),
        br.ElasticNetPrior(1.0, 2.0),
    ],
    ids=repr,
)
def test_every_kind_of_prior_keeps_its_form_and_its_ratios(data, prior):
    X, y = data
    chosen = br.select(br.Regression(X, y, prior=prior, sigma=2.0))
    assert type(chosen.prior) is type(prior)
    assert chosen.prior.scaled_by_sigma == prior.scaled_by_sigma
    l1, l2 = chosen.regression.weights_at(2.0)
    own = br.Regression(X, y, prior=prior, sigma=2.0).weights_at(2.0)
    assert max(l1) == pytest.approx(chosen.strength) or max(l2) == pytest.approx(chosen.strength)
    for ours, given in zip((l1, l2), own, strict=True):
        some = given > 0
        assert np.all(ours[~some] == 0)
        assert np.ptp(ours[some] / given[some], axis=0) < 1e-9 if np.any(some) else True


def test_the_size_of_the_given_scale_does_not_matter(data, several):
    other = br.select(
        br.Regression(*data, prior=br.Laplace(99.0), sigma=1.0), by=["cv", "cv_1se", "aic", "prior"], p0=2
    )
    for one, two in zip(several, other, strict=True):
        assert one.strength == pytest.approx(two.strength, rel=1e-9)
    hyper = br.Regression(*data, prior=br.Laplace(br.HalfNormal(1.0)), sigma=1.0)
    assert br.select(hyper).strength == pytest.approx(several["cv"].strength, rel=1e-9)


def test_every_convention_says_the_same_strength(data):
    reg = br.Regression(*data, prior=br.Laplace(1.0), sigma=1.0)
    for name in ("half_rss", "sklearn.Lasso", "glmnet", "park_casella", "rss"):
        chosen = br.select(reg, objective=name)
        assert br.convert(chosen.strength, name, "half_rss", n=60, sigma=1.0, term="l1") == pytest.approx(
            chosen.choice.strength, rel=1e-12
        )
        assert chosen.strength_in("half_rss") == chosen.choice.strength
    with pytest.raises(ObjectiveError):
        br.select(reg, objective="sklearn.Ridge")


def test_sigma_unknown_is_estimated_once_and_said(data):
    known = br.select(br.Regression(*data, prior=br.Laplace(1.0), sigma=1.0))
    learned = br.select(br.Regression(*data, prior=br.Laplace(1.0)))
    # A lasso strength in half_rss does not depend on sigma; its scale does.
    assert learned.strength == pytest.approx(known.strength, rel=1e-9)
    assert learned.scale == pytest.approx(learned.sigma**2 / learned.strength, rel=1e-12)
    assert "least squares" in learned.axis.sigma_told
    assert not learned.regression.noise.known


def test_the_table_has_a_row_for_each_rule(several):
    frame = several.to_frame()
    assert list(frame.index) == ["cv", "cv_1se", "aic", "prior"]
    assert frame.loc["aic", "strength"] == several["aic"].strength
    assert len(several) == 4
    for rule in frame.index:
        assert rule in str(several)
        assert rule in several._repr_html_()
    assert several["cv"].to_frame().index[0] == "cv"
    with pytest.raises(PriorError, match="no selection by 'bic'"):
        several["bic"]


def test_an_answer_at_the_end_of_its_grid_says_so(data):
    chosen = br.select(br.Regression(*data, prior=br.Laplace(1.0), sigma=1.0), strengths=[1000.0, 900.0])
    assert chosen.at_edge
    assert "end of its grid" in chosen.how


def test_priors_without_a_penalty_are_refused(data):
    reg = br.Regression(*data, prior=br.Horseshoe(1.0), sigma=1.0)
    with pytest.raises(UnsupportedError, match="strengths belong to"):
        br.select(reg)


def test_full_bayes_wants_one_scale(data):
    reg = br.Regression(*data, prior=br.Laplace(np.ones(5)), sigma=1.0)
    with pytest.raises(PriorError, match="one unknown scale"):
        br.select(reg, by="full_bayes")


def test_a_misspelt_argument_is_not_swallowed(data):
    with pytest.raises(TypeError, match=r"unexpected argument.*'fold'"):
        br.select(br.Regression(*data, prior=br.Laplace(1.0), sigma=1.0), fold=3)
