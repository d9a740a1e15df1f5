"""The arrows of the house: data flows one way, and heavy imports stay in the rooms that need them."""

import ast
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
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
    "sklearn": {"priors", "families", "design", "model", "optimize", "sampling", "selection", "analysis"},
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
    "pymc": {"model/pymc/", "sampling/nuts/sampler.py", "model/regression.py", "find_map/"},
    "pytensor": {"model/pymc/", "find_map/"},
    "numba": {"sampling/gibbs/compiled/"},
    "threadpoolctl": {"sampling/"},
    "nutpie": {"sampling/nuts/sampler.py", "sampling/nuts/compiled_models.py"},
    "sklearn": {
        "analysis/explanation/",
        "sklearn/",
        "optimize/penalized",
        "optimize/foreign/",
        "selection/",
        "design/datasets.py",
    },
    "skglm": {"optimize/penalized", "optimize/foreign/"},
    "statsmodels": {"optimize/penalized", "optimize/foreign/"},
    "matplotlib": {"plots/", "reporting/"},
}
FILES = sorted(ROOT.rglob("*.py"))
# Where frozen data are filled: `_set` is Regression's, `settle` reads numbers for `__post_init__` of hyperpriors.
CONSTRUCTORS = {"__post_init__", "_set", "settle"}


def nodes_of(tree: ast.AST, *, running: bool):
    """Every node of a syntax tree; `running` leaves out what only a type checker reads."""
    for node in ast.iter_child_nodes(tree):
        if not (running and isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            yield node
            yield from nodes_of(node, running=running)


def imports_of(path: Path, *, running: bool = False) -> set[str]:
    """Return every module that a file imports, wherever in the file it does so."""
    found = set()
    for node in nodes_of(ast.parse(path.read_text()), running=running):
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


def test_a_regression_holds_data_and_computes_nothing():
    assert "numpy" not in imports_of(ROOT / "model" / "regression.py")


def circle_in(root: Path) -> list[str]:
    """Modules of a package, each of which imports the one before while the program runs; [] if there are none."""
    modules = {".".join(path.relative_to(root.parent).with_suffix("").parts): path for path in root.rglob("*.py")}
    modules = {name.removesuffix(".__init__"): path for name, path in modules.items()}
    arrows = {}
    for name, path in modules.items():
        reached = {
            module if module in modules else module.rpartition(".")[0] for module in imports_of(path, running=True)
        }
        arrows[name] = reached & set(modules) - {name}
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def test_no_module_imports_itself_through_others():
    assert circle_in(ROOT) == []


@pytest.mark.parametrize("back", ["from house.first import f", "def g():\n    from house.first import f"])
def test_a_circle_is_seen(tmp_path, back):
    house = tmp_path / "house"
    house.mkdir()
    (house / "first.py").write_text("import house.second\n\n\ndef f(): ...\n")
    (house / "second.py").write_text(f"{back}\n")
    assert set(circle_in(house)) == {"house.first", "house.second"}


def back_doors(source: str) -> list[str]:
    """Where a source writes into frozen data outside the constructors, which are the functions of these names."""
    tree = ast.parse(source)
    constructors = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name in CONSTRUCTORS]
    inside = {id(node) for constructor in constructors for node in ast.walk(constructor)}
    return [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and (node.attr == "__dict__" or (node.attr == "__setattr__" and id(node) not in inside))
    ]


@pytest.mark.parametrize(
    "planted",
    [
        "def f(reg):\n    object.__setattr__(reg, 'design', 1)",
        "def __post_init__(self):\n    self.__dict__['loss'] = 1",
        "x.__dict__.setdefault('kept', {})",
    ],
)
def test_a_back_door_is_seen(planted):
    assert back_doors(planted)


def test_frozen_data_have_no_back_doors():
    assert {str(path): doors for path in FILES if (doors := back_doors(path.read_text()))} == {}


