"""Record the numbers of every engine, prior, family and intercept, and compare a later version with them bit for bit.

    uv run python benchmarks/recorder.py record numbers.json
    uv run python benchmarks/recorder.py compare numbers.json

A case is recorded as hashes of its arrays, or as the name of the error that it ends in. Hashes belong to one machine
and one set of versions: record and compare on the same ones.
"""

import hashlib
import json
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track

import bayesreg as br
from bayesreg.errors import BayesregError

PRIORS: dict[str, Callable[[], Any]] = {
    "laplace": lambda: br.Laplace(0.3),
    "laplace by column": lambda: br.Laplace([0.3, 0.1, np.inf, 0.5, 1.0]),
    "laplace scaled by sigma": lambda: br.Laplace(0.3, scaled_by_sigma=True),
    "laplace unknown scale": lambda: br.Laplace(br.HalfNormal(1.0)),
    "normal": lambda: br.Normal(0.5),
    "normal scaled by sigma": lambda: br.Normal(0.5, scaled_by_sigma=True),
    "normal unknown scale": lambda: br.Normal(br.HalfCauchy(1.0)),
    "elastic net": lambda: br.ElasticNetPrior(0.4, 0.8),
    "horseshoe": lambda: br.Horseshoe(0.2),
    "horseshoe unknown scale": lambda: br.Horseshoe(br.HalfCauchy(0.5), scaled_by_sigma=True),
    "student t": lambda: br.StudentTPrior(3.0, 0.3),
    "student t unknown scale": lambda: br.StudentTPrior(3.0, br.HalfNormal(1.0), scaled_by_sigma=True),
    "regularized horseshoe": lambda: br.RegularizedHorseshoe(br.HalfCauchy(0.5), 2.0),
}
INTERCEPTS: dict[str, dict[str, Any]] = {
    "flat intercept": {"intercept": True},
    "no intercept": {"intercept": False},
    "Normal intercept": {"intercept": br.Normal(5.0, loc=1.0)},
    "Normal intercept at 0": {"intercept": br.Normal(5.0, loc=1.0), "center": False},
}
NOISES: dict[str, Any] = {
    "sigma known": 1.3,
    "sigma half-normal": br.HalfNormal(2.0),
    "sigma inverse-gamma": br.InverseGamma(3.0, 2.0),
}
FAMILIES: dict[str, dict[str, Any]] = {
    "bernoulli": {"family": "bernoulli"},
    "poisson": {"family": "poisson"},
    "student_t": {"family": "student_t", "sigma": 1.0},
    "laplace noise": {"family": "laplace", "sigma": 1.0},
}
SAMPLER = {"draws": 60, "chains": 2, "random_seed": 3}


def data(family: str) -> tuple[np.ndarray, np.ndarray]:
    """Columns in different units, shape (50, 5), and a target of the family."""
    rng = np.random.default_rng(11)
    X = rng.normal(size=(50, 5)) * [1.0, 3.0, 0.2, 1.0, 10.0] + [0.0, 5.0, 0.0, -1.0, 2.0]
    eta = 0.4 * X[:, 0] - 0.3 * X[:, 1] + 1.0
    match family:
        case "bernoulli":
            return X, (rng.random(50) < 1 / (1 + np.exp(-eta))).astype(float)
        case "poisson":
            return X, rng.poisson(np.exp(eta)).astype(float)
        case _:
            return X, eta + rng.normal(size=50)


def regressions() -> Iterator[tuple[str, Callable[[], br.Regression]]]:
    """Every regression that is recorded, by name."""
    X, y = data("gaussian")
    for prior_name, prior in PRIORS.items():
        for intercept_name, intercept in INTERCEPTS.items():
            for noise_name, noise in NOISES.items():
                name = f"gaussian, {prior_name}, {intercept_name}, {noise_name}"
                yield name, lambda i=intercept, p=prior, s=noise: br.Regression(X, y, prior=p(), sigma=s, **i)
    for family_name, settings in FAMILIES.items():
        columns, target = data(family_name)
        for prior_name, prior in PRIORS.items():
            for intercept_name, intercept in INTERCEPTS.items():
                name = f"{family_name}, {prior_name}, {intercept_name}"
                yield (
                    name,
                    lambda X=columns, y=target, s=settings, i=intercept, p=prior: br.Regression(
                        X, y, prior=p(), **s, **i
                    ),
                )


def _estimate(fit: br.Estimate) -> list[np.ndarray]:
    return [np.asarray(part, float) for part in (fit.beta, fit.coef, fit.intercept, fit.sigma, fit.certificate.kkt)]


def _posterior(reg: br.Regression, **settings: Any) -> list[np.ndarray]:
    """The quantities of the posterior that keep their names, and the log density."""
    tree = br.sample(reg, **SAMPLER, **settings)
    names = ("coef", "beta", "intercept", "sigma", "scale", "local_scale", "slab_scale")
    draws = [tree["posterior"][name].to_numpy() for name in names if name in tree["posterior"]]
    return [*draws, tree["sample_stats"]["lp"].to_numpy()]


def _comparison(reg: br.Regression) -> list[np.ndarray]:
    """The rows of the table."""
    both = br.compare(reg, draws=60, chains=2, random_seed=3)
    return [np.array([[row.map, row.penalized, row.mean, row.sd] for row in both.rows], float)]


TASKS: dict[str, Callable[[br.Regression], list[np.ndarray]]] = {
    "map": lambda reg: _estimate(br.map_estimate(reg)),
    "penalized": lambda reg: _estimate(br.penalized_estimate(reg)),
    "path": lambda reg: [br.path(reg, [10.0, 3.0, 1.0]).coef],
    "exact": lambda reg: _posterior(reg, engine="exact"),
    "coordinate": lambda reg: _posterior(reg, engine="gibbs", kernel="coordinate", tune=50),
    "block": lambda reg: _posterior(reg, engine="gibbs", kernel="block", tune=50),
    "compare": _comparison,
}
# A comparison draws and fits as the other tasks do: a part of the regressions is enough.
COMPARED = "flat intercept, sigma known"


def outcome(task: Callable[[br.Regression], list[np.ndarray]], make: Callable[[], br.Regression]) -> list[str]:
    """Hashes of a case's arrays, or the error's name."""
    try:
        arrays = task(make())
    except BayesregError as error:
        return [type(error).__name__]
    return [hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:16] for array in arrays]


def record() -> dict[str, list[str]]:
    """Every case that applies to its regression."""
    cases = {}
    for name, make in track(list(regressions()), description="Recording"):
        for task_name, task in TASKS.items():
            gaussian = name.startswith("gaussian")
            if task_name in ("exact", "coordinate", "block") and not gaussian:
                continue
            if task_name == "compare" and not (gaussian and name.endswith(COMPARED)):
                continue
            cases[f"{task_name}: {name}"] = outcome(task, make)
    return cases


def main(action: str, file: str) -> int:
    """Record to a file, or compare with one."""
    warnings.simplefilter("ignore")
    cases = record()
    if action == "record":
        Path(file).write_text(json.dumps(cases, indent=0))
        print(f"{len(cases)} cases, {sum(len(case[0]) == 16 for case in cases.values())} of them numbers")
        return 0
    before = json.loads(Path(file).read_text())
    changed = sorted(name for name in before.keys() | cases.keys() if before.get(name) != cases.get(name))
    print(f"{len(cases)} cases, {len(changed)} changed")
    for name in changed:
        print(f"  {name}: {before.get(name)} -> {cases.get(name)}")
    return int(bool(changed))


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:3]))
