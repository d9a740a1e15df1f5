"""find_MAP on models of many kinds against convex programs written down from the statistics and solved by CVXPY.

Clarabel, an interior-point solver, leaves small values where the answer is 0, and its own tolerances bound what the
comparison can show: each test says how near the two must be. Whatever is estimated that is not convex (a scale) is
found from the outside, by the root of its own first-order condition over a family of convex programs.
"""

import bambi as bmb
import cvxpy as cp
import numpy as np
import pandas as pd
import pymc as pm
import pytest
from scipy import optimize
from scipy.special import expit

from bayesreg.errors import ConvergenceError
from bayesreg.find_map.find_map import find_MAP

pytestmark = pytest.mark.slow

N, P = 150, 8
TIGHT = {"tol_gap_abs": 1e-11, "tol_gap_rel": 1e-11, "tol_feas": 1e-11, "max_iter": 500}


@pytest.fixture(scope="module")
def rows():
    """Columns of different size that are correlated, groups, an exposure and targets of several kinds."""
    rng = np.random.default_rng(11)
    X = (rng.normal(size=(N, P)) + 0.6 * rng.normal(size=(N, 1))) * np.geomspace(0.5, 2, P)
    group = rng.integers(0, 5, size=N)
    eta = 0.6 * X[:, 0] - 0.4 * X[:, 3]
    exposure = rng.uniform(0.5, 3, size=N)
    return {
        "X": X,
        "group": group,
        "exposure": exposure,
        "y": 1.5 + eta + np.array([-2.0, -0.5, 0, 0.5, 2])[group] + rng.normal(size=N),
        "count": rng.poisson(exposure * np.exp(0.3 + 0.5 * eta)),
        "yes": (rng.logistic(size=N) < 0.4 + 1.5 * eta).astype(int),
        "rng": rng,
    }


@pytest.fixture(scope="module")
def frame(rows):
    columns = {f"x{j}": rows["X"][:, j] for j in range(P)}
    letters = pd.Categorical.from_codes(rows["group"], list("abcde"))
    others = {name: rows[name] for name in ("y", "count", "yes")}
    return pd.DataFrame({**columns, **others, "g": letters, "log_exposure": np.log(rows["exposure"])})


def value(tree, name):
    return tree["posterior"][name].values[0, 0]


def solved(loss):
    """The problem of a smallest loss per row, solved as tightly as the solver can."""
    problem = cp.Problem(cp.Minimize(loss / N))
    problem.solve(solver="CLARABEL", **TIGHT)
    assert problem.status == "optimal"
    return problem


def refined(problem, eta, slope, curvature, penalty):
    """Newton steps from the conic solver's answer: quadratic programs, which it solves more exactly than conic ones."""
    for _ in range(3):
        at = eta.value
        solved(slope(at) @ (eta - at) + 0.5 * cp.sum_squares(cp.multiply(np.sqrt(curvature(at)), eta - at)) + penalty)
    return problem


def assert_same(problem, pairs, *, rtol, kinks=(), zero=1e-5):
    """Our values of each variable beside the solver's, and no higher a loss.

    `pairs` are (cvxpy variable, our value). `kinks` are (cvxpy expression, Laplace scale): those whose zeros are to be
    exact in ours and below `zero` scales in theirs; there must be some, and not only zeros.
    """
    theirs, lowest = [np.array(variable.value) for variable, _ in pairs], problem.objective.value
    small = [np.abs(expression.value) < zero * scale for expression, scale in kinks]
    size = max(np.max(np.abs(found)) for found in theirs)
    for found, (_, ours) in zip(theirs, pairs, strict=True):
        np.testing.assert_allclose(ours, found, rtol=rtol, atol=rtol * size)
    for variable, ours in pairs:
        variable.value = ours
    assert problem.objective.value <= lowest + 1e-11 * (1 + abs(lowest))
    for (expression, _), expected in zip(kinks, small, strict=True):
        np.testing.assert_array_equal(expression.value == 0, expected)
    if kinks:
        zeros = np.concatenate([np.ravel(flags) for flags in small])
        assert 0 < zeros.sum() < len(zeros)


def gaussian_loss(eta, y, sigma):
    return 0.5 * cp.sum_squares((y - eta) / sigma)


def l1(x, scale):
    return cp.sum(cp.abs(x) / scale)


# --- Written by hand --------------------------------------------------------------------------------------------


