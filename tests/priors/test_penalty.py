import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

import bayesreg as br
from bayesreg.errors import BayesregError, ObjectiveError, PriorError

steady = settings(deadline=None, derandomize=True)
strengths = st.one_of(st.just(0.0), st.floats(1e-3, 1e3))
points = st.one_of(st.just(0.0), st.floats(-1e3, 1e3))
steps = st.floats(1e-3, 1e3)
# half_rss writes ½κβ², mse writes κβ².
CONSTANTS = {"half_rss": 1.0, "mse": 2.0, "sklearn.Ridge": 2.0, "torch.weight_decay": 1.0}


@st.composite
def penalties(draw):
    """A penalty with per-column strengths for 3 columns, and its λ and κ per column."""
    l1 = np.array(draw(st.lists(strengths, min_size=3, max_size=3)))
    l2 = np.array(draw(st.lists(strengths, min_size=3, max_size=3)))
    objective, constant = draw(st.sampled_from([("half_rss", 1.0), ("mse", 2.0)]))
    kind = draw(st.sampled_from(["l1", "l2", "both", "one number"]))
    if kind == "l1":
        return br.L1(l1, objective), l1, np.zeros(3)
    if kind == "l2":
        return br.L2(l2, objective), np.zeros(3), constant * l2
    if kind == "both":
        return br.ElasticNet(l1, l2, objective), l1, constant * l2
    return br.ElasticNet(l1[0], l2[0], objective), np.full(3, l1[0]), constant * np.full(3, l2[0])


vectors = st.lists(points, min_size=3, max_size=3).map(np.array)


@steady
@given(penalties(), vectors)
def test_value_is_the_sum_of_its_terms(made, beta):
    penalty, l1, l2 = made
    expected = sum(l1[j] * abs(beta[j]) + 0.5 * l2[j] * beta[j] ** 2 for j in range(3))
    assert penalty.value(beta) == pytest.approx(expected, rel=1e-14)


@steady
@given(penalties(), st.lists(st.floats(0.1, 100) | st.floats(-100, -0.1), min_size=3, max_size=3).map(np.array))
def test_gradient_is_the_derivative_away_from_zero(made, beta):
    penalty, _l1, _l2 = made
    step = 1e-3 * np.abs(beta)
    for j in range(3):
        # Each coordinate by itself, and by a step that stays on its side of 0, where the penalty is a quadratic.
        one = dataclasses.replace(penalty, **single_column(penalty, j))
        slope = (one.value(beta[[j]] + step[j]) - one.value(beta[[j]] - step[j])) / (2 * step[j])
        assert penalty.gradient(beta)[j] == pytest.approx(slope, rel=1e-9, abs=1e-12)


def single_column(penalty, j):
    """The fields of a penalty that keeps only column j."""
    fields = ("l1", "l2") if isinstance(penalty, br.ElasticNet) else ("strength",)
    return {field: np.broadcast_to(getattr(penalty, field), 3)[j] for field in fields}


@pytest.mark.parametrize("penalty", [br.L1(2.0), br.L2(2.0), br.ElasticNet(2.0, 3.0)], ids=repr)
def test_gradient_at_zero_is_the_least_subgradient(penalty):
    """0 lies in [−λ, λ], and 0·(b − 0) never exceeds penalty(b) − penalty(0)."""
    np.testing.assert_array_equal(penalty.gradient(np.zeros(3)), np.zeros(3))
    for b in (-1.0, -1e-9, 1e-9, 1.0):
        assert penalty.value(np.array([b])) >= penalty.value(np.zeros(1))


@steady
@given(penalties(), vectors, steps)
def test_prox_meets_the_optimality_conditions(made, z, step):
    """(z − β)/step is a subgradient of the penalty at β = prox(z), which no other point can be."""
    penalty, l1, _l2 = made
    beta = penalty.prox(z, step)
    zero = beta == 0
    assert np.all(np.abs(z[zero]) <= step * l1[zero] * (1 + 1e-14))
    np.testing.assert_allclose(
        (z - beta)[~zero],
        step * penalty.gradient(beta)[~zero],
        rtol=1e-9,
        atol=1e-12 * (1 + np.max(np.abs(z), initial=0) + step * np.max(l1)),
    )


@steady
@given(penalties(), vectors, st.floats(1e-2, 1e1))
def test_prox_is_what_scipy_finds(made, z, step):
    penalty, l1, l2 = made
    beta = penalty.prox(z, step)
    for j in range(3):

        def distance(b, j=j):
            return 0.5 * (b - z[j]) ** 2 + step * (l1[j] * abs(b) + 0.5 * l2[j] * b**2)

        bound = abs(z[j]) + 1
        found = minimize_scalar(distance, bounds=(-bound, bound), method="bounded", options={"xatol": 1e-9 * bound})
        assert beta[j] == pytest.approx(found.x, abs=1e-6 * bound)
        assert distance(beta[j]) <= found.fun + 1e-12 * bound**2


