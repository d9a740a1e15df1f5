"""What each rule and prior recovers of a known truth; writes recovery.md.

Run it as `OMP_NUM_THREADS=1 python benchmarks/recovery.py [replications]`; the wide designs, whose posteriors cost the
most, take a third as many. Data, folds and draws have fixed seeds.
"""

import sys
import warnings
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

import bayesreg as br
from bayesreg.errors import SamplerWarning

HERE = Path(__file__).resolve().parent
SIZES = np.array([1.0, 0.8, 0.6, 0.4, 0.2])
NEW_ROWS, CI_PROB, SAMPLING = 500, 0.95, {"draws": 500, "chains": 2, "cores": 1}
METRICS = ("selected", "FDR", "power", "coverage", "of β ≠ 0", "width", "log density", "MSE", "error")
SUMMARIZED, DASH = ("Laplace", "horseshoe"), "–"

INTRO = """# What is recovered of a known truth

Simulated regressions with σ = 1, so that 1 is the least possible MSE. Sparse: 5 coefficients of sizes 1, 0.8, 0.6, 0.4
and 0.2, the others exactly 0. Dense: every coefficient Normal, with the same E‖β‖². Cells are means over replications
± their Monte Carlo standard error; all rules see the same data, so differences within a table are surer than that.

FDR: share of the selected that are truly 0 (0 if none is selected); power: share of the true coefficients that are
selected; coverage and width of 95% intervals, over all coefficients and over those that are not 0; log density and
MSE: mean over 500 new rows, of the predictive density (σ plugged in for a MAP) and of the squared error; error:
‖β̂ − β‖. ε is the default of `br.sparsity`, 0.05·sd(y)/sd(x). The posteriors have unknown σ and scale: half-Cauchy(1)
for Laplace and Normal priors, and for the horseshoes half-Cauchy about the scale at which 5 coefficients are expected
to matter, which is right for the sparse designs and wrong for the dense ones. DSS and SAVS are sparse summaries of a
posterior. Made by `OMP_NUM_THREADS=1 python benchmarks/recovery.py`.

## The MAP is sparse, the posterior that it is the mode of is not

The lasso at the cross-validated strength, and the posterior under the same Laplace prior and σ.
"""
GUIDE = """## How to read it

- The MAP of the lasso has zeros, no draw of its posterior has one, and of those zeros next to none is sure to be even
  small: P(|β| < ε) > 0.95 for none of them while n > p. Dense data with n < p, where CV finds no signal, differ.
- The strength that predicts best (CV, AIC, evidence) keeps too much of a sparse truth: half of it and more is truly 0.
  One standard error and BIC are cleaner and miss more. Ridge keeps all.
- Where the truth is sparse the horseshoe has smaller error, narrower intervals and fewer false discoveries than the
  Laplace posterior, but less power while n > p. With n < p the Laplace posterior predicts worse than even the lasso
  MAP (by MSE; its density is better): one scale cannot shrink a hundred zeros and spare the few large coefficients.
- Where the truth is dense the order turns: Normal and Laplace priors predict better than the horseshoe, and the DSS
  and SAVS summaries, which leave something real out, lose most. SAVS also ignores correlation between columns.
- Sparse truths are covered at 95% because zeros are easy. With n < p the coefficients that are not 0 are covered far
  less, under every prior here: they are shrunk out of their intervals. So is a dense truth by the horseshoe.
- P(|β| < ε) < ½ means "not known to be small": with correlated columns Laplace and Normal priors say so of nearly all.
- A MAP's log density of −50 is a plugged-in σ near 0: after the lasso has kept nearly n columns, no residual is left
  to estimate it from. The posteriors average over σ and do not fall for it.
- The horseshoes' chains seldom pass the gate at this length, so their rows hold some error of the sampler too.
"""