def test_lasso_with_an_offset_and_interactions(rows):
    X, y, offset = rows["X"], rows["y"], np.log(rows["exposure"])
    products = X[:, :3] * X[:, 3:6]
    with pm.Model():
        intercept = pm.Normal("intercept", 1.0, 2.0)
        main = pm.Laplace("main", 0, 0.04, shape=P)
        interaction = pm.Laplace("interaction", 0, 0.01, shape=3)
        pm.Normal("y", offset + intercept + X @ main + products @ interaction, 1.2, observed=y)
        tree = find_MAP()
    a, b, c = cp.Variable(), cp.Variable(P), cp.Variable(3)
    prior = l1(b, 0.04) + l1(c, 0.01) + 0.5 * ((a - 1) / 2) ** 2
    problem = solved(gaussian_loss(offset + a + X @ b + products @ c, y, 1.2) + prior)
    pairs = [(a, value(tree, "intercept")), (b, value(tree, "main")), (c, value(tree, "interaction"))]
    assert_same(problem, pairs, rtol=1e-8, kinks=[(b, 0.04), (c, 0.01)])


def test_slopes_of_groups_around_a_common_slope(rows):
    """Both the common slopes and the groups' departures from them have kinks: the location is a Laplace variable."""
    X, y, group = rows["X"][:, :4], rows["y"], rows["group"]
    with pm.Model():
        common = pm.Laplace("common", 0, 0.05, shape=4)
        slope = pm.Laplace("slope", common, 0.05, shape=(5, 4))
        level = pm.Normal("level", 1.0, 2.0, shape=5)
        pm.Normal("y", level[group] + (X * slope[group]).sum(axis=1), 1.0, observed=y)
        tree = find_MAP()
    m, s, a = cp.Variable(4), cp.Variable((5, 4)), cp.Variable(5)
    away = s - cp.reshape(m, (1, 4), order="C")
    eta = a[group] + cp.sum(cp.multiply(X, s[group]), axis=1)
    problem = solved(gaussian_loss(eta, y, 1.0) + l1(m, 0.05) + l1(away, 0.05) + 0.125 * cp.sum_squares(a - 1))
    pairs = [(m, value(tree, "common")), (s, value(tree, "slope")), (a, value(tree, "level"))]
    assert_same(problem, pairs, rtol=1e-8, kinks=[(m, 0.05), (away, 0.05)])


def test_total_variation_of_a_series(rows):
    """Laplace steps, summed up: the mode is piecewise constant."""
    series = np.repeat([0.0, 3.0, 2.5, -1.0], 20) + rows["rng"].normal(size=80)
    with pm.Model():
        first = pm.Flat("first")
        step = pm.Laplace("step", 0, 0.4, shape=79)
        path = pm.Deterministic("path", first + pm.math.concatenate([np.zeros(1), pm.math.cumsum(step)]))
        pm.Normal("y", path, 1.0, observed=series)
        tree = find_MAP()
    x = cp.Variable(80)
    problem = solved(gaussian_loss(x, series, 1.0) + l1(cp.diff(x), 0.4))
    expected = np.abs(np.diff(x.value)) < 1e-5
    np.testing.assert_array_equal(value(tree, "step") == 0, expected)
    assert 0 < expected.sum() < 79
    assert_same(problem, [(x, value(tree, "path"))], rtol=1e-7)


def test_a_matrix_of_coefficients_with_correlated_errors(rows):
    X, y = rows["X"], np.c_[rows["y"], rows["y"][::-1], np.log(rows["exposure"])]
    covariance = np.array([[1.0, 0.5, 0.1], [0.5, 1.5, -0.2], [0.1, -0.2, 0.3]])
    scale = np.outer(np.geomspace(0.02, 0.2, P), [1.0, 0.5, 0.2])
    with pm.Model():
        coef = pm.Laplace("coef", 0, scale, shape=(P, 3))
        level = pm.Flat("level", shape=3)
        pm.MvNormal("y", level + X @ coef, cov=covariance, observed=y)
        tree = find_MAP()
    B, a = cp.Variable((P, 3)), cp.Variable(3)
    root = np.linalg.inv(np.linalg.cholesky(covariance)).T
    residual = (y - X @ B - np.ones((N, 1)) @ cp.reshape(a, (1, 3), order="C")) @ root
    problem = solved(0.5 * cp.sum_squares(residual) + cp.sum(cp.multiply(1 / scale, cp.abs(B))))
    assert_same(problem, [(B, value(tree, "coef")), (a, value(tree, "level"))], rtol=1e-8, kinks=[(B, scale)])


