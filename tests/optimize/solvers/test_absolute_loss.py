"""Least absolute deviations against HiGHS, the objective written out, and other forms of the same data."""

import functools

import numpy as np
import pytest
from scipy import optimize, sparse

import bayesreg as br
from bayesreg.errors import ConvergenceError, UnsupportedError
from bayesreg.optimize.solvers import absolute_corner, absolute_loss

SIGMA = 1.3
PRIORS = {"laplace": br.Laplace(0.2), "normal": br.Normal(0.5), "elastic net": br.ElasticNetPrior(0.2, 0.5)}
SHAPES = {"tall": (80, 8), "wide": (40, 90)}
by_prior = pytest.mark.parametrize("prior", PRIORS)


@functools.cache
def data(shape="tall", seed=0):
    rng = np.random.default_rng(seed)
    n, p = SHAPES[shape]
    X = np.where(rng.random((n, p)) < 0.5, 0.0, rng.normal(size=(n, p)) + 0.5) * np.linspace(0.5, 2, p)
    return X, 2 + X[:, :3] @ [1.0, -0.8, 0.5] + rng.laplace(size=n)


def regression(prior="laplace", *, X=None, y=None, shape="tall", **given):
    own_X, own_y = data(shape)
    prior = PRIORS[prior] if isinstance(prior, str) else prior
    X, y = own_X if X is None else X, own_y if y is None else y
    return br.Regression(X, y, prior=prior, **({"family": "laplace", "sigma": SIGMA} | given))


def fit(prior="laplace", **given):
    return br.map_estimate(regression(prior, **given))


def least_by_highs(reg):
    """Minimum of σΣ√w|r| + Σλ|θ| as a linear program, written from the public data of the regression."""
    rows, scales = reg.design.rows, reg.scales
    X = rows.X.toarray() if sparse.issparse(rows.X) else rows.X
    A = (X - reg.design.standardization.center) / reg.design.standardization.sd
    weights = np.ones(reg.n) if rows.weights is None else rows.weights
    strength = reg.noise.sigma**2 / scales.laplace
    if reg.intercept is True:
        A, strength = np.column_stack([A, np.ones(reg.n)]), np.append(strength, 0.0)
    eye = np.eye(reg.n)
    return optimize.linprog(
        np.concatenate([reg.noise.sigma * np.sqrt(weights)] * 2 + [strength] * 2),
        A_eq=np.hstack([eye, -eye, A, -A]),
        b_eq=rows.y - (0 if rows.offset is None else rows.offset),
        bounds=(0, None),
        method="highs",
    ).fun


