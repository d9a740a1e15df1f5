"""find_MAP on many kinds of PyMC models, against lasso solvers, hand-written optimality conditions and PyMC itself."""

import dataclasses

import numpy as np
import pymc as pm
import pytest
from scipy import optimize, special
from sklearn.linear_model import Lasso

import bayesreg as br
from bayesreg.errors import ConvergenceError, DataError, ModeError, MultimodalWarning, UnsupportedError
from bayesreg.find_map import density as pymc_density
from bayesreg.find_map.certificate import certify_mode
from bayesreg.find_map.density import split_density
from bayesreg.find_map.find_map import find_MAP
from bayesreg.find_map.newton import Descent, End, descend
from bayesreg.find_map.variables import NUMPY_MODE

N, P = 120, 12
TRUTH = np.r_[2.0, -1.0, 0.4, np.zeros(P - 3)]


@pytest.fixture(scope="module")
def data():
    """X with correlated columns of different size, y, an offset, and a group for each row."""
    rng = np.random.default_rng(7)
    X = (rng.normal(size=(N, P)) + 0.7 * rng.normal(size=(N, 1))) * np.geomspace(0.5, 2, P)
    return {
        "X": X,
        "y": 1 + X @ TRUTH + rng.normal(size=N),
        "offset": rng.normal(size=N),
        "group": rng.integers(0, 6, size=N),
        "rng": rng,
    }


def value(tree, name):
    return tree["posterior"][name].values[0, 0]


def lasso(X, y, scale, sigma, intercept=True):
    """The lasso by scikit-learn's coordinate descent, its prior Laplace(0, scale)."""
    X, y = X * np.broadcast_to(scale, X.shape[1]), y
    fit = Lasso(alpha=sigma**2 / len(y), fit_intercept=intercept, tol=1e-15, max_iter=1_000_000).fit(X, y)
    return fit.coef_ * scale, fit.intercept_


def split_minimum(loss, size, location, scale, start):
    """Minimum of loss(x, z) + Σ|x − location|/scale by L-BFGS-B on x − location = up − down, whose bounds are exact.

    `loss` returns its value and gradient; the first elements of its argument are x, `size` of them.
    """

    def objective(w):
        x = location + w[:size] - w[size : 2 * size]
        f, slope = loss(np.r_[x, w[2 * size :]])
        f += np.sum((w[:size] + w[size : 2 * size]) / scale)
        return f, np.r_[slope[:size] + 1 / scale, -slope[:size] + 1 / scale, slope[size:]]

    bounds = [(0, None)] * (2 * size) + [(None, None)] * len(start)
    options = {"maxiter": 50_000, "maxfun": 200_000, "ftol": 1e-16, "gtol": 1e-10, "maxcor": 30}
    w = optimize.minimize(
        objective, np.r_[np.zeros(2 * size), start], jac=True, method="L-BFGS-B", bounds=bounds, options=options
    ).x
    return location + w[:size] - w[size : 2 * size], w[2 * size :]


def assert_kkt(slope, x, scale, location=0.0, tolerance=1e-9):
    """The conditions at x of −log density = h + Σ|x − location|/scale, `slope` being the gradient of h."""
    slope, x, scale = np.ravel(slope), np.ravel(x), np.broadcast_to(np.ravel(scale), np.size(x))
    at = x == location
    assert np.all(np.abs(slope[at]) * scale[at] <= 1 + tolerance)
    np.testing.assert_allclose((slope * scale)[~at], -np.sign(x - location)[~at], rtol=0, atol=tolerance)
    return int(at.sum())


def assert_certified(tree):
    found = tree["certificate"]
    assert found["kkt"] <= 1e-9
    assert found["newton_step"] <= 1e-8
    assert found["curvature"] > 1e-8
    assert tree["optimizer_result"]["success"]