def test_an_elastic_net_and_a_smoothing_potential(rows):
    """A Laplace prior and two quadratic potentials: ridge, and differences of neighbouring coefficients."""
    X, y = rows["X"], rows["y"] - rows["y"].mean()
    with pm.Model():
        coef = pm.Laplace("coef", 0, 0.03, shape=P)
        pm.Potential("ridge", -0.5 * (coef**2).sum() / 0.5**2)
        pm.Potential("smooth", -0.5 * ((coef[1:] - coef[:-1]) ** 2).sum() / 0.3**2)
        pm.Normal("y", X @ coef, 1.0, observed=y)
        tree = find_MAP()
    b = cp.Variable(P)
    penalty = l1(b, 0.03) + 2 * cp.sum_squares(b) + 0.5 / 0.09 * cp.sum_squares(cp.diff(b))
    assert_same(
        solved(gaussian_loss(X @ b, y, 1.0) + penalty), [(b, value(tree, "coef"))], rtol=1e-8, kinks=[(b, 0.03)]
    )


def test_a_prior_around_last_years_coefficients(rows):
    X, y = rows["X"], rows["y"]
    last = np.array([0.6, 0.0, 0.1, -0.4, 0.0, 0.3, 0.0, -0.2])
    with pm.Model():
        coef = pm.Laplace("coef", last, 0.02, shape=P)
        intercept = pm.Flat("intercept")
        pm.Normal("y", intercept + X @ coef, 1.0, observed=y)
        tree = find_MAP()
    b, a = cp.Variable(P), cp.Variable()
    problem = solved(gaussian_loss(a + X @ b, y, 1.0) + l1(b - last, 0.02))
    pairs = [(b, value(tree, "coef")), (a, value(tree, "intercept"))]
    assert_same(problem, pairs, rtol=1e-8, kinks=[(b - last, 0.02)])


def test_scales_that_are_variables_held_at_values(rows):
    X, y = rows["X"], rows["y"]
    local = np.geomspace(0.2, 3, P)
    with pm.Model() as model:
        overall = pm.HalfCauchy("overall", 1.0)
        factor = pm.HalfCauchy("factor", 1.0, shape=P)
        sigma = pm.Exponential("sigma", 1.0)
        coef = pm.Laplace("coef", 0, overall * factor, shape=P)
        intercept = pm.Flat("intercept")
        pm.Normal("y", intercept + X @ coef, sigma, observed=y)
    held = {"overall": 0.05, "factor": local, "sigma": 1.3}
    tree = find_MAP(model, fixed=held)
    b, a = cp.Variable(P), cp.Variable()
    problem = solved(gaussian_loss(a + X @ b, y, 1.3) + cp.sum(cp.multiply(1 / (0.05 * local), cp.abs(b))))
    pairs = [(b, value(tree, "coef")), (a, value(tree, "intercept"))]
    assert_same(problem, pairs, rtol=1e-8, kinks=[(b, 0.05 * local)])
    for name, given in held.items():
        np.testing.assert_array_equal(value(tree, name), given)


def test_scales_that_are_estimated(rows):
    """Sigma, and a scale whose prior vanishes at 0: each at the root of its own slope over the convex programs."""
    X, y, a0, b0 = rows["X"], rows["y"], 4.0, 1.0
    with pm.Model():
        scale = pm.InverseGamma("scale", a0, b0)
        sigma = pm.HalfNormal("sigma", 2.0)
        coef = pm.Laplace("coef", 0, scale, shape=P)
        intercept = pm.Flat("intercept")
        pm.Normal("y", intercept + X @ coef, sigma, observed=y)
        tree = find_MAP()
    b, a = cp.Variable(P), cp.Variable()
    rss, size = cp.sum_squares(y - a - X @ b), cp.norm1(b)

    def slopes(log_scales):
        s, tau = np.exp(log_scales)
        solved(0.5 * rss / s**2 + size / tau)
        return N - rss.value / s**2 + s**2 / 4, P + a0 + 1 - (size.value + b0) / tau

    found = optimize.root(slopes, [0.0, -1.0], tol=1e-12)
    assert found.success
    s, tau = np.exp(found.x)
    np.testing.assert_allclose([value(tree, "sigma"), value(tree, "scale")], [s, tau], rtol=1e-7)
    pairs = [(b, value(tree, "coef")), (a, value(tree, "intercept"))]
    assert_same(solved(0.5 * rss / s**2 + size / tau), pairs, rtol=1e-7, kinks=[(b, tau)])


