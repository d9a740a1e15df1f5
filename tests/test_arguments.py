"""Public functions of analysis, plots and reporting under arguments that they do not take."""

from functools import partial

import arviz_base
import numpy as np
import pytest
from xarray import DataTree

import bayesreg as br
from bayesreg.errors import BayesregError

RNG = np.random.default_rng(5)
X = RNG.normal(size=(30, 3))
REG = br.Regression(X, X @ [2.0, 0.0, -1.0] + RNG.normal(size=30), prior=br.Laplace(0.3), sigma=1.0)
FOREIGN = arviz_base.from_dict({"posterior": {"coef": np.zeros((2, 5, 3)), "sigma": np.ones((2, 5))}})
NAN, INF = float("nan"), float("inf")


@pytest.fixture(scope="module")
def idata():
    return br.sample(REG, draws=200, random_seed=1)


def with_posterior(idata, posterior):
    groups = {name: group.to_dataset() for name, group in idata.children.items()}
    tree = DataTree.from_dict({**groups, "posterior": posterior})
    tree.attrs = idata.attrs
    return tree


def without_attributes(idata):
    return DataTree.from_dict({name: group.to_dataset() for name, group in idata.children.items()})


def sliced(**at):
    return lambda idata: with_posterior(idata, idata["posterior"].to_dataset().isel(at))


def holding(**values):
    def damaged(idata):
        tree = idata.copy(deep=True)
        for name, value in values.items():
            tree["posterior"][name].values[0, 0] = value
        return tree

    return damaged


# What is no posterior, or one that has lost something, made from a good one.
POSTERIORS = {
    "None": lambda idata: None,
    "an int": lambda idata: 5,
    "text": lambda idata: "posterior",
    "a dict": lambda idata: {"posterior": 1},
    "an array": lambda idata: np.zeros((2, 3)),
    "a regression": lambda idata: REG,
    "a Dataset": lambda idata: idata["posterior"].to_dataset(),
    "the group alone": lambda idata: idata["posterior"],
    "an empty tree": lambda idata: DataTree(),
    "a foreign tree": lambda idata: FOREIGN,
    "a foreign posterior": lambda idata: with_posterior(idata, FOREIGN["posterior"].to_dataset()),
    "no column names": lambda idata: with_posterior(idata, idata["posterior"].to_dataset().drop_vars("coef_name")),
    "no attributes": without_attributes,
    "one chain without its dimension": sliced(chain=0),
    "one draw without its dimension": sliced(draw=0),
    "no chains": sliced(chain=slice(0)),
    "no draws": sliced(draw=slice(0)),
    "one draw": sliced(chain=[0], draw=[0]),
    "NaN in coef": holding(coef=NAN),
    "infinite intercept": holding(intercept=INF),
}
OF_POSTERIOR = {
    "shrinkage": br.shrinkage,
    "sparsity": br.sparsity,
    "decoupled_selection": br.decoupled_selection,
    "projection_predictive": br.projection_predictive,
    "prior_sensitivity": br.prior_sensitivity,
    "predict": partial(br.predict, X_new=X),
    "plot_shrinkage": br.plot_shrinkage,
    "plot_posterior_map": br.plot_posterior_map,
    "plot_kappa": br.plot_kappa,
    "plot_sparsity": br.plot_sparsity,
    "plot_dss": br.plot_dss,
    "plot_prior_posterior": br.plot_prior_posterior,
}


@pytest.mark.parametrize("kind", POSTERIORS)
@pytest.mark.parametrize("name", OF_POSTERIOR)
def test_no_posterior(idata, name, kind):
    with pytest.raises(BayesregError):
        OF_POSTERIOR[name](POSTERIORS[kind](idata))


@pytest.mark.parametrize("kind", [kind for kind in POSTERIORS if kind not in ("None", "no attributes")])
def test_report_of_no_posterior(idata, kind, tmp_path):
    with pytest.raises(BayesregError):
        br.report(REG, tmp_path / "page.html", idata=POSTERIORS[kind](idata), ribbons=False)


