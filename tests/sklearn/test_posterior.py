"""Estimators under scikit-learn's names: the same fit, and the posterior behind it."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn import linear_model
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import bayesreg as br
import bayesreg.sklearn as drop_in
from bayesreg.errors import DataError, PriorError
from bayesreg.model.objective import strengths_at


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(1)
    X = pd.DataFrame(rng.normal(size=(80, 4)), columns=["a", "b", "c", "d"])
    eta = 0.5 + X.to_numpy() @ [1.0, 0.0, -0.7, 0.2]
    y = {"numbers": 3 * eta + rng.normal(size=80), "classes": np.where(eta + rng.logistic(size=80) > 0, "yes", "no")}
    return X, {**y, "counts": rng.poisson(np.exp(eta / 2))}, rng.uniform(0.5, 2.0, size=80)


LOGISTIC_CV = {"l1_ratios": (0,), "Cs": 3, "cv": 3, "scoring": "neg_log_loss", "use_legacy_attributes": False}
CASES = [
    ("Lasso", {"alpha": 0.2}, "numbers"),
    ("Ridge", {"alpha": 3.0}, "numbers"),
    ("ElasticNet", {"alpha": 0.2, "l1_ratio": 0.3}, "numbers"),
    ("LogisticRegression", {"C": 0.5}, "classes"),
    ("PoissonRegressor", {"alpha": 0.1}, "counts"),
    ("LassoCV", {"cv": 3}, "numbers"),
    ("ElasticNetCV", {"cv": 3}, "numbers"),
    ("RidgeCV", {}, "numbers"),
    ("LogisticRegressionCV", LOGISTIC_CV, "classes"),
]


@pytest.mark.parametrize(("name", "settings", "kind"), CASES)
def test_another_import_line_changes_nothing_that_was_there(name, settings, kind, rows):
    X, targets, weights = rows
    y = targets[kind]
    theirs = getattr(linear_model, name)(**settings).fit(X, y, sample_weight=weights)
    ours = getattr(drop_in, name)(**settings).fit(X, y, sample_weight=weights)
    np.testing.assert_array_equal(ours.coef_, theirs.coef_)
    np.testing.assert_array_equal(ours.intercept_, theirs.intercept_)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    assert ours.score(X, y, sample_weight=weights) == theirs.score(X, y, sample_weight=weights)
    assert isinstance(ours, getattr(linear_model, name))
    assert list(ours.feature_names_in_) == list(X.columns)
    assert set(ours.get_params()) - set(theirs.get_params()) <= {"by"}
    assert ours.certificate_.gap < 1e-2
    assert ours.prior_ == br.explain(theirs, X, y, sample_weight=weights).prior
    np.testing.assert_allclose(ours.map_.coef, np.ravel(ours.coef_), atol=0.05)


def test_predictive_sd_and_interval_are_those_of_the_closed_form(rows):
    X, targets, _ = rows
    model = drop_in.Ridge(alpha=3.0).fit(X, targets["numbers"])
    sigma, new = model.explanation_.reg.noise.sigma, X.head(6).to_numpy() * 4
    centred, shift = X.to_numpy() - X.to_numpy().mean(axis=0), new - X.to_numpy().mean(axis=0)
    covariance = sigma**2 * np.linalg.inv(centred.T @ centred + 3.0 * np.eye(4))
    expected = np.sqrt(sigma**2 * (1 + 1 / 80) + np.sum(shift @ covariance * shift, axis=1))
    with pytest.warns(UserWarning, match="feature names"):
        y_hat, sd = model.predict(new, return_std=True)
    np.testing.assert_allclose(sd, expected, rtol=0.02)
    point, interval = model.predict(X.head(6), return_interval=0.9)
    np.testing.assert_array_equal(point, model.predict(X.head(6)))
    assert np.all((interval[:, 0] < point) & (point < interval[:, 1]))
    assert len(model.predict(X, return_std=True, return_interval=0.5)) == 3
    assert y_hat.shape == (6,)
    with pytest.raises(PriorError, match="between 0 and 1"):
        model.predict(X, return_interval=90)


def test_uncertainty_is_least_where_the_rows_are():
    """Rows far from 0, where a predictive sd from columns that are not centred is least at 0."""
    rng = np.random.default_rng(0)
    X = np.linspace(80, 100, 50).reshape(-1, 1)
    y = X.ravel() + rng.normal(size=50)
    for model in (drop_in.Ridge(), drop_in.RidgeCV(by="evidence"), drop_in.Lasso(alpha=0.1)):
        sd = model.fit(X, y).predict([[90.0], [80.0], [0.0]], return_std=True)[1]
        assert sd[0] < sd[1] < sd[2]
        slope_sd = float(model.posterior_["posterior"]["coef"].std())
        np.testing.assert_allclose(sd[2] ** 2, sd[0] ** 2 + (90 * slope_sd) ** 2, rtol=0.05)


def test_uniform_weights_leave_the_predictive_sd_alone():
    """Weights that are all 20 say what weights that are all 1 say."""
    rng = np.random.RandomState(1234)
    x = rng.uniform(0.0, 1.0, 25)
    y = np.sin(2 * np.pi * x) + rng.normal(scale=0.1, size=25)
    X, new = (np.vander(points, 4, increasing=True) for points in (x, np.linspace(0, 1, 20)))
    for model in (drop_in.RidgeCV(by="evidence", fit_intercept=False), drop_in.Lasso(0.01, fit_intercept=False)):
        sds = [
            clone(model).fit(X, y, sample_weight=np.full(25, size)).predict(new, return_std=True)[1]
            for size in (1.0, 20.0)
        ]
        np.testing.assert_allclose(*sds, rtol=0.05)
        assert 0.05 < sds[0].mean() < 0.6


@pytest.mark.slow
def test_probabilities_are_averaged_over_the_posterior_on_request(rows):
    X, targets, _ = rows
    model = drop_in.LogisticRegression(C=0.5).fit(X, targets["classes"])
    averaged = model.predict_proba(X, over_posterior=True)
    draws = model.posterior_["posterior"]
    coef = draws["coef"].transpose("chain", "draw", "coef_name").to_numpy().reshape(-1, 4)
    eta = draws["intercept"].to_numpy().reshape(-1, 1) + coef @ X.to_numpy().T
    np.testing.assert_allclose(averaged[:, 1], (1 / (1 + np.exp(-eta))).mean(axis=0))
    np.testing.assert_allclose(averaged.sum(axis=1), 1)
    far = X.head(1) * 20
    assert model.predict_proba(far).max() > model.predict_proba(far, over_posterior=True).max()
    with pytest.raises(DataError, match="Only binary classification"):
        drop_in.LogisticRegression().fit(X, np.arange(80) % 3)


@pytest.mark.parametrize(("name", "settings"), [case[:2] for case in CASES[:3]])
def test_rows_in_portions_end_where_all_rows_end(name, settings, rows):
    X, targets, weights = rows
    y = targets["numbers"]
    tight = settings | ({} if name == "Ridge" else {"tol": 1e-12, "max_iter": 10_000})
    whole = getattr(drop_in, name)(**tight).fit(X, y, sample_weight=weights)
    parts = getattr(drop_in, name)(**tight)
    for rows_of in (slice(0, 30), slice(30, 37), slice(37, 80)):
        parts.partial_fit(X[rows_of], y[rows_of], sample_weight=weights[rows_of])
    after = getattr(drop_in, name)(**tight).fit(X[:30], y[:30], sample_weight=weights[:30])
    after.partial_fit(X[30:], y[30:], sample_weight=weights[30:])
    for model in (parts, after):
        np.testing.assert_allclose(model.coef_, whole.coef_, rtol=1e-8, atol=1e-8)
        np.testing.assert_allclose(model.intercept_, whole.intercept_, rtol=1e-8)
        np.testing.assert_allclose(model.predict(X), whole.predict(X), rtol=1e-7, atol=1e-7)
        assert model.explanation_.reg.n == 80
        assert model.explanation_.reg.noise.sigma == pytest.approx(whole.explanation_.reg.noise.sigma)
        assert model.predict(X, return_std=True)[1].shape == (80,)
    positive = drop_in.Lasso(positive=True)
    np.testing.assert_allclose(positive.partial_fit(X, y).coef_, positive.fit(X, y).coef_, rtol=1e-3, atol=1e-3)
    with pytest.raises(ValueError, match="feature"):
        parts.partial_fit(X[["a", "b"]], y)


RULES = [
    ("LassoCV", {"by": "bic"}, "numbers", "sklearn.Lasso", br.Laplace(1.0)),
    ("LassoCV", {"by": "cv_1se", "cv": 4}, "numbers", "sklearn.Lasso", br.Laplace(1.0)),
    ("RidgeCV", {"by": "evidence"}, "numbers", "sklearn.Ridge", br.Normal(1.0)),
    ("RidgeCV", {"by": "press", "fit_intercept": False}, "numbers", "sklearn.Ridge", br.Normal(1.0)),
    ("LogisticRegressionCV", {"by": "bic", **LOGISTIC_CV}, "classes", "sklearn.LogisticRegression", br.Normal(1.0)),
]


@pytest.mark.parametrize(("name", "settings", "kind", "objective", "prior"), RULES)
def test_a_rule_chooses_the_strength(name, settings, kind, objective, prior, rows):
    X, targets, weights = rows
    y = targets[kind]
    model = getattr(drop_in, name)(**settings).fit(X, y, sample_weight=weights)
    more = {"folds": settings["cv"]} if "cv" in settings else {}
    family, numbers = ("bernoulli", (y == "yes").astype(float)) if kind == "classes" else ("gaussian", y)
    intercept = settings.get("fit_intercept", True)
    reg = br.Regression(X, numbers, prior=prior, family=family, standardize=False, weights=weights, intercept=intercept)
    chosen = br.select(reg, settings["by"], objective=objective, **more)
    assert getattr(model, "C_" if kind == "classes" else "alpha_") == pytest.approx(chosen.strength)
    assert model.certificate_.gap < 1e-2
    assert clone(model).get_params() == model.get_params()


def test_a_rule_for_an_elastic_net_keeps_its_ratio(rows):
    X, targets, _ = rows
    model = drop_in.ElasticNetCV(by="aic", l1_ratio=0.3, tol=1e-10).fit(X, targets["numbers"])
    held = model.explanation_.held
    l1, l2 = strengths_at(held, held.noise.sigma)
    np.testing.assert_allclose(l1 / (l1 + l2), 0.3)
    np.testing.assert_allclose(l1 + l2, 80 * model.alpha_)
    with pytest.raises(PriorError, match="one l1_ratio"):
        drop_in.ElasticNetCV(by="aic", l1_ratio=[0.3, 0.5]).fit(X, targets["numbers"])
    with pytest.raises(PriorError, match="guess"):
        drop_in.LassoCV(by="guess").fit(X, targets["numbers"])


def test_estimators_are_cloned_pickled_searched_and_routed(rows):
    X, targets, weights = rows
    y = targets["numbers"]
    model = drop_in.Lasso(alpha=0.2, random_state=7).fit(X, y)
    copies = [pickle.loads(pickle.dumps(model))]
    drawn = model.posterior_["posterior"]["coef"].to_numpy()
    copies.append(pickle.loads(pickle.dumps(model)))
    for copy in copies:
        np.testing.assert_array_equal(copy.posterior_["posterior"]["coef"].to_numpy(), drawn)
    assert not hasattr(clone(model), "prior_")
    with pytest.raises(AttributeError, match="call fit"):
        _ = clone(model).posterior_
    search = GridSearchCV(make_pipeline(StandardScaler(), drop_in.Ridge()), {"ridge__alpha": [0.1, 10.0]}, cv=3)
    best = search.fit(X, y).best_estimator_[-1]
    assert best.prior_ == br.explain(search, X, y).prior
    with sklearn.config_context(enable_metadata_routing=True):
        ridge = drop_in.Ridge().set_fit_request(sample_weight=True).set_predict_request(return_std=True)
        routed = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), ridge).fit(
            X, y, sample_weight=weights
        )
        direct = linear_model.Ridge().fit(StandardScaler().fit_transform(X), y, sample_weight=weights)
        np.testing.assert_allclose(routed[-1].coef_, direct.coef_)
        assert routed.predict(X, return_std=True)[1].shape == (80,)


def test_rows_changed_after_the_fit_change_nothing(rows):
    X, targets, _ = rows
    X, y = X.to_numpy().copy(), targets["numbers"].copy()
    model = drop_in.Ridge().fit(X, y)
    gap = drop_in.Ridge().fit(X, y).certificate_.kkt
    X[:], y[:] = 0, 0
    assert model.certificate_.kkt == gap


def test_a_display_in_a_notebook_draws_nothing(rows):
    X, targets, _ = rows
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = drop_in.Lasso(positive=True).fit(X, targets["numbers"])
        assert "Lasso" in model._repr_html_()
    assert "_explanation" not in vars(model)