# --- Gaussian likelihoods: the lasso itself ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "scale", [pytest.param(0.003, marks=pytest.mark.slow), 0.03, pytest.param(0.3, marks=pytest.mark.slow)]
)
def test_a_linear_model_with_known_sigma_is_the_lasso(data, scale):
    sigma = 1.3
    with pm.Model():
        intercept = pm.Flat("intercept")
        coef = pm.Laplace("coef", 0, scale, shape=P)
        pm.Normal("y", intercept + data["X"] @ coef, sigma, observed=data["y"])
        tree = find_MAP()
    coef, intercept = lasso(data["X"], data["y"], scale, sigma)
    fit = br.map_estimate(br.Regression(data["X"], data["y"], prior=br.Laplace(scale), sigma=sigma, standardize=False))
    for reference in (coef, fit.coef):
        np.testing.assert_array_equal(value(tree, "coef") == 0, reference == 0)
        np.testing.assert_allclose(value(tree, "coef"), reference, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(value(tree, "intercept"), intercept, rtol=1e-8)
    assert tree["certificate"]["n_zeros"].sel(variable="coef") == np.sum(coef == 0)
    assert_certified(tree)


@pytest.mark.parametrize("scaled", [False, True], ids=["scale", "scaled by sigma"])
@pytest.mark.slow
def test_unknown_sigma_gives_the_joint_mode(diabetes, scaled):
    prior = br.Laplace(0.15, scaled_by_sigma=True) if scaled else br.Laplace(8.0)
    reg = br.Regression(*diabetes, prior=prior, sigma=br.HalfNormal(80.0))
    tree, fit = find_MAP(reg.to_pymc("rows")), br.map_estimate(reg)
    np.testing.assert_array_equal(value(tree, "beta") == 0, fit.beta == 0)
    assert fit.n_zeros > 0
    np.testing.assert_allclose(value(tree, "beta"), fit.beta, rtol=1e-8)
    np.testing.assert_allclose(value(tree, "sigma"), fit.sigma, rtol=1e-10)
    assert_certified(tree)
    assert tree["certificate"].attrs["unbounded_checked"] == "sigma"


def test_the_moments_form_has_the_same_mode(diabetes):
    reg = br.Regression(*diabetes, prior=br.Laplace(8.0), sigma=54.0)
    tree, fit = find_MAP(reg.to_pymc("moments")), br.map_estimate(reg)
    np.testing.assert_array_equal(value(tree, "beta") == 0, fit.beta == 0)
    np.testing.assert_allclose(value(tree, "beta"), fit.beta, rtol=1e-8)


def test_more_columns_than_rows(wide):
    X, y = wide
    with pm.Model() as model:
        coef = pm.Laplace("coef", 0, 0.5, shape=X.shape[1])
        pm.Normal("y", pm.Data("X", X) @ coef, 1.0, observed=y)
    found = value(find_MAP(model), "coef")
    reference, _ = lasso(X, y, 0.5, 1.0, intercept=False)
    np.testing.assert_array_equal(found == 0, reference == 0)
    np.testing.assert_allclose(found, reference, rtol=1e-8, atol=1e-10)
    assert np.count_nonzero(found) <= len(y)


def test_a_location_other_than_zero_is_met_exactly(data):
    location = np.where(np.arange(P) < 2, 1.0, 0.3)
    with pm.Model():
        coef = pm.Laplace("coef", location, 0.01, shape=P)
        pm.Normal("y", data["X"] @ coef, 1.0, observed=data["y"])
        tree = find_MAP()
    away, _ = lasso(data["X"], data["y"] - data["X"] @ location, 0.01, 1.0, intercept=False)
    found = value(tree, "coef")
    np.testing.assert_array_equal(found == location, away == 0)
    np.testing.assert_allclose(found, location + away, rtol=1e-8)
    assert 0 < tree["certificate"]["n_zeros"].item() < P


def test_two_laplace_variables_an_interaction_and_an_offset(data):
    X, offset = data["X"], data["offset"]
    products = X[:, :3] * X[:, 1:4]
    y = data["y"] + 2 * offset + 0.3 * products[:, 0]
    with pm.Model():
        intercept = pm.Flat("intercept")
        main = pm.Laplace("main", 0, 0.05, shape=P)
        interaction = pm.Laplace("interaction", 0, 0.01, shape=3)
        pm.Normal("y", 2 * offset + intercept + X @ main + products @ interaction, 1.0, observed=y)
        tree = find_MAP()
    scale = np.r_[np.full(P, 0.05), np.full(3, 0.01)]
    reference, _ = lasso(np.c_[X, products], y - 2 * offset, scale, 1.0)
    found = np.r_[value(tree, "main"), value(tree, "interaction")]
    np.testing.assert_array_equal(found == 0, reference == 0)
    np.testing.assert_allclose(found, reference, rtol=1e-8, atol=1e-12)
    assert list(tree["certificate"]["variable"].values) == ["main", "interaction"]


def test_a_matrix_of_coefficients_is_a_lasso_per_target(data):
    targets = np.c_[data["y"], data["y"][::-1], data["offset"]]
    scale = np.array([0.01, 0.02, 0.05])
    with pm.Model(coords={"column": [f"x{j}" for j in range(P)], "target": ["a", "b", "c"]}):
        coef = pm.Laplace("coef", 0, scale, dims=("column", "target"))
        pm.Deterministic("twice", 2 * coef, dims=("column", "target"))
        pm.Normal("y", data["X"] @ coef, 1.0, observed=targets)
        tree = find_MAP()
    found = tree["posterior"]["coef"]
    for k, name in enumerate("abc"):
        reference, _ = lasso(data["X"], targets[:, k], scale[k], 1.0, intercept=False)
        column = found.sel(target=name).values.ravel()
        np.testing.assert_array_equal(column == 0, reference == 0)
        np.testing.assert_allclose(column, reference, rtol=1e-8, atol=1e-12)
    assert found.dims == ("chain", "draw", "column", "target")
    assert found.sizes["chain"] == found.sizes["draw"] == 1
    assert list(found["column"].values)[:2] == ["x0", "x1"]
    np.testing.assert_array_equal(value(tree, "twice"), 2 * value(tree, "coef"))


def test_equal_columns_give_one_of_the_many_modes(data):
    X = np.c_[data["X"], data["X"][:, 0]]
    with pm.Model():
        coef = pm.Laplace("coef", 0, 0.2, shape=P + 1)
        pm.Normal("y", X @ coef, 1.0, observed=data["y"])
        tree = find_MAP()
    found = value(tree, "coef")
    reference, _ = lasso(data["X"], data["y"], 0.2, 1.0, intercept=False)
    np.testing.assert_allclose(np.r_[found[0] + found[-1], found[1:P]], reference, rtol=1e-8, atol=1e-10)
    assert_kkt(X.T @ (X @ found - data["y"]), found, 0.2)


@pytest.mark.slow
def test_a_weak_prior_on_a_wide_design_takes_no_time():
    # The bare active-set method needed minutes here.
    rng = np.random.default_rng(1)
    X = rng.normal(size=(500, 1000))
    y = X @ np.r_[2, -1, 0.5, np.zeros(997)] + rng.normal(size=500)
    with pm.Model():
        coef = pm.Laplace("coef", 0, 0.5, shape=1000)
        pm.Normal("y", pm.Data("X", X) @ coef, 1.0, observed=y)
        tree = find_MAP()
    assert_kkt(X.T @ (X @ value(tree, "coef") - y), value(tree, "coef"), 0.5, tolerance=1e-8)


# --- Other likelihoods ------------------------------------------------------------------------------------------


def test_logistic_regression(data):
    X, scale = data["X"], 0.2
    y = (data["y"] > 1).astype(int)
    with pm.Model():
        intercept = pm.Flat("intercept")
        coef = pm.Laplace("coef", 0, scale, shape=P)
        pm.Bernoulli("y", logit_p=intercept + X @ coef, observed=y)
        tree = find_MAP()

    def loss(theta):
        eta = X @ theta[:P] + theta[P]
        residual = special.expit(eta) - y
        return np.sum(np.logaddexp(0, eta) - y * eta), np.r_[X.T @ residual, residual.sum()]

    coef, intercept = value(tree, "coef"), value(tree, "intercept")
    f, slope = loss(np.r_[coef, intercept])
    assert 0 < assert_kkt(slope[:P], coef, scale) < P
    assert abs(slope[P]) < 1e-10
    np.testing.assert_allclose(
        -f - np.sum(np.abs(coef)) / scale - P * np.log(2 * scale), tree["certificate"]["log_density"], rtol=1e-12
    )
    reference, other = split_minimum(loss, P, 0.0, scale, np.zeros(1))
    np.testing.assert_array_equal(coef == 0, reference == 0)
    np.testing.assert_allclose(coef, reference, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(intercept, other[0], rtol=1e-4)


def test_poisson_regression_with_exposure(data):
    X, scale, location = data["X"], 0.03, 0.05
    offset = 0.5 * data["offset"]
    y = np.random.default_rng(3).poisson(np.exp(offset + 0.3 + 0.2 * X @ TRUTH))
    with pm.Model():
        intercept = pm.Normal("intercept", 0, 3)
        coef = pm.Laplace("coef", location, scale, shape=P)
        pm.Poisson("y", pm.math.exp(offset + intercept + X @ coef), observed=y)
        tree = find_MAP()

    def loss(theta):
        eta = offset + X @ theta[:P] + theta[P]
        residual = np.exp(eta) - y
        f = np.sum(np.exp(eta) - y * eta) + theta[P] ** 2 / 18
        return f, np.r_[X.T @ residual, residual.sum() + theta[P] / 9]

    coef, intercept = value(tree, "coef"), value(tree, "intercept")
    _, slope = loss(np.r_[coef, intercept])
    assert 0 < assert_kkt(slope[:P], coef, scale, location) < P
    assert abs(slope[P]) < 1e-9
    reference, _ = split_minimum(loss, P, location, scale, np.zeros(1))
    np.testing.assert_array_equal(coef == location, reference == location)
    np.testing.assert_allclose(coef, reference, rtol=1e-4, atol=1e-6)


@pytest.mark.slow
def test_student_errors_give_a_stationary_point_no_worse_than_scipys(data):
    X, scale, df = data["X"], 0.05, 3.0
    y = data["y"] + np.where(np.arange(N) % 10 == 0, 15.0, 0.0)
    with pm.Model():
        sigma = pm.HalfNormal("sigma", 2)
        coef = pm.Laplace("coef", 0, scale, shape=P)
        pm.StudentT("y", nu=df, mu=1 + X @ coef, sigma=sigma, observed=y)
        tree = find_MAP()

    def loss(theta):
        s = np.exp(theta[P])
        r = (y - 1 - X @ theta[:P]) / s
        weight = (df + 1) / (df + r**2)
        f = np.sum(0.5 * (df + 1) * np.log1p(r**2 / df)) + N * theta[P] + s**2 / 8
        return f, np.r_[-X.T @ (weight * r) / s, N - np.sum(weight * r**2) + s**2 / 4]

    coef, theta = value(tree, "coef"), np.r_[value(tree, "coef"), np.log(value(tree, "sigma"))]
    f, slope = loss(theta)
    assert 0 < assert_kkt(slope[:P], coef, scale) < P
    assert abs(slope[P]) < 1e-10
    reference, other = split_minimum(loss, P, 0.0, scale, np.zeros(1))
    theirs = loss(np.r_[reference, other])[0] + np.sum(np.abs(reference)) / scale
    assert f + np.sum(np.abs(coef)) / scale <= theirs + 1e-8


# --- Locations and scales that are variables themselves ---------------------------------------------------------


def test_group_means_fuse_exactly_with_a_mean_that_is_estimated(data):
    group, y = data["group"], data["offset"] + np.array([0, 0, 0, 1.5, 0.1, -2])[data["group"]]
    with pm.Model():
        mean = pm.Normal("mean", 0, 2)
        level = pm.Laplace("level", mean, 0.1, shape=6)
        pm.Normal("y", level[group], 1.0, observed=y)
        tree = find_MAP()
    mean, level = value(tree, "mean"), value(tree, "level")
    slope = np.bincount(group, weights=level[group] - y, minlength=6)
    fused = assert_kkt(slope, level, 0.1, mean)
    assert 0 < fused < 6
    # With levels written as mean + away, the mean's own slope is the sum of theirs and its prior's.
    assert abs(slope.sum() + mean / 4) < 1e-10
    assert_certified(tree)


def test_a_chain_of_locations(data):
    with pm.Model():
        first = pm.Laplace("first", 0.5, 0.02)
        second = pm.Laplace("second", first, 0.02, shape=2)
        third = pm.Laplace("third", second * 2, 0.02, shape=2)
        pm.Normal("y", third[data["group"] % 2], 1.0, observed=data["offset"] + 1.02)
        tree = find_MAP()
    first, second, third = (value(tree, name) for name in ("first", "second", "third"))
    assert first == 0.5
    zeros = tree["certificate"]["n_zeros"]
    assert zeros.sel(variable="second") == np.sum(second == first)
    assert zeros.sel(variable="third") == np.sum(third == 2 * second)
    assert_certified(tree)


def test_an_estimated_scale_with_a_prior_that_vanishes_at_zero(data):
    a, b = 3.0, 1.0
    with pm.Model():
        scale = pm.InverseGamma("scale", a, b)
        coef = pm.Laplace("coef", 0, scale, shape=P)
        pm.Normal("y", 1 + data["X"] @ coef, 1.0, observed=data["y"])
        tree = find_MAP()
    coef, scale = value(tree, "coef"), value(tree, "scale")
    np.testing.assert_allclose(scale, (b + np.sum(np.abs(coef))) / (P + a + 1), rtol=1e-10)
    reference, _ = lasso(data["X"], data["y"] - 1, scale, 1.0, intercept=False)
    np.testing.assert_array_equal(coef == 0, reference == 0)
    np.testing.assert_allclose(coef, reference, rtol=1e-8, atol=1e-12)
    assert tree["certificate"].attrs["unbounded_checked"] == "scale"


@pytest.mark.slow
def test_an_estimated_scale_whose_prior_does_not_vanish_has_no_mode(data):
    with pm.Model() as model:
        scale = pm.HalfNormal("scale", 1)
        coef = pm.Laplace("coef", 0, scale, shape=P)
        pm.Normal("y", 1 + data["X"] @ coef, 1.0, observed=data["y"])
    with pytest.raises(ModeError, match=r"grows like scale\^−12 .*12 of 12 coef at their locations"):
        find_MAP(model)
    # The local mode beside the spike is to be had on request, and at a held scale there is no spike.
    local = find_MAP(model, check_unbounded=False)
    coef, scale = value(local, "coef"), value(local, "scale")
    assert abs(np.sum(np.abs(coef)) / scale - P - scale**2) < 1e-9
    held = find_MAP(model, fixed={"scale": scale})
    np.testing.assert_allclose(value(held, "coef"), coef, rtol=1e-8)
    assert value(held, "scale") == scale


@pytest.mark.slow
def test_hierarchical_effects_off_centre_as_bambi_writes_them(data):
    # What bambi makes of y ~ x0 + x1 + (1|group), the common effects being Laplace.
    X, group = data["X"], data["group"]
    y = data["y"] + np.array([-3.0, -1, 0, 1, 2, 3])[group]
    with pm.Model(coords={"__obs__": np.arange(N), "group__factor_dim": list("uvwxyz")}) as model:
        intercept = pm.Normal("Intercept", y.mean(), 10.0)
        x0 = pm.Laplace("x0", 0.0, 0.05)
        x1 = pm.Laplace("x1", 0.0, 0.0005)
        sigma = pm.HalfStudentT("sigma", nu=4, sigma=y.std())
        spread = pm.HalfNormal("1|group_sigma", 5.0)
        offset = pm.Normal("1|group_offset", 0, 1, dims="group__factor_dim")
        effect = pm.Deterministic("1|group", offset * spread, dims="group__factor_dim")
        mu = pm.Deterministic("mu", intercept + x0 * X[:, 0] + x1 * X[:, 1] + effect[group], dims="__obs__")
        pm.Normal("y", mu, sigma, observed=y, dims="__obs__")
    tree = find_MAP(model)
    assert value(tree, "x1") == 0
    assert value(tree, "x0") > 0.5
    np.testing.assert_allclose(value(tree, "1|group"), value(tree, "1|group_offset") * value(tree, "1|group_sigma"))
    residual, s = value(tree, "mu") - y, value(tree, "sigma")
    assert_kkt(X[:, 0] @ residual / s**2, value(tree, "x0"), 0.05)
    assert_certified(tree)


def test_dims_of_pymc_dims(data):
    import pymc.dims as pmd
    import xarray as xr

    with pm.Model(coords={"column": range(P), "row": range(N)}):
        columns = pmd.Data("X", data["X"], dims=("row", "column"))
        coef = pmd.Laplace("coef", 0, 0.01, dims="column")
        pmd.Normal("y", columns.dot(coef, dim="column"), 1.0, observed=xr.DataArray(data["y"], dims=("row",)))
        tree = find_MAP()
    reference, _ = lasso(data["X"], data["y"], 0.01, 1.0, intercept=False)
    np.testing.assert_array_equal(value(tree, "coef") == 0, reference == 0)
    np.testing.assert_allclose(value(tree, "coef"), reference, rtol=1e-8, atol=1e-12)


@pytest.mark.slow
def test_models_that_pymc_rewrote(data):
    """Observed, intervened on and frozen after they were written, and within another."""
    from pymc.model.transform.optimization import freeze_dims_and_data

    with pm.Model(coords={"column": range(P)}) as outer:
        sigma = pm.HalfNormal("sigma", 1)
        with pm.Model(name="inner"):
            coef = pm.Laplace("coef", 0, 0.02, dims="column")
        pm.Normal("y", pm.Data("X", data["X"]) @ coef, sigma)
    observed = pm.observe(outer, {"y": data["y"]})
    reference, _ = lasso(data["X"], data["y"], 0.02, 1.4, intercept=False)
    for model, fixed in ((observed, {"sigma": 1.4}), (pm.do(observed, {"sigma": 1.4}), {})):
        for version in (model, freeze_dims_and_data(model)):
            found = value(find_MAP(version, fixed=fixed), "inner::coef")
            np.testing.assert_array_equal(found == 0, reference == 0)
            # PyTensor makes a single-precision constant of the 1.4 that pm.do is given.
            np.testing.assert_allclose(found, reference, rtol=1e-6)


# --- Without kinks, and beside PyMC's own -----------------------------------------------------------------------


def pymc_mode(model, **options):
    return pm.find_MAP(
        model=model,
        jitter=False,
        return_inferencedata=True,
        progressbar=False,
        compile_kwargs={"mode": NUMPY_MODE},
        idata_kwargs={"include_transformed": True},
        **options,
    )


@pytest.mark.slow
def test_a_smooth_model_agrees_with_pymc(data):
    with pm.Model(coords={"column": range(P)}) as model:
        weight = pm.Beta("weight", 2, 3)
        parts = pm.Dirichlet("parts", np.array([3.0, 2.0, 4.0]))
        coef = pm.Normal("coef", 0, 1, dims="column")
        sigma = pm.Gamma("sigma", 2, 1)
        mu = weight + pm.math.dot(data["X"][:, :3], parts) + data["X"] @ coef
        pm.Normal("y", mu, sigma, observed=data["y"])
    ours = find_MAP(model, include_transformed=True)
    theirs = pymc_mode(model, method="BFGS", gtol=1e-6)
    assert set(ours["posterior"].data_vars) == set(theirs["posterior"].data_vars)
    for name in ours["posterior"].data_vars:
        np.testing.assert_allclose(value(ours, name), value(theirs, name), rtol=1e-6, atol=1e-6)
    assert set(ours.children) == {*theirs.children, "certificate"}
    np.testing.assert_array_equal(ours["fit"]["rows"], theirs["fit"]["rows"])
    np.testing.assert_allclose(ours["fit"]["mean_vector"], theirs["fit"]["mean_vector"], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(ours["optimizer_result"]["fun"], theirs["optimizer_result"]["fun"], rtol=1e-9)
    assert ours["certificate"].sizes["variable"] == 0


@pytest.mark.filterwarnings("ignore:The optimizer did not converge")
@pytest.mark.parametrize("scale", [0.03, 0.01])
def test_pymcs_own_is_off_the_lasso(data, scale):
    # L-BFGS on a kink: percents off and without a zero, or, at a stronger prior, stuck at the start, where all are 0.
    with pm.Model() as model:
        coef = pm.Laplace("coef", 0, scale, shape=P)
        pm.Normal("y", data["X"] @ coef, 1.0, observed=data["y"])
    ours, theirs = value(find_MAP(model), "coef"), value(pymc_mode(model), "coef")
    reference, _ = lasso(data["X"], data["y"], scale, 1.0, intercept=False)
    assert P > np.count_nonzero(ours == 0) == np.count_nonzero(reference == 0) > 5
    assert np.count_nonzero(theirs == 0) != np.count_nonzero(reference == 0)
    error = [np.linalg.norm(found - reference) / np.linalg.norm(reference) for found in (ours, theirs)]
    assert error[0] < 1e-10
    assert error[1] > 1e-2


def test_a_saddle_point_is_left(data):
    # At the initial point (0, 0) the slope of a product is 0.
    with pm.Model():
        one, two = pm.Normal("one", 0, 1), pm.Normal("two", 0, 1)
        pm.Normal("y", one * two, 0.3, observed=data["offset"] + 2)
        with pytest.warns(MultimodalWarning, match=r"(one|two) = -"):
            tree = find_MAP()
    assert value(tree, "one") * value(tree, "two") > 1.5
    assert abs(value(tree, "one")) == pytest.approx(abs(value(tree, "two")), rel=1e-8)
    assert_certified(tree)


# --- The arguments ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small(data):
    """A model with a discrete variable, named dims, and all that `fixed` may hold."""
    with pm.Model(coords={"column": list("abcdefghijkl")}) as model:
        sigma = pm.HalfNormal("sigma", 2)
        shift = pm.Poisson("shift", 1)
        coef = pm.Laplace("coef", 0, 0.01, dims="column")
        pm.Normal("y", shift + data["X"] @ coef, sigma, observed=data["y"])
    return model


def test_fixed_variables_keep_their_values_and_their_priors(small, data):
    tree = find_MAP(small, fixed={"shift": 1, "sigma": 1.7})
    reference, _ = lasso(data["X"], data["y"] - 1, 0.01, 1.7, intercept=False)
    np.testing.assert_allclose(value(tree, "coef"), reference, rtol=1e-8, atol=1e-12)
    assert value(tree, "sigma") == 1.7
    assert value(tree, "shift") == 1
    assert list(tree["fit"]["rows"].values) == [f"coef[{name}]" for name in "abcdefghijkl"]
    every = find_MAP(small, fixed={"shift": 1, "coef": 0.0})
    rss, s = np.sum((data["y"] - 1) ** 2), value(every, "sigma")
    np.testing.assert_allclose(rss / s**2 - N - s**2 / 4, 0, atol=1e-9)
    # Held at 0 the priors of coef and shift still count in the density.
    with_priors = -0.5 * rss / s**2 - N * np.log(s * np.sqrt(2 * np.pi)) - P * np.log(2 * 0.01) - 1 - s**2 / 8
    with_priors += np.log(2 / (2 * np.sqrt(2 * np.pi)))
    np.testing.assert_allclose(every["certificate"]["log_density"], with_priors, rtol=1e-8)


@pytest.mark.slow
def test_start_the_model_context_and_a_progress_bar(small, capsys):
    usual = find_MAP(small, fixed={"shift": 1})
    with small:
        other = find_MAP(start={"coef": np.linspace(-1, 1, P), "sigma": 30.0}, fixed={"shift": 1}, progressbar=True)
    np.testing.assert_allclose(value(other, "coef"), value(usual, "coef"), rtol=1e-9)
    capsys.readouterr()


@pytest.mark.slow
def test_a_call_of_pymcs_own_with_its_arguments(small):
    """Variables to estimate, PyMC's name for the start, and what says how PyMC is to search."""
    arguments = {
        "model": small,
        "vars": [small["coef"]],
        "initvals": {"sigma": 1.7, "shift": 1},
        "return_inferencedata": True,
        "idata_kwargs": {"include_transformed": True, "log_likelihood": False},
        "jitter": False,
        "progressbar": False,
        "compile_kwargs": {"mode": NUMPY_MODE},
    }
    ours = find_MAP(**arguments)
    theirs = pm.find_MAP(**arguments, method="powell")
    assert set(ours["posterior"].data_vars) == set(theirs["posterior"].data_vars) >= {"sigma_log__"}
    assert value(ours, "sigma") == 1.7
    assert value(ours, "shift") == value(theirs, "shift") == 1
    np.testing.assert_allclose(value(ours, "coef"), value(theirs, "coef"), atol=1e-4)
    np.testing.assert_array_equal(ours["fit"]["rows"], theirs["fit"]["rows"])
    again = find_MAP(small, {"sigma": 1.7, "shift": 1}, vars=["coef"])
    np.testing.assert_array_equal(value(again, "coef"), value(ours, "coef"))
    held = find_MAP(small, fixed={small["sigma"]: 1.7, "shift": 1})
    np.testing.assert_array_equal(value(held, "coef"), value(ours, "coef"))


@pytest.mark.slow
def test_vars_hold_the_others_where_the_model_starts(small):
    usual = small.initial_point()
    tree = find_MAP(small, vars=[small["coef"], small.rvs_to_values[small["sigma"]]])
    assert value(tree, "shift") == usual["shift"]
    same = find_MAP(small, fixed={"shift": usual["shift"]})
    for name in ("sigma", "coef"):
        np.testing.assert_array_equal(value(tree, name), value(same, name))


@pytest.mark.slow
def test_every_group_is_as_pymcs():
    with pm.Model(coords={"row": range(5), "column": list("ab")}) as model:
        X = pm.Data("X", np.random.default_rng(0).normal(size=(5, 2)), dims=("row", "column"))
        coef = pm.Normal("coef", 0, 1, dims="column")
        mu = pm.Deterministic("mu", X @ coef, dims="row")
        pm.Normal("y", mu, pm.HalfNormal("sigma", 1), observed=np.arange(5.0), dims="row")
    ours = find_MAP(model, fixed={"sigma": 1.0}, include_transformed=True)
    theirs = pymc_mode(model, vars=[coef], initvals={"sigma": 1.0}, method="Newton-CG")
    assert [name for name in ours.children if name != "certificate"] == list(theirs.children)
    for name in theirs.children:
        group, own = ours[name], theirs[name]
        assert dict(group.sizes) == dict(own.sizes)
        # The number of Hessian products is what PyMC's Newton method alone has.
        assert set(group.data_vars) == set(own.data_vars) - {"nhev"}
        assert set(group.coords) == set(own.coords)
        for variable in group.data_vars:
            assert group[variable].dims == own[variable].dims
            assert group[variable].dtype.kind == own[variable].dtype.kind


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"method": "powell"}, UnsupportedError, "method='powell' .there is one method here"),
        ({"compute_hessian": True}, UnsupportedError, "no Hessian at a kink"),
        ({"return_inferencedata": False}, UnsupportedError, "always a DataTree"),
        ({"tolerance": 1e-3}, UnsupportedError, "tolerance=0.001 .unknown"),
        ({"start": {}, "initvals": {}}, DataError, "two names of one argument"),
        ({"vars": ["nonsense"]}, DataError, r"vars names \['nonsense'\]"),
        ({"vars": []}, DataError, r"must name the variables .* got \[\]"),
        ({"vars": ["coef"], "fixed": {"coef": 0.0}}, DataError, r"got \['coef'\]; \['coef'\] are in fixed"),
        ({"vars": ["shift"]}, UnsupportedError, r"\['shift'\] are discrete"),
        ({}, UnsupportedError, r"\['shift'\] are discrete"),
        ({"fixed": {"shift": 1, "nonsense": 2}}, DataError, r"fixed names \['nonsense'\]"),
        ({"fixed": {"shift": 1}, "start": {"sigma_log__": 2}}, DataError, r"start names \['sigma_log__'\]"),
        ({"fixed": {"shift": 1, "coef": np.zeros(3)}}, DataError, r"coef takes numbers of shape \(12,\)"),
        ({"fixed": {"shift": 1, "sigma": -1.0}}, DataError, "sigma cannot be -1.0"),
        ({"fixed": {"shift": 1.5}}, DataError, "shift cannot be 1.5"),
        ({"fixed": {"shift": -1}}, ConvergenceError, "shift: -inf is not finite"),
        ({"fixed": {"shift": 1, "sigma": 1.0, "coef": 0}}, DataError, "nothing is left to estimate"),
        ({"fixed": {"shift": 1}, "max_steps": 2}, ConvergenceError, "within 2 steps"),
    ],
)
def test_arguments_that_do_not_fit(small, arguments, error, message):
    with pytest.raises(error, match=message):
        find_MAP(small, **arguments)


