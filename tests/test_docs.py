"""The code in the documents runs and prints what they show."""

import doctest
import re
from pathlib import Path

import pytest

import bayesreg
import bayesreg.sklearn

DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize("name", ["real-data.md", "beliefs.md"])
def test_a_document_prints_what_it_shows(name):
    found = doctest.testfile(str(DOCS / name), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert found.attempted > 10
    assert found.failed == 0


def test_the_reference_lists_every_public_name_once():
    page = (DOCS / "reference.md").read_text(encoding="utf-8")
    listed = re.findall(r"^   (\w+)$", page, flags=re.MULTILINE)
    assert sorted(listed) == sorted([*({*bayesreg.__all__} - {"errors"}), *bayesreg.sklearn.__all__])


def test_the_start_page_shows_the_code_of_the_readme():
    pages = [(DOCS.parent / "README.md"), DOCS / "index.md"]
    blocks = [re.search(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL) for page in pages]
    readme, start = ([line.split("  #")[0] for line in block[1].splitlines()] for block in blocks if block)
    assert start == readme


def test_every_guide_is_in_the_menu():
    menus = "".join(page.read_text(encoding="utf-8") for page in DOCS.glob("*.md") if "toctree" in page.read_text())
    missing = [
        page.stem for page in DOCS.glob("*.md") if page.stem not in ("index", "paper") and page.stem not in menus
    ]
    assert not missing


COMING_FROM = [line for line in (DOCS / "coming-from.md").read_text(encoding="utf-8").splitlines() if line[:1] == "|"]
TOOLS = ("scikit-learn", "statsmodels", "Bambi", "PyMC", "bayesreg")


def cells_of(tool):
    """Code by task, of the tasks that a tool has code for."""
    heads, _, *rows = ([cell.strip() for cell in line.strip("|").split(" | ")] for line in COMING_FROM)
    code = {row[0].strip(): row[heads.index(tool)] for row in rows}
    return {task: "\n".join(re.findall(r"`([^`]+)`", cell)) for task, cell in code.items() if cell != "–"}


@pytest.fixture(scope="module")
def names():
    """What the table says is there, and each package by its usual name."""
    import bambi
    import pymc
    import sklearn.linear_model
    import statsmodels.api
    import statsmodels.formula.api

    frame, target = bayesreg.load_dataset("diabetes")
    X, y = frame.drop(columns=target), frame[target]
    Z = ((X - X.mean()) / X.std(ddof=0)).to_numpy()
    given = {"frame": frame, "X": X, "y": y.to_numpy(), "Z": Z, "high": (y > y.median()).astype(int).to_numpy()}
    packages = {"br": bayesreg, "bmb": bambi, "pm": pymc, "sm": statsmodels.api, "smf": statsmodels.formula.api}
    fitted = sklearn.linear_model.Lasso(alpha=2.0).fit(Z, given["y"])
    return vars(sklearn.linear_model) | given | packages | {"fitted": fitted}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("tool", TOOLS)
def test_the_table_of_packages_runs(tool, names, monkeypatch):
    """But for the sampling of other packages, whose models are only built."""
    monkeypatch.setattr(names["pm"], "sample", lambda: names["pm"].modelcontext(None).initial_point())
    monkeypatch.setattr(names["bmb"].Model, "fit", lambda self: self.build())
    codes = cells_of(tool)
    assert codes
    for code in codes.values():
        exec(code, dict(names))


# The lasso of statsmodels stops short of its optimum, as br.explain says of it.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "tools"),
    [
        ("lasso at a known strength", ["scikit-learn"]),
        ("ridge at a known strength", ["scikit-learn", "statsmodels"]),
    ],
)
def test_the_table_of_packages_has_the_same_fit_in_each_row(task, tools, names):
    fits = {}
    for tool in [*tools, "bayesreg"]:
        held = dict(names)
        exec(cells_of(tool)[task], held)
        fits[tool] = held["fit"].params[1:] if tool == "statsmodels" else held["fit"].coef_
    for tool in tools:
        assert fits["bayesreg"] == pytest.approx(fits[tool], rel=1e-3, abs=0.02)
