"""The table of `bayesreg compare diabetes` as one writes it by hand, with PyMC and scikit-learn.

It has the columns of that table, the MAP by pm.find_MAP (which ends near zeros, not on them), but no certificate.
"""

import arviz as az
import numpy as np
import pandas as pd
import pymc as pm
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Lasso, LassoCV, LinearRegression
from sklearn.model_selection import KFold
from sklearn.preprocessing import StandardScaler


def main():
    X, y = load_diabetes(as_frame=True, scaled=False, return_X_y=True)
    scaler = StandardScaler().set_output(transform="pandas")
    Z, (n, p) = scaler.fit_transform(X), X.shape

    ols = LinearRegression().fit(Z, y)
    sigma = np.sqrt(np.sum((y - ols.predict(Z)) ** 2) / (n - p - 1))
    alpha = LassoCV(cv=KFold(5, shuffle=True, random_state=0), alphas=100, max_iter=10_000).fit(Z, y).alpha_
    lasso = Lasso(alpha=alpha, tol=1e-12, max_iter=100_000).fit(Z, y)

    with pm.Model(coords={"column": list(X.columns)}):
        beta = pm.Laplace("beta", 0, sigma**2 / (n * alpha), dims="column")
        intercept = pm.Flat("intercept", initval=y.mean())
        pm.Normal("y", intercept + Z.to_numpy() @ beta, sigma, observed=y.to_numpy())
        mode = pm.find_MAP(progressbar=False, jitter=False, return_inferencedata=True)
        idata = pm.sample(draws=1000, chains=4, random_seed=0, progressbar=False)

    coef = idata["posterior"]["beta"] / scaler.scale_
    draws = coef.stack(sample=("chain", "draw")).transpose("column", "sample").to_numpy()
    epsilon = 0.05 * y.std(ddof=0) / scaler.scale_
    table = pd.DataFrame({"least squares": ols.coef_ / scaler.scale_, "penalized": lasso.coef_ / scaler.scale_})
    table = table.set_index(X.columns)
    table["MAP"] = np.ravel(mode["posterior"]["beta"]) / scaler.scale_
    table["mean"], table["sd"] = draws.mean(axis=1), draws.std(axis=1, ddof=1)
    table["lower"], table["upper"] = np.quantile(draws, [0.025, 0.975], axis=1)
    table["p_direction"] = np.maximum(np.mean(draws > 0, axis=1), np.mean(draws < 0, axis=1))
    table["P(near 0)"] = np.mean(np.abs(draws) < epsilon[:, None], axis=1)
    print(table.to_string(float_format="{:.4g}".format))
    print(az.summary(idata, kind="diagnostics"))


if __name__ == "__main__":
    main()