def test_a_prior_scaled_by_sigma_is_convex_in_other_coordinates(rows):
    """With φ = β/σ and ρ = 1/σ the joint density of Park and Casella's model is log-concave."""
    X, y, scale = rows["X"], rows["y"], 0.04
    with pm.Model():
        sigma = pm.InverseGamma("sigma", 3.0, 2.0)
        coef = pm.Laplace("coef", 0, scale * sigma, shape=P)
        pm.Normal("y", 1.0 + X @ coef, sigma, observed=y)
        tree = find_MAP()
    phi, rho = cp.Variable(P), cp.Variable()
    loss = 0.5 * cp.sum_squares((y - 1.0) * rho - X @ phi) + l1(phi, scale) - (N + P + 4) * cp.log(rho) + 2 * rho
    sigma = value(tree, "sigma")
    pairs = [(phi, value(tree, "coef") / sigma), (rho, 1 / sigma)]
    assert_same(solved(loss), pairs, rtol=1e-6, kinks=[(phi, scale)])


def test_robust_errors_that_are_smooth(rows):
    """Logistic errors have tails like the Laplace distribution's, and no kink."""
    X, y, scale = rows["X"], rows["y"] + np.where(np.arange(N) % 12 == 0, 12.0, 0.0), 0.7
    with pm.Model():
        coef = pm.Laplace("coef", 0, 0.05, shape=P)
        intercept = pm.Flat("intercept")
        pm.Logistic("y", intercept + X @ coef, scale, observed=y)
        tree = find_MAP()
    b, a = cp.Variable(P), cp.Variable()
    residual = (y - a - X @ b) / scale
    problem = solved(cp.sum(residual + 2 * cp.logistic(-residual)) + l1(b, 0.05))
    refined(problem, residual, lambda r: np.tanh(r / 2), lambda r: 0.5 / np.cosh(r / 2) ** 2, l1(b, 0.05))
    pairs = [(b, value(tree, "coef")), (a, value(tree, "intercept"))]
    assert_same(problem, pairs, rtol=1e-8, kinks=[(b, 0.05)])


def test_waiting_times_with_a_log_link(rows):
    X, shape = rows["X"], 2.0
    y = rows["rng"].gamma(shape, np.exp(0.5 + 0.4 * X[:, 0]) / shape)
    with pm.Model():
        coef = pm.Laplace("coef", 0, 0.03, shape=P)
        intercept = pm.Flat("intercept")
        pm.Gamma("y", alpha=shape, beta=shape / pm.math.exp(intercept + X @ coef), observed=y)
        tree = find_MAP()
    b, a = cp.Variable(P), cp.Variable()
    eta = a + X @ b
    problem = solved(shape * cp.sum(eta) + shape * y @ cp.exp(-eta) + l1(b, 0.03))
    refined(problem, eta, lambda e: shape * (1 - y * np.exp(-e)), lambda e: shape * y * np.exp(-e), l1(b, 0.03))
    pairs = [(b, value(tree, "coef")), (a, value(tree, "intercept"))]
    assert_same(problem, pairs, rtol=1e-8, kinks=[(b, 0.03)])


def test_more_than_two_classes(rows):
    """Symmetric multinomial regression: a matrix of coefficients, none of the classes being the reference."""
    X = rows["X"]
    chosen = np.argmax(X[:, [0, 3, 5]] + rows["rng"].gumbel(size=(N, 3)), axis=1)
    with pm.Model():
        coef = pm.Laplace("coef", 0, 0.15, shape=(P, 3))
        level = pm.Normal("level", 0, 1, shape=3)
        pm.Categorical("y", logit_p=level + X @ coef, observed=chosen)
        tree = find_MAP()
    B, a = cp.Variable((P, 3)), cp.Variable(3)
    eta = X @ B + np.ones((N, 1)) @ cp.reshape(a, (1, 3), order="C")
    likelihood = cp.sum(cp.log_sum_exp(eta, axis=1)) - cp.sum(cp.multiply(np.eye(3)[chosen], eta))
    problem = solved(likelihood + l1(B, 0.15) + 0.5 * cp.sum_squares(a))
    pairs = [(B, value(tree, "coef")), (a, value(tree, "level"))]
    assert_same(problem, pairs, rtol=1e-7, kinks=[(B, 0.15)])


