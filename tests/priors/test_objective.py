from itertools import combinations

import numpy as np
import pytest

import bayesreg as br
from bayesreg.errors import ObjectiveError, UnsupportedError

NAMES = list(dict.fromkeys(objective.name for objective in br.objectives()))
FAMILIES = ("gaussian", "bernoulli", "poisson", "student_t", "laplace", "gamma", "negative_binomial")
RIGHT = {"sigma": 1.5, "n": 40, "sd_y": 2.0}


def test_one_row_per_name_and_family_and_each_has_a_formula():
    rows = [(objective.name, family) for objective in br.objectives() for family in objective.families]
    assert len(set(rows)) == len(rows)
    assert {family for _, family in rows} == set(FAMILIES)
    for objective in br.objectives():
        assert objective.formula
        assert objective.columns in ("given", "standardized")
        assert set(objective.terms) <= {"l1", "l2"}
        assert objective.terms


def test_only_glmnet_standardizes_by_default():
    """Its standardize=TRUE is the default in R; scikit-learn, skglm, celer and statsmodels take columns as given."""
    assert {objective.name for objective in br.objectives() if objective.columns == "standardized"} == {"glmnet"}


def test_rows_of_one_name_have_the_same_terms_and_units():
    """A penalty knows its objective by name alone."""
    for first, second in combinations(br.objectives(), 2):
        if first.name == second.name:
            assert (first.terms, first.inverse, first.columns) == (second.terms, second.inverse, second.columns)
            assert first.l2_unit.constant == second.l2_unit.constant
            assert first.l1_unit == second.l1_unit


HAS = {
    "bernoulli": {
        "glum",
        "sklearn.LogisticRegression",
        "sklearn.SGDClassifier",
        "skglm",
        "statsmodels",
        "glmnet",
        "keras",
        "torch.weight_decay",
    },
    "poisson": {"glum", "sklearn.PoissonRegressor", "skglm", "statsmodels", "glmnet", "keras", "torch.weight_decay"},
    "gamma": {"glum", "sklearn.GammaRegressor"},
    "laplace": {"sklearn.QuantileRegressor", "keras", "torch.weight_decay"},
    "student_t": set(),
}


@pytest.mark.parametrize("family", HAS)
@pytest.mark.parametrize("name", NAMES)
def test_an_objective_knows_its_families(name, family):
    """A squared loss is that of no other family: the refusal names the objectives that have the family."""
    term, strength = (
        ("l2", br.L2)
        if name in ("sklearn.Ridge", "sklearn.PoissonRegressor", "sklearn.GammaRegressor", "torch.weight_decay")
        else (
            "l1",
            br.L1,
        )
    )
    setting = {"n": 40, "sigma": 1.0, "family": family}
    prior = br.Normal(2.0) if term == "l2" else br.Laplace(2.0)
    calls = (
        lambda: br.to_penalty(prior, objective=name, **setting),
        lambda: br.to_prior(strength(0.1, name), objective=name, **setting),
        lambda: br.convert(0.1, name, "scaled_nll", term=term, **setting),
        lambda: br.convert(0.1, "scaled_nll", name, term=term, **setting),
    )
    for call in calls:
        if name in HAS[family] | {"nll", "scaled_nll"}:
            call()
            continue
        with pytest.raises(UnsupportedError, match=f'"{name}" has no {family} family') as error:
            call()
        assert all(known in str(error.value) for known in HAS[family] | {"nll", "scaled_nll"})


def test_the_default_penalty_is_read_as_the_familys_own_negative_log_likelihood():
    assert br.to_prior(br.L1(4.0), family="bernoulli") == br.Laplace(0.25)
    assert br.to_penalty(br.Laplace(0.25), family="poisson") == br.L1(4.0, "scaled_nll")
    assert br.to_penalty(br.Laplace(0.25), family=br.StudentT(4.0), sigma=3.0) == br.L1(36.0, "scaled_nll")
    with pytest.raises(UnsupportedError, match=r'"half_rss" has no poisson family, only gaussian; .* scaled_nll'):
        br.to_prior(br.L1(4.0), objective="half_rss", family="poisson")


@pytest.mark.parametrize("family", ["normal", "binomial", "", 3, ["gaussian"], np.nan], ids=repr)
def test_an_unknown_family_lists_all_known(family):
    for call in (
        lambda: br.to_penalty(br.Laplace(1.0), sigma=1.0, family=family),
        lambda: br.to_prior(br.L1(1.0), sigma=1.0, family=family),
        lambda: br.convert(1.0, "nll", "scaled_nll", term="l1", sigma=1.0, family=family),
    ):
        with pytest.raises(ObjectiveError, match="unknown family") as error:
            call()
        assert all(known in str(error.value) for known in FAMILIES)


