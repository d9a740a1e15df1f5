"""Fits of scikit-learn are the modes of the posteriors that they are explained by."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import (
    ARDRegression,
    BayesianRidge,
    ElasticNet,
    ElasticNetCV,
    GammaRegressor,
    Lars,
    Lasso,
    LassoCV,
    LassoLars,
    LassoLarsCV,
    LassoLarsIC,
    LinearRegression,
    LogisticRegression,
    LogisticRegressionCV,
    MultiTaskLasso,
    PoissonRegressor,
    QuantileRegressor,
    Ridge,
    RidgeClassifier,
    RidgeCV,
    SGDClassifier,
    SGDRegressor,
    TweedieRegressor,
)
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import bayesreg as br
from bayesreg.errors import DataError, PriorError, UnsupportedError

TIGHT = {"tol": 1e-12, "max_iter": 100_000}
SAGA = {"solver": "saga", **TIGHT}


@pytest.fixture(scope="module")
def rows():
    """Standardized columns of different sizes, and a target of each kind."""
    rng = np.random.default_rng(5)
    X = rng.normal(size=(150, 5)) * [1, 2, 0.5, 1, 3] + [0, 1, 0, -2, 5]
    eta = 0.3 + X @ [0.5, -0.2, 0.0, 0.3, 0.0]
    return {
        "X": X,
        "numbers": eta + rng.normal(size=150),
        "words": np.where(eta + rng.logistic(size=150) > 0, "yes", "no"),
        "counts": rng.poisson(np.exp(eta / 3)),
        "positive": np.exp(eta / 3) * rng.gamma(4.0, size=150) / 4,
        "weights": rng.integers(0, 4, size=150).astype(float),
    }


FITS = [
    (LinearRegression(), "numbers"),
    (Lasso(alpha=0.1, **TIGHT), "numbers"),
    (Lasso(alpha=0.1, fit_intercept=False, **TIGHT), "numbers"),
    (LassoCV(cv=3, alphas=20, **TIGHT), "numbers"),
    (LassoLars(alpha=0.1), "numbers"),
    (LassoLarsCV(cv=3), "numbers"),
    (LassoLarsIC(), "numbers"),
    (ElasticNet(alpha=0.2, l1_ratio=0.3, **TIGHT), "numbers"),
    (ElasticNetCV(cv=3, alphas=10, l1_ratio=[0.3, 0.7], **TIGHT), "numbers"),
    (Ridge(alpha=7.0), "numbers"),
    (RidgeCV(alphas=(1.0, 10.0)), "numbers"),
    (BayesianRidge(tol=1e-12, max_iter=1000), "numbers"),
    (ARDRegression(threshold_lambda=1e300, tol=1e-12, max_iter=20), "numbers"),
    (TweedieRegressor(power=0, alpha=0.3, tol=1e-12, max_iter=1000), "numbers"),
    (QuantileRegressor(alpha=0.05), "numbers"),
    (LogisticRegression(C=0.1, **TIGHT), "words"),
    (LogisticRegression(C=0.1, l1_ratio=1, **SAGA), "words"),
    (LogisticRegression(C=0.1, l1_ratio=0.4, class_weight="balanced", **SAGA), "words"),
    (LogisticRegression(C=0.1, fit_intercept=False, class_weight={"yes": 2.0}, **TIGHT), "words"),
    (LogisticRegression(C=np.inf, **TIGHT), "words"),
    (LogisticRegression(C=0.1, solver="liblinear", fit_intercept=False, tol=1e-12), "words"),
    (LogisticRegressionCV(Cs=3, cv=3, l1_ratios=(0,), use_legacy_attributes=False, **TIGHT), "words"),
    (LogisticRegressionCV(Cs=3, cv=3, l1_ratios=(0.5, 1), use_legacy_attributes=True, **SAGA), "words"),
    (PoissonRegressor(alpha=0.3, tol=1e-12, max_iter=1000), "counts"),
    (TweedieRegressor(power=1, alpha=0.3, tol=1e-12, max_iter=1000), "counts"),
    (GammaRegressor(alpha=0.3, tol=1e-12, max_iter=1000), "positive"),
    (TweedieRegressor(power=2, alpha=0.3, tol=1e-12, max_iter=1000), "positive"),
]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("estimator", "kind"), FITS, ids=lambda value: repr(value)[:60])
def test_a_converged_fit_is_the_certified_mode(estimator, kind, weighted, rows):
    X, y, weights = rows["X"], rows[kind], rows["weights"] if weighted else None
    if weighted and isinstance(estimator, Lars | ARDRegression):
        pytest.skip("takes no weights")
    with warnings.catch_warnings():
        # liblinear says that it is refused for many classes from 1.8 on.
        warnings.simplefilter("ignore", FutureWarning)
        estimator.fit(X, y, **({} if weights is None else {"sample_weight": weights}))
    explained = br.explain(estimator, X, y, sample_weight=weights)
    assert explained.certificate.gap < 1e-8
    np.testing.assert_allclose(explained.map.coef, np.ravel(estimator.coef_), atol=2e-6)
    np.testing.assert_allclose(explained.map.intercept, np.ravel(estimator.intercept_)[0], atol=2e-6)


@pytest.mark.parametrize("weighted", [False, True])
def test_a_stochastic_descent_ends_near_the_mode(weighted, rows):
    Z, weights = StandardScaler().fit_transform(rows["X"]), rows["weights"] if weighted else None
    settings = {"alpha": 0.1, "tol": None, "max_iter": 1000, "random_state": 0}
    for estimator, kind, options in (
        (SGDRegressor(penalty="elasticnet", l1_ratio=0.5, power_t=0.5, **settings), "numbers", {"sigma": 1.0}),
        (SGDClassifier(loss="log_loss", class_weight="balanced", **settings), "words", {}),
    ):
        estimator.fit(Z, rows[kind], sample_weight=weights)
        explained = br.explain(estimator, Z, rows[kind], sample_weight=weights, **options)
        assert 0 < explained.certificate.gap < 5e-3
        np.testing.assert_allclose(explained.map.coef, np.ravel(estimator.coef_), atol=0.03)


def test_it_equals_the_direct_call(diabetes):
    X, y = diabetes
    explained = br.explain(Lasso(alpha=0.85).fit(X, y), X, y, sigma=54.0, draws=100, random_seed=3)
    prior = br.to_prior(br.L1(0.85), objective="sklearn.Lasso", n=len(y), sigma=54.0)
    direct = br.Regression(X, y, prior=prior, sigma=54.0, standardize=False)
    assert explained.prior == prior
    np.testing.assert_array_equal(explained.map.coef, br.map_estimate(direct).coef)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", br.errors.SamplerWarning)
        draws = br.sample(direct, draws=100, random_seed=3)["posterior"]["coef"]
        np.testing.assert_array_equal(explained.idata["posterior"]["coef"], draws)
        table, comparison = explained.to_frame(0.9), explained.comparison
    np.testing.assert_allclose(table["mean"], draws.mean(("chain", "draw")))
    np.testing.assert_allclose(table["lower"], draws.quantile(0.05, ("chain", "draw")))
    assert comparison.notes[0] == explained.sentence
    assert "Laplace(0, 7.762)" in explained.sentence
    np.testing.assert_array_equal(explained.sparsity.point, explained.map.coef)
    assert len(explained.shrinkage.kappa) == X.shape[1]


def test_a_fit_that_stopped_early_is_caught(diabetes):
    X, y = diabetes
    with pytest.warns(ConvergenceWarning):
        stopped = Lasso(alpha=0.01, max_iter=3).fit(X, y)
    explained = br.explain(stopped, X, y)
    direct = br.certify(explained.held, stopped.coef_, intercept=float(stopped.intercept_ + X.mean() @ stopped.coef_))
    assert explained.certificate.gap == pytest.approx(direct.gap)
    assert explained.certificate.gap > 1e-4
    loss = np.sum((y - stopped.predict(X)) ** 2) / 2 + len(y) * 0.01 * np.abs(stopped.coef_).sum()
    best = np.sum((y - explained.map.predict(X)) ** 2) / 2 + len(y) * 0.01 * np.abs(explained.map.coef).sum()
    assert 1e-6 < 1 - best / loss < explained.certificate.gap
    assert f"stopped {1 - best / loss:.1e} of the objective short of the optimum" in str(explained)


def test_a_gap_that_says_nothing_is_not_taken_for_the_distance():
    """A logistic ridge fit whose intercept is not quite balanced has no dual point beside 0."""
    X, y = load_breast_cancer(return_X_y=True)
    X = StandardScaler().fit_transform(X[:, :10])
    fit = LogisticRegression().fit(X, y)
    explained = br.explain(fit, X, y)

    def objective(coef, intercept):
        eta = X @ coef + intercept
        return np.sum(np.logaddexp(0, eta) - y * eta) + 0.5 * np.sum(coef**2)

    at_fit, at_mode = objective(fit.coef_[0], fit.intercept_[0]), objective(explained.map.coef, explained.map.intercept)
    assert explained.certificate.gap > 0.9
    assert f"stopped {1 - at_mode / at_fit:.1e} of the objective" in explained.verdict


def test_other_data_or_weights_are_not_those_of_the_fit(rows):
    X, y = rows["X"], rows["numbers"]
    fit = Ridge(alpha=7.0).fit(X, y)
    assert br.explain(fit, X, y).certificate.kkt < 1e-8
    assert br.explain(fit, X, y[::-1]).certificate.kkt > 1e-3
    assert br.explain(fit, X, y, sample_weight=rows["weights"]).certificate.kkt > 1e-3
    fit.intercept_ += 0.1
    assert br.explain(fit, X, y).certificate.kkt > 1e-3


def test_sigma_is_given_estimated_or_unknown(rows):
    X, y = rows["X"], rows["numbers"]
    fit = Lasso(alpha=0.1).fit(X, y)
    known, learned = br.explain(fit, X, y), br.explain(fit, X, y, sigma="learn")
    residual = np.linalg.lstsq(np.c_[np.ones(150), X], y, rcond=None)[1]
    assert known.reg.noise.sigma == pytest.approx(np.sqrt(residual[0] / 144))
    assert learned.prior == known.prior
    assert not learned.reg.noise.known
    assert br.explain(fit, X, y, sigma=br.HalfNormal(2.0)).reg.noise.prior == br.HalfNormal(2.0)
    bayes = BayesianRidge().fit(X, y)
    explained = br.explain(bayes, X, y)
    assert explained.reg.noise.sigma == pytest.approx(bayes.alpha_**-0.5)
    assert explained.prior.scale == pytest.approx(bayes.lambda_**-0.5)


def test_the_posterior_of_bayesian_ridge_is_its_own(rows):
    X, y = rows["X"], rows["numbers"]
    fit = BayesianRidge().fit(X, y)
    draws = br.explain(fit, X, y, draws=20_000, random_seed=1).idata["posterior"]["coef"]
    covariance = np.cov(draws.values.reshape(-1, 5).T)
    np.testing.assert_allclose(covariance, fit.sigma_, atol=0.03 * np.sqrt(np.outer(*2 * [np.diag(fit.sigma_)])).max())


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(
        {"size": rng.normal(10, 3, 90), "age": rng.normal(size=90), "place": rng.choice(["a", "b", "c"], 90)}
    )
    y = 100 + 5 * frame["size"] + 7 * (frame["place"] == "b") + rng.normal(0, 4, 90)
    return frame, y.rename("price")


def test_pipelines_searches_and_transformed_targets_are_seen_through(table):
    X, y = table
    columns = ColumnTransformer(
        [("num", StandardScaler(), ["size", "age"]), ("cat", OneHotEncoder(drop="first"), ["place"])]
    )
    inner = Pipeline([("columns", columns), ("search", GridSearchCV(Ridge(), {"alpha": [0.5, 2.0]}, cv=3))])
    fitted = TransformedTargetRegressor(inner, transformer=StandardScaler()).fit(X, y)
    explained = br.explain(fitted, X, y, random_seed=0, draws=4000)
    assert explained.reg.names == ("num__size", "num__age", "cat__place_b", "cat__place_c")
    assert explained.certificate.kkt < 1e-8
    new = X.head(7)
    prediction = explained.predict(new)
    spread = prediction.mean_draws.std(axis=0) / np.sqrt(len(prediction.eta))
    assert np.max(np.abs(prediction.mean - fitted.predict(new)) / spread) < 5
    sigma = br.explain(fitted, X, y, sigma=4.0).held.noise.sigma
    assert sigma == pytest.approx(4.0 / y.std(ddof=0))
    assert float(prediction.sigma[0, 0]) == pytest.approx(explained.reg.noise.sigma * y.std(ddof=0))


def test_sparse_columns_and_short_pipelines_are_read(rows):
    X, y = sparse.csr_array(rows["X"] * (np.abs(rows["X"]) > 1)), rows["numbers"]
    fitted = make_pipeline(Lasso(alpha=0.1, **TIGHT)).fit(X, y)
    explained = br.explain(fitted, X, y, sample_weight=None)
    assert explained.certificate.gap < 1e-10
    weighted = Lasso(alpha=0.1, **TIGHT).fit(X, y, sample_weight=rows["weights"])
    assert br.explain(weighted, X, y, sample_weight=rows["weights"]).certificate.gap < 1e-10


def test_a_common_factor_of_weights_leaves_predictions_alone(rows):
    X, y, new = rows["X"], rows["numbers"], rows["X"][:5]
    one, twenty = (
        br.explain(fit, X, y, sample_weight=w, random_seed=0).predict(new)
        for w in (np.ones(150), np.full(150, 20.0))
        for fit in [Lasso(alpha=0.1).fit(X, y, sample_weight=w)]
    )
    np.testing.assert_allclose(one.draws.std(axis=0), twenty.draws.std(axis=0), rtol=0.1)


class NoSuchTool:
    """A class that no entry knows."""


def torch_optimizer():
    return type("AdamW", (), {"__module__": "torch.optim.adamw"})()


TWO = np.arange(6.0).reshape(3, 2)
REFUSED = [
    (NoSuchTool(), UnsupportedError, "no entry for .*NoSuchTool; known: .*sklearn.Lasso"),
    (Lasso(), DataError, "not fitted"),
    (Lasso, DataError, "a class"),
    ("lasso", UnsupportedError, "no entry for builtins.str"),
    (make_pipeline(StandardScaler(), Lasso()), DataError, "not fitted yet"),
    (GridSearchCV(Lasso(), {}), DataError, "best_estimator_"),
    (TransformedTargetRegressor(), DataError, "not fitted"),
    (LogisticRegression(solver="liblinear"), UnsupportedError, "penalizes the intercept"),
    (MultiTaskLasso(), UnsupportedError, "several targets"),
    (Ridge().fit(TWO, TWO), UnsupportedError, "one for each target"),
    (LogisticRegression().fit(TWO, [0, 1, 2]), UnsupportedError, "one for each target or class"),
    (Lars(), UnsupportedError, "use LassoLars"),
    (RidgeClassifier(), UnsupportedError, "least squares"),
    (SGDClassifier(loss="hinge"), UnsupportedError, "log_loss"),
    (TweedieRegressor(power=1.5), UnsupportedError, "no family"),
    (QuantileRegressor(quantile=0.9), UnsupportedError, "quantile=0.5"),
    (ColumnTransformer([]), UnsupportedError, "Pipeline"),
    (torch_optimizer(), UnsupportedError, "no fixed prior"),
]


@pytest.mark.parametrize(("fitted", "error", "words"), REFUSED, ids=[words for *_, words in REFUSED])
def test_what_is_the_mode_of_nothing_is_refused_with_the_reason(fitted, error, words, rows):
    X = rows["X"]
    if (
        hasattr(fitted, "fit")
        and error is UnsupportedError
        and not hasattr(fitted, "coef_")
        and not isinstance(fitted, type)
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            kinds = (
                rows["words"] if hasattr(fitted, "predict_proba") or "Classifier" in repr(fitted) else rows["counts"]
            )
            fitted.fit(X, np.c_[kinds, kinds] if isinstance(fitted, MultiTaskLasso) else kinds)
    with pytest.raises(error, match=words):
        br.explain(fitted, X, rows["numbers"])


def test_bad_arguments_are_named(rows):
    X, y = rows["X"], rows["numbers"]
    fit, classes = Ridge().fit(X, y), LogisticRegression().fit(X, rows["words"])
    pruned = ARDRegression(threshold_lambda=10.0).fit(X, y)
    bent = TransformedTargetRegressor(Ridge(), func=np.log, inverse_func=np.exp).fit(X, rows["positive"])
    calls = [
        (DataError, "3 columns, the fit 5", lambda: br.explain(fit, X[:, :3], y)),
        (PriorError, "sigma", lambda: br.explain(fit, X, y, sigma=-1.0)),
        (PriorError, "sigma", lambda: br.explain(fit, X, y, sigma="guess")),
        (PriorError, "no sigma", lambda: br.explain(classes, X, rows["words"], sigma=2.0)),
        (PriorError, "unknown setting", lambda: br.explain(fit, X, y, drawz=3)),
        (DataError, "maybe", lambda: br.explain(classes, X, np.full(150, "maybe"))),
        (UnsupportedError, "threshold_lambda", lambda: br.explain(pruned, X, y)),
        (
            DataError,
            "cannot transform",
            lambda: br.explain(make_pipeline(StandardScaler(), Ridge()).fit(X, y), X[:, :2], y),
        ),
        (UnsupportedError, "rising line", lambda: br.explain(bent, X, rows["positive"])),
    ]
    for error, words, call in calls:
        with pytest.raises(error, match=words):
            call()
    kept = pruned.lambda_ < pruned.threshold_lambda
    again = ARDRegression(threshold_lambda=10.0).fit(X[:, kept], y)
    assert br.explain(again, X[:, kept], y).certificate.kkt < 1e-8
    log_y = np.log(rows["positive"])
    assert br.explain(bent.regressor_, X, log_y).certificate.kkt < 1e-8


@pytest.mark.slow
def test_a_report_tells_of_the_fit(rows, tmp_path):
    X, y = rows["X"], rows["numbers"]
    explained = br.explain(Ridge(alpha=7.0).fit(X, y), X, y, random_seed=0)
    page = br.report(explained, tmp_path / "report.html", ribbons=False).read_text(encoding="utf-8")
    assert "Ridge(alpha=7.0) is the mode of the posterior" in page
    assert "at the optimum of its objective" in page
