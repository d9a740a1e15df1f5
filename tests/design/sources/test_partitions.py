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
from distributed import Client, LocalCluster

import bayesreg as br
from bayesreg.errors import DataError, UnsupportedError

RNG = np.random.default_rng(0)
N = 700
FRAME = pd.DataFrame({"a": RNG.normal(size=N) + 1e6, "k": RNG.integers(0, 9, N), "y": RNG.normal(size=N)})
FRAME["g"] = np.sort(RNG.choice(["low", "mid", "top"], size=N))


@pytest.fixture(autouse=True)
def _one_machine():
    with dask.config.set(scheduler="sync"):
        yield


def spread_of(moments):
    """The products as correlations, in which 1e-12 is relative also where columns are nearly orthogonal."""
    sd = np.sqrt(np.diag(moments.gram))
    return moments.gram / np.outer(sd, sd)


@pytest.mark.parametrize("formula", [None, "y ~ a * g + C(k)"])
@pytest.mark.parametrize("npartitions", [1, 4, 7])
def test_partitions_have_the_moments_of_their_rows(npartitions, formula):
    """Levels of g come one after the other, so that no partition has all of them."""
    parted = dd.from_pandas(FRAME, npartitions=npartitions)
    found, expected = br.moments(parted, formula=formula), br.moments(FRAME, formula=formula)
    assert (found.n, found.names, found.target) == (N, expected.names, "y")
    np.testing.assert_allclose(spread_of(found), spread_of(expected), rtol=0, atol=1e-12)
    np.testing.assert_array_equal(br.moments(parted, formula=formula).gram, found.gram)


def test_missing_values_are_counted_over_all_partitions():
    holes = FRAME.drop(columns="g").astype(float).mask(RNG.random((N, 3)) < 0.02)
    with pytest.raises(DataError, match=f'"a" has {holes["a"].isna().sum()} missing.*of {N} values'):
        br.moments(dd.from_pandas(holes, npartitions=5))
    assert br.moments(dd.from_pandas(holes, npartitions=5), missing="drop").n == len(holes.dropna())


@pytest.mark.parametrize("known", [True, False], ids=["known-sizes", "unknown-sizes"])
def test_an_array_has_the_moments_of_its_rows(known):
    """Columns in several chunks, rows in any; a chosen part has sizes that Dask does not know."""
    values = RNG.normal(size=(90, 4))
    array = dask.array.from_array(values, chunks=(40, 3))
    array = array if known else array[array[:, 0] > -np.inf]
    found = br.moments(array, "x2")
    assert found.names == ("x0", "x1", "x3")
    expected = np.cov(values[:, [0, 1, 3]], rowvar=False) * 89
    np.testing.assert_allclose(found.gram, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (dask.array.ones((10, 2)), "no target column"),
        (dask.array.ones(10), "a Dask array with rows and columns"),
        (FRAME.loc[:, "a"].pipe(dd.from_pandas, npartitions=1), "a Dask array with rows and columns"),
        (dd.from_pandas(FRAME.head(0), npartitions=1), "has no rows"),
    ],
    ids=["no-target", "a-vector", "a-series", "no-rows"],
)
def test_what_is_no_table_is_named(source, words):
    with pytest.raises(DataError, match=words):
        br.moments(source)


@pytest.fixture(scope="module")
def client():
    """Two workers in this process."""
    with Client(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0", set_as_default=False
    ) as client:
        yield client


@pytest.mark.parametrize("formula", [None, "y ~ a * g"])
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_files_are_read_where_they_lie(client, tmp_path, formula, ending):
    """Each is one task; one has columns and no rows, and no file has all levels."""
    frame = FRAME.iloc[::-1]
    for k, part in enumerate([frame[:300], frame[300:300], frame[300:310], frame[310:]]):
        write = part.to_csv if ending == "csv" else part.to_parquet
        write(tmp_path / f"{k}.{ending}", index=False)
    found, expected = (br.moments(tmp_path, formula=formula, client=where) for where in (client, None))
    assert (found.n, found.names) == (N, expected.names)
    np.testing.assert_allclose(spread_of(found), spread_of(expected), rtol=0, atol=1e-12)
    paths = [str(path) for path in sorted(tmp_path.iterdir(), reverse=True)]
    np.testing.assert_allclose(
        br.moments(paths, formula=formula, client=client).mean_x, expected.mean_x, rtol=1e-12, atol=1e-13
    )


def test_a_client_reads_nothing_that_lies_here(client, tmp_path):
    with pytest.raises(UnsupportedError, match="leave client out"):
        br.moments(FRAME, client=client)
    with pytest.raises(DataError, match=r"must be a dask.distributed.Client, got str"):
        br.moments(tmp_path, client="tcp://there")


@pytest.mark.parametrize("partitioned", [True, False], ids=["partitions", "batches"])
def test_any_partition_in_any_order_has_the_same_moments(partitioned):
    """To 1e-12 relative of the means, and of the products in units of the spreads; a fixed order to the last bit."""
    values = FRAME[["a", "k", "y"]].to_numpy(dtype=float)
    whole = br.moments(FRAME[["a", "k", "y"]])
    for seed in range(3 if partitioned else 12):
        rng = np.random.default_rng(seed)
        cuts = np.sort(rng.choice(np.arange(1, N), size=rng.integers(1, 20), replace=False))
        parts = [pd.DataFrame(part, columns=["a", "k", "y"]) for part in np.split(rng.permutation(values), cuts)]
        source = dd.from_delayed([dask.delayed(part) for part in parts], meta=parts[0]) if partitioned else parts
        found, again = br.moments(source), br.moments(source)
        np.testing.assert_allclose(found.mean_x, whole.mean_x, rtol=1e-12)
        np.testing.assert_allclose(spread_of(found), spread_of(whole), rtol=0, atol=1e-12)
        np.testing.assert_allclose(found.sd_x, whole.sd_x, rtol=1e-12)
        assert found.gram.tobytes() == again.gram.tobytes()


def slow_partition(seed):
    """Rows that take a while to come."""
    time.sleep(0.5)
    rng = np.random.default_rng(seed)
    return pd.DataFrame(rng.normal(size=(50, 3)), columns=["a", "b", "y"])


def kill_one_at_work(client, killed):
    """Kill the process of a worker while it has a task."""
    processes = client.run(os.getpid)
    while not (busy := [worker for worker, tasks in client.processing().items() if tasks]):
        time.sleep(0.02)
    time.sleep(0.4)
    killed.append(processes[busy[0]])
    os.kill(killed[0], signal.SIGKILL)


@pytest.mark.slow
def test_a_worker_that_is_killed_while_working_changes_nothing(tmp_path):
    tables = [slow_partition(seed) for seed in range(6)]
    for seed, table in enumerate(tables):
        table.iloc[np.repeat(np.arange(50), 3000)].to_csv(tmp_path / f"{seed}.csv", index=False)
    sources = [(tmp_path, br.moments(tmp_path)), (dd.from_map(slow_partition, range(6)), br.moments(tables))]
    cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", host="127.0.0.1")
    with cluster, Client(cluster, set_as_default=False) as client:
        for source, expected in sources:
            killed = []
            killer = threading.Thread(target=kill_one_at_work, args=(client, killed))
            killer.start()
            found = br.moments(source, client=client)
            killer.join()
            assert killed[0] not in client.run(os.getpid).values()
            assert found.n == expected.n
            np.testing.assert_allclose(found.gram, expected.gram, rtol=1e-12, atol=1e-12 * expected.n)