# --- What has no mode, or none that can be found ----------------------------------------------------------------


def horseshoe(data):
    spread = pm.HalfCauchy("spread", 1)
    local = pm.HalfCauchy("local", 1, shape=P)
    coef = pm.Normal("coef", 0, spread * local, shape=P)
    pm.Normal("y", data["X"] @ coef, 1.0, observed=data["y"])


def centred_groups(data):
    spread = pm.HalfNormal("spread", 1)
    level = pm.Normal("level", 0, spread, shape=6)
    pm.Normal("y", level[data["group"]], 1.0, observed=data["offset"])


def wide_with_unknown_sigma(data):
    sigma = pm.HalfNormal("sigma", 2)
    coef = pm.Laplace("coef", 0, 0.5, shape=P)
    pm.Normal("y", data["X"][:8] @ coef, sigma, observed=data["y"][:8])


def separated_classes(data):
    coef = pm.Flat("coef", shape=2)
    pm.Bernoulli("y", logit_p=data["X"][:, :2] @ coef, observed=(data["X"][:, 0] > 0).astype(int))


def two_intercepts(data):
    one, two = pm.Flat("one"), pm.Flat("two")
    pm.Normal("y", one + two, 1.0, observed=data["y"])


def rising_for_ever(data):
    one = pm.Flat("one")
    pm.Potential("pull", 2.0 * one)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (horseshoe, r"still rises as local\[\d+\] falls towards the end of its range"),
        (centred_groups, "still rises as spread falls|grows like spread"),
        (wide_with_unknown_sigma, "still rises as sigma falls|grows like sigma"),
        (separated_classes, r"keeps rising along coef\[0\]"),
        (two_intercepts, "flat along one, two"),
        (rising_for_ever, "keeps rising along one"),
    ],
)
@pytest.mark.slow
def test_a_density_without_a_mode_is_refused_by_name(data, build, message):
    with pm.Model() as model:
        build(data)
    with pytest.raises(ModeError, match=message):
        find_MAP(model)


