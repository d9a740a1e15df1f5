"""compare(): every column of the table against numbers computed by hand."""

import dataclasses
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import integrate, stats
from sklearn.linear_model import ElasticNet, Lasso

import bayesreg as br
from bayesreg.errors import BayesregError, PriorError
from bayesreg.model.unknowns import Unknowns
from bayesreg.optimize.penalized import penalized_at
from bayesreg.sampling.datatree import to_datatree
from bayesreg.sampling.draws import Run
from bayesreg.sampling.engine import sample

N, P = 80, 4
RNG = np.random.default_rng(3)
X = RNG.normal(size=(N, P)) * [1, 10, 0.1, 1] + [0, 5, 0, -2]
Y = 3 + X @ [1.5, 0.0, 8.0, 0.0] + RNG.normal(size=N)
TIGHT = {"tol": 1e-14, "max_iter": 1_000_000}


def regression(prior=None, sigma=1.0, X=X, y=Y, **options):
    return br.Regression(X, y, prior=br.Laplace(0.05) if prior is None else prior, sigma=sigma, **options)


def column(both, key):
    return np.array([getattr(row, key) for row in both.rows])


def standardize(X, weights=None):
    mean = np.average(X, axis=0, weights=weights)
    return (X - mean) / np.sqrt(np.average((X - mean) ** 2, axis=0, weights=weights))


@pytest.fixture(scope="module")
def both():
    return br.compare(regression(), random_seed=1)


# --- the points --------------------------------------------------------------------------------------------------


def test_the_points_are_those_of_numpy_and_scikit_learn(both):
    design = np.column_stack([np.ones(N), X])
    np.testing.assert_allclose(column(both, "ols"), np.linalg.lstsq(design, Y)[0][1:], rtol=1e-9)
    lasso = Lasso(alpha=1 / (0.05 * N), **TIGHT).fit(standardize(X), Y).coef_ / X.std(axis=0)
    np.testing.assert_allclose(column(both, "map"), lasso, rtol=1e-8)
    np.testing.assert_allclose(column(both, "penalized"), lasso, rtol=1e-8)
    assert both.zeros == {"map": np.sum(lasso == 0), "penalized": np.sum(lasso == 0)}
    assert np.sum(lasso == 0) > 0
    assert both.same_zeros


def test_differences_are_differences(both):
    np.testing.assert_array_equal(column(both, "difference"), column(both, "map") - column(both, "penalized"))
    first, second = both.estimates["map"].intercept, both.estimates["penalized"].intercept
    assert both.max_abs_difference == max(np.max(np.abs(column(both, "difference"))), abs(first - second))
    assert both.certificate == both.estimates["map"].certificate


def test_an_elastic_net():
    both = br.compare(regression(br.ElasticNetPrior(0.1, 0.5)), random_seed=1)
    l1, l2 = 1 / 0.1, 1 / 0.5**2
    by_hand = ElasticNet(alpha=(l1 + l2) / N, l1_ratio=l1 / (l1 + l2), **TIGHT).fit(standardize(X), Y)
    np.testing.assert_allclose(column(both, "map"), by_hand.coef_ / X.std(axis=0), rtol=1e-8, atol=1e-12)
    assert both.strength == {"l1": pytest.approx(l1), "l2": pytest.approx(l2)}
    assert both.to_dict()["scale"] == {"laplace": 0.1, "normal": 0.5}
    assert "l1 10, l2 4" in str(both)


@pytest.mark.parametrize("form", ["array", "mapping"])
def test_a_scale_per_column(form):
    b = np.array([0.5, 0.02, 0.1, 3.0])
    scale = b if form == "array" else {f"x{j}": float(b[j]) for j in range(P)}
    both = br.compare(regression(br.Laplace(scale), 1.5), random_seed=1)
    Z, beta = standardize(X), both.estimates["map"].beta
    pull, strengths = Z.T @ (Y - Y.mean() - Z @ beta), 1.5**2 / b
    at_zero = beta == 0
    assert np.all(np.abs(pull[at_zero]) <= strengths[at_zero])
    np.testing.assert_allclose(pull[~at_zero], (strengths * np.sign(beta))[~at_zero], rtol=1e-9)
    np.testing.assert_allclose(column(both, "penalized"), column(both, "map"), rtol=1e-8)
    told = both.to_dict()
    named = dict(zip(("x0", "x1", "x2", "x3"), strengths, strict=True))
    assert told["strength"] == pytest.approx(strengths.tolist() if form == "array" else named)
    json.dumps(told, allow_nan=False)