@dataclass(frozen=True)
class Design:
    """Columns of variance 1 and correlation ρ^|j − k|, and which coefficients are not 0; σ = 1."""

    name: str
    n: int
    p: int
    rho: float = 0.0
    dense: bool = False

    def draw(self, rng: np.random.Generator) -> "Data":
        """One data set, its truth, and new rows."""
        beta = self.truth(rng)
        X = self.columns(rng, self.n + NEW_ROWS)
        y = X @ beta + rng.normal(size=len(X))
        return Data(X[: self.n], y[: self.n], beta, X[self.n :], y[self.n :])

    def truth(self, rng: np.random.Generator) -> np.ndarray:
        """Five coefficients of sizes 1, 0.8, …, 0.2 and random sign and place, or all Normal; E‖β‖² is the same."""
        if self.dense:
            return rng.normal(scale=np.sqrt(np.sum(SIZES**2) / self.p), size=self.p)
        beta = np.zeros(self.p)
        beta[rng.choice(self.p, len(SIZES), replace=False)] = SIZES * rng.choice([-1, 1], len(SIZES))
        return beta

    def columns(self, rng: np.random.Generator, rows: int) -> np.ndarray:
        """AR(1) along the columns."""
        X = rng.normal(size=(rows, self.p))
        for j in range(1, self.p):
            X[:, j] = self.rho * X[:, j - 1] + np.sqrt(1 - self.rho**2) * X[:, j]
        return X


@dataclass(frozen=True)
class Data:
    """Rows to fit, the true coefficients, and new rows."""

    X: np.ndarray
    y: np.ndarray
    beta: np.ndarray
    X_new: np.ndarray
    y_new: np.ndarray


@dataclass(frozen=True)
class Answer:
    """What one rule says: coefficients and their interval, which are selected, and predictions of the new rows."""

    label: str
    coef: np.ndarray
    kept: np.ndarray
    prediction: np.ndarray | None = None
    interval: tuple[np.ndarray, np.ndarray] | None = None
    log_density: float | None = None


DESIGNS = tuple(
    Design(f"{kind}, n = {n}, p = {p}", n, p, **settings)
    for n, p in ((100, 20), (60, 120))
    for kind, settings in (
        ("sparse, independent columns", {}),
        ("sparse, columns correlated (AR, ρ = 0.9)", {"rho": 0.9}),
        ("dense, independent columns", {"dense": True}),
    )
)


def point(label: str, estimate: br.Estimate, data: Data) -> Answer:
    """A point estimate: it selects what is not exactly 0 and knows no interval; its sigma is plugged in."""
    told = br.predict(estimate, data.X_new)
    density = float(told.log_density(data.y_new).mean()) if estimate.sigma > 0 else None
    return Answer(label, estimate.coef, estimate.coef != 0, told.mean, None, density)


def chosen(label: str, selection: br.Selection, data: Data) -> Answer:
    """The MAP at a chosen strength, at the sigma with which it was chosen."""
    return point(label, br.map_estimate(selection.regression.with_sigma(selection.sigma)), data)


def by_strength(data: Data, seed: int) -> Iterator[Answer]:
    """Lasso and ridge, the strength chosen by each rule."""
    lasso = br.Regression(data.X, data.y, prior=br.Laplace(1.0))
    rules = ["cv", "cv_1se", "aic", "bic"]
    for found in br.select(lasso, by=rules, random_seed=seed):
        yield chosen(f"lasso MAP, {found.rule}", found, data)
    evidence = br.select(lasso, by="evidence", random_seed=seed, **{**SAMPLING, "draws": 150})
    yield chosen("lasso MAP, evidence", evidence, data)
    ridge = br.Regression(data.X, data.y, prior=br.Normal(1.0))
    for found in br.select(ridge, by=["evidence", "press"]):
        yield chosen(f"ridge MAP, {found.rule}", found, data)