def no_gradient(data):
    coef = pm.Laplace("coef", 0, 1.0)
    pm.Potential("root", pm.math.sqrt(abs(coef)))


def not_a_number(data):
    coef = pm.Normal("coef", 0, 1.0)
    pm.Potential("root", pm.math.sqrt(coef - 2))


def another_kink(data):
    coef = pm.Normal("coef", 0, 10)
    pm.Laplace("y", coef, 1.0, observed=data["y"][:101])


def kinks_in_the_likelihood(data):
    # Between two of its many kinks the density is straight, which must not be taken for rising for ever.
    coef = pm.Laplace("coef", 0, 0.05, shape=P)
    pm.Laplace("y", 1.0 + data["X"] @ coef, 1.0, observed=data["y"])


def cusp_at_the_start(data):
    # The slope of abs() at 0 is 0 to PyTensor, but the density falls to there from both sides.
    coef = pm.Normal("coef", 0, 1)
    pm.Potential("push", 2 * pm.math.abs(coef))


def cusps_without_curvature(data):
    pm.CustomDist("coef", 0.0, logp=lambda value, location: -pm.math.abs(value - location), shape=2)


def flatter_than_a_quadratic(data):
    pm.Potential("fourth", -(pm.Flat("coef") ** 4))


def infinite_curvature(data):
    coef = pm.Flat("coef")
    pm.Potential("pull", -(pm.math.abs(coef) ** 1.5))


