"""Paths of 100 strengths against scikit-learn's, celer's and skglm's, each run until its points are as good as ours.

Run by ``python benchmarks/path.py``; writes ``path.md`` beside this file. One thread, since threads that wait
for each other say nothing about a method. celer is measured where it is installed.
"""

import os

os.environ.update({"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"})

import time
import warnings
from pathlib import Path

import numpy as np
from skglm.datafits import Logistic, Quadratic
from skglm.penalties import L1, L1_plus_L2
from skglm.solvers import AndersonCD, ProxNewton
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LogisticRegression, enet_path, lasso_path

import bayesreg as br
from bayesreg.optimize.certificate import certify_family_points, certify_points

WANTED_KKT = 1e-9
# Seconds after which no tighter tolerance is tried, and those that all rounds of a cell may take.
PATIENCE, ROUNDS = 5.0, 3.0
PENALTIES = {"lasso": br.Laplace(1.0), "elastic net": br.ElasticNetPrior(1.0, 1.0), "logistic lasso": br.Laplace(1.0)}


def simulated(n, p):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p))
    y = X[:, :10] @ rng.normal(size=10) + rng.normal(size=n)
    return X, y


def cells():
    yield "442 × 10 (diabetes)", *load_diabetes(return_X_y=True, scaled=False)
    for n, p in ((2_000, 300), (10_000, 100), (200, 5_000)):
        yield f"{n} × {p}", *simulated(n, p)


def prepared(X, y):
    """What a user of lasso_path does first: standardize the columns, centre the target."""
    return np.asfortranarray((X - X.mean(axis=0)) / X.std(axis=0)), y - y.mean()


def classes(y):
    return (y > np.median(y)).astype(float)


def regression(X, y, penalty):
    if penalty == "logistic lasso":
        Z, _ = prepared(X, y)
        given = {"family": "bernoulli", "intercept": False, "standardize": False}
        return br.Regression(Z, classes(y), prior=PENALTIES[penalty], **given)
    return br.Regression(X, y, prior=PENALTIES[penalty], sigma=1.0)


def ours(X, y, penalty):
    """The whole call: reading, standardizing, the path and its certificates."""
    return br.path(regression(X, y, penalty))


def by_sklearn(Z, y, penalty, strengths, tolerance):
    n = len(y)
    if penalty == "lasso":
        return lasso_path(Z, y, alphas=strengths / n, tol=tolerance, max_iter=20_000)[1]
    if penalty == "elastic net":
        return enet_path(Z, y, l1_ratio=0.5, alphas=2 * strengths / n, tol=tolerance, max_iter=20_000)[1]
    model = LogisticRegression(l1_ratio=1.0, solver="liblinear", fit_intercept=False, tol=tolerance, max_iter=10_000)
    return np.array([model.set_params(C=1 / strength).fit(Z, y).coef_[0] for strength in strengths]).T


def by_celer(Z, y, penalty, strengths, tolerance):
    from celer import celer_path

    given = {"tol": tolerance, "max_iter": 200}
    if penalty == "lasso":
        return celer_path(Z, y, "lasso", alphas=strengths / len(y), **given)[1]
    if penalty == "elastic net":
        return celer_path(Z, y, "lasso", l1_ratio=0.5, alphas=2 * strengths / len(y), **given)[1]
    return celer_path(Z, 2 * y - 1, "logreg", alphas=strengths, **given)[1]


def by_skglm(Z, y, penalty, strengths, tolerance):
    n, given = len(y), {"fit_intercept": False, "tol": tolerance, "warm_start": True, "max_iter": 200}
    if penalty == "lasso":
        return AndersonCD(**given).path(Z, y, Quadratic(), L1(1.0), alphas=strengths / n)[1]
    if penalty == "elastic net":
        return AndersonCD(**given).path(Z, y, Quadratic(), L1_plus_L2(1.0, 0.5), alphas=2 * strengths / n)[1]
    solver, beta, found = ProxNewton(**given), np.zeros(Z.shape[1]), []
    for strength in strengths:
        beta = solver.solve(Z, 2 * y - 1, Logistic(), L1(strength / n), beta.copy(), Z @ beta)[0]
        found.append(beta)
    return np.array(found).T


