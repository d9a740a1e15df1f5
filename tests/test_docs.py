"""The code in the documents runs and prints what they show."""

import doctest
import re
from pathlib import Path

import pytest

import bayesreg
import bayesreg.sklearn

DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize("name", ["real-data.md", "beliefs.md"])
def test_a_document_prints_what_it_shows(name):
    found = doctest.testfile(str(DOCS / name), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert found.attempted > 10
    assert found.failed == 0


def test_the_reference_lists_every_public_name_once():
    page = (DOCS / "reference.md").read_text(encoding="utf-8")
    listed = re.findall(r"^   (\w+)$", page, flags=re.MULTILINE)
    assert sorted(listed) == sorted([*({*bayesreg.__all__} - {"errors"}), *bayesreg.sklearn.__all__])


def test_the_start_page_shows_the_code_of_the_readme():
    pages = [(DOCS.parent / "README.md"), DOCS / "index.md"]
    blocks = [re.search(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL) for page in pages]
    readme, start = ([line.split("  #")[0] for line in block[1].splitlines()] for block in blocks if block)
    assert start == readme


def test_every_guide_is_in_the_menu():
    menus = "".join(page.read_text(encoding="utf-8") for page in DOCS.glob("*.md") if "toctree" in page.read_text())
    missing = [
        page.stem for page in DOCS.glob("*.md") if page.stem not in ("index", "paper") and page.stem not in menus
    ]
    assert not missing
