"""Cross-validation and validation, against scikit-learn's CV classes on the same folds and grid."""

import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import ElasticNetCV, LassoCV, LogisticRegressionCV, RidgeCV
from sklearn.model_selection import KFold, ShuffleSplit, StratifiedKFold

import bayesreg as br
from bayesreg.errors import DataError, PriorError, UnsupportedError


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(4)
    X = rng.normal(size=(90, 8)) + rng.normal(size=(90, 1))
    return (X - X.mean(axis=0)) / X.std(axis=0), 3 + X @ np.r_[1.0, -1.0, 0.5, np.zeros(5)] + 2 * rng.normal(size=90)


def regression(X, y, prior, **options):
    return br.Regression(X, y, prior=prior, sigma=1.3, **options)


SPLITS = [KFold(5), KFold(10, shuffle=True, random_state=3)]


@pytest.mark.parametrize("split", SPLITS, ids=["blocks", "shuffled"])
@pytest.mark.parametrize("intercept", [True, False])
def test_the_lasso_curve_and_choice_are_lasso_cv(data, split, intercept):
    X, y = data
    theirs = LassoCV(cv=split, alphas=60, eps=1e-2, tol=1e-10, max_iter=100_000, fit_intercept=intercept).fit(X, y)
    reg = regression(X, y, br.Laplace(7.0), intercept=intercept)
    ours = br.select(reg, by="cv", folds=split, strengths=len(y) * theirs.alphas_, objective="sklearn.Lasso")
    np.testing.assert_allclose(ours.strength, theirs.alpha_, rtol=1e-10)
    np.testing.assert_allclose(ours.curve.value, theirs.mse_path_.mean(axis=1), rtol=1e-6)
    np.testing.assert_allclose(ours.curve.error, theirs.mse_path_.std(axis=1, ddof=1) / split.n_splits**0.5, rtol=1e-5)


def test_the_default_grid_and_folds_are_those_of_lasso_cv(diabetes):
    X, y = diabetes
    theirs = LassoCV(cv=5, tol=1e-8, max_iter=100_000).fit((X - X.mean()) / X.std(ddof=0), y)
    ours = br.select(br.Regression(X, y, prior=br.Laplace(1.0), sigma=54.0), objective="sklearn.Lasso")
    assert ours.strength == pytest.approx(theirs.alpha_, rel=1e-8)
    np.testing.assert_allclose(ours.curve.strengths / len(y), theirs.alphas_, rtol=1e-8)


@pytest.mark.parametrize("split", SPLITS, ids=["blocks", "shuffled"])
def test_the_ridge_choice_is_ridge_cv(data, split):
    X, y = data
    strengths = np.geomspace(1e3, 1e-2, 80)
    theirs = RidgeCV(strengths, cv=split, scoring="neg_mean_squared_error").fit(X, y)
    ours = br.select(regression(X, y, br.Normal(2.0)), folds=split, strengths=strengths, objective="sklearn.Ridge")
    assert ours.strength == pytest.approx(theirs.alpha_, rel=1e-10)
    assert ours.curve.value.min() == pytest.approx(-theirs.best_score_, rel=1e-10)
    assert strengths[-1] < theirs.alpha_ < strengths[0]


def test_the_elastic_net_choice_is_elastic_net_cv(data):
    X, y = data
    share, split = 0.6, KFold(5)
    theirs = ElasticNetCV(l1_ratio=share, alphas=50, cv=split, tol=1e-10, max_iter=100_000).fit(X, y)
    penalty = br.ElasticNet(0.1 * share, 0.1 * (1 - share), "sklearn.ElasticNet")
    prior = br.to_prior(penalty, sigma=1.3, n=len(y))
    ours = br.select(
        regression(X, y, prior), folds=split, strengths=share * theirs.alphas_ * len(y), objective="sklearn.ElasticNet"
    )
    assert ours.strength == pytest.approx(share * theirs.alpha_, rel=1e-10)
    np.testing.assert_allclose(ours.curve.value, theirs.mse_path_.mean(axis=1), rtol=1e-6)
    back = br.to_penalty(ours.prior, sigma=1.3, n=len(y), objective="sklearn.ElasticNet")
    assert back.l2 == pytest.approx((1 - share) * theirs.alpha_, rel=1e-10)


@pytest.mark.parametrize(("kind", "l1_ratio"), [(br.Normal, 0.0), (br.Laplace, 1.0)])
def test_the_logistic_choice_is_logistic_regression_cv(data, kind, l1_ratio):
    X, y = data
    labels, split, Cs = (y > np.median(y) + 1).astype(float), StratifiedKFold(5), np.geomspace(1e-2, 10, 12)
    # Of scikit-learn's solvers only liblinear is exact with an L1 term, but it penalizes an intercept.
    normal = kind is br.Normal
    theirs = LogisticRegressionCV(
        Cs=Cs,
        cv=split,
        scoring="neg_log_loss",
        solver="lbfgs" if normal else "liblinear",
        l1_ratios=(l1_ratio,),
        fit_intercept=normal,
        tol=1e-8,
        max_iter=10_000,
        use_legacy_attributes=False,
    ).fit(X, labels)
    reg = br.Regression(X, labels, prior=kind(1.0), family="bernoulli", intercept=normal)
    ours = br.select(reg, strengths=1 / Cs, objective="sklearn.LogisticRegression")
    assert ours.strength == pytest.approx(float(theirs.C_), rel=1e-8)
    scores = np.mean(np.asarray(theirs.scores_).reshape(5, -1), axis=0)
    np.testing.assert_allclose(ours.curve.value, -scores, rtol=1e-5)


