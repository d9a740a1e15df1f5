"""Shrinkage against ridge regression's degrees of freedom, closed forms and quadrature."""

import numpy as np
import pytest
from scipy import integrate

import bayesreg as br
from bayesreg.analysis.from_tree import read_posterior
from bayesreg.analysis.shrinkage.kappa import kappa_of, posterior_precision, prior_precision
from bayesreg.model.unknowns import Unknowns
from bayesreg.sampling.datatree import to_datatree
from bayesreg.sampling.draws import Run

RNG = np.random.default_rng(8)
N, P = 60, 4
# Centred, orthogonal columns of standard deviation 1.
ORTHOGONAL = np.linalg.qr(np.column_stack([np.ones(N), RNG.normal(size=(N, P))]))[0][:, 1:] * np.sqrt(N)
BETA = np.array([1.0, -0.5, 0.2, 0.05])
Y = 3 + ORTHOGONAL @ BETA + RNG.normal(size=N)


def sampled(reg, draws=500):
    return br.sample(reg, draws=draws, random_seed=4)


def ridge_degrees_of_freedom(columns, precision):
    """Σ d²/(d² + σ²/s²) from the singular values."""
    d = np.linalg.svd(columns, compute_uv=False)
    return float(np.sum(d**2 / (d**2 + precision)))


def test_m_eff_is_ridges_degrees_of_freedom(diabetes):
    X, y = diabetes
    found = br.shrinkage(sampled(br.Regression(X, y, prior=br.Normal(10.0), sigma=54.0)))
    Z = ((X - X.mean()) / X.std(ddof=0)).to_numpy()
    assert found.m_eff == pytest.approx(ridge_degrees_of_freedom(Z, 54.0**2 / 100), rel=1e-12)
    assert found.interval() == pytest.approx((found.m_eff, found.m_eff), rel=1e-12)
    assert found.prior_m_eff == pytest.approx(found.m_eff, rel=1e-12)


def test_kappa_is_the_diagonal_of_the_shrinkage_matrix(diabetes):
    X, y = diabetes
    scale = np.linspace(2, 40, 10)
    scale[3] = np.inf
    found = br.shrinkage(sampled(br.Regression(X, y, prior=br.Normal(scale), sigma=54.0)))
    Z = ((X - X.mean()) / X.std(ddof=0)).to_numpy()
    L, D = Z.T @ Z / 54.0**2, np.diag(1 / scale**2)
    np.testing.assert_allclose(found.kappa, np.diag(np.linalg.solve(L + D, D)), rtol=1e-9, atol=1e-14)
    assert found.kappa[3] == 0


def test_sigma_is_averaged_over(diabetes):
    X, y = diabetes
    tree = sampled(br.Regression(X, y, prior=br.Normal(10.0)))
    Z = ((X - X.mean()) / X.std(ddof=0)).to_numpy()
    sigma = tree["posterior"]["sigma"].values.ravel()
    expected = [ridge_degrees_of_freedom(Z, value**2 / 100) for value in sigma]
    np.testing.assert_allclose(br.shrinkage(tree).m_eff_draws, expected, rtol=1e-10)


def test_a_prior_scaled_by_sigma_has_no_sigma_in_its_kappa(diabetes):
    X, y = diabetes
    found = br.shrinkage(sampled(br.Regression(X, y, prior=br.Normal(0.2, scaled_by_sigma=True))))
    Z = ((X - X.mean()) / X.std(ddof=0)).to_numpy()
    np.testing.assert_allclose(found.m_eff_draws, ridge_degrees_of_freedom(Z, 25.0), rtol=1e-10)


def test_orthogonal_normal_is_one_minus_mean_over_least_squares():
    reg = br.Regression(ORTHOGONAL, Y, prior=br.Normal(0.3), sigma=1.0)
    from bayesreg.sampling.exact.posterior import exact_posterior

    found = br.shrinkage(sampled(reg))
    np.testing.assert_allclose(found.kappa, 1 - exact_posterior(reg).mean() / found.least_squares, rtol=1e-10)
    np.testing.assert_allclose(found.prior_rows, 1 / 0.3**2, rtol=1e-9)