def by_least_squares(data: Data, seed: int) -> Iterator[Answer]:
    """Least squares with its t intervals (the posterior under flat priors); of least norm where p > n."""
    n, p = data.X.shape
    if p < n:
        reg = br.Regression(data.X, data.y, prior=br.Normal(np.inf), sigma=br.Jeffreys())
        yield next(of_posterior("least squares", br.sample(reg, random_seed=seed, **SAMPLING), data))
        return
    Xc, mean = data.X - data.X.mean(axis=0), data.y.mean()
    coef = np.linalg.pinv(Xc) @ (data.y - mean)
    predicted = mean + (data.X_new - data.X.mean(axis=0)) @ coef
    yield Answer("least squares, least norm", coef, coef != 0, predicted)


def by_posterior(data: Data, seed: int, misses: dict[str, list[float]]) -> Iterator[Answer]:
    """Every posterior with its scale unknown, and the ways of selecting from it."""
    for name, prior in priors(data).items():
        reg = br.Regression(data.X, data.y, prior=prior)
        engine = "auto" if reg.n > reg.p else "gibbs"
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", SamplerWarning)
            plan = SAMPLING | ({"draws": 1000} if reg.is_horseshoe else {})
            idata = br.sample(reg, engine=engine, random_seed=seed, **plan)
        misses[name].append(float(any(issubclass(one.category, SamplerWarning) for one in caught)))
        answers = of_posterior(f"{name} posterior", idata, data)
        yield from answers if name in SUMMARIZED else islice(answers, 2)


def priors(data: Data) -> dict[str, br.Laplace | br.Normal | br.Horseshoe | br.RegularizedHorseshoe]:
    """Half-Cauchy hyperpriors: about 1 for the penalties, about the guess "5 of p matter" for the horseshoes."""
    n, p = data.X.shape
    guessed = br.HalfCauchy(br.guess_scale(len(SIZES), p=p, n=n))
    return {
        "Laplace": br.Laplace(br.HalfCauchy(1.0)),
        "Normal": br.Normal(br.HalfCauchy(1.0)),
        "horseshoe": br.Horseshoe(guessed, scaled_by_sigma=True),
        "regularized horseshoe": br.RegularizedHorseshoe(guessed, slab_scale=2.0, scaled_by_sigma=True),
    }


def of_posterior(label: str, idata, data: Data) -> Iterator[Answer]:
    """Posterior mean and interval with two ways of selecting, then the two sparse summaries."""
    told, new = br.sparsity(idata, ci_prob=CI_PROB), br.predict(idata, data.X_new)
    interval, density = (told.lower, told.upper), float(new.log_density(data.y_new).mean())
    yield Answer(f"{label}, interval", told.mean, told.excludes_zero, new.mean, interval, density)
    yield Answer(f"{label}, P(|β| < ε) < ½", told.mean, told.p_near_zero < 0.5)
    intercept = float(idata["posterior"]["intercept"].mean())
    center = intercept + data.X.mean(axis=0) @ told.mean
    decoupled = br.decoupled_selection(idata)
    for rule, coef in (("DSS", decoupled.coef[decoupled.chosen]), ("SAVS", told.savs)):
        predicted = center + (data.X_new - data.X.mean(axis=0)) @ coef
        yield Answer(f"{label}, {rule}", coef, coef != 0, predicted)


def score(answer: Answer, data: Data) -> dict[str, float]:
    """The metrics that the answer has."""
    real, kept = data.beta != 0, answer.kept
    found = {
        "selected": float(kept.sum()),
        "FDR": float(np.sum(kept & ~real) / max(kept.sum(), 1)),
        "power": float(np.mean(kept[real])),
    }
    if answer.prediction is not None:
        found["MSE"] = float(np.mean((data.y_new - answer.prediction) ** 2))
        found["error"] = float(np.linalg.norm(answer.coef - data.beta))
    if answer.log_density is not None:
        found["log density"] = answer.log_density
    if answer.interval is not None:
        lower, upper = answer.interval
        covered = (lower <= data.beta) & (data.beta <= upper)
        found |= {"coverage": covered.mean(), "of β ≠ 0": covered[real].mean(), "width": np.mean(upper - lower)}
    return found


