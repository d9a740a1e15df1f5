"""The one function, its two result types, and the axis that they share."""

import numpy as np
import pytest

import bayesreg as br
from bayesreg.errors import (
    BayesregError,
    ConstantColumnWarning,
    DataError,
    ObjectiveError,
    PriorError,
    SelectionWarning,
    UnsupportedError,
)
from bayesreg.model.objective import strengths_at


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
    l1, l2 = strengths_at(chosen.regression, 2.0)
    own = strengths_at(br.Regression(X, y, prior=prior, sigma=2.0), 2.0)
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
    assert "least squares" in learned.axis.sigma_source
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
    with pytest.raises(PriorError, match=r"knows no fold, tunes; it takes strengths, .*folds.*tune"):
        br.select(br.Regression(*data, prior=br.Laplace(1.0), sigma=1.0), fold=3, tunes=5)


REFUSED = {
    "by": (None, [], 3, "nope", ["cv", "nope"], {"cv"}),
    "strengths": (
        [],
        [1.0],
        [1.0, np.nan],
        [1.0, -2.0],
        [0.0, 1.0],
        [1.0, np.inf],
        "abc",
        [[1.0, 2.0], [3.0, 4.0]],
        [1j, 2],
    ),
    "folds": (0, 1, -3, 31, 2.5, "5", None, np.full(30, np.nan), [0, 1]),
    "random_seed": (-1, 1.5, "a", 2**40, True),
    "per_row": ("x", 1),
    "draws": (0, -1, "a", 2.5),
    "objective": ("mine",),
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in REFUSED.items() for value in values])
def test_arguments_are_judged_at_the_door(name, value):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 4))
    reg = br.Regression(X, X[:, 0] + rng.normal(size=30), prior=br.Laplace(1.0), sigma=1.0)
    with pytest.raises(BayesregError):
        br.select(reg, **{name: value})
    if name in ("folds", "random_seed"):
        with pytest.raises(BayesregError):
            br.cross_validate(reg, **{name: value})
    if name in ("strengths", "random_seed"):
        with pytest.raises(BayesregError):
            br.bias_variance(reg, [1.0, 0, 0, 0], **{name: value})


@pytest.mark.parametrize(
    "options",
    [
        {"by": "prior", "p0": "a"},
        {"by": "full_bayes", "hyperprior": 3.0},
        {"by": "validation", "validation": 3},
        {"by": "validation", "validation": ([[1.0]],)},
    ],
)
def test_what_one_rule_needs_is_judged_as_well(diabetes, options):
    X, y = diabetes
    with pytest.raises(BayesregError):
        br.select(br.Regression(X, y, prior=br.Laplace(1.0), sigma=54.0), **options)


@pytest.mark.parametrize("function", [br.select, br.cross_validate, br.log_evidence])
def test_no_regression_is_no_answer(function):
    with pytest.raises(PriorError, match="expected a Regression, got NoneType"):
        function(None)


def test_rare_classes_are_cross_validated_where_it_can_be_done():
    X = np.random.default_rng(0).normal(size=(30, 3))
    reg = br.Regression(X, np.arange(30) < 3, prior=br.Laplace(1.0), family="bernoulli")
    assert br.select(reg, folds=3).strength > 0
    with pytest.raises(BayesregError):
        br.select(br.Regression(X, np.arange(30) < 1, prior=br.Laplace(1.0), family="bernoulli"))


@pytest.mark.parametrize("by", ["cv", "aic", "press", "evidence", "full_bayes", "prior"])
def test_data_that_do_not_vary_are_named(by):
    X = np.random.default_rng(0).normal(size=(30, 3))
    options = {"prior": br.Normal(1.0), "sigma": 1.0}
    with pytest.raises(DataError, match='target "y" is constant'):
        br.select(br.Regression(X, np.full(30, 7.0), **options), by=by, p0=0.5)
    with pytest.warns(ConstantColumnWarning):
        constant, single = (
            br.Regression(np.ones((5, 1)), np.arange(5.0), **options),
            br.Regression([[1]], [2], **options),
        )
    for reg in (constant, single):
        with pytest.raises(DataError, match="every penalized column is constant"):
            br.select(reg, by=by, p0=0.5)


def test_without_an_intercept_a_constant_says_something():
    X = np.random.default_rng(0).normal(size=(30, 3)) + 1
    chosen = br.select(br.Regression(X, np.full(30, 7.0), prior=br.Laplace(1.0), sigma=1.0, intercept=False), by="bic")
    assert chosen.nonzero > 0
    with pytest.raises(DataError, match="constant"):
        br.select(br.Regression(X, np.zeros(30), prior=br.Laplace(1.0), sigma=1.0, intercept=False), by="bic")


@pytest.mark.parametrize("by", ["press", "evidence", "loo", "cv"])
def test_a_grid_under_a_normal_prior_goes_on_to_the_best_strength(by):
    """Columns that are nearly equal, noise that is small: the best strength is far below the rows."""
    rng = np.random.default_rng(2)
    first = rng.normal(size=400)
    X = np.column_stack([first, first + 0.03 * rng.normal(size=400)])
    y = X @ [30.0, -30.0] + 0.1 * rng.normal(size=400)
    reg = br.Regression(X, y, prior=br.Normal(1.0), sigma=0.1, standardize=False)
    chosen = br.select(reg, by=by, random_seed=0)
    assert not chosen.at_edge
    default = br.path(reg).strengths
    assert chosen.strength < default[-1]
    near = br.select(reg, by=by, random_seed=0, strengths=chosen.strength * np.geomspace(3, 1 / 3, 41))
    assert chosen.strength == pytest.approx(near.strength, rel=0.15)


def test_a_strength_at_the_end_of_its_grid_is_warned_of():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(40, 60))
    reg = br.Regression(X, X @ np.r_[1.0, 2.0, 3.0, np.zeros(57)], prior=br.Laplace(1.0), sigma=1e-6)
    with pytest.warns(SelectionWarning, match="by cv, the best strength .* lies at an end of the grid"):
        assert br.select(reg).at_edge
    assert "weak end" in br.select(reg, strengths=[10.0, 1.0]).how