PROBABILITIES = (0, 1, 2, -0.1, NAN, "x", None, [0.9], True)
COUNTS = (0, -1, 1.5, NAN, INF, "x", [2], True, 10**30)
SEEDS = (-1, 1.5, "x", [NAN], {})
OTHERS = (5, "x", FOREIGN, X, br.Regression(X, X[:, 0] > 0, family="bernoulli", prior=br.Laplace(1.0)))
ROWS = (None, 5, "x", [], X[:, :2], X[0], np.full((2, 3), NAN), np.full((2, 3), "a"), {"a": [1]}, object())
HOSTILE = {
    ("shrinkage", "reg"): OTHERS,
    ("shrinkage", "random_seed"): SEEDS,
    ("sparsity", "reg"): OTHERS,
    ("sparsity", "estimate"): OTHERS,
    ("sparsity", "ci_prob"): PROBABILITIES,
    ("sparsity", "epsilon"): (0, -1.0, NAN, INF, "x", [0.1], {}, {"a": 1}, [1, 2, -1], True, object()),
    ("sparsity", "epsilon_share"): (-1, NAN, INF, "x", [0.1], None, True),
    ("decoupled_selection", "reg"): OTHERS,
    ("decoupled_selection", "ci_prob"): PROBABILITIES,
    ("projection_predictive", "reg"): OTHERS,
    ("projection_predictive", "max_size"): (*COUNTS, 4),
    ("prior_sensitivity", "reg"): OTHERS,
    ("prior_sensitivity", "threshold"): (-1, NAN, INF, "x", None, [0.1]),
    ("prior_sensitivity", "var_names"): ("x", 5, [5], ["coef", "x"], []),
    ("predict", "X_new"): ROWS,
    ("predict", "offset"): ("x", [0.0], [NAN] * 30, 5),
    ("predict", "weights"): ("x", [1.0], [0.0] * 30, [-1.0] * 30, [NAN] * 30, 5),
    ("predict", "random_seed"): SEEDS,
    ("predict", "reg"): OTHERS[:-1],
    ("plot_shrinkage", "ci_prob"): [value for value in PROBABILITIES if value is not None],
    ("plot_shrinkage", "max_coefficients"): COUNTS[:-1],
    ("plot_shrinkage", "ax"): (5, "x", [1], object()),
    ("plot_shrinkage", "dark"): (None, 5, "x", [1, 2]),
    ("plot_posterior_map", "max_coefficients"): COUNTS[:-1],
    ("plot_posterior_map", "ax"): (5, "x"),
    ("plot_kappa", "ci_prob"): PROBABILITIES,
    ("plot_kappa", "max_coefficients"): COUNTS[:-1],
    ("plot_kappa", "ax"): (5, "x"),
    ("plot_sparsity", "max_coefficients"): COUNTS[:-1],
    ("plot_sparsity", "ax"): (5, "x"),
    ("plot_dss", "max_coefficients"): COUNTS[:-1],
    ("plot_dss", "ax"): (5, "x"),
    ("plot_prior_posterior", "reg"): OTHERS,
    ("plot_prior_posterior", "max_coefficients"): COUNTS[:-1],
}


@pytest.mark.parametrize(("name", "argument"), HOSTILE)
def test_argument_of_a_posteriors_function(idata, name, argument):
    function = OF_POSTERIOR[name].func if argument == "X_new" else OF_POSTERIOR[name]
    assert_refused(partial(function, idata), argument, HOSTILE[name, argument])


def assert_refused(function, argument, values):
    passed = [value for value in values if outcome(partial(function, **{argument: value})) is not BayesregError]
    assert not passed, f"{argument}: {passed}"


def outcome(call):
    """BayesregError for one that says something, the kind of any other error, and None for an answer."""
    try:
        call()
    except BayesregError as error:
        return BayesregError if len(str(error)) > 20 else str(error)
    except Exception as error:
        return type(error)
    return None


OF_OTHERS = {
    "plot_prior": (br.plot_prior, [br.Laplace(1.0)]),
    "plot_budget": (br.plot_budget, [REG, [0, 1]]),
    "plot_path": (br.plot_path, [REG]),
    "plot_selection": (br.plot_selection, [REG]),
    "plot_lesson": (br.plot_lesson, [REG]),
    "report": (br.report, [REG]),
}
SUBJECTS = (5, "x", FOREIGN, X, [], [5], {}, object())
HOSTILE_OF_OTHERS = {
    ("plot_prior", 0): (None, *SUBJECTS, br.Horseshoe(1.0), REG, br.Normal(np.inf), br.Laplace(br.HalfCauchy(1.0))),
    ("plot_prior", "sigma"): (0, -1, NAN, INF, "x", [1.0]),
    ("plot_prior", "axes"): (5, "x", [], [1, 2, 3], object()),
    ("plot_prior", "dark"): (None, "x"),
    ("plot_budget", 0): (None, *SUBJECTS),
    ("plot_budget", 1): (5, "x", ["x", "y"], [0], [0, 0], [0, 99], [0, NAN], object(), [None, 1]),
    ("plot_budget", "axes"): (5, "x", [], [1], object()),
    ("plot_path", 0): (None, *SUBJECTS),
    ("plot_path", "posterior"): (5, "x", FOREIGN, DataTree(), REG),
    ("plot_path", "ci_prob"): PROBABILITIES,
    ("plot_path", "max_labels"): [value for value in COUNTS[:-1] if value != 0],
    ("plot_path", "ax"): (5, "x", object()),
    ("plot_selection", 0): (None, *SUBJECTS),
    ("plot_selection", "coef"): ("x", [1.0], [NAN] * 3, 5, object()),
    ("plot_lesson", 0): SUBJECTS,
    ("plot_lesson", 1): (5, "x", ["x", "y"], [0], [0, 0], [0, 99], object()),
    ("plot_lesson", "draws"): COUNTS,
    ("plot_lesson", "random_seed"): SEEDS,
    ("report", 0): (None, *SUBJECTS),
    ("report", "ci_prob"): PROBABILITIES,
    ("report", "objective"): (5, "x", [], object()),
    ("report", "select_by"): (5, "x", [5], object(), []),
    ("report", "title"): (5, ["x"], object()),
    ("report", "ribbons"): (None, "x", 5),
    ("report", "random_seed"): SEEDS,
    ("report", "file"): (None, 5, "", ".", "a\0b", "x" * 300, object()),
    ("report", "strange"): (5,),
    ("report", "draws"): COUNTS,
}


@pytest.mark.parametrize(("name", "argument"), HOSTILE_OF_OTHERS)
def test_argument_of_another_function(name, argument, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    function, given = OF_OTHERS[name]
    values = HOSTILE_OF_OTHERS[name, argument]
    if isinstance(argument, str):
        assert_refused(partial(function, *given), argument, values)
        return
    calls = [partial(function, *given[:argument], value, *given[argument + 1 :]) for value in values]
    passed = [value for value, call in zip(values, calls, strict=True) if outcome(call) is not BayesregError]
    assert not passed, f"argument {argument}: {passed}"
