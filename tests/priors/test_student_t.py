import numpy as np
import pytest
from scipy import stats

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
    with pytest.raises(UnsupportedError, match=r"gaussian family.*nuts"):
        br.sample(br.Regression(X, X[:, 0] > 0, prior=reg.prior, family="bernoulli"), engine="gibbs")
