"""The source names things for what they hold, in the words of the glossary."""

import ast
import re
from pathlib import Path

import pytest

import bayesreg

ROOT = Path(bayesreg.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
# A variable is named for what it holds, not for how it was got.
NAMES = {"told", "found", "said", "own", "pull"}
PHRASES = ("by chance", "in vain", "come by", "comes by", "came by", "the prior sees", "as whose", "is worth one row")


def identifiers(tree):
    """Every name that a module gives to something."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.arg(arg=name) | ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Attribute(attr=name):
                yield name


def misnamed(source):
    return {name for name in identifiers(ast.parse(source)) if NAMES & set(name.strip("_").split("_"))}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_names_and_prose_are_plain(path):
    source = path.read_text(encoding="utf-8")
    assert not misnamed(source)
    prose = re.sub(r"\s+", " ", source.replace("#", " ")).lower()
    assert [phrase for phrase in PHRASES if phrase in prose] == []


def test_the_guard_sees_a_name():
    assert misnamed("def f(x):\n    found = x\n    return found") == {"found"}
    assert misnamed("class A:\n    sigma_told: str = ''") == {"sigma_told"}
