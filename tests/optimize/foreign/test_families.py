"""The MAP estimates of Bernoulli and Poisson regressions found by scikit-learn, skglm and statsmodels."""

import time

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


SCALES, SHIFT = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]), {"offset": np.linspace(-1, 2, 80)}
BOTH_BY_COLUMN = br.ElasticNetPrior(SCALES, SCALES[::-1])
REFUSED = {
    "no penalty": ("bernoulli", br.Normal(np.inf), "sklearn", {}),
    "strengths of both kinds by column": ("poisson", BOTH_BY_COLUMN, "statsmodels", {}),
    "a column without a strength": ("poisson", br.Laplace([np.inf, 0.2, 0.3, 0.4, 0.5, 0.6]), "statsmodels", {}),
    "intercept prior": ("bernoulli", L1, "sklearn", {"intercept": br.Normal(1.0)}),
    "offset for LogisticRegression": ("bernoulli", L1, "sklearn", SHIFT),
    "offset for skglm": ("bernoulli", L1, "skglm", SHIFT),
    "weights for skglm": ("bernoulli", L1, "skglm", {"weights": np.linspace(1, 2, 80)}),
    "ridge for skglm": ("bernoulli", L2, "skglm", {}),
    "lasso for PoissonRegressor": ("poisson", L1, "sklearn", {}),
    "weights for statsmodels": ("poisson", L1, "statsmodels", {"weights": np.linspace(1, 2, 80)}),
    "bernoulli by statsmodels": ("bernoulli", L1, "statsmodels", {}),
    "poisson by skglm": ("poisson", L1, "skglm", {}),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_package_cannot_do_is_refused(case):
    family, prior, solver, given = REFUSED[case]
    reg = regression(family, prior, **given)
    with pytest.raises(UnsupportedError) as caught:
        br.penalized_estimate(reg, solver)
    assert "scipy" in str(caught.value)
    # The cure that the message names works.
    cured = br.penalized_estimate(reg, "scipy")
    assert cured.certificate.kkt < 1e-9
    np.testing.assert_allclose(cured.beta, br.map_estimate(reg).beta, rtol=1e-8)


@pytest.mark.parametrize(("prior", "solver"), [(br.Laplace(SCALES), "statsmodels"), (br.Normal(SCALES), "sklearn")])
def test_one_kind_of_strength_may_differ_by_column(prior, solver):
    assert_same(regression("poisson", prior), solver, {"statsmodels": "GLM", "sklearn": "PoissonRegressor"}[solver])


def test_student_t_is_for_scipy():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 2))
    reg = br.Regression(X, X[:, 0] + rng.normal(size=30), prior=L1, family="student_t", sigma=1.0)
    for solver in ("sklearn", "skglm", "statsmodels"):
        with pytest.raises(UnsupportedError, match="student_t family; available: scipy"):
            br.penalized_estimate(reg, solver)
    assert_same(reg, "auto", "scipy.optimize.minimize")


def test_a_strength_in_the_wrong_convention_is_noticed(monkeypatch):
    """n − 1 for n in one conversion: the certificate does not accept the point."""
    parts = penalized_families._parts
    reg = regression("poisson", L2)
    monkeypatch.setattr(penalized_families, "_parts", lambda l1, l2, told, n: parts(l1, l2, told, n - 1))
    with pytest.raises(ConvergenceError, match="PoissonRegressor stopped at a point that violates"):
        br.penalized_estimate(reg, "sklearn")


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


def test_the_intercept_is_right_where_every_coefficient_is_0():
    """Then it is log(ȳ/(1 − ȳ)); a solver that stops on the coefficients alone ends elsewhere."""
    rng = np.random.default_rng(41)
    X = rng.normal(size=(400, 3)) * [1, 3, 0.2] + [0, 5, 0]
    y = (rng.random(400) < 0.03).astype(float)
    theirs = br.penalized_estimate(br.Regression(X, y, prior=br.Laplace(1 / 200), family="bernoulli"))
    assert theirs.n_zeros == 3
    assert theirs.intercept == pytest.approx(np.log(y.mean() / (1 - y.mean())), rel=1e-9)


