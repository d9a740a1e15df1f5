"""What find_MAP is given and hands over: arguments, densities without second derivatives, answers on disk."""

import numpy as np
import pymc as pm
import pytest
import xarray as xr
from scipy import optimize, special, stats

import bayesreg as br
from bayesreg.errors import ConvergenceError, DataError, UnsupportedError
from bayesreg.find_map import density as pymc_density
from bayesreg.find_map.differences import differences
from bayesreg.find_map.find_map import find_MAP

X = np.random.default_rng(0).normal(size=(60, 4))
Y = X @ [2, 0, -1, 0.1] + np.random.default_rng(1).normal(size=60)


@pytest.fixture(scope="module")
def lasso():
    with pm.Model() as model:
        pm.Normal("y", X @ pm.Laplace("coef", 0, 0.1, shape=4), 1.0, observed=Y)
    return model


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "find_MAP needs a model"),
        ({"model": 3}, "must be a pymc.Model, got int"),
        ({"start": [1.0]}, "start must be a mapping"),
        ({"initvals": 3.0}, "initvals must be a mapping"),
        ({"start": {"coef": np.nan}}, "lies outside of its support"),
        ({"start": {"coef": "a"}}, "takes numbers of shape"),
        ({"start": {3: 1.0}}, "named by its name"),
        ({"start": {"b": 1.0}}, r"start names \['b'\]"),
        ({"start": {"coef": np.zeros(3)}}, "takes numbers of shape"),
        ({"fixed": 2}, "fixed must be a mapping"),
        ({"vars": 3}, "vars must be free variables"),
        ({"vars": [3]}, "vars must be free variables"),
        ({"max_steps": 0}, "max_steps must be a whole number"),
        ({"max_steps": 2.5}, "max_steps must be a whole number"),
        ({"idata_kwargs": 3}, "idata_kwargs must be a mapping"),
        ({"idata_kwargs": {"nonsense": True}}, "idata_kwargs are those of"),
    ],
    ids=str,
)
def test_arguments_are_checked_by_name(lasso, arguments, message):
    given = arguments if "model" in arguments or not arguments else {"model": lasso, **arguments}
    with pytest.raises(DataError, match=message):
        find_MAP(**given)


def test_numpy_integers_count_steps(lasso):
    find_MAP(lasso, max_steps=np.int64(50))


def test_a_regression_is_not_a_model():
    with pytest.raises(DataError, match=r"reg\.to_pymc\(\)"):
        find_MAP(br.Regression(X, Y, prior=br.Laplace(1.0), sigma=1.0))


@pytest.mark.parametrize("scales", [0, 1, pytest.param(2, marks=pytest.mark.slow)])
def test_attributes_come_back_from_disk(tmp_path, scales):
    with pm.Model():
        sigma = sum((pm.InverseGamma(f"s{k}", 3, 2) for k in range(scales)), start=1.0)
        pm.Normal("y", pm.Normal("location", 0, 1), sigma, observed=Y)
        tree = find_MAP()
    assert tree["certificate"].attrs["unbounded_checked"] == ", ".join(f"s{k}" for k in range(scales))
    tree.to_netcdf(tmp_path / "mode.nc")
    with xr.open_datatree(tmp_path / "mode.nc") as back:
        assert dict(back["certificate"].attrs) == dict(tree["certificate"].attrs)
        xr.testing.assert_equal(back["certificate"].to_dataset(), tree["certificate"].to_dataset())


def test_a_density_without_a_second_derivative():
    with pm.Model() as model:
        pm.Rice("x", nu=2.0, sigma=1.0)
    tree = find_MAP(model)
    reference = optimize.minimize_scalar(
        lambda x: -stats.rice(2).logpdf(x), bounds=(0.1, 6), method="bounded", options={"xatol": 1e-10}
    ).x
    assert tree["posterior"]["x"].item() == pytest.approx(reference, rel=1e-7)
    assert tree["certificate"]["kkt"] <= tree["certificate"]["kkt_allowed"]


@pytest.mark.slow
def test_a_direction_whose_density_has_no_second_derivative():
    """Von Mises: the concentration's density holds log I0, whose slope is I1/I0 = the mean resultant length."""
    angles = np.array([0.1, 0.5, -0.3, 0.8])
    with pm.Model() as model:
        pm.VonMises("angles", pm.Uniform("centre", -3, 3), pm.Gamma("concentration", 2.0, 1.0), observed=angles)
    posterior = find_MAP(model)["posterior"]
    assert posterior["centre"].item() == pytest.approx(np.angle(np.exp(1j * angles).sum()), rel=1e-7)
    k, n = posterior["concentration"].item(), len(angles)
    slope = np.abs(np.exp(1j * angles).sum()) - n * special.i1e(k) / special.i0e(k) + 1 / k - 1
    assert slope == pytest.approx(0, abs=1e-7)


def test_products_by_differences_are_those_by_derivatives(lasso):
    density = pymc_density.split_density(lasso, {}, {})
    v, directions = np.array([0.3, -0.2, 0.1, 0.4]), np.random.default_rng(3).normal(size=(3, 4))
    by_differences = differences(density.evaluate)(v, np.sign(v), directions)
    np.testing.assert_allclose(by_differences, density.multiply(v, np.sign(v), directions), rtol=1e-8)


def test_a_random_part_of_the_rows_is_refused_by_name():
    with pm.Model() as model:
        some, of_them = pm.Minibatch(X, Y, batch_size=10)
        pm.Normal("y", some @ pm.Laplace("coef", 0, 0.1, shape=4), 1.0, observed=of_them, total_size=60)
    with pytest.raises(UnsupportedError, match=r"pm\.Minibatch.*build the model on all rows"):
        find_MAP(model)


def test_laplace_errors_name_the_regression_that_has_them():
    with pm.Model() as model:
        pm.Laplace("y", X @ pm.Laplace("coef", 0, 1.0, shape=4), 1.0, observed=Y)
    with pytest.raises(ConvergenceError, match=r"y has Laplace errors.*family='laplace'"):
        find_MAP(model)
    reg = br.Regression(X, Y, prior=br.Laplace(1.0), family="laplace", sigma=1.0, intercept=False, standardize=False)
    assert br.map_estimate(reg).certificate.kkt < 1e-9
