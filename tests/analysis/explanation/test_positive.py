"""Fits of scikit-learn with positive=True are read as priors on the half-line."""

import numpy as np
import pytest
from sklearn.linear_model import ElasticNet, Lasso, LassoCV, Ridge

import bayesreg as br
from bayesreg.sklearn import Lasso as LassoWithPosterior

FITS = [
    Lasso(alpha=0.1, positive=True, tol=1e-12, max_iter=100_000),
    ElasticNet(alpha=0.1, positive=True, tol=1e-12, max_iter=100_000),
    Ridge(alpha=2.0, positive=True, tol=1e-12),
    LassoCV(positive=True, cv=3, tol=1e-10, max_iter=100_000),
]


def rows():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(60, 4)) * [1.0, 3.0, 0.2, 1.0]
    return X, X @ [1.0, -0.5, 2.0, 0.0] + generator.normal(size=60)


@pytest.mark.parametrize("fitted", FITS, ids=lambda fitted: type(fitted).__name__)
def test_the_mode_is_the_fit_and_the_posterior_stays_positive(fitted):
    X, y = rows()
    explained = br.explain(fitted.fit(X, y), X, y, random_seed=0)
    assert explained.reg.bounds.pairs == ((0.0, np.inf),) * 4
    np.testing.assert_allclose(explained.map.coef, fitted.coef_, atol=1e-5)
    np.testing.assert_array_equal(explained.map.coef == 0, fitted.coef_ == 0)
    assert explained.estimate.certificate.kkt < 1e-3
    assert explained.to_frame()["lower"].min() >= 0


def test_the_drop_in_estimator_has_a_positive_posterior():
    X, y = rows()
    model = LassoWithPosterior(alpha=0.1, positive=True).fit(X, y)
    np.testing.assert_array_equal(model.coef_, Lasso(alpha=0.1, positive=True).fit(X, y).coef_)
    assert model.explanation_.idata["posterior"]["coef"].to_numpy().min() >= 0