def test_labels_and_counts_and_splitters_make_the_same_folds(data):
    X, y = data
    reg = regression(X, y, br.Laplace(1.0))
    by_count = br.select(reg, folds=6, random_seed=2)
    by_split = br.select(reg, folds=KFold(6, shuffle=True, random_state=2))
    labels = np.empty(len(y), dtype=object)
    for name, (_, out) in enumerate(KFold(6, shuffle=True, random_state=2).split(X)):
        labels[out] = f"fold {name}"
    for other in (by_split, br.select(reg, folds=labels)):
        np.testing.assert_array_equal(by_count.curve.value, other.curve.value)
        assert by_count.strength == other.strength


def test_one_standard_error_is_the_strongest_within_reach(data):
    X, y = data
    both = br.select(regression(X, y, br.Laplace(1.0)), by=["cv", "cv_1se"], folds=10)
    curve, chosen = both["cv"].curve, both["cv_1se"].choice.strength
    assert curve is both["cv_1se"].curve
    limit = curve.value.min() + curve.error[np.argmin(curve.value)]
    assert chosen > both["cv"].choice.strength
    assert curve.value[curve.strengths == chosen][0] <= limit
    assert np.all(curve.value[curve.strengths > chosen] > limit)


def test_training_error_falls_as_the_penalty_weakens(data):
    X, y = data
    curve = br.select(regression(X, y, br.Laplace(1.0))).curve
    assert np.all(np.diff(curve.train) <= 0)
    fit = br.map_estimate(regression(X, y, br.Laplace(1.3**2 / curve.strengths[40])))
    assert curve.train[40] == pytest.approx(np.mean((y - fit.predict(X)) ** 2), rel=1e-9)


def test_per_row_can_be_asked_for(data):
    X, y = data
    strengths = np.geomspace(200, 1, 30)
    split = ShuffleSplit(4, test_size=0.5, random_state=0)
    kept, carried = (
        br.select(regression(X, y, br.Normal(1.0)), folds=split, strengths=strengths, per_row=flag).curve.value
        for flag in (False, True)
    )
    halved = br.select(regression(X, y, br.Normal(1.0)), folds=split, strengths=strengths / 2).curve.value
    np.testing.assert_allclose(carried, halved, rtol=1e-10)
    assert np.max(np.abs(kept - carried)) > 1e-3


def test_a_validation_set_is_the_fold_that_a_mask_holds_out(data):
    X, y = data
    mask = np.arange(len(y)) % 3 == 0
    reg = regression(X, y, br.Normal(1.0), standardize=False)
    by_mask = br.select(reg, by="validation", validation=mask)
    train = regression(X[~mask], y[~mask], br.Normal(1.0), standardize=False)
    by_set = br.select(train, by="validation", validation=(X[mask], y[mask]), strengths=by_mask.curve.strengths)
    np.testing.assert_allclose(by_mask.curve.value, by_set.curve.value, rtol=1e-9)
    np.testing.assert_allclose(by_mask.curve.train, by_set.curve.train, rtol=1e-9)
    fit = br.map_estimate(by_set.regression)
    assert by_set.curve.value.min() == pytest.approx(np.mean((y[mask] - fit.predict(X[mask])) ** 2), rel=1e-9)


def test_equal_weights_change_nothing_and_others_do(data):
    X, y = data
    plain = br.select(regression(X, y, br.Laplace(1.0))).curve
    ones = br.select(regression(X, y, br.Laplace(1.0), weights=np.ones(len(y)))).curve
    np.testing.assert_allclose(plain.value, ones.value, rtol=1e-10)
    weights = np.where(np.arange(len(y)) < 10, 3.0, 1.0)
    other = br.select(regression(X, y, br.Laplace(1.0), weights=weights)).curve
    assert np.max(np.abs(other.value / plain.value - 1)) > 1e-3


