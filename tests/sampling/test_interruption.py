"""An interrupted run ends in KeyboardInterrupt, or in an error that counts the draws; never in a shorter posterior."""

import signal
import subprocess
import sys
import threading
import time
import types
from contextlib import contextmanager

import numpy as np
import pytest

import bayesreg as br
from bayesreg.cli import main
from bayesreg.errors import ConvergenceError
from bayesreg.model.unknowns import Unknowns
from bayesreg.sampling import engine as engine_room
from bayesreg.sampling.draws import Run
from bayesreg.sampling.interruption import interruption_raised
from bayesreg.sampling.nuts import sampler as nuts

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 2))
REG = br.Regression(X, X[:, 0] + RNG.normal(size=30), prior=br.Laplace(1.0), sigma=1.0)


def press(*_):
    """What Ctrl-C does to the main thread."""
    signal.raise_signal(signal.SIGINT)


def swallow(*_):
    """A library that catches Ctrl-C and returns what it has."""
    try:
        press()
    except KeyboardInterrupt:
        return "a shorter trace"


def fail(*_):
    """One that then finds that it has nothing to return."""
    swallow()
    raise ValueError("Not enough samples to build a trace.")


@pytest.mark.parametrize("run", [press, swallow, fail])
def test_ctrl_c_gets_through_whatever_a_library_does_with_it(run):
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), interruption_raised():
        run()
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("library", ["_by_pymc", "_by_nutpie"])
@pytest.mark.parametrize("run", [press, swallow, fail])
def test_nuts_that_is_interrupted_returns_nothing(library, run, monkeypatch):
    model = types.SimpleNamespace(named_vars={}, data_vars=[])
    monkeypatch.setattr(br.Regression, "to_pymc", lambda *_: model)
    monkeypatch.setattr(nuts, library, run)
    monkeypatch.setattr(nuts, "_require_nutpie", lambda: None)
    sampler = library.removeprefix("_by_")
    with pytest.raises(KeyboardInterrupt):
        br.sample(REG, engine="nuts", nuts_sampler=sampler)


def test_other_errors_and_other_handlers_stay_as_they_are():
    with pytest.raises(ValueError, match="of its own"), interruption_raised():
        raise ValueError("of its own")
    pressed = []
    before = signal.signal(signal.SIGINT, lambda *_: pressed.append(1))
    try:
        with interruption_raised():
            press()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with interruption_raised():
            press()
    finally:
        signal.signal(signal.SIGINT, before)
    assert pressed == [1]


def test_threads_are_not_watched():
    done = []

    def work():
        with interruption_raised():
            done.append(1)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [1]


@pytest.mark.parametrize("kept", [(4, 999), (3, 1_000), (1, 1), (4, 1_001)])
@pytest.mark.parametrize("engine", ["exact", "gibbs", "nuts"])
def test_another_number_of_draws_than_asked_for_is_an_error(engine, kept, monkeypatch):
    rng = np.random.default_rng(1)
    other = Run(Unknowns(rng.normal(size=(*kept, 2)), rng.normal(size=kept), np.ones(kept)), library="pymc")
    monkeypatch.setattr(engine_room, "_run", lambda *_, **__: other)
    with pytest.raises(ConvergenceError, match=rf"pymc ended with {kept[1]:,} draws of {kept[0]} chains.*1,000 of 4"):
        br.sample(REG, engine=engine)


@contextmanager
def pressed_after(seconds):
    """Press Ctrl-C so much later, unless the block has ended by then."""
    main_thread = threading.main_thread().ident
    timer = threading.Timer(seconds, signal.pthread_kill, (main_thread, signal.SIGINT))
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


WIDE = br.Regression(RNG.normal(size=(60, 200)), RNG.normal(size=60), prior=br.Laplace(0.1), sigma=1.0)
RUNS = {
    "interpreted": lambda: br.sample(REG, engine="gibbs", kernel="interpreted", draws=1_000_000, cores=1),
    "compiled": lambda: br.sample(WIDE, engine="gibbs", kernel="block", draws=50_000),
    "path": lambda: br.sample_path(WIDE, np.geomspace(100, 1, 50), draws=10_000, chains=8),
    "exact": lambda: [br.sample(REG.with_prior(br.Normal(1.0)), draws=10_000) for _ in range(10**6)],
}


@pytest.mark.parametrize("name", RUNS)
def test_ctrl_c_ends_a_run_soon(name):
    small = {"draws": 10, "chains": 1}
    with pytest.warns(br.errors.SamplerWarning):
        br.sample(WIDE, engine="gibbs", kernel="block", **small)
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt), pressed_after(0.5):
        RUNS[name]()
    assert time.monotonic() - start < 20


def test_the_command_line_says_that_it_was_interrupted(capsys, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("bayesreg.analysis.comparison.job.run_job", stop)
    assert main(["compare", "diabetes"]) == 130
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "bayesreg: interrupted\n"


SCRIPT = """
import sys, warnings
import numpy as np, nutpie, pymc
import bayesreg as br

def said(sample):
    def say(*given, callback=None, **settings):
        # PyMC calls back at each draw; nutpie samples as soon as it is called, since its model is compiled before.
        if callback is None:
            print("sampling", flush=True)
            return sample(*given, **settings)
        draws = []

        def first(**state):
            draws.append(1)
            if len(draws) == 50:
                print("sampling", flush=True)
            callback(**state)

        return sample(*given, callback=first, **settings)

    return say

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 5))
    reg = br.Regression(X, X[:, 0] + rng.normal(size=400), prior=br.Laplace(0.1), sigma=1.0)
    pymc.sample, nutpie.sample = said(pymc.sample), said(nutpie.sample)
    try:
        br.sample(reg, draws=2_000_000, engine="nuts", nuts_sampler=sys.argv[1], cores=int(sys.argv[2]))
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    else:
        print("returned", flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("sampler", "cores"), [("pymc", 1), ("pymc", 2), ("nutpie", 2)])
def test_a_real_ctrl_c_in_nuts(sampler, cores, tmp_path):
    script = tmp_path / "run.py"
    script.write_text(SCRIPT)
    command = [sys.executable, str(script), sampler, str(cores)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        assert run.stdout.readline() == "sampling\n"
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=120)
    assert (out, run.returncode) == ("interrupted\n", 0), err