def laplace_mean(least_squares, sd, b):
    """Posterior mean of one coefficient with a Normal likelihood, by quadrature."""

    def weight(beta):
        return np.exp(-0.5 * ((beta - least_squares) / sd) ** 2 - abs(beta) / b)

    limits = (least_squares - 12 * sd, least_squares + 12 * sd)
    inside = [0.0] if limits[0] < 0 < limits[1] else None
    top = integrate.quad(lambda beta: beta * weight(beta), *limits, points=inside, epsabs=1e-14)[0]
    return top / integrate.quad(weight, *limits, points=inside, epsabs=1e-14)[0]


def test_orthogonal_laplace_is_one_minus_mean_over_least_squares(assert_zs):
    """κ_j averaged over the mixing variances, against a posterior mean by quadrature."""
    b, sd = 0.2, 1 / np.sqrt(N)
    tree = sampled(br.Regression(ORTHOGONAL, Y, prior=br.Laplace(b), sigma=1.0), draws=4_000)
    found = br.shrinkage(tree)
    expected = [1 - laplace_mean(value, sd, b) / value for value in found.least_squares]
    from arviz_stats.base import array_stats

    draws = found.kappa_draws.reshape(4, -1, P)
    error = array_stats.mcse(draws, chain_axis=0, draw_axis=1, method="mean")
    assert_zs((found.kappa - expected) / error)


def test_rows_and_gram_give_the_same(wide):
    X, y = wide
    reg = br.Regression(X, y, prior=br.Laplace(0.2), sigma=1.0)
    precision = np.exp(np.random.default_rng(1).normal(0, 4, size=(5, 150)))
    found = kappa_of(reg, np.ones(5), precision, None)
    Z = reg.design.matrix
    expected = [d * np.diag(np.linalg.inv(Z.T @ Z + np.diag(d))) for d in precision]
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9)


def test_precisions_of_any_size_stay_between_0_and_1(diabetes):
    X, y = diabetes
    reg = br.Regression(X, y, prior=br.Laplace(10.0), sigma=54.0)
    precision = 10.0 ** np.random.default_rng(1).uniform(-180, 180, size=(50, 10))
    kappa = kappa_of(reg, np.full(50, 54.0), precision, None)
    assert np.all((kappa >= 0) & (kappa <= 1))


def test_more_columns_than_rows_is_flagged(wide):
    X, y = wide
    found = br.shrinkage(sampled(br.Regression(X, y, prior=br.Normal(0.5), sigma=1.0)))
    assert found.least_squares_kind == "of least norm"
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    assert found.m_eff == pytest.approx(ridge_degrees_of_freedom(Z, 4.0), rel=1e-10)
    assert found.m_eff < 60


def test_moments_give_what_rows_give(diabetes):
    X, y = diabetes
    reg = br.Regression(X, y, prior=br.Laplace(10.0), sigma=54.0)
    tree = sampled(reg)
    short = br.Regression.from_moments(reg.design.moments, prior=br.Laplace(10.0), sigma=54.0)
    np.testing.assert_allclose(br.shrinkage(tree, reg=short).kappa, br.shrinkage(tree).kappa, rtol=1e-8)
    again = br.shrinkage(sampled(short))
    np.testing.assert_allclose(again.least_squares, br.least_squares(reg).beta, rtol=1e-8)


def made(reg, **scales):
    rng, shape = np.random.default_rng(2), (2, 40)
    sigma = rng.uniform(0.5, 2, size=shape) if reg.noise.sigma is None else np.full(shape, reg.noise.sigma)
    scales |= {} if reg.scale_known else {"scale": rng.uniform(0.1, 1, size=shape)}
    draws = Unknowns(rng.normal(size=(*shape, reg.p)), rng.normal(size=shape), sigma, scales)
    return to_datatree(reg, Run(draws), {}, (), None)


def test_an_unknown_scale_is_averaged_over():
    tree = made(br.Regression(ORTHOGONAL, Y, prior=br.Normal(br.HalfNormal(1.0)), sigma=br.HalfNormal(1.0)))
    posterior = tree["posterior"]
    scale, sigma = (posterior[name].values.ravel() for name in ("scale", "sigma"))
    np.testing.assert_allclose(br.shrinkage(tree).m_eff_draws, P * N * scale**2 / (N * scale**2 + sigma**2), rtol=1e-10)