def lesson(data: Data, seed: int) -> dict[str, float]:
    """Zeros of the MAP beside the Laplace posterior that it is the mode of: strength by CV, sigma held."""
    lasso = br.Regression(data.X, data.y, prior=br.Laplace(1.0))
    best = br.select(lasso, by="cv", random_seed=seed)
    idata = br.sample(best.regression.with_sigma(best.sigma), random_seed=seed, **SAMPLING)
    told, draws = br.sparsity(idata), idata["posterior"]["coef"].to_numpy()
    zeros = told.zero
    return {
        "zeros of the MAP": float(zeros.sum()),
        "zeros of a draw": float(np.mean(np.sum(draws == 0, axis=-1))),
        "\\|β\\| < ε in a draw": float(told.p_near_zero.sum()),
        "MAP zeros with P(\\|β\\| < ε) > 0.95": float(np.sum(told.p_near_zero[zeros] > 0.95)),
        "least P(\\|β\\| < ε) of a MAP zero": float(told.p_near_zero[zeros].min()) if zeros.any() else np.nan,
    }


def run(design: Design, replications: int) -> tuple[dict, dict, dict]:
    """Scores by rule, the numbers of the lesson, and how many posteriors missed the sampler's gate."""
    scores: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    told, misses = defaultdict(list), defaultdict(list)
    for seed in range(replications):
        data = design.draw(np.random.default_rng([DESIGNS.index(design), seed]))
        for part in (by_least_squares(data, seed), by_strength(data, seed), by_posterior(data, seed, misses)):
            for answer in part:
                for metric, value in score(answer, data).items():
                    scores[answer.label][metric].append(value)
        for name, value in lesson(data, seed).items():
            told[name].append(value)
    return scores, told, misses


def cell(values: list[float], digits: int = 2) -> str:
    """Mean and Monte Carlo standard error over the replications."""
    kept = np.array(values)[np.isfinite(values)] if values else np.array([])
    if len(kept) == 0:
        return DASH
    error = kept.std(ddof=1) / np.sqrt(len(kept)) if len(kept) > 1 else np.nan
    return f"{kept.mean():.{digits}f} ± {error:.{digits}f}"


def table(design: Design, scores: dict, misses: dict, replications: int) -> list[str]:
    lines = [f"## {design.name}", "", f"{replications} replications.", ""]
    lines += ["| rule | " + " | ".join(METRICS) + " |", "|---" * (len(METRICS) + 1) + "|"]
    for label, found in scores.items():
        cells = [cell(found.get(metric, []), 1 if metric == "selected" else 2) for metric in METRICS]
        lines.append(f"| {label.replace('|', chr(92) + '|')} | " + " | ".join(cells) + " |")
    missed = ", ".join(f"{name} {np.mean(values):.0%}" for name, values in misses.items())
    return [*lines, "", f"Posteriors that the sampler's gate warned of, at 2 chains: {missed}.", ""]


def main() -> None:
    replications = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    warnings.simplefilter("ignore", SamplerWarning)
    tables, lessons = [], []
    for design in DESIGNS:
        count = replications if design.n > design.p else -(-replications // 3)
        scores, told, misses = run(design, count)
        tables += table(design, scores, misses, count)
        lessons.append(f"| {design.name} | " + " | ".join(cell(values) for values in told.values()) + " |")
        header = ["| design | " + " | ".join(told) + " |", "|---" * (len(told) + 1) + "|"]
        print("\n".join(tables[-len(scores) - 8 :]), lessons[-1], sep="\n", flush=True)
    page = [INTRO, *header, *lessons, "", *tables, GUIDE]
    (HERE / "recovery.md").write_text("\n".join(page), encoding="utf-8")


if __name__ == "__main__":
    main()
