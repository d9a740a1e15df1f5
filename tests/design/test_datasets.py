"""Named data sets are those of the dependency that ships them."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes

import bayesreg as br
from bayesreg.errors import DataError

THEIRS = load_diabetes(as_frame=True, scaled=False).frame


def test_diabetes_is_scikit_learns_own():
    frame, target = br.load_dataset("diabetes")
    pd.testing.assert_frame_equal(frame, THEIRS, check_exact=True)
    assert target == "target"


def test_it_is_the_same_where_the_files_have_moved(monkeypatch):
    def gone(path):
        raise FileNotFoundError(path)

    monkeypatch.setattr(np, "loadtxt", gone)
    monkeypatch.setattr(
        "sklearn.datasets.load_diabetes", lambda **_: (THEIRS.iloc[:, :-1].to_numpy(), THEIRS["target"])
    )
    pd.testing.assert_frame_equal(br.load_dataset("diabetes")[0], THEIRS, check_exact=True)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(DataError, match="known: diabetes"):
        br.load_dataset("iris")
