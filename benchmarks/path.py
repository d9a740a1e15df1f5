"""Paths of 100 strengths against scikit-learn's and skglm's, each run until its points are as good as ours.

Run by ``python benchmarks/path.py``; writes ``path.md`` beside this file. One thread, since threads that wait
for each other say nothing about a method.
"""

import os

os.environ.update({"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"})

import time
import warnings
from pathlib import Path

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.linear_model import enet_path, lasso_path

import bayesreg as br

WANTED_KKT = 1e-9
TOLERANCES = (1e-10, 1e-12, 1e-14, 1e-15)
PENALTIES = {"lasso": br.Laplace(1.0), "elastic net": br.ElasticNetPrior(1.0, 1.0)}


def simulated(n, p):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p))
    y = X[:, :10] @ rng.normal(size=10) + rng.normal(size=n)
    return X, y


def cells():
    yield "442 × 10 (diabetes)", *load_diabetes(return_X_y=True, scaled=False), 5
    for n, p, rounds in ((2_000, 300, 5), (10_000, 100, 5), (200, 5_000, 1)):
        yield f"{n} × {p}", *simulated(n, p), rounds


def ours(X, y, prior):
    """The whole call: reading, standardizing, the path and its certificates."""
    return br.path(br.Regression(X, y, prior=prior, sigma=1.0))


def prepared(X, y):
    """What a user of lasso_path does first: standardize the columns, centre the target."""
    return np.asfortranarray((X - X.mean(axis=0)) / X.std(axis=0)), y - y.mean()


def theirs(X, y, penalty, strengths, tolerance):
    (Z, y), n = prepared(X, y), len(y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if penalty == "lasso":
            _, coef, _ = lasso_path(Z, y, alphas=strengths / n, tol=tolerance, max_iter=20_000)
        else:
            _, coef, _ = enet_path(Z, y, l1_ratio=0.5, alphas=2 * strengths / n, tol=tolerance, max_iter=20_000)
    return coef


def kkt(Z, y, penalty, strengths, coef):
    """Largest violation relative to the strength, as in our certificates."""
    pull = Z.T @ (y[:, None] - Z @ coef) - (0 if penalty == "lasso" else strengths * coef)
    away, at_zero = np.abs(pull - strengths * np.sign(coef)), np.maximum(np.abs(pull) - strengths, 0)
    return float(np.max(np.where(coef == 0, at_zero, away) / strengths))


def timed(run):
    start = time.perf_counter()
    found = run()
    return time.perf_counter() - start, found


def compare(X, y, penalty, rounds):
    Z, centred = prepared(X, y)
    path = ours(X, y, PENALTIES[penalty])
    reached, tolerance = np.inf, TOLERANCES[0]
    for tolerance in TOLERANCES:
        spent, coef = timed(lambda tol=tolerance: theirs(X, y, penalty, path.strengths, tol))
        reached = kkt(Z, centred, penalty, path.strengths, coef)
        if reached <= WANTED_KKT or spent > 30:
            break
    ratios = []
    for _ in range(rounds):
        own, _ = timed(lambda: ours(X, y, PENALTIES[penalty]))
        other, _ = timed(lambda: theirs(X, y, penalty, path.strengths, tolerance))
        ratios.append(other / own)
    return float(np.median(ratios)), float(path.kkt.max()), reached, tolerance


def main():
    lines = [
        "# Paths of 100 strengths",
        "",
        "Time of scikit-learn's path divided by the time of `br.path`, standardizing included in both and",
        "certifying in ours; one thread, medians; larger is better for us. scikit-learn runs at the loosest of",
        f"{', '.join(f'{t:g}' for t in TOLERANCES)} whose KKT residual is at most {WANTED_KKT:g} of the strength,",
        "or the last one tried. Made by `python benchmarks/path.py`.",
        "",
        "| data | penalty | scikit-learn / ours | our KKT | its KKT | its tolerance |",
        "|---|---|---|---|---|---|",
    ]
    for name, X, y, rounds in cells():
        for penalty in PENALTIES:
            ratio, own, other, tolerance = compare(X, y, penalty, rounds)
            lines.append(f"| {name} | {penalty} | {ratio:.2g} | {own:.0e} | {other:.0e} | {tolerance:g} |")
            print(lines[-1], flush=True)
    Path(__file__).with_suffix(".md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
