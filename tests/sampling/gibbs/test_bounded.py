"""Draws within bounds against quadrature, and the draw of one coefficient against its density on a grid."""

import numpy as np
import pytest
from scipy import stats

import bayesreg as br
from bayesreg.analysis.from_tree import read_posterior
from bayesreg.model import log_density
from bayesreg.sampling.gibbs.sampler import sample_gibbs

N = 25


def data(shared=0.9):
    generator = np.random.default_rng(4)
    X = generator.normal(size=(N, 2)) @ np.array([[1.0, shared], [0.0, 0.5]])
    return X, X @ [0.5, -0.3] + generator.normal(size=N)


def grid_moments(axes, log_density):
    """Means and standard deviations on a grid of midpoints, the density being smooth inside of it."""
    mesh = np.meshgrid(*axes, indexing="ij")
    values = log_density(*mesh)
    weights = np.exp(values - values.max())
    weights /= weights.sum()
    means = [np.sum(weights * part) for part in mesh]
    return np.array(means), np.sqrt([np.sum(weights * (part - m) ** 2) for part, m in zip(mesh, means, strict=True)])


def middles(low, high, count):
    edges = np.linspace(low, high, count + 1)
    return 0.5 * (edges[1:] + edges[:-1])


def log_likelihood(X, y, first, second, sigma):
    """Of the coefficients of centred columns, the flat intercept integrated out."""
    Z, t = X - X.mean(axis=0), y - y.mean()
    gram, cross = Z.T @ Z, Z.T @ t
    fitted = gram[0, 0] * first**2 + 2 * gram[0, 1] * first * second + gram[1, 1] * second**2
    rss = t @ t - 2 * (cross[0] * first + cross[1] * second) + fitted
    return -(N - 1) * np.log(sigma) - 0.5 * rss / sigma**2


def drawn(reg, thin=1):
    kept = sample_gibbs(reg, draws=6_000, tune=500, chains=4, random_seed=3, cores=2)
    values = [kept.draws.beta]
    values += [] if reg.noise.known else [kept.draws.sigma[..., None]]
    values += [] if reg.scale_known else [kept.draws.hyperparameters["scale"][..., None]]
    return np.concatenate(values, axis=-1)


@pytest.mark.parametrize(
    ("prior", "log_prior"),
    [
        (br.Laplace(0.4), lambda b: -np.abs(b) / 0.4),
        (br.Normal(0.5), lambda b: -2 * b**2),
        (br.ElasticNetPrior(0.4, 0.5), lambda b: -np.abs(b) / 0.4 - 2 * b**2),
    ],
    ids=["laplace", "normal", "elastic net"],
)
@pytest.mark.parametrize(
    "bounds", [(0, None), [(-0.1, 0.6), (0.2, 0.9)], [(None, 0), (-0.5, None)]], ids=["positive", "boxes", "half-lines"]
)
def test_a_known_sigma_against_quadrature(prior, log_prior, bounds, assert_moments):
    X, y = data()
    reg = br.Regression(X, y, prior=prior, sigma=1.1, standardize=False, bounds=bounds)
    ends = np.clip(np.column_stack([reg.bounds.lower, reg.bounds.upper]), -4.0, 4.0)
    # A kink at 0 lies on an edge of the grid.
    axes = [
        np.concatenate([middles(low, min(high, 0), 400), middles(0, high, 400)])
        if low < 0 < high
        else middles(low, high, 800)
        for low, high in ends
    ]
    widths = [
        np.gradient(axis) if low >= 0 or high <= 0 else np.repeat([min(high, 0) - low, high], 400) / 400
        for axis, (low, high) in zip(axes, ends, strict=True)
    ]

    def log_density(first, second):
        log_width = np.log(np.multiply.outer(*widths))
        return log_likelihood(X, y, first, second, 1.1) + log_prior(first) + log_prior(second) + log_width

    assert_moments(drawn(reg), *grid_moments(axes, log_density))


@pytest.mark.slow
def test_unknown_sigma_and_scale_against_quadrature(assert_moments):
    """The half-lines take half of the prior at every scale, so that nothing of the scale's density changes."""
    X, y = data()
    prior = br.Laplace(br.HalfNormal(0.5))
    reg = br.Regression(X, y, prior=prior, sigma=br.HalfNormal(1.0), standardize=False, bounds=[(0, None), (None, 0)])

    def log_density(first, second, sigma, scale):
        smooth = log_likelihood(X, y, first, second, sigma) - 0.5 * sigma**2 - 2 * scale**2
        return smooth - (np.abs(first) + np.abs(second)) / scale - 2 * np.log(scale)

    axes = [middles(0, 2.5, 50), middles(-2.5, 0, 50), middles(0.5, 2.5, 30), middles(0, 2.6, 80)]
    assert_moments(drawn(reg), *grid_moments(axes, log_density))


def test_a_prior_scaled_by_an_unknown_sigma_against_quadrature(assert_moments):
    X, y = data()
    prior = br.Normal(0.5, scaled_by_sigma=True)
    reg = br.Regression(X, y, prior=prior, sigma=br.HalfNormal(1.0), standardize=False, bounds=(0, None))

    def log_density(first, second, sigma):
        smooth = log_likelihood(X, y, first, second, sigma) - 0.5 * sigma**2
        return smooth - 2 * (first**2 + second**2) / sigma**2 - 2 * np.log(sigma)

    axes = [middles(0, 3, 200), middles(0, 3, 200), middles(0.4, 3, 100)]
    assert_moments(drawn(reg), *grid_moments(axes, log_density))


