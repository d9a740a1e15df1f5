"""The arrows of the house: data flows one way, and heavy imports stay in the rooms that need them."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import bayesreg

ROOT = Path(bayesreg.__file__).parent
# A file may import only from rooms on its own floor's left; optimize and sample do not know each other.
ALLOWED = {
    "priors": {"families"},
    "families": set(),
    "design": {"priors"},
    "model": {"priors", "families", "design"},
    "optimize": {"priors", "families", "design", "model"},
    "find_map": {"model", "optimize"},
    "sampling": {"priors", "families", "design", "model"},
    "selection": {"priors", "families", "design", "model", "optimize", "sampling"},
    "analysis": {"priors", "families", "design", "model", "optimize", "sampling", "selection"},
    "plots": {"priors", "families", "design", "model", "optimize", "sampling", "selection", "analysis"},
    "reporting": {"priors", "families", "design", "model", "optimize", "sampling", "selection", "analysis", "plots"},
    "cli": {
        "priors",
        "design",
        "model",
        "optimize",
        "sampling",
        "selection",
        "analysis",
        "plots",
        "reporting",
        "__init__",
    },
    "errors": set(),
    "__init__": set(),
    "__main__": {"cli"},
}
AT_HOME = {
    "pymc": {"model/pymc_", "sampling/nuts/sampler.py", "model/regression.py", "find_map/"},
    "pytensor": {"model/pymc_", "find_map/"},
    "numba": {"sampling/gibbs/compiled/"},
    "threadpoolctl": {"sampling/"},
    "nutpie": {"sampling/nuts/sampler.py", "sampling/nuts/compiled_models.py"},
    "sklearn": {"optimize/penalized", "optimize/foreign/", "selection/", "design/datasets.py"},
    "skglm": {"optimize/penalized", "optimize/foreign/"},
    "statsmodels": {"optimize/penalized", "optimize/foreign/"},
    "matplotlib": {"plots/", "reporting/"},
}
FILES = sorted(ROOT.rglob("*.py"))


def imports_of(path: Path) -> set[str]:
    """Return every module that a file imports, wherever in the file it does so."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def room_of(module: str) -> str:
    room = module.split(".")[1] if "." in module else "__init__"
    return room if room in ALLOWED else "__init__"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_arrow_runs_back(path):
    own = path.relative_to(ROOT).parts[0].removesuffix(".py")
    ours = {module for module in imports_of(path) if module.split(".")[0] == "bayesreg"}
    reached = {room_of(module) for module in ours} - {own, "errors"}
    assert reached <= ALLOWED[own], f"{own} may not import {reached - ALLOWED[own]}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_heavy_packages_stay_at_home(path):
    place = path.relative_to(ROOT).as_posix()
    for module in imports_of(path):
        homes = AT_HOME.get(module.split(".")[0])
        assert homes is None or any(place.startswith(home) for home in homes), f"{place} imports {module}"


def test_find_map_knows_no_regression():
    reached = set().union(*(imports_of(path) for path in FILES if path.parent.name == "find_map"))
    elsewhere = {module for module in reached if module.startswith("bayesreg.") and room_of(module) != "find_map"}
    assert {module for module in elsewhere if room_of(module) != "errors"} == {
        "bayesreg.model.pymc_distributions.ElasticNetRV",
        "bayesreg.model.pymc_distributions.inverse_scale",
        "bayesreg.model.pymc_distributions.smooth_log_density",
        "bayesreg.model.quadratic.loss_of_products",
        "bayesreg.optimize.solvers.active_set",
    }


def test_the_guard_sees_an_arrow_that_runs_back(tmp_path):
    planted = tmp_path / "planted.py"
    planted.write_text("def f():\n    from bayesreg.analysis.comparison.compare import compare\n    return compare\n")
    assert {room_of(module) for module in imports_of(planted)} == {"analysis"}
    assert "analysis" not in ALLOWED["model"]


def loaded_by(code: str) -> set[str]:
    """Top-level packages loaded by a fresh interpreter that runs `code`."""
    # Bambi, in the development group, brings sparse, which xarray looks for and which loads numba; users need neither.
    code = f"import sys; sys.modules['sparse'] = None\n{code}"
    script = f"{code}\nimport sys; print('\\n'.join({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_bayesreg_loads_nothing_heavy():
    assert not loaded_by("import bayesreg") & {
        "numpy",
        "scipy",
        "pandas",
        "pymc",
        "sklearn",
        "arviz_base",
        "matplotlib",
    }


def test_help_loads_nothing_heavy():
    code = "from bayesreg.cli import main\ntry:\n    main(['--help'])\nexcept SystemExit:\n    pass"
    assert not loaded_by(code) & {"numpy", "scipy", "pandas", "pymc", "sklearn", "arviz_base", "matplotlib"}


def test_the_main_job_never_loads_pymc():
    code = "from bayesreg.cli import main\nassert main(['compare', 'diabetes', '--draws', '200', '--json']) == 0"
    assert not loaded_by(code) & {"pymc", "pytensor", "numba", "matplotlib"}


def test_every_public_name_resolves():
    for name in bayesreg.__all__:
        assert getattr(bayesreg, name) is not None
    with pytest.raises(AttributeError, match="No bayesreg attribute nonsense"):
        _ = bayesreg.nonsense
