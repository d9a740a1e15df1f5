"""scikit-learn's own checks of an estimator, without expected failures."""

import warnings

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

import bayesreg.sklearn as drop_in

QUICK = [drop_in.Ridge(), drop_in.LogisticRegression()]
OTHERS = [
    drop_in.Lasso(),
    drop_in.ElasticNet(),
    drop_in.PoissonRegressor(),
    drop_in.LassoCV(cv=3, alphas=5),
    drop_in.ElasticNetCV(cv=3, alphas=5),
    drop_in.RidgeCV(),
    drop_in.LogisticRegressionCV(l1_ratios=(0,), Cs=3, cv=3, use_legacy_attributes=False),
]


def run(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check(estimator)


@parametrize_with_checks(QUICK)
def test_estimator(estimator, check):
    run(estimator, check)


@pytest.mark.slow
@parametrize_with_checks(OTHERS)
def test_other_estimator(estimator, check):
    run(estimator, check)
