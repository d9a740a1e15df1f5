"""One check of a probability, at every door."""

from fractions import Fraction

import numpy as np
import pytest

import bayesreg as br
from bayesreg.analysis.intervals import check_ci_prob
from bayesreg.errors import PriorError

SAID = r"^ci_prob must be between 0 and 1, got 95; for 95% pass 0\.95\.$"


@pytest.mark.parametrize("ci_prob", [0.5, 1e-9, 1 - 1e-9, np.float32(0.9), np.float64(0.9), Fraction(1, 2)])
def test_probabilities_pass(ci_prob):
    check_ci_prob(ci_prob)


@pytest.mark.parametrize("ci_prob", [0, 1, True, -0.1, 95, np.nan, np.inf, "0.9", None, np.array([0.5, 0.9]), 0.5 + 0j])
def test_all_else_is_refused_with_what_was_received(ci_prob):
    with pytest.raises(PriorError, match=r"ci_prob must be between 0 and 1, got .*0\.95"):
        check_ci_prob(ci_prob)


@pytest.fixture(scope="module")
def reg():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 2))
    return br.Regression(X, X[:, 0] + rng.normal(size=30), prior=br.Laplace(0.1), sigma=1.0)


@pytest.fixture(scope="module")
def tree(reg):
    return br.sample(reg, draws=500, random_seed=1)


@pytest.mark.parametrize(
    "ask",
    [
        lambda reg, tree: br.shrinkage(tree).interval(95),
        lambda reg, tree: br.sparsity(tree, ci_prob=95),
        lambda reg, tree: br.decoupled_selection(tree, ci_prob=95),
        lambda reg, tree: br.predict(tree, np.zeros((1, 2))).interval(95),
        lambda reg, tree: br.plot_kappa(tree, ci_prob=95),
        lambda reg, tree: br.plot_shrinkage(br.compare(reg, tree), ci_prob=95),
        lambda reg, tree: br.plot_path(reg, ci_prob=95),
        lambda reg, tree: br.report(reg, ci_prob=95),
    ],
)
def test_every_door_says_the_same(ask, reg, tree, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PriorError, match=SAID):
        ask(reg, tree)
    assert not list(tmp_path.iterdir())