# --- Built by Bambi ---------------------------------------------------------------------------------------------


def laplace(scale):
    return bmb.Prior("Laplace", mu=0, b=scale)


def built(formula, frame, **options):
    model = bmb.Model(formula, frame, **options)
    model.build()
    return model.backend.model


def dummies(frame):
    """Treatment coding, level a being the reference."""
    return pd.get_dummies(frame["g"], drop_first=True).to_numpy(dtype=float)


def centred(X):
    return X - X.mean(axis=0)


def test_bambi_gaussian_with_a_factor_and_an_interaction(frame):
    """Bambi's Intercept is the one at the centre of all columns, interactions included."""
    scale = {"x0": 0.05, "x1": 0.05, "g": 0.2, "x0:x1": 0.003}
    priors = {name: laplace(b) for name, b in scale.items()} | {"Intercept": bmb.Prior("Normal", mu=1, sigma=3)}
    model = built("y ~ x0 + x1 + g + x0:x1", frame, priors=priors)
    tree = find_MAP(model, fixed={"sigma": 1.4})
    x0, x1 = frame["x0"].to_numpy(), frame["x1"].to_numpy()
    X = centred(np.c_[x0, x1, dummies(frame), x0 * x1])
    b, a = cp.Variable(7), cp.Variable()
    scales = np.r_[0.05, 0.05, np.full(4, 0.2), 0.003]
    penalty = cp.sum(cp.multiply(1 / scales, cp.abs(b))) + 0.5 * ((a - 1) / 3) ** 2
    problem = solved(gaussian_loss(a + X @ b, frame["y"].to_numpy(), 1.4) + penalty)
    ours = np.r_[value(tree, "x0"), value(tree, "x1"), value(tree, "g"), value(tree, "x0:x1")]
    assert_same(problem, [(b, ours), (a, value(tree, "Intercept"))], rtol=1e-7, kinks=[(b, scales)])
    assert list(tree["posterior"]["g"]["g_dim"].values) == list("bcde")


def test_bambi_with_its_own_priors_is_a_ridge_in_closed_form(frame):
    model = built("y ~ x0 * x1 + g", frame)
    tree = find_MAP(model, fixed={"sigma": 1.4})
    x0, x1, y = (frame[name].to_numpy() for name in ("x0", "x1", "y"))
    columns = np.c_[x0, x1, dummies(frame), x0 * x1]
    # Bambi's own scales are 2.5 sd(y)/sd(x); its prior of the intercept is centred at the mean of y.
    scale, X = 2.5 * y.std() / columns.std(axis=0), centred(columns)
    expected = np.linalg.solve(X.T @ X + np.diag((1.4 / scale) ** 2), X.T @ y)
    ours = np.concatenate([np.ravel(value(tree, name)) for name in ("x0", "x1", "g", "x0:x1")])
    np.testing.assert_allclose(ours, expected, rtol=1e-10)
    np.testing.assert_allclose(value(tree, "Intercept"), y.mean(), rtol=1e-10)


@pytest.mark.parametrize("noncentered", [False, True], ids=["centred", "off centre"])
def test_bambi_varying_intercepts(frame, noncentered):
    """Either way of writing the groups' effects has the same mode of the effects, their spread being held."""
    spread = bmb.Prior("HalfNormal", sigma=2)
    priors = {f"x{j}": laplace(0.05) for j in range(4)} | {"Intercept": bmb.Prior("Normal", mu=1, sigma=3)}
    priors["1|g"] = bmb.Prior("Normal", mu=0, sigma=spread)
    model = built("y ~ x0 + x1 + x2 + x3 + (1|g)", frame, priors=priors, noncentered=noncentered)
    tree = find_MAP(model, fixed={"sigma": 1.1, "1|g_sigma": 0.7})
    X = centred(frame[["x0", "x1", "x2", "x3"]].to_numpy())
    b, a, u = cp.Variable(4), cp.Variable(), cp.Variable(5)
    eta = a + X @ b + u[frame["g"].cat.codes.to_numpy()]
    penalty = l1(b, 0.05) + 0.5 * cp.sum_squares(u / 0.7) + 0.5 * ((a - 1) / 3) ** 2
    problem = solved(gaussian_loss(eta, frame["y"].to_numpy(), 1.1) + penalty)
    ours = np.array([value(tree, f"x{j}") for j in range(4)])
    pairs = [(b, ours), (a, value(tree, "Intercept")), (u, value(tree, "1|g"))]
    assert_same(problem, pairs, rtol=1e-8, kinks=[(b, 0.05)])