@pytest.mark.parametrize("bounds", [(0, None), (-0.2, 0.5)], ids=["positive", "box"])
def test_more_columns_than_rows_stay_within(bounds):
    generator = np.random.default_rng(2)
    X = generator.normal(size=(15, 30))
    reg = br.Regression(X, X[:, 0] + generator.normal(size=15), prior=br.Laplace(0.3), sigma=1.0, bounds=bounds)
    idata = br.sample(reg, draws=400, random_seed=1)
    assert idata.attrs["engine"] == "gibbs"
    coef = idata["posterior"]["coef"].to_numpy()
    assert coef.min() >= bounds[0]
    assert coef.max() <= (np.inf if bounds[1] is None else bounds[1])
    assert np.all(np.isfinite(idata["sample_stats"]["lp"]))


@pytest.mark.slow
def test_the_draw_of_one_coefficient_follows_its_density():
    from bayesreg.sampling.gibbs.compiled.bounded import bounded_draw

    generator = np.random.default_rng(1)
    boxes = [
        (0, np.inf),
        (-np.inf, 0),
        (-1, 2),
        (0.5, 0.7),
        (-0.01, 0.02),
        (3, np.inf),
        (-np.inf, np.inf),
        (-np.inf, 1),
    ]
    pvalues = []
    for k in range(24):
        # Modes far inside, far outside and beside the box, in units of the coefficient's standard deviation.
        linear, weight = generator.normal() * 10 ** generator.uniform(-1, 2.5), (k % 3) * 10 ** generator.uniform(-1, 2)
        low, high = boxes[k % 8]
        draws = np.array([bounded_draw(generator, 1.0, linear, weight, low, high) for _ in range(2_000)])
        assert np.all((draws >= low) & (draws <= high))
        margin = 60 * draws.std()
        ends = max(low, draws.min() - margin), min(high, draws.max() + margin)
        grid = np.union1d(np.linspace(*ends, 100_001), np.linspace(draws.min(), draws.max(), 100_001))
        log_density = -0.5 * grid**2 + linear * grid - weight * np.abs(grid)
        density = np.exp(log_density - log_density.max())
        mass = np.append(0.0, np.cumsum(0.5 * (density[1:] + density[:-1]) * np.diff(grid)))
        pvalues.append(stats.kstest(np.interp(draws, grid, mass / mass[-1]), "uniform").pvalue)
    assert min(pvalues) > 1e-3 / len(pvalues)


@pytest.mark.parametrize(
    ("linear", "low", "high", "mean"),
    [(-1e6, 0.0, np.inf, 1e-6), (0.0, 1e6, np.inf, 1e6), (-1e3, 0.0, 1e-9, 0.5e-9), (1e5, -np.inf, 0.0, -1e-5)],
)
def test_draws_keep_their_digits_far_in_a_tail(linear, low, high, mean):
    """Beyond t standard deviations the density falls as exp(−tx), and on a tiny interval it is flat."""
    from bayesreg.sampling.gibbs.compiled.bounded import bounded_draw

    generator = np.random.default_rng(1)
    draws = np.array([bounded_draw(generator, 1.0, linear, 0.0, low, high) for _ in range(4_000)])
    assert np.mean(draws) == pytest.approx(mean, rel=0.1)
    assert np.all((draws >= low) & (draws <= high))


def test_engines_without_a_form_for_bounds_are_refused():
    X, y = data()
    reg = br.Regression(X, y, prior=br.Normal(1.0), sigma=1.0, bounds=(0, None))
    # Without bounds a Normal prior is drawn exactly.
    assert br.choose_engine(reg).engine == "gibbs"
    for engine in ("exact", "hmc"):
        with pytest.raises(br.errors.UnsupportedError, match="no form for bounds"):
            br.sample(reg, engine=engine)
    for kernel in ("block", "interpreted"):
        with pytest.raises(br.errors.UnsupportedError):
            br.sample(reg, kernel=kernel)
    with pytest.raises(br.errors.UnsupportedError, match="evidence"):
        br.log_evidence(reg)


def test_a_posterior_knows_its_bounds():
    X, y = data()
    reg = br.Regression(X, y, prior=br.Laplace(0.4), sigma=1.0, bounds=[(0, None), (-0.1, 0.1)])
    idata = br.sample(reg, draws=300, random_seed=1)
    again, draws = read_posterior(idata)
    assert again.bounds.pairs == reg.bounds.pairs
    lp = idata["sample_stats"]["lp"].to_numpy().ravel()
    np.testing.assert_allclose(
        log_density.log_likelihood(again, draws) + log_density.log_prior(again, draws), lp, rtol=1e-10
    )
    other = br.Regression(X, y, prior=br.Laplace(0.4), sigma=1.0)
    with pytest.raises(br.errors.DataError, match="bounds"):
        br.shrinkage(idata, reg=other)
    assert br.predict(idata, X).mean.shape == (N,)