def cusp_below_a_laplace_kink(data):
    first = pm.Laplace("first", 0, 1)
    pm.Potential("push", 2 * pm.math.abs(first) - first**2)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (cusp_at_the_start, "another kink"),
        (cusp_below_a_laplace_kink, "another kink"),
        (cusps_without_curvature, r"falls to both sides along coef\[1\]"),
        (flatter_than_a_quadratic, "is flatter than a quadratic"),
        (infinite_curvature, "the second derivative of the log density in coef is not finite"),
        (no_gradient, "its gradient is not finite, nor its slope in coef"),
        (not_a_number, "root: nan is not finite"),
        (kinks_in_the_likelihood, r"a kink other than that of a free pm\.Laplace"),
        (another_kink, "a kink other than that of a free pm.Laplace"),
    ],
)
def test_what_cannot_be_followed_is_refused_by_name(data, build, message):
    with pm.Model() as model:
        build(data)
    with pytest.raises(ConvergenceError, match=message):
        find_MAP(model)


def test_too_many_smooth_elements_are_refused(data, monkeypatch):
    monkeypatch.setattr(pymc_density, "MOST_SMOOTH", 5)
    with pm.Model() as model:
        pm.Normal("level", 0, 1, shape=6)
    with pytest.raises(UnsupportedError, match="6 elements"):
        find_MAP(model)


