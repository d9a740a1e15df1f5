"""The MAP estimates of Bernoulli and Poisson regressions found by scikit-learn, skglm and statsmodels."""

import numpy as np
import pytest
from scipy import sparse

import bayesreg as br
from bayesreg.errors import ConvergenceError, UnsupportedError
from bayesreg.optimize.foreign import families as penalized_families

L1, L2, BOTH = br.Laplace(0.15), br.Normal(0.5), br.ElasticNetPrior(0.15, 0.5)
intercepts = pytest.mark.parametrize("intercept", [True, False])


def regression(family, prior, n=80, **given):
    rng = np.random.default_rng(6)
    X = rng.normal(size=(n, 6)) * np.geomspace(0.5, 2, 6)
    eta = 0.3 + X @ [1.0, 0.0, -0.5, 0.0, 0.3, 0.0]
    y = (rng.random(n) < 1 / (1 + np.exp(-eta))) if family == "bernoulli" else rng.poisson(np.exp(0.5 * eta))
    return br.Regression(X, y.astype(float), prior=prior, family=family, **given)


def assert_same(reg, solver, name):
    ours, theirs = br.map_estimate(reg), br.penalized_estimate(reg, solver)
    assert theirs.method.endswith(name)
    np.testing.assert_allclose(theirs.beta, ours.beta, rtol=1e-8)
    assert np.array_equal(theirs.beta == 0, ours.beta == 0)
    assert theirs.intercept == pytest.approx(ours.intercept, rel=1e-8)
    assert theirs.certificate.kkt < 1e-5
    return ours


@intercepts
@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("prior", [L1, L2, BOTH], ids=["laplace", "normal", "elastic net"])
def test_bernoulli_by_sklearn(prior, standardize, intercept):
    reg = regression("bernoulli", prior, standardize=standardize, intercept=intercept)
    ours = assert_same(reg, "sklearn", "sklearn.LogisticRegression")
    assert (ours.n_zeros > 0) == (prior is not L2)


def test_bernoulli_with_weights_by_sklearn():
    assert_same(regression("bernoulli", BOTH, weights=np.linspace(0.5, 2, 80)), "sklearn", "LogisticRegression")


@pytest.mark.slow
@intercepts
@pytest.mark.parametrize("prior", [L1, BOTH], ids=["laplace", "elastic net"])
def test_bernoulli_by_skglm(prior, intercept):
    ours = assert_same(regression("bernoulli", prior, intercept=intercept), "skglm", "skglm.SparseLogisticRegression")
    assert ours.n_zeros > 0


SETTINGS = {
    "plain": {},
    "offset": {"offset": np.linspace(-1, 2, 80)},
    "raw": {"standardize": False},
}


@intercepts
@pytest.mark.parametrize("setting", [*SETTINGS, "weights", "weights and offset"])
def test_poisson_ridge_by_sklearn(setting, intercept):
    weights = {"weights": np.linspace(0.5, 2, 80)} if "weights" in setting else {}
    given = (SETTINGS["offset"] if "offset" in setting else SETTINGS.get(setting, {})) | weights
    assert_same(regression("poisson", L2, intercept=intercept, **given), "sklearn", "sklearn.PoissonRegressor")


@intercepts
@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("prior", [L1, BOTH], ids=["laplace", "elastic net"])
def test_poisson_by_statsmodels(prior, setting, intercept):
    ours = assert_same(
        regression("poisson", prior, intercept=intercept, **SETTINGS[setting]), "statsmodels", "statsmodels.GLM"
    )
    assert ours.n_zeros > 0


BY_COLUMN, SHIFT = br.Laplace([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]), {"offset": np.linspace(-1, 2, 80)}
REFUSED = {
    "no penalty": ("bernoulli", br.Normal(np.inf), "sklearn", {}),
    "strengths by column": ("poisson", BY_COLUMN, "statsmodels", {}),
    "intercept prior": ("bernoulli", L1, "sklearn", {"intercept": br.Normal(1.0)}),
    "offset for LogisticRegression": ("bernoulli", L1, "sklearn", SHIFT),
    "offset for skglm": ("bernoulli", L1, "skglm", SHIFT),
    "weights for skglm": ("bernoulli", L1, "skglm", {"weights": np.linspace(1, 2, 80)}),
    "ridge for skglm": ("bernoulli", L2, "skglm", {}),
    "lasso for PoissonRegressor": ("poisson", L1, "sklearn", {}),
    "weights for statsmodels": ("poisson", L1, "statsmodels", {"weights": np.linspace(1, 2, 80)}),
    "bernoulli by statsmodels": ("bernoulli", L1, "statsmodels", {}),
    "poisson by skglm": ("poisson", L1, "skglm", {}),
    "unknown solver": ("poisson", L1, "glmnet", {}),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_package_cannot_do_is_refused(case):
    family, prior, solver, given = REFUSED[case]
    with pytest.raises(UnsupportedError):
        br.penalized_estimate(regression(family, prior, **given), solver)


def test_student_t_has_no_other_route():
    X = np.random.default_rng(0).normal(size=(30, 2))
    for solver in ("sklearn", "skglm", "statsmodels"):
        with pytest.raises(UnsupportedError, match="student_t"):
            br.penalized_estimate(br.Regression(X, X[:, 0], prior=L1, family="student_t", sigma=1.0), solver)


def test_a_strength_in_the_wrong_convention_is_noticed(monkeypatch):
    """n − 1 for n in one conversion moves the coefficients beyond the tolerance."""
    parts = penalized_families._parts
    reg = regression("poisson", L2)
    monkeypatch.setattr(penalized_families, "_parts", lambda l1, l2, told, n: parts(l1, l2, told, n - 1))
    with pytest.raises(AssertionError):
        assert_same(reg, "sklearn", "sklearn.PoissonRegressor")


def test_a_solver_that_does_not_converge_is_an_error(monkeypatch):
    from sklearn.linear_model import PoissonRegressor

    right = PoissonRegressor.__init__

    def short(self, **given):
        right(self, **(given | {"max_iter": 1}))

    monkeypatch.setattr(PoissonRegressor, "__init__", short)
    with pytest.raises(ConvergenceError, match="did not converge"):
        br.penalized_estimate(regression("poisson", L2), "sklearn")


@pytest.mark.parametrize(
    ("family", "prior", "solver"),
    [("poisson", L2, "sklearn"), ("poisson", L1, "statsmodels"), ("bernoulli", BOTH, "sklearn")],
    ids=["PoissonRegressor", "GLM", "LogisticRegression"],
)
def test_sparse_columns_are_made_dense_for_the_other_packages(family, prior, solver):
    rng = np.random.default_rng(0)
    X = np.where(rng.random((80, 6)) < 0.5, 0.0, rng.normal(size=(80, 6)))
    y = rng.poisson(np.exp(X[:, 0]))
    y = (y > 0).astype(float) if family == "bernoulli" else y
    reg = br.Regression(sparse.csr_array(X), y, prior=prior, family=family)
    np.testing.assert_allclose(
        br.penalized_estimate(reg, solver).beta, br.map_estimate(reg).beta, rtol=1e-7, atol=1e-12
    )