def test_bambi_poisson_with_an_offset_and_an_interaction(frame):
    priors = {name: laplace(0.02) for name in ("x0", "x3", "x0:x3")}
    model = built(
        "count ~ x0*x3 + offset(log_exposure)",
        frame,
        family="poisson",
        priors=priors | {"Intercept": bmb.Prior("Normal", mu=0, sigma=2)},
    )
    tree = find_MAP(model)
    x0, x3 = frame["x0"].to_numpy(), frame["x3"].to_numpy()
    X = centred(np.c_[x0, x3, x0 * x3])
    b, a = cp.Variable(3), cp.Variable()
    eta = a + X @ b + frame["log_exposure"].to_numpy()
    y, penalty = frame["count"].to_numpy(), l1(b, 0.02) + 0.125 * a**2
    problem = solved(cp.sum(cp.exp(eta)) - y @ eta + penalty)
    refined(problem, eta, lambda e: np.exp(e) - y, np.exp, penalty)
    ours = np.array([value(tree, name) for name in ("x0", "x3", "x0:x3")])
    assert_same(problem, [(b, ours), (a, value(tree, "Intercept"))], rtol=1e-7, kinks=[(b, 0.02)])


def test_bambi_bernoulli_with_varying_slopes(frame):
    spread = bmb.Prior("HalfNormal", sigma=1)
    priors = {"x0": laplace(0.3), "x1": laplace(0.02), "x2": laplace(0.02)}
    priors |= {"Intercept": bmb.Prior("Normal", mu=0, sigma=2), "1|g": bmb.Prior("Normal", mu=0, sigma=spread)}
    priors["x0|g"] = bmb.Prior("Laplace", mu=0, b=spread)
    model = built("yes ~ x0 + x1 + x2 + (x0|g)", frame, family="bernoulli", priors=priors, noncentered=False)
    tree = find_MAP(model, fixed={"1|g_sigma": 0.5, "x0|g_b": 0.2})
    X = centred(frame[["x0", "x1", "x2"]].to_numpy())
    group = frame["g"].cat.codes.to_numpy()
    b, a, u, w = cp.Variable(3), cp.Variable(), cp.Variable(5), cp.Variable(5)
    eta = a + X @ b + u[group] + cp.multiply(frame["x0"].to_numpy(), w[group])
    scales = np.array([0.3, 0.02, 0.02])
    penalty = cp.sum(cp.multiply(1 / scales, cp.abs(b))) + l1(w, 0.2) + 2 * cp.sum_squares(u) + 0.125 * a**2
    y = frame["yes"].to_numpy()
    problem = solved(cp.sum(cp.logistic(eta)) - y @ eta + penalty)
    refined(problem, eta, lambda e: expit(e) - y, lambda e: expit(e) * expit(-e), penalty)
    ours = np.array([value(tree, f"x{j}") for j in range(3)])
    pairs = [(b, ours), (a, value(tree, "Intercept")), (u, value(tree, "1|g")), (w, value(tree, "x0|g"))]
    assert_same(problem, pairs, rtol=1e-8, kinks=[(b, scales), (w, 0.2)])


# --- Kinks in the likelihood are not followed, and said so --------------------------------------------------------


@pytest.mark.parametrize("errors", ["laplace", "quantile"])
def test_a_likelihood_with_kinks_is_refused_by_name(rows, errors):
    with pm.Model() as model:
        coef = pm.Laplace("coef", 0, 0.05, shape=P)
        mu = 1.0 + rows["X"] @ coef
        if errors == "laplace":
            pm.Laplace("y", mu, 1.0, observed=rows["y"])
        else:
            pm.AsymmetricLaplace("y", mu=mu, b=1.0, q=0.3, observed=rows["y"])
    with pytest.raises(ConvergenceError, match=r"a kink other than that of a free pm\.Laplace variable"):
        find_MAP(model)