# --- The certificate must be able to fail -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def settled(data):
    """A density, and the end of a search that found its mode."""
    with pm.Model() as model:
        sigma = pm.HalfNormal("sigma", 2)
        coef = pm.Laplace("coef", 0, 0.1, shape=P)
        pm.Normal("y", 1 + data["X"] @ coef, sigma, observed=data["y"])
    density = split_density(model, {}, {})
    return density, descend(density, density.start)


def moved(settled, change):
    density, descent = settled
    v = descent.local.v.copy()
    change(v)
    return density, Descent(density.at(v), End.SETTLED, 1, 1)


def test_the_certificate_accepts_the_mode(settled):
    assert certify_mode(*settled).kkt < 1e-12


@pytest.mark.parametrize(
    "change",
    [
        lambda v: v.__setitem__(0, v[0] + 1e-6),  # sigma
        lambda v: v.__setitem__(1, v[1] * (1 + 1e-6)),  # a coefficient that is not 0
        lambda v: v.__setitem__(np.flatnonzero(v == 0)[0], 1e-12),  # almost a zero
        lambda v: v.__setitem__(1, 0.0),  # a zero too many
    ],
    ids=["sigma", "nonzero", "almost zero", "zero too many"],
)
def test_the_certificate_catches_a_point_beside_the_mode(settled, change):
    with pytest.raises(ConvergenceError, match="no mode was found"):
        certify_mode(*moved(settled, change))