def test_moments_give_the_same_points_and_the_same_epsilon(both):
    frame = pd.DataFrame(X, columns=[f"x{j}" for j in range(P)]).assign(y=Y)
    reg = br.Regression.from_moments(br.moments(frame), prior=br.Laplace(0.05), sigma=1.0)
    other = br.compare(reg, random_seed=1)
    for key in ("ols", "penalized", "map", "epsilon"):
        np.testing.assert_allclose(column(other, key), column(both, key), rtol=1e-8)
    np.testing.assert_allclose(column(other, "mean"), column(both, "mean"), atol=0.1 * column(both, "sd").max())


def test_without_standardization(both):
    raw = br.compare(regression(standardize=False), random_seed=1)
    lasso = Lasso(alpha=1 / (0.05 * N), **TIGHT).fit(X, Y).coef_
    np.testing.assert_allclose(column(raw, "map"), lasso, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(column(raw, "epsilon"), column(both, "epsilon"), rtol=1e-12)


def test_weights():
    weights = RNG.uniform(0.2, 3, size=N)
    both = br.compare(regression(weights=weights), random_seed=1)
    root = np.sqrt(weights)
    design = np.column_stack([np.ones(N), X])
    ols = np.linalg.lstsq(design * root[:, None], Y * root)[0][1:]
    np.testing.assert_allclose(column(both, "ols"), ols, rtol=1e-9)
    Z = standardize(X, weights)
    sd = (X.max(axis=0) - X.min(axis=0)) / (Z.max(axis=0) - Z.min(axis=0))
    lasso = Lasso(alpha=1 / (0.05 * weights.sum()), **TIGHT).fit(Z, Y, sample_weight=weights).coef_ / sd
    np.testing.assert_allclose(column(both, "map"), lasso, rtol=1e-7)
    sd_y = np.sqrt(np.average((Y - np.average(Y, weights=weights)) ** 2, weights=weights))
    np.testing.assert_allclose(column(both, "epsilon"), 0.05 * sd_y / sd, rtol=1e-9)


def test_without_an_intercept():
    both = br.compare(regression(intercept=False), random_seed=1)
    np.testing.assert_allclose(column(both, "ols"), np.linalg.lstsq(X, Y)[0], rtol=1e-9)
    by_hand = Lasso(alpha=1 / (0.05 * N), fit_intercept=False, **TIGHT).fit(X / X.std(axis=0), Y)
    np.testing.assert_allclose(column(both, "map"), by_hand.coef_ / X.std(axis=0), rtol=1e-8, atol=1e-12)
    assert both.to_dict()["intercept"] == {"ols": 0.0, "penalized": 0.0, "map": 0.0}


def test_intercepts_are_told_for_each_route(both):
    lasso = Lasso(alpha=1 / (0.05 * N), **TIGHT).fit(standardize(X), Y)
    at_zero = float(lasso.intercept_ - X.mean(axis=0) / X.std(axis=0) @ lasso.coef_)
    assert both.to_dict()["intercept"]["map"] == pytest.approx(at_zero, rel=1e-9)


def test_least_squares_ignores_a_prior_on_the_intercept():
    both = br.compare(regression(intercept=br.Normal(0.01, loc=50.0)), random_seed=1)
    design = np.column_stack([np.ones(N), X])
    assert both.estimates["ols"].intercept == pytest.approx(np.linalg.lstsq(design, Y)[0][0], rel=1e-9)


# --- the posterior -----------------------------------------------------------------------------------------------


def test_posterior_columns_are_those_of_the_draws(both):
    draws = both.idata["posterior"]["coef"].stack(sample=("chain", "draw")).transpose("coef_name", "sample").values
    assert draws.shape == (P, 4000)
    np.testing.assert_allclose(column(both, "mean"), draws.mean(axis=1), rtol=1e-12)
    np.testing.assert_allclose(column(both, "sd"), draws.std(axis=1, ddof=1), rtol=1e-12)
    np.testing.assert_allclose(column(both, "lower"), np.quantile(draws, 0.025, axis=1), rtol=1e-12)
    np.testing.assert_allclose(column(both, "upper"), np.quantile(draws, 0.975, axis=1), rtol=1e-12)
    share = (draws > 0).mean(axis=1)
    np.testing.assert_allclose(column(both, "p_same_sign"), np.maximum(share, 1 - share), rtol=1e-12)
    epsilon = 0.05 * Y.std() / X.std(axis=0)
    np.testing.assert_allclose(column(both, "epsilon"), epsilon, rtol=1e-12)
    np.testing.assert_allclose(column(both, "p_near_zero"), (np.abs(draws) < epsilon[:, None]).mean(axis=1))


def test_no_posterior_draw_is_0_where_the_mode_is(both):
    assert both.zeros["map"] > 0
    assert not np.any(both.idata["posterior"]["coef"].values == 0)


def test_one_column_under_a_laplace_prior_against_quadrature():
    z, y = X[:, :1] / X[:, :1].std(), 0.1 * X[:, 0] + RNG.normal(size=N)
    both = br.compare(regression(br.Laplace(0.1), X=z, y=y), random_seed=1, draws=5000)
    square, cross = np.sum((z - z.mean()) ** 2), (z[:, 0] - z.mean()) @ (y - y.mean())

    def density(beta):
        return np.exp(-0.5 * square * beta**2 + cross * beta - abs(beta) / 0.1)

    def moment(power, low=-1.0, high=1.0):
        return integrate.quad(lambda beta: beta**power * density(beta), low, high, points=[0.0], epsabs=1e-12)[0]

    total, (row,) = moment(0), both.rows
    mean, error = moment(1) / total, 5 * row.sd / np.sqrt(both.idata.attrs["ess_bulk"])
    assert row.mean == pytest.approx(mean, abs=error)
    assert row.sd == pytest.approx(np.sqrt(moment(2) / total - mean**2), rel=0.05)
    assert row.p_same_sign == pytest.approx(moment(0, 0.0, 1.0) / total, abs=0.02)
    assert row.p_near_zero == pytest.approx(moment(0, -row.epsilon, row.epsilon) / total, abs=0.02)


def test_a_normal_prior_against_its_closed_form():
    both = br.compare(regression(br.Normal(0.5), 1.2), random_seed=1, ci_prob=0.8)
    Z = standardize(X)
    covariance = np.linalg.inv(Z.T @ Z / 1.2**2 + np.eye(P) / 0.5**2)
    mean, sd = covariance @ Z.T @ (Y - Y.mean()) / 1.2**2, np.sqrt(np.diag(covariance))
    np.testing.assert_allclose(column(both, "map"), mean / X.std(axis=0), rtol=1e-9)
    found = column(both, "mean") * X.std(axis=0)
    assert np.max(np.abs(found - mean) / (sd / np.sqrt(4000))) < 4.5
    np.testing.assert_allclose(column(both, "sd") * X.std(axis=0), sd, rtol=0.06)
    upper = mean + stats.norm.ppf(0.9) * sd
    np.testing.assert_allclose(column(both, "upper") * X.std(axis=0), upper, atol=0.1 * sd.max())
    assert both.zeros == {"map": 0, "penalized": 0}


def test_interval_and_epsilon_can_be_chosen(both):
    other = br.compare(both.reg, both.idata, ci_prob=0.5, epsilon_share=1.0)
    assert other.idata is both.idata
    assert np.all(column(other, "lower") > column(both, "lower"))
    assert np.all(column(other, "upper") < column(both, "upper"))
    np.testing.assert_allclose(column(other, "epsilon"), 20 * column(both, "epsilon"))
    assert np.all(column(other, "p_near_zero") >= column(both, "p_near_zero"))
    assert "lower 50%" in str(other)
    assert "ε = 1·sd(y)/sd(x)" in str(other)
    assert np.all(column(br.compare(both.reg, both.idata, epsilon_share=0.0), "p_near_zero") == 0)


def test_sampling_options_are_passed_on(both):
    other = br.compare(both.reg, draws=600, chains=3, random_seed=1)
    assert dict(other.idata["posterior"].sizes) == {"chain": 3, "draw": 600, "coef_name": P}


# --- what is said ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("objective", "strength"),
    [("half_rss", 20.0), ("mse", 40 / N), ("sklearn.Lasso", 20 / N), ("glmnet", 20 / N), ("nll", 20.0)],
)
def test_the_strength_is_stated_in_an_objective(both, objective, strength):
    other = br.compare(both.reg, both.idata, objective=objective)
    assert other.strength == pytest.approx(strength)
    assert f"in the convention {objective}" in str(other)


