"""Thresholds for a folder of some 700 comparisons, all of which a right program passes 999 times in 1,000."""

import numpy as np
import pytest
from scipy import stats

COMPARISONS = 700


@pytest.fixture(scope="session")
def assert_zs():
    """Assert that z-scores of a right program could look like these, in any of the folder's comparisons."""

    def check(z):
        z = np.ravel(z)
        largest = stats.norm.isf(0.5 * 1e-3 / (COMPARISONS * len(z)))
        assert np.max(np.abs(z)) < largest, f"z-scores {z[np.argsort(-np.abs(z))][:5]}"

    return check