def test_the_certificate_catches_the_mode_of_another_strength(settled, data):
    with pm.Model() as model:
        sigma = pm.HalfNormal("sigma", 2)
        coef = pm.Laplace("coef", 0, 0.1 * (1 + 1e-7), shape=P)
        pm.Normal("y", 1 + data["X"] @ coef, sigma, observed=data["y"])
    with pytest.raises(ConvergenceError, match="no mode was found"):
        certify_mode(split_density(model, {}, {}), settled[1])


def test_the_certificate_catches_a_saddle_point(data):
    with pm.Model() as model:
        one, two = pm.Normal("one", 0, 1), pm.Normal("two", 0, 1)
        pm.Normal("y", one * two, 0.3, observed=data["offset"] + 2)
    density = split_density(model, {}, {})
    with pytest.raises(ConvergenceError, match="saddle point"):
        certify_mode(density, Descent(density.at(np.zeros(2)), End.SETTLED, 1, 1))


def test_a_wrong_split_of_the_density_is_caught(settled, monkeypatch, data):
    def spoiled(*arguments):
        density = split_density(*arguments)
        evaluate = density.evaluate

        def other(v, signs):
            value, gradient, weights = evaluate(v, signs)
            return value + 1e-3, gradient, weights

        return dataclasses.replace(density, evaluate=other)

    monkeypatch.setattr("bayesreg.find_map.find_map.split_density", spoiled)
    with pm.Model() as model:
        pm.Normal("y", pm.Laplace("coef", 0, 1), 1.0, observed=data["y"])
    with pytest.raises(ConvergenceError, match="please report this model"):
        find_MAP(model)