def test_an_unknown_sigma_is_compared_at_the_joint_mode():
    both = br.compare(regression(br.Laplace(0.5, scaled_by_sigma=True), sigma=None), random_seed=1)
    told = both.to_dict()
    assert both.estimates["map"].mode == told["mode"] == "joint (beta, sigma)"
    assert both.estimates["penalized"].sigma == both.sigma == told["sigma"]
    assert (told["sigma_known"], told["scaled_by_sigma"]) == (False, True)
    assert "joint mode of (beta, sigma)" in " ".join(both.notes)
    assert "joint mode" in str(both)
    np.testing.assert_allclose(column(both, "penalized"), column(both, "map"), rtol=1e-8)
    assert both.strength == pytest.approx(both.sigma**2 / (0.5 * both.sigma))


def test_collinear_columns_are_told():
    both = br.compare(regression(X=np.column_stack([X, X[:, 0]]), prior=br.Normal(1.0)), random_seed=1)
    assert "least squares is not unique (rank 4 of 5 columns)" in " ".join(both.notes)


def coef_tree(reg, draws):
    coords = {"coef_name": list(reg.names)}
    posterior = xr.Dataset({"coef": (("chain", "draw", "coef_name"), draws)}, coords=coords)
    return xr.DataTree.from_dict({"posterior": posterior})


