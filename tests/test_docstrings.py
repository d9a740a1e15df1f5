"""Every public name has a numpydoc docstring whose sections say what it takes, and where to go on."""

import inspect
import re

import pytest

import bayesreg

PUBLIC = sorted(set(bayesreg.__all__) - {"errors"})


def section(name, title):
    """The lines of one section of a docstring; none if it is not there."""
    lines = (inspect.getdoc(getattr(bayesreg, name)) or "").splitlines()
    starts = [k for k in range(len(lines) - 1) if lines[k] == title and lines[k + 1] == "-" * len(title)]
    if not starts:
        return []
    body = lines[starts[0] + 2 :]
    ends = [k for k in range(1, len(body)) if body[k] and set(body[k]) == {"-"}]
    return body[: ends[0] - 1] if ends else body


@pytest.mark.parametrize("name", PUBLIC)
def test_see_also_names_what_is_public(name):
    named = [line.split(" : ")[0] for line in section(name, "See Also") if line]
    assert named, f"{name} has no section See Also"
    assert set(named) <= set(PUBLIC) - {name}
    assert len(named) == len(set(named))


@pytest.mark.parametrize("name", [name for name in PUBLIC if inspect.isroutine(getattr(bayesreg, name))])
def test_every_parameter_of_a_function_is_explained(name):
    explained = " ".join(line for line in section(name, "Parameters") if line[:1].strip()).replace("*", "")
    parameters = inspect.signature(getattr(bayesreg, name)).parameters
    missing = [parameter for parameter in parameters if not re.search(rf"\b{parameter}\b", explained)]
    assert not missing, f"{name} does not explain {missing}"


@pytest.mark.parametrize("name", PUBLIC)
def test_the_first_line_is_one_sentence(name):
    first, *rest = inspect.getdoc(getattr(bayesreg, name)).splitlines()
    assert first.rstrip()[-1] in ".:"
    assert not rest or rest[0] == ""