@pytest.mark.parametrize("sigma", [2.0, np.float32(0.5), 0.0, np.nan, "1", np.ones(2)], ids=repr)
def test_a_family_without_a_sigma_takes_none(sigma):
    with pytest.raises(ObjectiveError, match="sigma"):
        br.to_penalty(br.Laplace(1.0), sigma=sigma, objective="sklearn.LogisticRegression")
    assert br.to_penalty(br.Laplace(1.5), objective="sklearn.LogisticRegression").strength == 1.5
    assert br.to_penalty(br.Laplace(1.5), sigma=1, objective="sklearn.LogisticRegression").strength == 1.5


def test_tools_without_a_common_family_have_no_conversion():
    with pytest.raises(UnsupportedError, match=r"none in common.*\n?.*bernoulli use .*nll"):
        br.convert(1.0, "sklearn.Lasso", "sklearn.LogisticRegression", n=40)


@pytest.mark.parametrize("number", [10**400, 1e200, 1e-200], ids=["10**400", "1e200", "1e-200"])
def test_what_leaves_the_range_of_numbers_is_named(number):
    with pytest.raises(ObjectiveError, match=r"sigma must be a positive finite number|leaves the range of numbers"):
        br.to_penalty(br.Normal(1.0), objective="mse", n=40, sigma=number)
    with pytest.raises(ObjectiveError, match=r"n must be a positive finite number"):
        br.to_penalty(br.Normal(1.0), objective="mse", n=10**400, sigma=1.0)


@pytest.mark.parametrize("name", ["lasso", "Glmnet", "", "sklearn", 3, ["mse"]], ids=repr)
def test_unknown_objective_lists_all_known(name):
    with pytest.raises(ObjectiveError) as error:
        br.to_penalty(br.Laplace(1.0), objective=name, **RIGHT)
    assert all(known in str(error.value) for known in [*NAMES, "keras"])
    assert repr(name) in str(error.value)
    with pytest.raises(ObjectiveError, match="unknown objective None"):
        br.convert(1.0, None, "mse", n=3)


@pytest.mark.parametrize(
    ("name", "lacks"), [("sklearn.Ridge", "L1"), ("torch.weight_decay", "L1"), ("park_casella", "L2")]
)
def test_a_tool_without_the_term_says_what_it_minimizes(name, lacks):
    prior, penalty = (br.Laplace(1.0), br.L1(1.0)) if lacks == "L1" else (br.Normal(1.0), br.L2(1.0))
    with pytest.raises(ObjectiveError, match=f'"{name}" has no {lacks} term; it minimizes .*RSS'):
        br.to_penalty(prior, objective=name, **RIGHT)
    with pytest.raises(ObjectiveError, match=f'"{name}" has no {lacks} term'):
        br.to_prior(penalty, objective=name, **RIGHT)
    with pytest.raises(ObjectiveError, match=f'"{name}" has no {lacks} term'):
        br.convert(1.0, "half_rss", name, term=lacks.lower(), **RIGHT)
    with pytest.raises(ObjectiveError, match=f'"{name}" has no {lacks} term'):
        br.to_penalty(br.ElasticNetPrior(1.0, 1.0), objective=name, **RIGHT)


@pytest.mark.parametrize("field", ["sigma", "n", "sd_y"])
@pytest.mark.parametrize("bad", [0, -1.0, np.nan, np.inf, True, "1", [1.0, 2.0], np.ones(2), 1j], ids=repr)
def test_a_bad_number_is_named(field, bad):
    with pytest.raises(ObjectiveError, match=f"{field} must be a positive finite number"):
        br.to_penalty(br.Normal(1.0), objective="glmnet", **(RIGHT | {field: bad}))


@pytest.mark.parametrize("field", ["sigma", "n", "sd_y"])
def test_a_missing_number_is_named(field):
    with pytest.raises(ObjectiveError, match=f'"glmnet" needs {field}; pass {field}='):
        br.to_penalty(br.Normal(1.0), objective="glmnet", **(RIGHT | {field: None}))


@pytest.mark.parametrize("number", [np.int64(40), np.float32(40), 40, 40.0], ids=repr)
def test_numpy_numbers_are_numbers(number):
    assert br.to_penalty(br.Laplace(1.0), sigma=1.0, n=number, objective="skglm").strength == 1 / 40