@pytest.mark.parametrize("scaled", [False, True])
def test_mixing_variances_belong_to_the_draw_of_beta(scaled, assert_zs):
    """E(δ_j | β_j) = 1/(b|β_j|), with b the whole scale: 1/τ is inverse-Gaussian with mean b/|β_j|."""
    reg = br.Regression(ORTHOGONAL, Y, prior=br.Laplace(br.HalfNormal(1.0), scaled_by_sigma=scaled))
    count, beta = 20_000, np.array([0.5, 1.0, 2.0, 4.0])
    shape = (1, count)
    scales = {"scale": np.full(shape, 2.0)}
    draws = Unknowns(np.tile(beta, (1, count, 1)), np.zeros(shape), np.full(shape, 3.0), scales)
    precision = posterior_precision(reg, draws[0], np.random.default_rng(1))
    b = 6.0 if scaled else 2.0
    error = precision.std(axis=0) / np.sqrt(count)
    assert_zs((precision.mean(axis=0) - 1 / (b * beta)) / error)


def test_a_logistic_regression_uses_its_fisher_information():
    y = (np.random.default_rng(3).random(N) < 0.4).astype(float)
    offset = np.linspace(-1, 1, N)
    tree = made(br.Regression(ORTHOGONAL, y, prior=br.Normal(0.5), family="bernoulli", offset=offset))
    posterior = tree["posterior"]
    eta = offset + float(posterior["intercept"].mean()) + ORTHOGONAL @ posterior["coef"].mean(("chain", "draw")).values
    pi = 1 / (1 + np.exp(-eta))
    A = np.column_stack([ORTHOGONAL, np.ones(N)])
    L, D = A.T @ (A * (pi * (1 - pi))[:, None]), np.diag([4.0] * P + [0.0])
    np.testing.assert_allclose(br.shrinkage(tree).kappa, np.diag(np.linalg.solve(L + D, D))[:P], rtol=1e-8)


@pytest.mark.parametrize("prior", [br.Normal(0.5), br.Laplace(0.5)])
def test_an_intercept_prior_at_zero_counts_but_is_not_counted(prior):
    X = ORTHOGONAL + 2.0
    reg = br.Regression(X, Y, prior=prior, sigma=1.0, intercept=br.Normal(2.0), center=False, standardize=False)
    _, draws = read_posterior(made(reg), reg)
    delta = posterior_precision(reg, draws, np.random.default_rng(0))
    if isinstance(prior, br.Normal):
        np.testing.assert_allclose(delta, 4.0, rtol=1e-15)
    A = np.column_stack([X, np.ones(N)])
    expected = [(np.append(d, 0.25) * np.diag(np.linalg.inv(A.T @ A + np.diag(np.append(d, 0.25)))))[:P] for d in delta]
    np.testing.assert_allclose(kappa_of(reg, draws.sigma, delta, None), expected, rtol=1e-8)


def test_a_horseshoes_kappa_is_that_of_its_local_scales():
    reg = br.Regression(ORTHOGONAL, Y, prior=br.Horseshoe(br.HalfCauchy(1.0)), sigma=1.0)
    local = np.abs(np.random.default_rng(0).standard_cauchy((2, 40, P)))
    tree = made(reg, local_scale=local)
    scale = tree["posterior"]["scale"].values.ravel()
    expected = 1 / (1 + N * (local.reshape(-1, P) * scale[:, None]) ** 2)
    np.testing.assert_allclose(br.shrinkage(tree).kappa_draws, expected, rtol=1e-9)


def test_prior_m_eff_of_the_horseshoe_is_piironen_and_vehtaris():
    """E(m_eff | τ) = Σ τ√n/σ / (1 + τ√n/σ) for standardized orthogonal columns (their equation 3.8)."""
    reg = br.Regression(ORTHOGONAL, Y, prior=br.Horseshoe(0.05), sigma=1.0)
    precision = prior_precision(reg, np.ones(20_000), np.random.default_rng(3))
    m_eff = np.sum(1 - kappa_of(reg, np.ones(20_000), precision, None), axis=1)
    a = 0.05 * np.sqrt(N)
    assert m_eff.mean() == pytest.approx(P * a / (1 + a), abs=3.3 * m_eff.std() / np.sqrt(20_000))


