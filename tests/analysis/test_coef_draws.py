"""Draws go to their columns by name, whatever the order that they come in."""

import numpy as np
import pytest

from bayesreg.analysis.coef_draws import column_order
from bayesreg.errors import DataError

NAMES = ("b", "", "a\0", "价", "a b")


@pytest.mark.parametrize("seed", range(5))
def test_each_column_is_found(seed):
    shuffled = np.random.default_rng(seed).permutation(len(NAMES))
    # As a DataTree holds them: without the NUL at the end.
    found = np.array([NAMES[j] for j in shuffled])
    order = column_order(NAMES, found)
    assert [shuffled[j] for j in order] == list(range(len(NAMES)))


def test_names_that_a_tree_cannot_tell_apart_keep_their_order():
    assert column_order(("x", "", "\0"), np.array(["x", "", "\0"])).tolist() == [0, 1, 2]


@pytest.mark.parametrize("found", [["a", "c"], ["a"], ["a", "b", "c"]])
def test_other_columns_are_refused(found):
    with pytest.raises(DataError, match=r"the posterior has other columns: missing \[('b')?\], unknown \[('c')?\]"):
        column_order(("a", "b"), np.array(found))
