import numpy as np
import pytest
from scipy import integrate, stats

import bayesreg as br
from bayesreg.errors import PriorError, UnsupportedError


def test_its_density_is_scipys():
    beta, scale = np.array([-2.0, 0.3, 40.0]), [0.4, 1.0, 3.0]
    expected = stats.t(2.5, 0, np.multiply(1.7, scale)).logpdf(beta)
    prior = br.StudentTPrior(2.5, scale, scaled_by_sigma=True)
    np.testing.assert_allclose(prior.log_density(beta, sigma=1.7), expected, rtol=1e-13)
    by_name = br.StudentTPrior(2.5, {"c": 3.0, "a": 0.4, "b": 1.0})
    np.testing.assert_array_equal(by_name.constants(("a", "b", "c"))["student_t_scale"], scale)


@pytest.mark.parametrize(
    ("df", "scale"),
    [(0.0, 1.0), (np.inf, 1.0), ("3", 1.0), (3.0, 0.0), (3.0, np.inf), (3.0, [1.0, np.inf]), (3.0, "1")],
)
def test_impossible_numbers_are_refused(df, scale):
    with pytest.raises(PriorError, match=r"df|scale"):
        br.StudentTPrior(df, scale)


def test_what_it_does_not_have_is_refused_with_a_cure():
    X = np.random.default_rng(1).normal(size=(20, 2))
    reg = br.Regression(X, X[:, 0], prior=br.StudentTPrior(3.0, 1.0), sigma=1.0)
    for refused in (lambda: br.map_estimate(reg), lambda: br.compare(reg), lambda: br.path(reg)):
        with pytest.raises(PriorError, match=r"Student-t prior has no penalty .*br\.sample"):
            refused()
    with pytest.raises(UnsupportedError, match=r"no law for a Student-t prior.*nuts"):
        br.sample(reg, engine="gibbs")
    assert br.choose_engine(reg).engine == "nuts"


@pytest.mark.slow
def test_its_posterior_is_that_of_quadrature():
    """One column, so that the mean under a heavy-tailed prior is two integrals."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(12, 1))
    y = 1.5 * x[:, 0] + rng.normal(size=12)
    reg = br.Regression(x, y, prior=br.StudentTPrior(2.0, 0.2), sigma=1.0, intercept=False, standardize=False)

    def weight(beta):
        return np.exp(-0.5 * np.sum((y - beta * x[:, 0]) ** 2)) * stats.t(2.0, 0, 0.2).pdf(beta)

    total, first, second = (integrate.quad(lambda b, k=k: weight(b) * b**k, -2, 5, limit=200)[0] for k in range(3))
    mean, sd = first / total, (second / total - (first / total) ** 2) ** 0.5
    draws = br.sample(reg, draws=1_000, random_seed=3)["posterior"]["coef"].to_numpy()
    assert draws.mean() == pytest.approx(mean, abs=5 * sd / 1_000**0.5)
    assert draws.std() == pytest.approx(sd, rel=0.1)