@pytest.mark.parametrize("prior", [br.Laplace(0.1), br.ElasticNetPrior(0.1, 0.2), br.ElasticNetPrior(0.5, 0.02)])
def test_prior_mixing_gives_back_the_prior(prior, assert_zs):
    """Normal draws with the drawn precisions have the prior's moments E|β| and E β², by quadrature."""
    reg = br.Regression(ORTHOGONAL, Y, prior=prior, sigma=1.0)
    precision = prior_precision(reg, np.ones(20_000), np.random.default_rng(3))
    beta = np.random.default_rng(4).normal(size=precision.shape) / np.sqrt(precision)
    for power in (1, 2):
        expected = integrate.quad(lambda b, k=power: 2 * b**k * np.exp(prior.log_density([b])[0]), 0, 8)[0]
        size = np.abs(beta) ** power
        assert_zs((size.mean() - expected) / size.std() * np.sqrt(size.size))


def test_an_improper_hyperprior_has_no_prior_m_eff():
    found = br.shrinkage(made(br.Regression(ORTHOGONAL, Y, prior=br.Normal(br.Uniform(np.inf)), sigma=1.0)))
    assert found.prior_m_eff is None
    assert "a priori" not in repr(found)


def test_separated_data_have_no_maximum_of_the_likelihood():
    y = (ORTHOGONAL[:, 0] > 0).astype(float)
    found = br.shrinkage(made(br.Regression(ORTHOGONAL, y, prior=br.Normal(0.5), family="bernoulli")))
    assert found.least_squares_kind == "none"
    assert "least_squares" not in found.to_frame()


def test_a_constant_column_is_fully_shrunk():
    X = np.column_stack([ORTHOGONAL, np.ones(N)])
    with pytest.warns(br.errors.ConstantColumnWarning):
        reg = br.Regression(X, Y, prior=br.Normal(0.5), sigma=1.0)
    found = br.shrinkage(sampled(reg))
    assert found.kappa[-1] == pytest.approx(1.0, rel=1e-12)


def test_frame_and_repr(diabetes):
    X, y = diabetes
    found = br.shrinkage(sampled(br.Regression(X, y, prior=br.Laplace(10.0), sigma=54.0)))
    frame = found.to_frame(0.5)
    assert list(frame.index) == list(X.columns)
    assert np.all(np.isfinite(frame))
    assert np.all((frame["kappa_lower"] < frame["kappa_upper"]) & (frame["kappa"] > 0) & (frame["kappa"] < 1))
    assert repr(found).startswith("Shrinkage(effective number of coefficients 7.")
    assert "<table" in found._repr_html_()
    with pytest.raises(br.errors.PriorError, match="ci_prob must be between"):
        found.to_frame(95)


def test_the_same_seed_gives_the_same(diabetes):
    X, y = diabetes
    tree = sampled(br.Regression(X, y, prior=br.Laplace(10.0), sigma=54.0))
    assert np.array_equal(br.shrinkage(tree).kappa, br.shrinkage(tree).kappa)
    assert not np.array_equal(br.shrinkage(tree).kappa, br.shrinkage(tree, random_seed=1).kappa)


def test_a_flat_column_beside_laplace_columns_is_not_shrunk():
    reg = br.Regression(ORTHOGONAL, Y, prior=br.Laplace([0.2, np.inf, 0.2, 0.2]), sigma=1.0)
    kappa = br.shrinkage(sampled(reg)).kappa
    assert kappa[1] == pytest.approx(0, abs=1e-12)
    assert np.all(kappa[[0, 2, 3]] > 0.01)


class Precise(br.Prior):
    """Normal(0, 1/4), by its precision alone."""

    name, title, scaled_by_sigma = "precise", "precise", False

    def precision(self, given, mixing):
        return np.full(mixing.shape, 4.0)


def test_a_prior_without_mixing_shrinks_as_its_normal():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(40, 3))
    reg = br.Regression(X, X @ [1.0, 0.0, -2.0] + rng.normal(size=40), prior=br.Normal(0.5), sigma=1.0)
    draws = Unknowns(rng.normal(size=(5, 3)), np.zeros(5), np.ones(5))
    stated, normal = (
        kappa_of(one, draws.sigma, posterior_precision(one, draws, rng), None)
        for one in (reg.with_prior(Precise()), reg)
    )
    np.testing.assert_allclose(stated, normal, rtol=1e-12)
    before = prior_precision(reg.with_prior(Precise()), draws.sigma, rng)
    np.testing.assert_array_equal(before, np.full((1, 3), 4.0))