def given(reg):
    """A comparison without sampling: Normal draws around the MAP."""
    estimate = br.map_estimate(reg)
    draws = estimate.coef + 0.3 * np.random.default_rng(1).normal(size=(2, 200, reg.p))
    return coef_tree(reg, draws)


TIES = {
    "equal columns": (X[:, [0, 0, 1]], ("x0", "x1"), {}),
    "opposite columns": (np.column_stack([X[:, 0], -X[:, 0], X[:, 1]]), ("x0", "x1"), {}),
    "bernoulli": (X[:, [0, 0, 1]], ("x0", "x1"), {"family": "bernoulli", "y": (Y.mean() < Y) * 1.0}),
    "three in a plane": (
        np.column_stack([X[:, 0], X[:, 3], 0.5 * (X[:, 0] + X[:, 3])]),
        ("x0", "x1", "x2"),
        {"y": X[:, 0] + X[:, 3]},
    ),
}


@pytest.mark.parametrize("name", TIES)
def test_a_minimum_that_is_not_unique_is_told(name):
    columns, tied, options = TIES[name]
    settings = {"family": options.get("family", "gaussian"), "sigma": None if "family" in options else 1.0}
    reg = br.Regression(columns, options.get("y", Y), prior=br.Laplace(0.5), standardize=False, **settings)
    both = br.compare(reg, given(reg))
    note = next((note for note in both.notes if "penalized minimum is not unique" in note), "")
    assert both.free_columns == tied
    assert ", ".join(tied) in note
    assert "NOT the same ones" not in str(both)
    objectives = [both.estimates[side].objective for side in ("map", "penalized")]
    assert objectives[0] == pytest.approx(objectives[1], rel=1e-12)


