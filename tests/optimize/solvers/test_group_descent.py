"""MAP under a prior of groups: against a conic solver, skglm and scipy; and its certificate against mistakes."""

import clarabel
import numpy as np
import pytest
from scipy import sparse

import bayesreg as br
from bayesreg.errors import ConvergenceError, UnsupportedError
from bayesreg.optimize.solvers import group_descent
from bayesreg.priors.partition import Groups


def problem(seed, n=40, p=15, count=5):
    """Correlated columns in groups that are not contiguous, of which a few matter."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + 0.7 * rng.normal(size=(n, 1))
    labels = [f"g{k}" for k in rng.integers(0, count, p)]
    y = X @ np.where(np.isin(labels, ["g0", "g1"]), 0.7, 0.0) + rng.normal(size=n)
    return X, y, labels


def regression(seed, scale, family="gaussian", **sizes):
    X, y, labels = problem(seed, **sizes)
    if family == "bernoulli":
        y = (y > 0).astype(float)
    if family == "poisson":
        y = np.random.default_rng(seed).poisson(np.exp(np.clip(0.3 * y, -2, 2))).astype(float)
    settings = {"sigma": 1.3} if family == "gaussian" else {}
    return br.Regression(X, y, prior=br.GroupLaplace(scale, labels), family=family, **settings)


def by_cone(A, b, weights, members):
    """Minimize ½‖b − Aθ‖² + Σ w_g t_g over ‖θ_g‖ ≤ t_g by clarabel's interior point."""
    q, count = A.shape[1], len(members)
    hessian = sparse.block_diag([A.T @ A, sparse.csc_array((count, count))], format="csc")
    rows, cones = [], []
    for k, at in enumerate(members):
        block = np.zeros((1 + len(at), q + count))
        block[0, q + k] = -1.0
        block[1 + np.arange(len(at)), at] = -1.0
        rows.append(block)
        cones.append(clarabel.SecondOrderConeT(len(block)))
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = 1e-13
    linear, constraints = np.append(-A.T @ b, weights), sparse.csc_matrix(np.vstack(rows))
    solved = clarabel.DefaultSolver(
        sparse.csc_matrix(sparse.triu(hessian)), linear, constraints, np.zeros(q + count), cones, settings
    ).solve()
    return np.array(solved.x)[:q]


def _objective(A, b, weights, members, beta):
    return 0.5 * np.sum((b - A @ beta) ** 2) + sum(
        w * np.linalg.norm(beta[at]) for w, at in zip(weights, members, strict=True)
    )


def test_thirty_random_problems_against_a_conic_solver():
    """Strengths λ_g = σ²√m_g/b in ½RSS on standardized columns, rows fewer and more than columns."""
    for seed in range(30):
        n, scale = (40, 20, 60)[seed % 3], 10.0 ** np.random.default_rng(seed).uniform(-1.2, 0.0)
        reg = regression(seed, scale, n=n, p=25, count=9)
        X, y, labels = problem(seed, n=n, p=25, count=9)
        A = (X - X.mean(axis=0)) / X.std(axis=0)
        distinct = list(dict.fromkeys(labels))
        members = [np.flatnonzero(np.array(labels) == label) for label in distinct]
        weights = np.array([1.3**2 * len(at) ** 0.5 / scale for at in members])
        theirs, fit = by_cone(A, y - y.mean(), weights, members), br.map_estimate(reg)
        assert fit.certificate.kkt < 1e-9
        assert fit.certificate.gap < 1e-12
        size = np.max(np.abs(theirs)) or 1.0
        # Where the interior point ends early it is above the minimum, which the gap above has shown ours to be.
        np.testing.assert_allclose(fit.beta, theirs, rtol=0, atol=1e-4 * size)
        values = [_objective(A, y - y.mean(), weights, members, beta) for beta in (fit.beta, theirs)]
        assert -1e-13 * values[0] <= values[1] - values[0] <= 1e-7 * values[0]
        for at in members:
            assert np.all(fit.beta[at] == 0) or np.all(fit.beta[at] != 0)
            assert np.all(fit.beta[at] == 0) or np.linalg.norm(theirs[at]) > 1e-7 * size


@pytest.mark.parametrize(("family", "scale"), [("gaussian", 0.1), ("bernoulli", 0.25), ("poisson", 0.1)])
def test_another_package_finds_the_same_groups(family, scale):
    reg = regression(1, scale, family, count=8)
    ours, theirs = br.map_estimate(reg), br.penalized_estimate(reg, solver="scipy")
    assert 0 < ours.n_zeros < reg.p
    assert ours.certificate.kkt < 1e-9
    np.testing.assert_allclose(ours.beta, theirs.beta, rtol=1e-8, atol=1e-12)
    np.testing.assert_array_equal(ours.beta == 0, theirs.beta == 0)


@pytest.mark.slow
def test_skglm_minimizes_the_same_in_its_own_convention():
    """RSS/(2n) + alpha·Σ weights_g‖w_g‖ with weights √m_g."""
    import skglm

    X, y, labels = problem(2)
    reg = br.Regression(X, y, prior=br.GroupLaplace(0.4, labels), sigma=1.3, intercept=False, standardize=False)
    penalty = br.to_penalty(reg.prior, sigma=1.3, n=len(y), objective="skglm.GroupLasso")
    members = [np.flatnonzero(np.array(labels) == label) for label in dict.fromkeys(labels)]
    model = skglm.GroupLasso(
        groups=[at.tolist() for at in members],
        alpha=penalty.strength,
        weights=np.sqrt([len(at) for at in members]),
        fit_intercept=False,
        tol=1e-12,
        max_iter=1000,
    ).fit(X, y)
    ours = br.map_estimate(reg)
    np.testing.assert_allclose(ours.beta, model.coef_, rtol=1e-8, atol=1e-11)
    np.testing.assert_array_equal(ours.beta == 0, model.coef_ == 0)
    assert "skglm" in br.penalized_estimate(reg, solver="skglm").method