def lognormal_counts(prior):
    """One column in hundreds, as given: from 0 a full Newton step overflows."""
    rng = np.random.default_rng(91)
    H, D = np.round(rng.lognormal(5, 1.5, 64)), rng.integers(0, 4, 64)
    X = np.c_[H, D == 1, D == 2, D == 3].astype(float)
    y = rng.poisson(H * np.exp(-1.5 + 0.1 * D))
    return X, y, br.Regression(X, y, prior=prior, family="poisson", standardize=False)


def test_where_the_first_tools_diverge_the_next_answers():
    X, y, reg = lognormal_counts(br.Normal(1e-3**-0.5))
    with pytest.raises(ConvergenceError):
        br.penalized_estimate(reg, "statsmodels")
    theirs = br.penalized_estimate(reg)
    slope = X.T @ (np.exp(theirs.intercept + X @ theirs.coef) - y) + 1e-3 * theirs.coef
    assert np.max(np.abs(slope)) < 1e-12 * np.max(X.T @ y)


def test_a_failed_tool_leaves_no_warning(recwarn):
    br.penalized_estimate(lognormal_counts(br.Normal(1e-3**-0.5))[2])
    assert len(recwarn) == 0


@pytest.mark.parametrize("prior", [br.Laplace(0.1), br.Normal(0.1), br.ElasticNetPrior(0.1, 0.5)], ids=repr)
def test_many_columns_take_seconds(prior):
    rng = np.random.default_rng(161)
    X = rng.normal(size=(100, 5_000))
    y = (X[:, :8].sum(axis=1) + rng.normal(size=100) > 0).astype(float)
    start = time.process_time()
    theirs = br.penalized_estimate(br.Regression(X, y, prior=prior, family="bernoulli"))
    # A tenth of this without company; the slow tools need minutes.
    assert time.process_time() - start < 20
    assert theirs.certificate.kkt < 1e-9
    assert abs(theirs.certificate.gap) < 1e-12


def test_of_several_minima_the_lower_is_taken(monkeypatch):
    """Few rows for the columns and heavy tails: from 0 and from least squares often end at different minima."""
    right, ends = penalized_families.minimize_split, []

    def watched(loss, l1, l2, start):
        theta = right(loss, l1, l2, start)
        ends.append(loss.value(theta) + 0.5 * l2 @ theta**2)
        return theta

    monkeypatch.setattr(penalized_families, "minimize_split", watched)
    second_is_lower = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(30, 15))
        y = X[:, 0] + 3 * rng.standard_t(1.5, size=30)
        reg = br.Regression(X, y, prior=br.Normal(3.0), family=br.StudentT(2.0), sigma=0.3)
        objective = br.penalized_estimate(reg).objective
        from_zero, _, from_squares = ends[-3:]
        assert objective == pytest.approx(min(from_zero, from_squares), rel=1e-12)
        second_is_lower.append(from_squares < from_zero - 1e-6)
    assert 0 < sum(second_is_lower) < 10


def test_a_separating_column_without_a_strength_has_no_minimum():
    X = np.c_[np.arange(20.0), np.random.default_rng(0).normal(size=20)]
    y = (X[:, 0] > 9).astype(float)
    reg = br.Regression(X, y, prior=br.Laplace([np.inf, 0.3]), family="bernoulli")
    with pytest.raises(ConvergenceError, match="give these columns a finite scale"):
        br.penalized_estimate(reg)
    assert br.penalized_estimate(reg.with_prior(br.Laplace([5.0, 0.3]))).certificate.kkt < 1e-6


def test_without_a_penalty_it_is_maximum_likelihood():
    reg = regression("poisson", br.Laplace(np.inf), weights=np.linspace(0.5, 2, 80))
    ours, theirs = br.least_squares(reg), br.penalized_estimate(reg)
    np.testing.assert_allclose(theirs.beta, ours.beta, rtol=1e-8)