UNIQUE = {
    "elastic net": (X[:, [0, 0, 1]], br.ElasticNetPrior(0.5, 1.0)),
    "ridge": (X[:, [0, 0, 1]], br.Normal(1.0)),
    "tied columns that are both 0": (X[:, [0, 0, 1]], br.Laplace(1e-4)),
    "unlike columns": (X, br.Laplace(0.5)),
    "a float32 copy": (np.column_stack([X[:, 0], X[:, 0].astype(np.float32), X[:, 1]]), br.Laplace(0.5)),
    "one column is weighted less": (X[:, [0, 0, 1]], br.Laplace([0.5, 0.4, 0.5])),
}


@pytest.mark.parametrize("name", UNIQUE)
def test_a_minimum_that_is_unique_is_not_called_otherwise(name):
    columns, prior = UNIQUE[name]
    reg = regression(prior, X=columns, standardize=False)
    assert br.compare(reg, given(reg)).free_columns == ()


def test_a_map_outside_its_interval_is_told():
    reg = regression()
    best = br.map_estimate(reg).coef
    shift = np.array([1.0] + [0.0] * (reg.p - 1))
    draws = best + shift + 0.01 * np.random.default_rng(1).normal(size=(2, 500, reg.p))
    both = br.compare(reg, coef_tree(reg, draws), ci_prob=0.9)
    assert both.map_outside == (reg.names[0],)
    assert f"outside its own 90% posterior interval for 1 of {reg.p} coefficients (x0)" in " ".join(both.notes)
    inside = br.compare(reg, given(reg))
    assert inside.map_outside == ()
    assert "outside its own" not in " ".join(inside.notes)


def test_a_difference_of_intercepts_is_a_difference(monkeypatch):
    def moved(reg, sigma):
        estimate = penalized_at(reg, sigma)
        return dataclasses.replace(estimate, intercept=estimate.intercept + 0.25)

    monkeypatch.setattr("bayesreg.analysis.comparison.compare.penalized_at", moved)
    reg = regression()
    assert br.compare(reg, given(reg)).max_abs_difference == pytest.approx(0.25, rel=1e-9)


def test_own_notes_come_first(both):
    other = br.compare(both.reg, both.idata, notes=("mine",))
    assert other.notes[0] == other.to_dict()["notes"][0] == "mine"
    assert "· mine" in str(other)
    assert "mine" in other._repr_html_()


def test_the_frame_holds_the_rows(both):
    frame = both.to_frame()
    assert frame.index.tolist() == ["x0", "x1", "x2", "x3"]
    assert frame.index.name == "name"
    for key in frame.columns:
        np.testing.assert_array_equal(frame[key], column(both, key))


def test_the_dictionary_is_json_and_loses_nothing(both):
    told = json.loads(json.dumps(both.to_dict(), allow_nan=False))
    assert told == both.to_dict()
    assert [row["map"] for row in told["coefficients"]] == column(both, "map").tolist()
    assert (told["n"], told["p"], told["ci_prob"], told["ci_kind"]) == (N, P, 0.95, "eti")
    assert told["certificate"] == {"kkt": both.certificate.kkt, "gap": both.certificate.gap}
    assert told["diagnostics"]["rhat"] == both.idata.attrs["rhat"]
    assert told["engine"] == "gibbs"


def test_a_comparison_is_frozen(both):
    with pytest.raises(dataclasses.FrozenInstanceError):
        both.strength = 1.0


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"ci_prob": 95}, "ci_prob must be between 0 and 1, got 95"),
        ({"ci_prob": 0.0}, "ci_prob must be between 0 and 1, got 0.0"),
        ({"epsilon_share": -1}, "epsilon_share must be a finite number, 0 or greater, got -1"),
        ({"epsilon_share": np.nan}, "epsilon_share must be a finite number, 0 or greater, got nan"),
        ({"epsilon_share": None}, "epsilon_share must be a finite number, 0 or greater, got None"),
    ],
)
def test_what_is_refused(both, options, told):
    with pytest.raises(PriorError, match=told):
        br.compare(both.reg, both.idata, **options)


def test_a_scale_that_is_unknown_has_no_map():
    with pytest.raises(PriorError, match="the prior's scale is unknown"):
        br.compare(regression(br.Laplace(br.HalfNormal(1.0))))