@pytest.mark.parametrize("penalty", [br.L1(0.0), br.L2(0.0), br.ElasticNet(0.0, 0.0)], ids=repr)
def test_zero_strength_does_nothing(penalty):
    z = np.array([-3.0, 0.0, 1e-300, 7.0])
    assert penalty.value(z) == 0.0
    np.testing.assert_array_equal(penalty.gradient(z), np.zeros(4))
    np.testing.assert_array_equal(penalty.prox(z, 10.0), z)


def test_elastic_net_is_the_sum_of_l1_and_l2():
    beta, l1, l2 = np.array([1.5, -2.0]), [1.0, 0.0], [0.5, 3.0]
    both = br.ElasticNet(l1, l2)
    assert both.value(beta) == br.L1(l1).value(beta) + br.L2(l2).value(beta)
    np.testing.assert_array_equal(both.gradient(beta), br.L1(l1).gradient(beta) + br.L2(l2).gradient(beta))


def test_prox_thresholds_to_exact_zeros():
    """|z| ≤ step·λ gives exactly 0, the boundary included."""
    np.testing.assert_array_equal(br.L1(2.0).prox(np.array([3.0, 2.0, -2.0, 2.5])), [1.0, 0.0, 0.0, 0.5])


@pytest.mark.parametrize("objective", CONSTANTS)
def test_l2_has_the_half_where_its_objective_writes_one(objective):
    assert br.L2(3.0, objective).value(np.array([2.0])) == CONSTANTS[objective] * 0.5 * 3.0 * 4.0


def test_inverse_objective_divides_by_its_strength():
    """The strength of LogisticRegression is C, and its penalty is (‖β‖₁ or ½‖β‖²)/C when the loss is not multiplied."""
    beta = np.array([1.0, -2.0])
    assert br.L1(4.0, "sklearn.LogisticRegression").value(beta) == 3.0 / 4
    assert br.L2(4.0, "sklearn.LogisticRegression").value(beta) == 0.5 * 5.0 / 4


@pytest.mark.parametrize("beta", [[1.0, -2.0], (1.0, -2.0), np.array([1.0, -2.0]), pd.Series([1.0, -2.0])], ids=type)
def test_beta_may_be_any_sequence(beta):
    """The docstrings pass lists."""
    assert br.L1(2.0).value(beta) == 6.0
    np.testing.assert_array_equal(br.L2(2.0).gradient(beta), [2.0, -4.0])
    np.testing.assert_array_equal(br.L1(1.5).prox(beta), [0.0, -0.5])


def test_strengths_by_name_follow_the_index_of_beta():
    beta = pd.Series({"b": 1.0, "a": -3.0})
    by_name = br.L1({"a": 10.0, "b": 1.0})
    assert by_name.value(beta) == 31.0
    np.testing.assert_array_equal(by_name.gradient(beta), [1.0, -10.0])
    np.testing.assert_array_equal(br.L2({"a": 10.0, "b": 1.0}).gradient(beta), [1.0, -30.0])
    both = br.ElasticNet({"b": 1.0, "a": 0.0}, {"a": 2.0, "b": 0.0})
    np.testing.assert_array_equal(both.prox(pd.Series({"b": 3.0, "a": 3.0}), 1.0), [2.0, 1.0])


@pytest.mark.parametrize(
    "beta", [pd.Series({"a": 1.0}), pd.Series({"a": 1.0, "b": 1.0, "c": 1.0}), np.ones(2)], ids=repr
)
def test_names_that_do_not_match_are_named(beta):
    with pytest.raises(PriorError, match="names do not match"):
        br.L1({"a": 1.0, "b": 2.0}).value(beta)


def test_strengths_in_a_series_are_not_matched_by_position():
    """A labelled strength is used by label, or refused; never applied to whichever column comes first."""
    beta = pd.Series({"a": 1.0, "b": 0.0})
    try:
        value = br.L1(pd.Series({"b": 2.0, "a": 1.0})).value(beta)
    except PriorError:
        return
    assert value == 1.0


def test_another_number_of_strengths_than_columns_is_an_error():
    with pytest.raises(PriorError, match="2 values for 3 columns"):
        br.L1([1.0, 2.0]).value(np.ones(3))