# Each with the tolerances that are tried, for the quadratic loss and for the logistic one.
PEERS = {
    "scikit-learn": (by_sklearn, (1e-10, 1e-12, 1e-14), (1e-8, 1e-10, 1e-12)),
    "celer": (by_celer, (1e-10, 1e-12, 1e-14), (1e-8, 1e-10, 1e-12)),
    "skglm": (by_skglm, (1e-10, 1e-12, 1e-13), (1e-12, 1e-13)),
}


def theirs(peer, X, y, penalty, strengths, tolerance):
    """Standardizing and the path, with the peers' warnings about tolerances not reached kept quiet."""
    Z, centred = prepared(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        target = classes(y) if penalty == "logistic lasso" else centred
        return PEERS[peer][0](Z, target, penalty, strengths, tolerance)


def kkt(reg, strengths, coef):
    """The largest relative KKT residual of a path, by the certificate that judges our own."""
    l1 = np.repeat(strengths[:, None], reg.p, axis=1)
    l2 = l1 if isinstance(reg.prior, br.ElasticNetPrior) else np.zeros_like(l1)
    theta = np.ascontiguousarray(coef.T)
    table = certify_points(reg.loss, theta, l1, l2) if reg.is_gaussian else None
    return float(np.max((table or certify_family_points(reg.row_loss, theta, l1, l2)).kkt))


def timed(run):
    """Processor time, which other work on the machine hardly touches, and what was found."""
    start = time.process_time()
    found = run()
    return time.process_time() - start, found


def loosest(peer, X, y, penalty, strengths):
    """The loosest tolerance that reaches the wanted KKT residual, or the last one tried; its time and residual."""
    theirs(peer, X, y, penalty, strengths[:3], 1e-3)
    reg, spent, reached, tolerance = regression(X, y, penalty), 0.0, np.inf, 0.0
    for tolerance in PEERS[peer][2 if penalty == "logistic lasso" else 1]:
        spent, coef = timed(lambda tol=tolerance: theirs(peer, X, y, penalty, strengths, tol))
        reached = kkt(reg, strengths, coef)
        if reached <= WANTED_KKT or spent > PATIENCE:
            break
    return tolerance, spent, reached


def compare(X, y, penalty, peers):
    """For each peer the median ratio of interleaved rounds and its residual; and our own residual."""
    path = ours(X, y, penalty)
    found = {peer: loosest(peer, X, y, penalty, path.strengths) for peer in peers}
    own = timed(lambda: ours(X, y, penalty))[0]
    ratios = {peer: [] for peer in peers}
    for peer, (tolerance, spent, _) in found.items():
        for _ in range(int(np.clip(ROUNDS / (spent + own), 1, 15))):
            own, _ = timed(lambda: ours(X, y, penalty))
            if spent < ROUNDS:
                call = (peer, X, y, penalty, path.strengths, tolerance)
                spent, _ = timed(lambda call=call: theirs(*call))
            ratios[peer].append(spent / own)
    return {peer: (float(np.median(ratios[peer])), found[peer][2]) for peer in peers}, float(path.kkt.max())


def installed():
    try:
        import celer  # noqa: F401
    except ImportError:
        return [peer for peer in PEERS if peer != "celer"]
    return list(PEERS)


def main():
    peers = installed()
    lines = [
        "# Paths of 100 strengths",
        "",
        "Processor time of each package's path divided by that of `br.path`, standardizing included in all and",
        "certifying in ours; one thread, medians of interleaved rounds, compiled code warm; larger is better for us.",
        "In brackets the package's largest KKT residual relative to the strength, measured by bayesreg's certificate:",
        f"each runs at the loosest of its tolerances that reaches {WANTED_KKT:g}; “>” where none does within reason,",
        "so that the ratio is for a less exact path. The grid is ours: from all zeros to a thousandth of that.",
        "Logistic paths are without an intercept, which celer and liblinear do not have unpenalized, of the target",
        "above its median. Made by `python benchmarks/path.py`, which measures celer where it is installed.",
        "",
        f"| data | penalty | our KKT | {' | '.join(f'{peer} / ours' for peer in peers)} |",
        "|---|---|---|" + "---|" * len(peers),
    ]
    for name, X, y in cells():
        for penalty in PENALTIES:
            found, own = compare(X, y, penalty, peers)
            told = [f"{'> ' if k > WANTED_KKT else ''}{ratio:.2g} ({k:.0e})" for ratio, k in found.values()]
            lines.append(f"| {name} | {penalty} | {own:.0e} | {' | '.join(told)} |")
            print(lines[-1], flush=True)
    Path(__file__).with_suffix(".md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
