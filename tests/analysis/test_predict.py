"""Predictions against closed forms and SciPy."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

import bayesreg as br
from bayesreg.model.strength import without_priors
from bayesreg.model.unknowns import Unknowns
from bayesreg.sampling.datatree import to_datatree
from bayesreg.sampling.draws import Run

RNG = np.random.default_rng(3)
NAMES = ["a", "b/c", "é ü"]
X = pd.DataFrame(RNG.normal([5, 0, 1], [1, 10, 0.1], size=(60, 3)), columns=NAMES)
Y = pd.Series(2 + X.to_numpy() @ [1.0, 0.1, 3.0] + RNG.normal(size=60), name="y")
NEW = pd.DataFrame(RNG.normal([5, 0, 1], [2, 10, 0.3], size=(7, 3)), columns=NAMES, index=list("pqrstuv"))


def made(reg, seed=1, draws=200):
    rng, shape = np.random.default_rng(seed), (2, draws)
    sigma = rng.uniform(0.5, 2, size=shape) if reg.noise.sigma is None else np.full(shape, reg.noise.sigma)
    at_center = np.zeros(shape) if reg.intercept is False else rng.normal(size=shape)
    run = Run(Unknowns(0.5 * rng.normal(size=(*shape, reg.p)), at_center, sigma))
    return to_datatree(reg, run, {}, (), None)


def eta_of(tree, new):
    posterior = tree["posterior"]
    intercept = posterior["intercept"].values.ravel() if "intercept" in posterior else 0.0
    return np.transpose(intercept + np.asarray(new) @ posterior["coef"].values.reshape(-1, 3).T)


@pytest.fixture(scope="module")
def gaussian():
    return br.sample(br.Regression(X, Y, prior=br.Normal(1.0), sigma=1.0), draws=4_000, random_seed=1)


def test_the_conjugate_predictive(gaussian, assert_zs):
    """Mean m'β̂ and variance σ² + x'Vx + σ²/n of the centred, standardized columns."""
    Z = ((X - X.mean()) / X.std(ddof=0)).to_numpy()
    new = ((NEW - X.mean()) / X.std(ddof=0)).to_numpy()
    V = np.linalg.inv(Z.T @ Z + np.eye(3))
    mean = Y.mean() + new @ V @ Z.T @ (Y - Y.mean()).to_numpy()
    of_mean = np.sum((new @ V) * new, axis=1) + 1 / 60
    told = br.predict(gaussian, NEW)
    count = 16_000
    assert_zs((told.mean - mean) / np.sqrt(of_mean / count))
    for draws, variance in ((told.mean_draws, of_mean), (told.draws, of_mean + 1)):
        assert_zs((draws.var(axis=0) / variance - 1) / np.sqrt(2 / count))
        assert_zs((draws.mean(axis=0) - mean) / np.sqrt(variance / count))
    y = mean + np.linspace(-2, 2, 7)
    expected = stats.norm.logpdf(y, mean, np.sqrt(of_mean + 1))
    np.testing.assert_allclose(told.log_density(y), expected, atol=0.05)
    ends = stats.norm.interval(0.8, mean, np.sqrt(of_mean + 1))
    np.testing.assert_allclose(told.interval(0.8), np.transpose(ends), atol=0.12)


FAMILIES = {
    "gaussian": (br.Regression(X, Y, prior=br.Normal(1.0)), stats.norm),
    "student_t": (br.Regression(X, Y, prior=br.Normal(1.0), family=br.StudentT(df=5.0)), None),
    "laplace": (br.Regression(X, Y, prior=br.Normal(1.0), family="laplace"), stats.laplace),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_densities_of_the_noise_are_scipys(family):
    reg, theirs = FAMILIES[family]
    tree = made(reg)
    offset, weights, y = np.linspace(-1, 1, 7), np.linspace(0.5, 2, 7), np.linspace(-5, 5, 7)
    told = br.predict(tree, NEW, offset=offset, weights=weights)
    sigma = tree["posterior"]["sigma"].values.reshape(-1, 1) / np.sqrt(weights)
    eta = eta_of(tree, NEW) + offset
    logs = stats.t.logpdf(y, 5.0, eta, sigma) if theirs is None else theirs.logpdf(y, eta, sigma)
    np.testing.assert_allclose(told.log_density(y), special.logsumexp(logs, axis=0) - np.log(400), rtol=1e-9)
    np.testing.assert_allclose(told.mean, eta.mean(axis=0), rtol=1e-9)


def test_logistic_predictions(assert_zs):
    binary = np.tile([0.0, 1.0], 30)
    tree = made(br.Regression(X, binary, prior=br.Normal(1.0), family="bernoulli"), draws=2_000)
    told = br.predict(tree, NEW)
    pi = special.expit(eta_of(tree, NEW))
    np.testing.assert_allclose(told.mean, pi.mean(axis=0), rtol=1e-10)
    np.testing.assert_allclose(np.exp(told.log_density(np.ones(7))), pi.mean(axis=0), rtol=1e-10)
    np.testing.assert_allclose(np.exp(told.log_density(np.zeros(7))), 1 - pi.mean(axis=0), rtol=1e-8)
    assert set(np.unique(told.draws)) == {0.0, 1.0}
    assert_zs((told.draws - pi).mean(axis=0) / np.sqrt((pi * (1 - pi)).mean(axis=0) / 4_000))
    with pytest.raises(br.errors.DataError, match="holds 0 and 1"):
        told.log_density(np.full(7, 2.0))


def test_poisson_predictions(assert_zs):
    reg = br.Regression(X, RNG.poisson(3.0, 60), prior=br.Normal(1.0), family="poisson")
    tree = made(reg, draws=2_000)
    near = pd.DataFrame(np.tile(X.mean(), (7, 1)) + 0.1, columns=NAMES)
    told = br.predict(tree, near, offset=np.log(np.arange(1, 8)))
    mu = np.exp(eta_of(tree, near)) * np.arange(1, 8)
    np.testing.assert_allclose(told.mean, mu.mean(axis=0), rtol=1e-10)
    y = np.arange(7)
    np.testing.assert_allclose(np.exp(told.log_density(y)), stats.poisson.pmf(y, mu).mean(axis=0), rtol=1e-9)
    assert_zs((told.draws - mu).mean(axis=0) / np.sqrt(mu.mean(axis=0) / 4_000))
    with pytest.raises(br.errors.DataError, match="counts"):
        told.log_density(np.full(7, 1.5))


def test_a_point_estimate_predicts_as_well():
    fit = br.map_estimate(br.Regression(X, Y, prior=br.Laplace(0.3), sigma=1.5))
    told = br.predict(fit, NEW)
    np.testing.assert_allclose(told.mean, fit.predict(NEW), rtol=1e-12)
    np.testing.assert_allclose(told.log_density(np.zeros(7)), stats.norm.logpdf(0, told.mean, 1.5), rtol=1e-10)
    assert told.draws.shape == (4_000, 7)
    low, high = told.interval(0.9).T
    np.testing.assert_allclose(high - low, 2 * 1.5 * stats.norm.ppf(0.95), rtol=0.1)
    assert list(told.to_frame()) == ["mean", "lower", "upper"]
    with pytest.raises(br.errors.UnsupportedError, match=r"predict from br\.sample"):
        told.interval(of="mean")


def test_a_logistic_point_estimate_keeps_its_family():
    fit = br.map_estimate(br.Regression(X, np.tile([0.0, 1.0], 30), prior=br.Laplace(1.0), family="bernoulli"))
    np.testing.assert_allclose(br.predict(fit, NEW).mean, special.expit(fit.predict(NEW)), rtol=1e-12)


def test_no_intercept_means_none():
    tree = made(br.Regression(X, Y, prior=br.Normal(1.0), intercept=False))
    np.testing.assert_allclose(br.predict(tree, NEW).mean, eta_of(tree, NEW).mean(axis=0), rtol=1e-10)


def test_columns_are_found_by_name(gaussian):
    told = br.predict(gaussian, NEW)
    np.testing.assert_array_equal(br.predict(gaussian, NEW[[NAMES[1], NAMES[2], NAMES[0]]]).eta, told.eta)
    np.testing.assert_allclose(br.predict(gaussian, NEW.to_numpy()).eta, told.eta, rtol=1e-12)
    assert list(told.to_frame().index) == list("pqrstuv")
    assert list(br.predict(gaussian, NEW.to_numpy()).to_frame().index) == list(range(7))


@pytest.mark.parametrize(
    ("new", "words"),
    [
        (NEW[["a", "b/c"]], r"missing \['é ü'\]"),
        (NEW.assign(more=1.0), r"unknown \['more'\]"),
        (NEW.to_numpy()[:, :2], "has 2 columns, the regression has 3"),
        (NEW.assign(a=np.nan), "missing"),
        (NEW.assign(a="x"), "not numeric"),
    ],
)
def test_other_columns_are_refused(gaussian, new, words):
    with pytest.raises(br.errors.DataError, match=words):
        br.predict(gaussian, new)


def test_a_formulas_frame_is_refused_with_a_cure():
    frame, _ = br.load_dataset("diabetes")
    reg = br.Regression.from_formula("target ~ bmi * bp + C(sex)", frame, prior=br.Normal(10.0), sigma=54.0)
    with pytest.raises(br.errors.DataError, match=r"terms of a formula.*reg=reg"):
        br.predict(br.map_estimate(reg), frame)


FORMULA_FRAME = pd.DataFrame(
    {
        "y": np.random.default_rng(5).normal(size=40),
        "a": np.linspace(1.0, 5.0, 40),
        "b": np.random.default_rng(6).normal(size=40),
        "group": list("uvwx") * 10,
    }
)


def by_formula(formula):
    reg = br.Regression.from_formula(formula, FORMULA_FRAME, prior=br.Normal(1.0), sigma=1.0)
    return reg, br.map_estimate(reg)


@pytest.mark.parametrize(
    "formula",
    ["y ~ a * b + C(group)", "y ~ group", "y ~ center(a) + scale(b)", "y ~ poly(a, 3)", "y ~ bs(a, df=5)", "y ~ 0 + a"],
)
def test_a_formula_is_replayed_as_it_was_fitted(formula):
    """Few of the fitted rows, reordered and without the target: levels, centres and knots are the fitted ones."""
    reg, fit = by_formula(formula)
    rows = [7, 3, 12]
    new = FORMULA_FRAME.drop(columns="y").iloc[rows]
    for source in (fit, br.sample(reg, draws=500, random_seed=1)):
        expected = br.predict(source, reg.design.rows.X).mean[rows]
        told = br.predict(source, new, reg=reg)
        np.testing.assert_allclose(told.mean, expected, rtol=1e-10, atol=1e-12)
        assert told.to_frame().index.equals(new.index)


def test_a_regression_by_formula_keeps_it_under_other_priors_and_in_a_pickle():
    reg, fit = by_formula("y ~ a + C(group)")
    others = [reg.with_prior(br.Laplace(1.0)), reg.with_sigma(2.0), without_priors(reg)]
    others.append(pickle.loads(pickle.dumps(reg)))
    expected = br.predict(fit, FORMULA_FRAME, reg=reg).mean
    for other in others:
        np.testing.assert_array_equal(br.predict(fit, FORMULA_FRAME, reg=other).mean, expected)


@pytest.mark.parametrize(
    ("formula", "new", "words"),
    [
        ("y ~ C(group)", {"group": "z"}, "cannot be applied.*z"),
        ("y ~ group", {"group": "z"}, "cannot be applied.*z"),
        ("y ~ a + C(group)", {"a": np.nan}, "cannot be applied"),
        ("y ~ a + C(group)", {"group": None}, "cannot be applied"),
        ("y ~ bs(a, df=5)", {"a": 99.0}, "cannot be applied"),
        ("y ~ log(a)", {"a": -1.0}, "cannot be applied"),
        ("y ~ a", {"a": "1"}, "cannot be applied|not numeric"),
    ],
)
def test_rows_that_a_formula_cannot_take_are_refused(formula, new, words):
    reg, fit = by_formula(formula)
    with np.errstate(invalid="ignore"), pytest.raises(br.errors.DataError, match=words):
        br.predict(fit, FORMULA_FRAME.iloc[:3].assign(**new), reg=reg)


def test_a_frame_without_a_column_of_the_formula_is_refused():
    reg, fit = by_formula("y ~ a + C(group)")
    with pytest.raises(br.errors.DataError, match="group"):
        br.predict(fit, FORMULA_FRAME[["a"]], reg=reg)


def test_the_columns_themselves_are_still_taken():
    reg, fit = by_formula("y ~ a + C(group)")
    columns = pd.DataFrame(reg.design.rows.X, columns=reg.names)
    expected = br.predict(fit, FORMULA_FRAME, reg=reg).mean
    np.testing.assert_allclose(br.predict(fit, columns, reg=reg).mean, expected)
    np.testing.assert_allclose(br.predict(fit, columns.to_numpy(), reg=reg).mean, expected)


def test_rows_of_a_regression_with_offsets_need_theirs():
    rng = np.random.default_rng(2)
    X, exposure = rng.normal(size=(40, 2)), rng.uniform(1, 3, 40)
    y = rng.poisson(exposure)
    reg = br.Regression(X, y, family="poisson", prior=br.Normal(1.0), offset=np.log(exposure))
    point = br.map_estimate(reg)
    with pytest.raises(br.errors.DataError, match="had an offset"):
        br.predict(point, X)
    assert br.predict(point, X, offset=np.log(exposure)).mean == pytest.approx(exposure * np.exp(point.predict(X)))
    gaussian = br.Regression(X, X[:, 0] + exposure, prior=br.Normal(1.0), sigma=1.0, offset=exposure)
    tree = br.sample(gaussian, draws=500, random_seed=1)
    with pytest.raises(br.errors.DataError, match="had an offset"):
        br.predict(tree, X)
    assert len(br.predict(tree, X, offset=np.zeros(40)).mean) == 40


def test_offsets_weights_and_targets_are_checked(gaussian):
    with pytest.raises(br.errors.DataError, match="offset has 3 values"):
        br.predict(gaussian, NEW, offset=np.zeros(3))
    with pytest.raises(br.errors.DataError, match="weights must be positive"):
        br.predict(gaussian, NEW, weights=np.zeros(7))
    told = br.predict(gaussian, NEW)
    with pytest.raises(br.errors.DataError, match="different indexes"):
        told.log_density(pd.Series(np.zeros(7)))
    with pytest.raises(br.errors.PriorError, match="of must be"):
        told.interval(of="median")
    with pytest.raises(br.errors.PriorError, match="ci_prob must be"):
        told.interval(0)


def test_noise_without_a_mean_has_none():
    told = br.predict(made(br.Regression(X, Y, prior=br.Normal(1.0), family=br.StudentT(df=1.0))), NEW)
    with pytest.raises(br.errors.UnsupportedError, match="no mean"):
        _ = told.mean
    assert np.all(np.isfinite(told.interval()))


def test_draws_follow_the_seed(gaussian):
    first, second, third = (br.predict(gaussian, NEW, random_seed=seed).draws for seed in (1, 1, 2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, third)


def test_too_many_numbers_are_refused(gaussian):
    with pytest.raises(br.errors.UnsupportedError, match="fewer rows at a time"):
        br.predict(gaussian, np.zeros((20_000, 3)))


def test_repr_shows_the_first_rows_of_the_table(gaussian):
    told = br.predict(gaussian, NEW)
    first, *table = repr(told).splitlines()
    assert first == "Prediction(7 rows, the first 5, gaussian, from 16000 posterior draws; 95% intervals)"
    assert [row.split()[0] for row in table] == ["mean", *"pqrst"]
    shown = np.array([row.split()[1:] for row in table[1:]], dtype=float)
    np.testing.assert_allclose(shown, told.to_frame()[:5], rtol=5e-4)
    html = told._repr_html_()
    assert html.count("<tr") == 6
    assert "the first" not in repr(br.predict(gaussian, NEW[:2]))
    odd = NEW[:1].set_axis(["<script>"])
    assert "<script>" not in br.predict(gaussian, odd)._repr_html_()


def test_the_table_has_the_median_where_the_noise_has_no_mean():
    told = br.predict(made(br.Regression(X, Y, prior=br.Normal(1.0), family=br.StudentT(df=1.0))), NEW)
    table = told.to_frame()
    np.testing.assert_array_equal(table["median"], np.median(told.draws, axis=0))
    assert "mean" not in table
    assert "median" in repr(told)


@pytest.mark.parametrize("family", ["poisson", br.NegativeBinomial(size=2.0)])
def test_large_counts_are_drawn_and_those_beyond_floating_point_refused(family, assert_zs):
    """Counts far beyond 2⁶³, which no generator of whole numbers draws."""
    point = br.map_estimate(br.Regression(X, RNG.poisson(3.0, 60), prior=br.Normal(1.0), family=family))
    at = np.full((1, 3), X.mean())
    offset = [50.0 - float(br.predict(point, at, offset=[0.0]).eta[0, 0])]
    told = br.predict(point, at, offset=offset)
    mean = np.exp(50.0)
    np.testing.assert_allclose(told.mean, mean, rtol=1e-9)
    variance = mean if family == "poisson" else mean + mean**2 / 2.0
    assert_zs((told.draws.mean() - mean) / np.sqrt(variance / len(told.draws)))
    np.testing.assert_allclose(told.draws.std(), np.sqrt(variance), rtol=0.1)
    assert np.all(np.isfinite(told.to_frame()))
    with pytest.raises(br.errors.DataError, match=r"no finite number in 1 row.* units"):
        br.predict(point, at, offset=[800.0])