@pytest.mark.parametrize("family", ["poisson", "student_t"])
def test_other_families_are_judged_by_their_likelihood(data, family):
    X, y = data
    target = np.floor(np.abs(y)) if family == "poisson" else y
    options = {} if family == "poisson" else {"sigma": 1.5}
    reg = br.Regression(X, target, prior=br.Laplace(1.0), family=family, **options)
    mask = np.arange(len(y)) % 2 == 0
    chosen = br.select(reg, by="validation", validation=mask, strengths=[20.0, 5.0, 1.0])
    sigma = 1.0 if family == "poisson" else 1.5
    scaled = X / 1.0
    part = br.Regression(
        scaled[~mask],
        target[~mask],
        prior=br.Laplace(sigma**2 / 5.0 / X.std(axis=0)),
        family=family,
        standardize=False,
        **options,
    )
    eta = br.map_estimate(part).predict(scaled[mask])
    expected = -np.mean(reg.family.log_likelihood(target[mask], eta, sigma))
    assert chosen.curve.value[1] == pytest.approx(expected, rel=1e-6)


def test_a_column_that_is_constant_in_a_fold_is_no_matter(data):
    X, y = data
    rare = np.column_stack([X, np.arange(len(y)) == 0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isfinite(br.select(regression(rare, y, br.Laplace(1.0))).curve.value).all()


def test_what_is_refused(data):
    X, y = data
    reg = regression(X, y, br.Laplace(1.0))
    with pytest.raises(DataError, match="folds must be a whole number from 2"):
        br.select(reg, folds=1)
    with pytest.raises(DataError, match="one label per row"):
        br.select(reg, folds=[0, 1, 2])
    with pytest.raises(DataError, match="at least two folds"):
        br.select(reg, folds=np.zeros(len(y)))
    with pytest.raises(DataError, match="needs validation="):
        br.select(reg, by="validation")
    with pytest.raises(DataError, match="boolean mask"):
        br.select(reg, by="validation", validation=np.ones(len(y), dtype=bool))
    with pytest.raises(DataError, match="validation columns"):
        br.select(reg, by="validation", validation=(X[:, :2], y))
    with pytest.raises(PriorError, match="unknown rule"):
        br.select(reg, by="magic")
    with pytest.raises(PriorError, match="two different positive"):
        br.select(reg, strengths=[1.0, -1.0])
    moments = br.Regression.from_moments(br.moments("diabetes", "target"), prior=br.Laplace(1.0), sigma=1.0)
    with pytest.raises(DataError, match="need the rows"):
        br.select(moments)
    counts = br.Regression(X, np.floor(np.abs(y)), prior=br.Laplace(1.0), family="poisson")
    for rule in ("evidence", "loo", "press", "full_bayes", "prior"):
        with pytest.raises(UnsupportedError, match="gaussian family"):
            br.select(counts, by=rule)


@pytest.fixture(scope="module")
def counts():
    rng = np.random.default_rng(6)
    X = rng.poisson(0.3, size=(80, 7)) * rng.choice([1.0, 2.5], size=(80, 7))
    return X, 1 + X @ np.r_[1.0, -1.0, np.zeros(5)] + rng.normal(size=80)


@pytest.mark.parametrize("kind", ["laplace", "normal", "elastic_net"])
@pytest.mark.parametrize(("family", "intercept"), [("gaussian", True), ("gaussian", False), ("bernoulli", True)])
@pytest.mark.parametrize("standardize", [True, False])
def test_sparse_columns_are_chosen_for_as_dense_ones(counts, kind, family, intercept, standardize):
    X, y = counts
    prior = {"laplace": br.Laplace(1.0), "normal": br.Normal(1.0), "elastic_net": br.ElasticNetPrior(1.0, 2.0)}[kind]
    target, sigma = (y > 1, None) if family == "bernoulli" else (y, 1.3)
    options = {"prior": prior, "family": family, "intercept": intercept, "standardize": standardize, "sigma": sigma}
    held, strengths = np.arange(80) % 4 == 0, np.geomspace(80, 1, 12)
    found = []
    for columns in (X, sparse.csr_array(X)):
        reg = br.Regression(columns, target, weights=1 + np.arange(80) % 3, **options)
        both = br.select(reg, by=["cv", "validation"], validation=held, random_seed=1, strengths=strengths)
        found.append([one.curve.value for one in both] + [one.curve.train for one in both])
    np.testing.assert_allclose(*found, rtol=1e-7)


# Counts taken for Gaussian numbers want the weakest strength of the grid.
@pytest.mark.filterwarnings("ignore::bayesreg.errors.SelectionWarning")
def test_a_sparse_validation_set_is_judged_as_a_dense_one(counts):
    X, y = counts
    reg = br.Regression(sparse.csc_array(X[20:]), y[20:], prior=br.Laplace(1.0), sigma=1.0)
    found = [
        br.select(reg, by="validation", validation=(form(X[:20]), y[:20])).curve.value
        for form in (np.asarray, sparse.coo_array)
    ]
    np.testing.assert_allclose(*found, rtol=1e-9)


def test_sparse_columns_with_a_prior_on_the_intercept_are_refused(counts):
    X, y = counts
    reg = br.Regression(sparse.csc_array(X), y, prior=br.Laplace(1.0), sigma=1.0, intercept=br.Normal(1.0))
    with pytest.raises(UnsupportedError, match="intercept=True"):
        br.select(reg)