def questions_about_the_intercept(source: str) -> list[str]:
    """Where a source asks for the kind of an intercept: by isinstance, type or match, or as a truth value."""
    asked = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name("isinstance" | "issubclass" | "type"), args=[part, *_]):
                asked.append(part)
            case ast.Compare(left=ast.Name("intercept"), comparators=[ast.Constant(bool())]):
                # Alone the name may be a number too, which is never compared with a truth value.
                asked.append(ast.Name("given.intercept"))
            case ast.Compare(left=part, comparators=[ast.Constant(bool())]):
                asked.append(part)
            case ast.UnaryOp(op=ast.Not(), operand=part) | ast.Match(subject=part):
                asked.append(part)
            case ast.If(test=part) | ast.IfExp(test=part) | ast.While(test=part):
                asked.append(part)
            case ast.BoolOp(values=parts):
                asked += parts
    texts = [ast.unparse(part) for part in asked]
    return [text for text in texts if text.endswith((".intercept", "intercept_term", "intercept_term.given"))]


@pytest.mark.parametrize(
    "planted",
    [
        "x = isinstance(reg.intercept, Normal)",
        "x = reg.intercept is not False",
        "x = axis.reg.intercept == True",
        "if bare.intercept: pass",
        "x = int(bare.intercept is not False)",
        "x = intercept is not False",
        "x = reg.is_gaussian and reg.intercept",
        "if not reg.intercept: pass",
        "x = type(reg.intercept_term) is FlatIntercept",
        "match reg.intercept:\n    case True: pass",
        "x = reg.intercept_term.given is True",
    ],
)
def test_a_question_about_the_intercept_is_seen(planted):
    assert questions_about_the_intercept(planted)


def test_nobody_else_asks_which_kind_an_intercept_is():
    sources = {path.relative_to(ROOT).as_posix(): path.read_text() for path in FILES}
    kinds = ("NoIntercept", "FlatIntercept", "NormalIntercept")
    named = {name for name, source in sources.items() if any(kind in source for kind in kinds)}
    assert named == {"model/intercept.py", "model/pymc/model.py"}
    asking = {
        name
        for name, source in sources.items()
        if "intercept" in source and list(questions_about_the_intercept(source))
    }
    assert asking <= {"model/intercept.py"}


def test_find_map_knows_no_regression():
    reached = set().union(*(imports_of(path) for path in FILES if path.parent.name == "find_map"))
    elsewhere = {module for module in reached if module.startswith("bayesreg.") and room_of(module) != "find_map"}
    assert {module for module in elsewhere if room_of(module) != "errors"} == {
        "bayesreg.model.pymc.distributions.ElasticNetRV",
        "bayesreg.model.pymc.distributions.inverse_scale",
        "bayesreg.model.pymc.distributions.smooth_log_density",
        "bayesreg.model.quadratic.loss_of_products",
        "bayesreg.optimize.solvers.active_set",
    }


PRIOR_KINDS = {
    "Laplace",
    "Normal",
    "ElasticNetPrior",
    "Horseshoe",
    "RegularizedHorseshoe",
    "StudentTPrior",
    "PenaltyPrior",
    "Blocks",
}


def kinds_asked(path: Path) -> list[str]:
    """Kinds of priors that a file asks for, by isinstance, by match, or by the prior's name."""
    asked = []
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Call(func=ast.Name(id="isinstance" | "issubclass"), args=[_, kinds]):
                asked += [part.id for part in ast.walk(kinds) if isinstance(part, ast.Name)]
            case ast.MatchClass(cls=ast.Name(id=kind)):
                asked.append(kind)
            case ast.Compare(left=ast.Attribute(value=ast.Attribute(attr="prior") | ast.Name(id="prior"), attr="name")):
                asked.append(f"a name at line {node.lineno}")
    return [kind for kind in asked if kind in PRIOR_KINDS or kind.startswith("a name")]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nobody_outside_its_room_asks_for_the_kind_of_a_prior(path):
    place = path.relative_to(ROOT).as_posix()
    # The intercept's own prior is Normal, and this file reads it.
    allowed = {"Normal"} if place == "model/intercept.py" else set()
    assert place.startswith("priors/") or set(kinds_asked(path)) <= allowed


def test_the_guard_sees_who_asks_for_a_kind(tmp_path):
    planted = tmp_path / "planted.py"
    lines = [
        "def f(reg):",
        "    match reg.prior:",
        "        case Laplace():",
        "            return isinstance(reg.prior, Normal | Horseshoe)",
        "    return reg.prior.name == 'normal'",
    ]
    planted.write_text("\n".join(lines))
    assert sorted(kinds_asked(planted)) == ["Horseshoe", "Laplace", "Normal", "a name at line 5"]


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