BAD = {
    "negative": (-1.0, "0 or a positive finite number"),
    "one negative": ([1.0, -1e-9], "0 or a positive finite number"),
    "nan": (np.nan, "0 or a positive finite number"),
    "infinite": (np.inf, "0 or a positive finite number"),
    "one infinite": ([1.0, np.inf], "0 or a positive finite number"),
    "matrix": (np.ones((2, 2)), r"shape \(2, 2\); allowed"),
    "empty": ([], r"shape \(0,\); allowed"),
    "string": ("1.0", "must be numeric"),
    "strings": (["1.0", "2.0"], "must be numeric"),
    "bool": (True, "must be numeric"),
    "bools": ([True, False], "must be numeric"),
    "complex": (1 + 2j, "must be numeric"),
    "complex array": (np.array([1j, 2.0]), "must be numeric"),
    "none": (None, "must be numeric"),
    "ragged": ([[1.0], [1.0, 2.0]], "must be numeric"),
    "empty mapping": ({}, "empty mapping"),
    "mapping to a negative": ({"a": 1.0, "b": -1.0}, "0 or a positive finite number"),
    "mapping to a string": ({"a": "1"}, "must be numeric"),
    "mapping to bool": ({"a": True}, "must be numeric"),
    "mapping to a list": ({"a": [1.0, 2.0]}, "one number per name"),
    "masked": (np.ma.array([1.0, 2.0], mask=[False, True]), "masked"),
    "prior": (br.HalfNormal(1.0), "must be numeric"),
}


@pytest.mark.parametrize("make", [br.L1, br.L2, lambda s: br.ElasticNet(s, 1.0), lambda s: br.ElasticNet(1.0, s)])
@pytest.mark.parametrize("name", BAD)
def test_bad_strengths_are_refused(make, name):
    """Each message says which quantity it is about and what is allowed."""
    value, message = BAD[name]
    with pytest.raises(PriorError, match=message) as error:
        make(value)
    assert str(error.value).startswith(("L1 strength", "L2 strength", "ElasticNet l1", "ElasticNet l2"))


LACKING = [
    ("sklearn.Ridge", br.L1),
    ("park_casella", br.L2),
    ("torch.weight_decay", lambda s, o: br.ElasticNet(s, s, o)),
]


@pytest.mark.parametrize(("objective", "make"), LACKING, ids=lambda value: value if isinstance(value, str) else "")
def test_a_term_that_the_objective_lacks_is_refused(objective, make):
    with pytest.raises(ObjectiveError, match=f'"{objective}" has no'):
        make(1.0, objective)


def test_what_the_tool_multiplies_in_is_part_of_the_value():
    """glmnet's L2 term is divided by the sd of y for a squared loss only; Park and Casella's L1 term has sigma."""
    ridge, lasso, beta = br.L2(0.6, "glmnet"), br.L1(0.5, "park_casella"), np.array([2.0, -1.0])
    assert ridge.value(beta, sd_y=3.0) == pytest.approx(0.5 * 0.2 * 5.0, rel=1e-15)
    np.testing.assert_allclose(ridge.gradient(beta, sd_y=3.0), 0.2 * beta, rtol=1e-15)
    np.testing.assert_allclose(ridge.prox(beta, 2.0, sd_y=3.0), beta / 1.4, rtol=1e-15)
    assert ridge.value(beta, family="poisson") == 0.5 * 0.6 * 5.0
    assert br.L1(0.6, "glmnet").value(beta) == 0.6 * 3.0
    assert lasso.value(beta, sigma=4.0) == 0.5 * 4.0 * 3.0
    for call, missing in ((ridge.value, "sd_y"), (ridge.gradient, "sd_y"), (lasso.prox, "sigma")):
        with pytest.raises(ObjectiveError, match=f"needs {missing}; pass {missing}="):
            call(beta)
    with pytest.raises(ObjectiveError, match="may need sigma, sd_y and family, got n"):
        lasso.value(beta, n=3)


@pytest.mark.parametrize("make", [br.L1, br.L2, lambda s, o: br.ElasticNet(s, s, o)])
def test_unknown_objective_is_refused(make):
    with pytest.raises(ObjectiveError, match=r"unknown objective 'sklearn.lasso'; known: half_rss"):
        make(1.0, "sklearn.lasso")


@pytest.mark.parametrize("method", ["value", "gradient", "prox"])
@pytest.mark.parametrize("beta", [[[1.0, 2.0]], [1.0, np.nan], [np.inf], "abc", [1j]], ids=repr)
def test_bad_beta_is_refused(method, beta):
    with pytest.raises(PriorError, match="beta must be"):
        getattr(br.L1(1.0), method)(np.array(beta))


@pytest.mark.parametrize("step", [0.0, -1.0, np.nan, np.inf, "1", None], ids=repr)
def test_bad_step_is_refused(step):
    with pytest.raises(BayesregError, match="step must be a positive finite number"):
        br.L1(1.0).prox(np.ones(2), step)


def test_a_penalty_is_frozen():
    """Neither its fields nor the array it was made of change it afterwards."""
    given_array = np.array([1.0, 2.0])
    penalty = br.L1(given_array)
    given_array[0] = 100.0
    assert penalty.value(np.ones(2)) == 3.0
    with pytest.raises(ValueError, match="read-only"):
        penalty.strength[0] = 5.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        penalty.strength = 5.0
