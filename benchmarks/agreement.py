"""MAP estimates against scikit-learn along whole paths; writes agreement.md.

Run it as `python benchmarks/agreement.py`. Each row is a path of 100 strengths. scikit-learn is called here
directly, on columns centred and scaled by NumPy, with strengths worked out from its documented objectives
(RSS/(2n) + alpha·ρ‖β‖₁ + ½·alpha·(1 − ρ)‖β‖², and RSS + alpha‖β‖² for Ridge): nothing of bayesreg's dictionary is
used. Coordinate descent runs to the tightest of the tolerances that it reaches in a given number of sweeps.
"""

import warnings
from pathlib import Path

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import ElasticNet, Ridge

import bayesreg as br

HERE = Path(__file__).resolve().parent
TOLERANCES, MULTIPLICATIONS = (1e-15, 1e-14, 1e-13, 1e-12), 2e9
SIGMA = 2.0


def data_sets():
    """Name, X and y: real, simulated with more rows than columns, and with more columns than rows."""
    X, y = load_diabetes(return_X_y=True, scaled=False)
    yield "diabetes (442 × 10)", X, y
    rng = np.random.default_rng(1)
    for name, n, p in (("tall (2000 × 60)", 2000, 60), ("wide (80 × 200)", 80, 200)):
        X = rng.normal(size=(n, p)) + rng.normal(size=(n, 1))
        X *= np.geomspace(0.1, 10, p)[rng.permutation(p)]
        beta = np.where(rng.uniform(size=p) < 0.15, rng.normal(size=p), 0.0)
        yield name, X + 5, 3 + X @ beta + SIGMA * rng.normal(size=n)


def priors():
    """Name and prior; the elastic net's L2 strength is a tenth of its L1 strength along the whole path."""
    yield "Laplace", br.Laplace(1.0)
    yield "Normal", br.Normal(1.0)
    yield "elastic net", br.to_prior(br.ElasticNet(1.0, 0.1), sigma=SIGMA)


def by_scikit_learn(A, b, l1, l2):
    """The minimum of ½‖b − Aβ‖² + l1‖β‖₁ + ½·l2‖β‖²; A and b are centred."""
    n = len(b)
    if l1 == 0:
        solver = "svd" if n >= A.shape[1] else "cholesky"
        return Ridge(alpha=l2, fit_intercept=False, solver=solver).fit(A, b).coef_
    arguments = {"alpha": (l1 + l2) / n, "l1_ratio": l1 / (l1 + l2), "fit_intercept": False}
    for tolerance in TOLERANCES:
        with warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            try:
                sweeps = int(MULTIPLICATIONS / A.size)
                return ElasticNet(**arguments, tol=tolerance, max_iter=sweeps).fit(A, b).coef_
            except ConvergenceWarning:
                continue
    raise RuntimeError("coordinate descent did not converge")


def compare(X, y, prior, standardize):
    """Largest relative difference, points with equal zeros, largest KKT residual and gap along one path."""
    reg = br.Regression(X, y, prior=prior, sigma=SIGMA, standardize=standardize)
    fits = br.path(reg)
    sd = X.std(axis=0) if standardize else np.ones(X.shape[1])
    A, b = (X - X.mean(axis=0)) / sd, y - y.mean()
    differences, equal = [], 0
    for strength, beta in zip(fits.strengths, fits.beta, strict=True):
        l1 = 0.0 if isinstance(prior, br.Normal) else strength
        l2 = strength if isinstance(prior, br.Normal) else 0.1 * strength * isinstance(prior, br.ElasticNetPrior)
        theirs = by_scikit_learn(np.asfortranarray(A), b, l1, l2)
        size = np.max(np.abs(theirs))
        differences.append(np.max(np.abs(beta - theirs)) / size if size > 0 else np.max(np.abs(beta)))
        equal += np.array_equal(beta == 0, theirs == 0)
    return max(differences), equal, len(fits.strengths), fits.kkt.max(), fits.gap.max()


def main():
    lines = [
        "# MAP against scikit-learn",
        "",
        "Paths of 100 strengths. The difference is max|MAP − scikit-learn| / max|scikit-learn| at each strength, the",
        "largest of the path; KKT (relative to the strength) and duality gap (relative to the objective) are those of",
        "the MAP, the largest of the path. All are dimensionless. Made by `python benchmarks/agreement.py`.",
        "",
        "| data | columns | prior | largest difference | equal zero sets | largest KKT | largest gap |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, X, y in data_sets():
        for standardize in (True, False):
            for kind, prior in priors():
                difference, equal, points, kkt, gap = compare(X, y, prior, standardize)
                columns = "standardized" if standardize else "raw"
                cells = (name, columns, kind, f"{difference:.0e}", f"{equal} of {points}", f"{kkt:.0e}", f"{gap:.0e}")
                lines.append("| " + " | ".join(cells) + " |")
                print(lines[-1], flush=True)
    (HERE / "agreement.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
