import numpy as np
import pytest

import bayesreg as br
from bayesreg.errors import ObjectiveError

NAMES = [objective.name for objective in br.objectives()]
RIGHT = {"sigma": 1.5, "n": 40, "sd_y": 2.0}


def test_names_are_unique_and_each_has_a_formula():
    assert len(set(NAMES)) == len(NAMES)
    for objective in br.objectives():
        assert objective.formula
        assert objective.columns in ("given", "standardized")
        assert set(objective.terms) <= {"l1", "l2"}
        assert objective.terms


def test_only_glmnet_standardizes_by_default():
    """Its standardize=TRUE is the default in R; scikit-learn, skglm, celer and statsmodels take columns as given."""
    assert [objective.name for objective in br.objectives() if objective.columns == "standardized"] == ["glmnet"]


@pytest.mark.parametrize("name", ["lasso", "Glmnet", "", "sklearn", None, 3, ["mse"]], ids=repr)
def test_unknown_objective_lists_all_known(name):
    with pytest.raises(ObjectiveError) as error:
        br.to_penalty(br.Laplace(1.0), objective=name, **RIGHT)
    assert all(known in str(error.value) for known in [*NAMES, "keras"])
    assert repr(name) in str(error.value)


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
