import os
import signal
import threading
import time

import dask
import dask.array
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest

import bayesreg as br
from bayesreg.errors import DataError

RNG = np.random.default_rng(0)
N = 700
FRAME = pd.DataFrame({"a": RNG.normal(size=N) + 1e6, "k": RNG.integers(0, 9, N), "y": RNG.normal(size=N)})
FRAME["g"] = np.sort(RNG.choice(["low", "mid", "top"], size=N))


@pytest.fixture(autouse=True)
def _one_machine():
    with dask.config.set(scheduler="sync"):
        yield


@pytest.mark.parametrize("formula", [None, "y ~ a * g + C(k)"])
@pytest.mark.parametrize("npartitions", [1, 4, 7])
def test_partitions_have_the_moments_of_their_rows(npartitions, formula):
    """Levels of g come one after the other, so that no partition has all of them."""
    parted = dd.from_pandas(FRAME, npartitions=npartitions)
    found, expected = br.moments(parted, formula=formula), br.moments(FRAME, formula=formula)
    assert (found.n, found.names, found.target) == (N, expected.names, "y")
    sd = np.sqrt(np.diag(expected.gram))
    np.testing.assert_allclose(found.gram / np.outer(sd, sd), expected.gram / np.outer(sd, sd), atol=1e-12)
    np.testing.assert_array_equal(br.moments(parted, formula=formula).gram, found.gram)


def test_missing_values_are_counted_over_all_partitions():
    holes = FRAME.drop(columns="g").astype(float).mask(RNG.random((N, 3)) < 0.02)
    with pytest.raises(DataError, match=f'"a" has {holes["a"].isna().sum()} missing.*of {N} values'):
        br.moments(dd.from_pandas(holes, npartitions=5))
    assert br.moments(dd.from_pandas(holes, npartitions=5), missing="drop").n == len(holes.dropna())


def test_a_dask_array_has_no_names():
    with pytest.raises(DataError, match="has no names; make a frame with"):
        br.moments(dask.array.ones((10, 2)))


def slow_partition(seed):
    """Rows that take a while to come."""
    time.sleep(0.5)
    rng = np.random.default_rng(seed)
    return pd.DataFrame(rng.normal(size=(50, 3)), columns=["a", "b", "y"])


@pytest.mark.slow
def test_a_worker_that_is_killed_while_working_changes_nothing():
    from distributed import Client, LocalCluster

    expected = br.moments([slow_partition(seed) for seed in range(12)])
    cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1")
    with cluster, Client(cluster) as client, dask.config.set(scheduler=None):
        victim = min(client.run(os.getpid).values())
        killer = threading.Timer(2.0, os.kill, (victim, signal.SIGKILL))
        killer.start()
        found = br.moments(dd.from_map(slow_partition, range(12)))
        killer.join()
        assert victim not in client.run(os.getpid).values()
    assert found.n == expected.n == 600
    np.testing.assert_allclose(found.gram, expected.gram, rtol=1e-12, atol=1e-10)