@pytest.mark.parametrize("scale", [0.1, br.HalfCauchy(0.1)])
def test_a_horseshoe_has_nothing_to_compare(scale):
    with pytest.raises(PriorError, match="no MAP to compare"):
        br.compare(regression(br.Horseshoe(scale)))


def test_the_function_sample_is_not_hidden_by_its_folder():
    code = "import bayesreg as br\nbr.compare\nassert callable(br.sample)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_posterior_of_other_columns_is_refused(both):
    other = sample(regression(X=X[:, :2]), random_seed=1)
    with pytest.raises(br.errors.BayesregError, match="x2"):
        br.compare(both.reg, other)


def test_a_posterior_in_another_order_is_sorted(both):
    turned = both.idata.isel(coef_name=[3, 1, 0, 2])
    np.testing.assert_array_equal(column(br.compare(both.reg, turned), "mean"), column(both, "mean"))


def test_a_posterior_from_elsewhere_can_be_shown(both):
    foreign = both.idata.copy()
    foreign.attrs = {}
    json.dumps(br.compare(both.reg, foreign).to_dict(), allow_nan=False)


@pytest.mark.parametrize("prior", [br.Laplace([1.0, np.inf, 1.0, 1.0]), br.ElasticNetPrior(np.inf, 1.0)])
def test_flat_columns_are_json_too(prior):
    json.dumps(br.compare(regression(prior), random_seed=1).to_dict(), allow_nan=False)


def test_columns_with_only_an_l2_term_beside_columns_with_an_l1_term():
    both = br.compare(regression(br.ElasticNetPrior([0.1, np.inf, 0.1, 0.1], 0.5)), random_seed=1)
    np.testing.assert_allclose(column(both, "penalized"), column(both, "map"), rtol=1e-8)


@pytest.fixture(scope="module")
def separable():
    """A comparison of classes that the first column separates; its draws are made up."""
    reg = br.Regression(X, (X[:, 0] > 0).astype(float), prior=br.Laplace(1.0), family="bernoulli")
    draws = np.random.default_rng(3).normal(size=(2, 50, reg.p))
    run = Run(Unknowns(draws, draws[..., 0], np.ones((2, 50))))
    return br.compare(reg, to_datatree(reg, run, {}, (), None))


def test_where_there_is_no_maximum_of_the_likelihood(separable):
    assert {row.ols for row in separable.rows} == {None}
    assert separable.same_zeros
    assert separable.to_frame()["ols"].isna().all()
    assert json.loads(json.dumps(separable.to_dict()))["coefficients"][0]["ols"] is None
    assert "no maximum likelihood estimate was found" in separable.notes[0]


def test_words_of_another_family(separable):
    told = str(separable)
    assert "max. likelihood" in told
    assert "ε = 0.05·π/√3/sd(x)" in told
    assert "sigma" not in told


@pytest.mark.parametrize("reg", [None, "reg", 3, br.Regression], ids=repr)
def test_only_a_regression_is_compared(reg):
    with pytest.raises(BayesregError, match="expected a Regression"):
        br.compare(reg)


@pytest.mark.parametrize(
    "idata", [5, "posterior", {}, np.zeros(3), xr.DataTree()], ids=lambda value: type(value).__name__
)
def test_only_a_posterior_is_compared_with(idata):
    with pytest.raises(BayesregError, match="expected a DataTree whose posterior holds coef"):
        br.compare(regression(), idata)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"nonsense": 3}, "unknown setting.* nonsense; the samplers' are .*draws"),
        ({"notes": "one"}, "notes must be a tuple"),
        ({"notes": (1,)}, "notes must be a tuple"),
        ({"objective": 3}, "unknown objective 3"),
        ({"objective": "sklearn.LogisticRegression"}, "has no gaussian family, only bernoulli"),
        ({"objective": "sklearn.Ridge"}, "has no L1 term"),
    ],
    ids=str,
)
def test_a_setting_that_cannot_be_used_is_named(setting, message):
    reg = regression()
    with pytest.raises(BayesregError, match=message):
        br.compare(reg, None if "nonsense" in setting else given(reg), **setting)