def assert_same(ours, theirs):
    assert np.array_equal(ours.beta == 0, theirs.beta == 0)
    np.testing.assert_allclose(ours.coef, theirs.coef, rtol=1e-9, atol=1e-12)
    assert ours.intercept == pytest.approx(theirs.intercept, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("standardize", [True, False])
@by_prior
def test_map_is_certified_and_sparse_columns_give_that_of_dense_ones(prior, standardize, shape):
    ours = fit(prior, standardize=standardize, shape=shape)
    assert ours.certificate.kkt <= 1e-12
    assert ours.certificate.gap <= 1e-13
    assert (ours.n_zeros > 0) == (prior != "normal")
    assert ours.n_zeros < len(ours.beta)
    X = sparse.csr_array(data(shape)[0])
    assert_same(fit(prior, X=X, standardize=standardize, shape=shape), ours)


SETTINGS = {
    "plain": {},
    "no intercept": {"intercept": False},
    "offset and weights": {"offset": np.linspace(-1, 1, 80), "weights": np.linspace(0.5, 2, 80)},
    "raw": {"standardize": False},
    "by column": {"prior": br.Laplace(np.r_[np.inf, 0.05, 0.2, np.inf, 0.2, 1.0, 1e-3, 0.3])},
    "flat": {"prior": br.Laplace(np.inf)},
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_objective_is_the_least_that_highs_finds(setting):
    reg = regression(**SETTINGS[setting])
    ours = br.map_estimate(reg)
    assert ours.objective == pytest.approx(least_by_highs(reg), rel=1e-12)
    assert ours.certificate.gap <= 1e-12


@pytest.mark.parametrize("intercept", [True, False, br.Normal(2.0, loc=1.0)], ids=["flat", "none", "normal"])
@by_prior
def test_no_step_in_any_direction_lowers_the_objective_written_out(prior, intercept):
    X, y = data()
    ours = fit(prior, intercept=intercept)
    center = X.mean(axis=0) if intercept is not False else np.zeros(8)
    columns, scales = (X - center) / X.std(axis=0), PRIORS[prior].column_scales(tuple("abcdefgh"))
    l1, l2 = SIGMA**2 / scales.laplace, SIGMA**2 / scales.normal**2

    def objective(point):
        beta, at_center = point[:8], point[8]
        penalty = np.sum(l1 * np.abs(beta) + 0.5 * l2 * beta**2)
        own = 0.5 * SIGMA**2 * (at_center - 1) ** 2 / 4 if isinstance(intercept, br.Normal) else 0.0
        return SIGMA * np.sum(np.abs(y - columns @ beta - at_center)) + penalty + own

    best = np.append(ours.beta, ours.intercept + center @ ours.coef)
    value = objective(best)
    assert ours.objective == pytest.approx(value, rel=1e-12)
    directions = np.vstack([np.eye(9), np.random.default_rng(0).normal(size=(40, 9))])
    if intercept is False:
        directions[:, 8] = 0.0
    for direction in directions:
        for step in (1e-5, -1e-5, 1e-2, -1e-2):
            assert objective(best + step * direction) >= value


def test_without_columns_that_matter_the_intercept_is_a_median():
    y = np.array([3.0, 1.0, 900.0, 7.0, 5.0])
    ours = fit(br.Laplace(1e-9), X=np.random.default_rng(0).normal(size=(5, 2)), y=y)
    assert ours.intercept == 5.0
    assert ours.n_zeros == 2


def test_with_an_even_number_of_rows_a_corner_of_the_interval_of_medians_is_returned():
    y = np.array([1.0, 2.0, 4.0, 8.0])
    ours = fit(br.Laplace(1e-9), X=np.random.default_rng(0).normal(size=(4, 2)), y=y)
    assert ours.intercept in (2.0, 4.0)
    assert ours.certificate.kkt <= 1e-12


def test_a_flat_fit_is_the_median_regression_of_statsmodels():
    from statsmodels.regression.quantile_regression import QuantReg

    X, y = data()
    expected = QuantReg(y, np.column_stack([np.ones(80), X])).fit(q=0.5, p_tol=1e-10, max_iter=5_000).params
    ours = fit(br.Laplace(np.inf))
    np.testing.assert_allclose(np.append(ours.intercept, ours.coef), expected, atol=1e-5)


@by_prior
def test_wild_rows_do_not_move_the_estimate(prior):
    _, y = data()
    wild = np.where(np.abs(y - np.median(y)) > 3, y + 1e6 * np.sign(y - np.median(y)), y)
    assert np.any(wild != y)
    np.testing.assert_allclose(fit(prior, y=wild).coef, fit(prior).coef, atol=1e-8)


def test_a_weight_divides_the_noise_scale_by_its_root():
    X, y = data()
    counts = np.arange(80) % 3 + 1
    repeated = fit(X=np.repeat(X, counts, axis=0), y=np.repeat(y, counts), standardize=False)
    weighted = fit(weights=counts**2, standardize=False)
    assert_same(weighted, repeated)
    assert not np.allclose(fit(weights=counts, standardize=False).coef, repeated.coef)


def test_sigma_and_the_scale_enter_as_the_posterior_has_them():
    """σ|r|·n and σ²/b: doubling sigma and b leaves the ratio, and so the estimate."""
    assert_same(fit(br.Laplace(0.4), sigma=2 * SIGMA), fit(br.Laplace(0.2)))
    assert not np.allclose(fit(br.Laplace(0.2), sigma=2 * SIGMA).coef, fit(br.Laplace(0.2)).coef)


def random_problem(seed):
    """Continuous, integer, repeated or nearly constant data; columns of sizes from 1e-2 to 1e2; any prior."""
    rng = np.random.default_rng(seed)
    n, p = int(rng.integers(5, 120)), int(rng.integers(1, 80))
    kind = ["continuous", "integer", "repeated", "binary", "rounded", "shifted", "constant"][seed % 7]
    X = rng.normal(size=(n, p)) + rng.choice([0, 1, 3]) * rng.normal(size=(n, 1))
    if kind == "integer":
        X = rng.integers(-2, 3, size=(n, p)).astype(float)
    if kind == "binary":
        X = (rng.random((n, p)) < 0.3).astype(float)
    y = X[:, :2].sum(axis=1) * rng.choice([0.3, 1, 3]) + rng.standard_t(1.5, n)
    if kind not in ("integer", "binary"):
        X = X * 10.0 ** rng.uniform(-2, 2, p)
    if kind in ("integer", "binary", "rounded"):
        y = np.round(y)
    if kind == "repeated":
        again = rng.integers(0, n, n)
        X, y = X[again], y[again]
    if kind == "shifted":
        y = y + 1e4
    if kind == "constant":
        y = np.where(rng.random(n) < 0.8, 1.0, y)
    scale = 10.0 ** rng.uniform(-2.5, 1)
    mixed = np.where(rng.random(p) < 0.2, 10.0, scale * rng.uniform(0.3, 3, p))
    priors = [br.Laplace(scale), br.Normal(scale), br.ElasticNetPrior(scale, 3 * scale), br.Laplace(mixed)]
    given = {"intercept": [True, False, br.Normal(2.0, loc=1.0)][rng.integers(3)], "standardize": rng.random() < 0.7}
    sigma = float(10.0 ** rng.uniform(-1, 1))
    return br.Regression(X, y, prior=priors[rng.integers(4)], family=br.LaplaceNoise(), sigma=sigma, **given)


# A share of these is degenerate: rows tie, columns repeat, and terms are 0 whose multipliers are at their bounds.
@pytest.mark.filterwarnings("ignore::bayesreg.errors.ConstantColumnWarning")
@pytest.mark.parametrize("seed", range(70))
def test_ordinary_and_degenerate_problems_are_solved(seed):
    reg = random_problem(seed)
    ours = br.map_estimate(reg)
    assert ours.certificate.kkt <= 1e-9
    if np.all(np.isinf(reg.scales.normal)) and not isinstance(reg.intercept, br.Normal):
        assert ours.objective <= least_by_highs(reg) * (1 + 1e-9) + 1e-9


def test_a_column_of_zeros_keeps_its_coefficient_at_zero():
    X, _ = data()
    X = np.column_stack([X, np.full(80, 3.0)])
    for prior in (br.Laplace(0.2), br.Normal(0.5)):
        with pytest.warns(br.errors.ConstantColumnWarning):
            reg = regression(prior, X=X)
        assert br.map_estimate(reg).beta[8] == 0


@pytest.mark.parametrize("prior", ["laplace", "elastic net"])
def test_the_default_path_begins_with_all_zeros_and_is_certified(prior):
    fits = br.path(regression(prior))
    assert fits.n_zeros[0] == 8
    assert fits.n_zeros[-1] <= 1
    assert np.max(fits.kkt) <= 1e-9
    assert np.max(fits.gap) <= 1e-10


@pytest.mark.parametrize("n", [79, 80])
@pytest.mark.parametrize("kind", ["continuous", "ties"])
def test_strength_max_is_the_smallest_that_gives_all_zeros(kind, n):
    """With ties many rows are fitted exactly, and a dual point must be found among many."""
    X, y = data()
    y = np.round(y) if kind == "ties" else y
    reg = regression(X=X[:n], y=y[:n])
    above, below = br.path(reg, br.strength_max(reg) * np.array([1.0001, 0.999])).beta
    assert not np.any(above)
    assert np.any(below)


def test_strength_max_is_that_of_the_linear_program():
    """min t over |u_i| ≤ σ, Σu = 0, |x_j'u| ≤ tλ_j, u = σ·sign(y − median) off the median: with ties, all in one LP."""
    X, y = data()
    y = np.round(y)
    reg = regression(X=X, y=y, standardize=False)
    columns, away = X - X.mean(axis=0), y - np.median(y)
    top = np.ones((8, 1))
    found = optimize.linprog(
        np.append(np.zeros(80), 1.0),
        A_ub=np.vstack([np.hstack([columns.T, -top]), np.hstack([-columns.T, -top])]),
        b_ub=np.zeros(16),
        A_eq=np.append(np.ones(80), 0.0)[None],
        b_eq=[0.0],
        bounds=[
            *((-SIGMA, SIGMA) if r == 0 else (SIGMA * np.sign(r),) * 2 for r in away),
            (0, None),
        ],
    )
    assert np.sum(away == 0) > 3
    assert br.strength_max(reg) == pytest.approx(found.fun, rel=1e-8)


def test_without_an_intercept_the_path_begins_at_zero_as_well():
    reg = regression(intercept=False)
    above, below = br.path(reg, br.strength_max(reg) * np.array([1.0001, 0.999])).beta
    assert not np.any(above)
    assert np.any(below)


def test_an_unknown_sigma_is_refused_as_for_the_student_t():
    with pytest.raises(UnsupportedError, match="give sigma as a number"):
        br.map_estimate(regression(sigma=None))


@pytest.mark.parametrize(
    ("module", "limit", "value"),
    [(absolute_loss, "OUTER_STEPS", 0), (absolute_loss, "INTERIOR_STEPS", 2), (absolute_corner, "FACTORS", ())],
)
def test_a_search_that_ends_early_is_an_error_and_no_answer(monkeypatch, module, limit, value):
    monkeypatch.setattr(module, limit, value)
    with pytest.raises(ConvergenceError):
        fit()


@by_prior
def test_the_minimum_at_another_strength_is_not_certified(monkeypatch, prior):
    reg, right = regression(prior), absolute_loss.minimize
    monkeypatch.setattr(absolute_loss, "minimize", lambda loss, l1, l2, start: right(loss, 1.5 * l1, 1.5 * l2, start))
    with pytest.raises(ConvergenceError, match="violates the optimality conditions"):
        br.map_estimate(reg)