def test_groups_of_one_are_the_lasso():
    X, y, _ = problem(3)
    single, lasso = (br.Regression(X, y, prior=prior, sigma=1.3) for prior in (br.GroupLaplace(0.3), br.Laplace(0.3)))
    ours, plain = br.map_estimate(single), br.map_estimate(lasso)
    np.testing.assert_allclose(ours.beta, plain.beta, rtol=1e-12, atol=1e-14)
    np.testing.assert_array_equal(ours.beta == 0, plain.beta == 0)


def test_a_rotation_of_the_columns_of_a_group_rotates_its_coefficients():
    X, y, _ = problem(4, p=6)
    labels = ["a", "a", "a", "b", "b", "b"]
    turn, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))
    turned = X.copy()
    turned[:, :3] = X[:, :3] @ turn
    plain, rotated = (
        br.map_estimate(br.Regression(Z, y, prior=br.GroupLaplace(0.2, labels), sigma=1.3, standardize=False)).beta
        for Z in (X, turned)
    )
    np.testing.assert_allclose(turn @ rotated[:3], plain[:3], rtol=1e-9)
    np.testing.assert_allclose(rotated[3:], plain[3:], rtol=1e-9)


@pytest.mark.parametrize("family", ["gaussian", "bernoulli"])
def test_a_path_begins_where_the_last_group_leaves(family):
    reg = regression(5, 0.3, family)
    largest = br.strength_max(reg)
    fits = br.path(reg, largest * np.array([1 + 1e-7, 1 - 1e-4, 0.3, 0.1]))
    assert fits.n_zeros[0] == reg.p
    entered = reg.partition.sums((fits.theta[1] != 0).astype(float))
    assert np.count_nonzero(entered[: len(set(reg.prior.groups))]) == 1
    assert fits.kkt.max() < 1e-9


def test_a_whole_path_is_certified_and_cross_validation_chooses_on_it():
    reg = regression(5, 0.3, n=60, p=12, count=6)
    fits = br.path(reg)
    assert fits.n_zeros[0] == reg.p
    assert fits.n_zeros[-1] == 0
    assert np.all(fits.kkt < 1e-9)
    assert np.all(fits.gap < 1e-10)
    chosen = br.select(reg, by="cv", random_seed=0)
    assert fits.strengths[-1] <= chosen.strength <= fits.strengths[0]


def test_a_group_without_a_finite_scale_is_not_penalized():
    X, y, _ = problem(6, p=6)
    labels = ["a", "a", "a", "b", "b", "c"]
    prior = br.GroupLaplace({"a": np.inf, "b": 1e-4, "c": 1e-4}, labels)
    fit = br.map_estimate(br.Regression(X, y, prior=prior, sigma=1.0, standardize=False))
    A = np.column_stack([np.ones(len(y)), X[:, :3]])
    np.testing.assert_allclose(fit.beta, np.append(np.linalg.lstsq(A, y)[0][1:], np.zeros(3)), rtol=1e-9)


def test_joint_mode_of_a_prior_scaled_by_sigma_satisfies_both_conditions():
    X, y, labels = problem(7)
    fit = br.map_estimate(br.Regression(X, y, prior=br.GroupLaplace(0.4, labels, scaled_by_sigma=True)))
    assert fit.certificate.kkt < 1e-9
    assert fit.certificate.sigma_slope < 1e-9


def test_the_certificate_sees_strengths_without_the_root_of_the_sizes(monkeypatch):
    reg, right = regression(8, 0.3), group_descent.minimize

    def spoiled(loss, l1, l2, start=None, *, groups):
        return right(loss, l1 / np.sqrt(groups.sizes), l2, start, groups=groups)

    monkeypatch.setattr(group_descent, "minimize", spoiled)
    with pytest.raises(ConvergenceError, match="violates the optimality conditions"):
        br.map_estimate(reg)


def test_the_certificate_sees_single_coefficients_where_groups_are_penalized():
    """The lasso's minimum is none of the group lasso, and the other way round."""
    X, y, labels = problem(9)
    group, lasso = (
        br.Regression(X, y, prior=prior, sigma=1.3) for prior in (br.GroupLaplace(0.3, labels), br.Laplace(0.3))
    )
    for one, other in ((group, lasso), (lasso, group)):
        judged = br.certify(other, br.map_estimate(one).beta)
        assert judged.kkt > 1e-3
        assert judged.gap > 1e-6


def test_a_loss_with_kinks_is_refused_by_name():
    X, y, labels = problem(10)
    reg = br.Regression(X, y, prior=br.GroupLaplace(0.3, labels), family="laplace", sigma=1.0)
    for refused in (br.map_estimate, br.path):
        with pytest.raises(UnsupportedError, match="student_t"):
            refused(reg)


def test_lengths_of_tiny_and_huge_groups_are_numbers():
    groups = Groups(np.array([0, 1, 0, 1, 2]))
    x = np.array([3e-200, 3e200, 4e-200, 4e200, 0.0])
    np.testing.assert_allclose(groups.lengths(x), [5e-200, 5e200, 5e-200, 5e200, 0.0], rtol=1e-15)
    np.testing.assert_allclose(groups.directions(x), [0.6, 0.6, 0.8, 0.8, 0.0], rtol=1e-15)
    np.testing.assert_allclose(groups.sums(groups.shares(x)), [5e-200, 5e200, 0.0], rtol=1e-15)
