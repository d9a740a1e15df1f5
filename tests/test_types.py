"""Type checkers see the public names as what they are, though they are loaded on first use."""

import subprocess
import sys

import pytest

import bayesreg

SNIPPET = """
import bayesreg as br
from bayesreg import Laplace, Regression, sample

reveal_type(Laplace)
reveal_type(br.Regression)
reveal_type(sample)
br.nonsense
"""


@pytest.mark.slow
def test_mypy_knows_the_public_names(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SNIPPET)
    command = [sys.executable, "-m", "mypy", "--config-file=", "--follow-imports=silent", "--ignore-missing-imports"]
    said = subprocess.run([*command, str(script)], capture_output=True, text=True).stdout
    assert "-> bayesreg.priors.laplace.Laplace" in said
    assert "-> bayesreg.model.regression.Regression" in said
    assert "def (reg: bayesreg.model.regression.Regression, *, engine: str" in said
    assert 'Module has no attribute "nonsense"' in said


def test_the_stub_names_everything_public():
    assert {"Laplace", "Regression", "sample", "find_MAP", "errors", "plot_path"} <= set(bayesreg.__all__)
    assert set(dir(bayesreg)) >= set(bayesreg.__all__)
