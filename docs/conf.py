"""The documentation site: ``uv run --group docs sphinx-build -W docs docs/_build`` writes it."""

import re
import shutil
from pathlib import Path

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.errors import ExtensionError
from sphinx_gallery.scrapers import figure_rst

import bayesreg

DOCS = Path(__file__).parent
ROOT = DOCS.parent

project = "bayesreg"
author = "The bayesreg maintainers"
extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "paper.md", "benchmarks/README.md", "gallery/*.ipynb"]
templates_path = ["_templates"]
add_module_names = False

html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = "bayesreg"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_sidebars = {"index": []}
html_theme_options = {
    "navbar_end": ["theme-switcher"],
    "navbar_persistent": ["search-button"],
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": [],
    "footer_end": [],
}

# Notebooks are committed with their outputs, and executed by the tests.
nb_execution_mode = "off"
myst_heading_anchors = 3
suppress_warnings = ["config.cache"]

# A class and the function that returns it differ by case alone, which not every disk keeps apart.
autosummary_filename_map = {
    f"bayesreg.{name}": f"bayesreg.{name}-class"
    for name in bayesreg.__all__
    if name != name.lower() and name.lower() in bayesreg.__all__
}
numpydoc_show_class_members = False
autodoc_typehints = "none"
# scikit-learn writes these, with links into its own pages.
REQUESTS = [f"set_{method}_request" for method in ("fit", "partial_fit", "predict", "predict_proba", "score")]
autodoc_default_options = {"exclude-members": ", ".join(REQUESTS)}


def save_figures(block, block_vars, gallery_conf):
    """Save the figure that a block has made, which pyplot need not know."""
    names, variables = block_vars["image_path_iterator"], block_vars["example_globals"]
    figure = variables.pop("figure", None)
    paths = [] if figure is None else [next(names)]
    for path in paths:
        figure.savefig(path, dpi=110)
    return figure_rst(paths, gallery_conf["src_dir"])


sphinx_gallery_conf = {
    "image_scrapers": (save_figures,),
    "examples_dirs": str(ROOT / "examples"),
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "ignore_pattern": "compare_diabetes",
    "download_all_examples": False,
    "show_signature": False,
    "abort_on_example_error": True,
    "write_computation_times": False,
    "capture_repr": (),
}


def copy_pages(app):
    """Copy what is written elsewhere in the repository: notebooks, and the tables of benchmarks."""
    for folder, pattern, target in [("notebooks", "*.ipynb", "tutorials"), ("benchmarks", "*.md", "benchmarks")]:
        place = DOCS / target
        place.mkdir(exist_ok=True)
        for page in (ROOT / folder).glob(pattern):
            shutil.copy(page, place / page.name)


def read_links(app, name, source):
    """Point links that are right in the repository to the same pages of the site."""
    source[0] = re.sub(r"\]\(\.\./benchmarks/", "](benchmarks/", source[0])


def keep_bars(app, what, name, obj, options, lines):
    """Keep the bars of |β|, which reStructuredText takes for a substitution."""
    lines[:] = [line if ">>>" in line or "\\" in line else re.sub(r"\|(?=\S)|(?<=\S)\|", r"\|", line) for line in lines]


def inline_formula(writer, node):
    """Write a formula as MathML, which browsers draw without a script."""
    writer.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def displayed_formula(writer, node):
    """Write a formula in lines of its own."""
    writer.body.append(tex2mathml(node.astext(), as_block=True))
    raise nodes.SkipNode


def refuse_other_hosts(app, exception):
    """Fail if a page loads anything from elsewhere."""
    loads = re.compile(r"(?:src|<link[^>]+href)=\"(?:https?:)?//")
    pages = [] if exception else [page for page in Path(app.outdir).rglob("*.html") if loads.search(page.read_text())]
    if pages:
        raise ExtensionError(f"these pages load from another host: {', '.join(page.name for page in pages)}")


def setup(app):
    """Run these before, while and after pages are read."""
    app.add_html_math_renderer("mathml", (inline_formula, None), (displayed_formula, None))
    app.connect("build-finished", refuse_other_hosts)
    app.connect("autodoc-process-docstring", keep_bars, priority=900)
    app.connect("builder-inited", copy_pages, priority=100)
    app.connect("source-read", read_links)
