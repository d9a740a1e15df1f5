"""One line of shell from the strength of one tool to that of another."""

import json

import pytest

import bayesreg as br
from bayesreg.cli import main


def run(capsys, line):
    return main(line.split()), *capsys.readouterr()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("convert 0.1 --from sklearn.Lasso --to glmnet --n 442", 0.1),
        ("convert 0.85 --from sklearn.Lasso --to half_rss --n 442", 375.7),
        ("convert 0.1 --from sklearn.Lasso --to nll --n 442 --sigma 54", 0.1 * 442 / 54**2),
        ("convert 3 --from sklearn.Ridge --to torch.weight_decay --n 100", 0.06),
        ("convert 0.02 --from glmnet --to sklearn.LogisticRegression --n 100 --term l1 --family bernoulli", 0.5),
        ("convert 0.1 --from glum --to scaled_nll --n 50 --term l2 --family gamma --sigma 2", 5.0),
    ],
)
def test_it_prints_the_number_and_both_formulas(line, expected, capsys):
    code, out, _ = run(capsys, line)
    first, *formulas = out.splitlines()
    assert code == 0
    assert float(first) == pytest.approx(expected)
    tools = line.split()[3:6:2]
    for tool, text in zip(tools, formulas, strict=True):
        assert text.startswith(f"{tool}: ")
        assert any(row.formula in text for row in br.objectives() if row.name == tool)
    code, out, _ = run(capsys, f"{line} --json")
    record = json.loads(out)
    assert record["strength"] == pytest.approx(expected)
    assert [record[side]["tool"] for side in ("from", "to")] == tools


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("convert 0.1 --from sklearn.Lasso --to half_rss", "pass n="),
        ("convert 0.1 --from lasso --to glmnet", "unknown objective"),
        ("convert 0.1 --from sklearn.Lasso --to sklearn.Ridge", "no penalty term in common"),
        ("convert nan --from sklearn.Lasso --to rss --n 3", "strength"),
        ("convert 1 --from glmnet --to statsmodels --n 3", "term"),
    ],
)
def test_what_is_missing_or_unknown_is_named(line, words, capsys):
    code, out, err = run(capsys, line)
    assert (code, out) == (2, "")
    assert words in err