@pytest.mark.slow
def test_the_density_is_pymcs_and_its_derivatives_are_right(data):
    with pm.Model() as model:
        scale = pm.Exponential("scale", 1)
        first = pm.Laplace("first", 0.3, scale)
        second = pm.Laplace("second", first, pm.math.exp(first) * scale, shape=(2, 2))
        pm.Normal("y", second.sum() + first**2, scale, observed=data["y"])
    density = split_density(model, {}, {})
    v = np.random.default_rng(0).normal(size=len(density.start))
    own = model.compile_fn(model.logp(jacobian=False), inputs=model.value_vars, mode=NUMPY_MODE)
    np.testing.assert_allclose(-density.at(v).value, own(density.point(v)), rtol=1e-8)

    def slope(at):
        local = density.at(at)
        return local.slope + local.l1 * np.sign(at)

    steps = 1e-6 * np.eye(len(v))
    numeric = [(density.at(v + step).value - density.at(v - step).value) / 2e-6 for step in steps]
    np.testing.assert_allclose(slope(v), numeric, rtol=1e-6, atol=1e-5)
    numeric = [(slope(v + step) - slope(v - step)) / 2e-6 for step in steps]
    np.testing.assert_allclose(density.curvature(v, np.arange(len(v))), numeric, rtol=1e-6, atol=1e-4)
