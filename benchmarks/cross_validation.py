"""Ten-fold cross-validation of the lasso beside scikit-learn's LassoCV, on the same folds and strengths.

Run: ``python benchmarks/cross_validation.py``. LassoCV stops each coordinate descent at a relative
duality gap; bayesreg's points are exact and certified, so the column "error" tells how far LassoCV's
curve is from the exact one (largest relative difference).
"""

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.linear_model import LassoCV
from sklearn.model_selection import KFold

import bayesreg as br

FOLDS, REPEATS = 10, 3
TOLERANCES = (1e-4, 1e-8)


def correlated(n: int, p: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p)) + 0.7 * rng.normal(size=(n, 1))
    return X, X @ np.r_[rng.normal(size=20), np.zeros(p - 20)] + 3 * rng.normal(size=n)


def diabetes() -> tuple[np.ndarray, np.ndarray]:
    frame, target = br.load_dataset("diabetes")
    return frame.drop(columns=target).to_numpy(), frame[target].to_numpy()


def fastest(task: Callable[[], Any]) -> tuple[float, Any]:
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        result = task()
        times.append(time.perf_counter() - start)
    return min(times), result


def compare(name: str, X: np.ndarray, y: np.ndarray) -> None:
    Z, split = (X - X.mean(axis=0)) / X.std(axis=0), KFold(FOLDS)

    def ours() -> Any:
        return br.select(br.Regression(X, y, prior=br.Laplace(1.0), sigma=1.0), folds=split, objective="sklearn.Lasso")

    ours()
    own, chosen = fastest(ours)
    for tolerance in TOLERANCES:
        taken, model = fastest(lambda tol=tolerance: LassoCV(cv=split, tol=tol, max_iter=100_000).fit(Z, y))
        error = np.max(np.abs(model.mse_path_.mean(axis=1) / chosen.curve.value - 1))
        same = np.isclose(model.alpha_, chosen.strength, rtol=1e-6)
        print(
            f"{name:<12} tol={tolerance:.0e}  LassoCV/bayesreg = {taken / own:6.1f}  "
            f"error {error:.1e}  same choice {same}"
        )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    compare("442 x 10", *diabetes())
    compare("2000 x 300", *correlated(2_000, 300))
