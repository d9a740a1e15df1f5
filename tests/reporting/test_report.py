"""The page: whole, by itself, safe from the names on it, and with the objects' own numbers."""

import base64
import hashlib
import json
import re
import warnings
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

import bayesreg as br
from bayesreg.analysis.comparison import job
from bayesreg.cli import main
from bayesreg.model.unknowns import Unknowns
from bayesreg.plots.from_arviz import plot_predictive
from bayesreg.reporting.contents import SECTIONS
from bayesreg.reporting.effects import MAX_ROWS
from bayesreg.reporting.findings import Missing, find
from bayesreg.reporting.html import both_pictures, number, plain
from bayesreg.reporting.report import render_report
from bayesreg.sampling.datatree import to_datatree
from bayesreg.sampling.draws import Run

VOID = {"meta", "img", "source", "link", "br", "hr", "input"}
ODD = ["<script>alert(1)</script>", "a\"b' onload=x", "$x_1$ & co", "价格", "tab\there", "</title><b>"]


class Page(HTMLParser):
    """What a browser would see: tags, attributes, text by section, rows of tables; refuses what is not well formed."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.section, self.text, self.rows, self.scripts = [], [], "", {}, {}, []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "section":
            self.section = dict(attrs)["id"]
        if tag == "tr":
            self.rows.setdefault(self.section, []).append([])
        if tag in ("td", "th"):
            self.rows[self.section][-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "script" in self.open:
            self.scripts.append(data)
            return
        self.text[self.section] = self.text.get(self.section, "") + data
        if {"td", "th"} & set(self.open):
            self.rows[self.section][-1][-1] += data

    def row(self, section, name):
        (found,) = [row[1:] for row in self.rows[section] if row[0] == name]
        return found

    def cells(self, section, name):
        """The cells of a row by the heading of their column."""
        return dict(zip(self.rows[section][0][1:], self.row(section, name), strict=True))

    @property
    def data(self):
        return json.loads(self.scripts[0])

    @property
    def pictures(self):
        return [value for tag, attrs in self.tags for key, value in attrs.items() if key in ("src", "srcset")]


def findings(reg, **options):
    given = {"idata": None, "objective": None, "ci_prob": 0.95, "ribbons": False, "select_by": None}
    return find(reg, **{**given, "random_seed": 0, "sampling": {}, **options})


@pytest.fixture
def unsaved(monkeypatch):
    """Draw every figure once, but spare the time to save it."""
    monkeypatch.setattr("bayesreg.reporting.html.both_pictures", lambda draw, _: ("", "") if draw(False).axes else 1)


@pytest.fixture(scope="module")
def lasso():
    frame, target = br.load_dataset("diabetes")
    return br.Regression(frame.drop(columns=target), frame[target], prior=br.Laplace(7.84), sigma=54.15)


@pytest.fixture(scope="module")
def both(lasso):
    return br.compare(lasso, draws=500, random_seed=1)


@pytest.fixture(scope="module")
def page(both, tmp_path_factory):
    path = br.report(both, tmp_path_factory.mktemp("new") / "folder" / "report.html", ribbons=False, select_by="bic")
    return Page(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def odd():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(60, len(ODD))), columns=ODD)
    y = pd.Series(X.to_numpy() @ [2.0, -1.0, 0.5, 0.0, 0.0, 0.0] + rng.normal(size=60), name="<i>y</i>")
    return br.Regression(X, y, prior=br.Normal(0.5), sigma=1.0)


@pytest.fixture(scope="module")
def bernoulli():
    """A Bernoulli regression, and draws that pass for its posterior without compiling anything."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(200, 3))
    y = (rng.random(200) < 1 / (1 + np.exp(-X @ [1.5, -1.0, 0.0]))).astype(int)
    reg = br.Regression(X, y, prior=br.Laplace(0.2), family="bernoulli")
    beta = br.map_estimate(reg).beta + 0.1 * rng.normal(size=(4, 250, 3))
    run = Run(Unknowns(beta, 0.1 * rng.normal(size=(4, 250)), np.ones((4, 250))))
    return reg, to_datatree(reg, run, {"engine": "test", "engine_reason": "quick"}, (), 0)


def test_it_is_one_page_that_fetches_nothing_and_runs_its_own_script_alone(page):
    assert not {"link", "iframe", "object", "embed"} & {tag for tag, _ in page.tags}
    assert not [attrs for tag, attrs in page.tags if tag == "script" and "src" in attrs]
    assert len(page.scripts) == 2
    (policy,) = [attrs["content"] for _, attrs in page.tags if attrs.get("http-equiv") == "Content-Security-Policy"]
    allowed = dict(part.split(" ", 1) for part in policy.split("; "))
    digest = base64.b64encode(hashlib.sha256(page.scripts[1].encode()).digest()).decode()
    assert allowed["default-src"] == "'none'"
    assert allowed["script-src"] == f"'sha256-{digest}'"
    assert "style" not in {key for _, attrs in page.tags for key in attrs}
    assert not [key for _, attrs in page.tags for key in attrs if key.startswith("on")]
    assert all(address.startswith("data:image/svg+xml;base64,") for address in page.pictures)
    links = {attrs["href"] for _, attrs in page.tags if "href" in attrs}
    anchors = {"#" + attrs["id"] for tag, attrs in page.tags if tag == "section"}
    papers = {link for link in links if link.startswith("https://doi.org/10.")}
    assert "https://doi.org/10.1198/016214508000000337" in papers
    assert links - papers - {"#content"} == anchors == {f"#{one.anchor}" for one in SECTIONS}


def test_sections_stand_in_the_order_of_the_contents(page):
    assert [attrs["id"] for tag, attrs in page.tags if tag == "section"] == [one.anchor for one in SECTIONS]


def test_figures_are_pictures_for_light_and_dark_paper_that_fetch_nothing(page):
    drawn = [base64.b64decode(address.split(",", 1)[1]) for address in page.pictures]
    assert len(drawn) == 2 * 10
    for one in drawn:
        assert ElementTree.fromstring(one).tag.endswith("svg")
        addresses = re.findall(rb'(?:href|src)="([^"#][^"]*)"', one)
        assert all(address.startswith(b"data:image/png;base64,") for address in addresses)
    assert all(attrs["alt"] for tag, attrs in page.tags if tag == "img")


def test_the_comparison_is_that_of_the_object(page, both):
    for row in both.rows:
        told = page.cells("effects", row.name)
        wanted = {"least squares": row.ols, "penalized": row.penalized, "MAP": row.map, "posterior mean": row.mean}
        wanted |= {"sd": row.sd, "lower 95%": row.lower, "upper 95%": row.upper}
        assert {key: told[key] for key in wanted} == {key: number(value) for key, value in wanted.items()}
        assert told["p_direction"] == number(row.p_same_sign, ".3f")
        assert (told["verdict"] == "clear") == (row.lower * row.upper > 0)
    intercept = page.cells("effects", "intercept")
    assert intercept["MAP"] == number(both.estimates["map"].intercept)
    assert intercept["posterior mean"] == number(float(both.idata["posterior"]["intercept"].mean()))
    assert f"KKT {both.certificate.kkt:.1e}, duality gap {both.certificate.gap:.1e}" in page.text["comparison"]


def test_sparsity_and_shrinkage_are_those_of_the_objects(page, both):
    sparse, shrunk = br.sparsity(both.idata, reg=both.reg), br.shrinkage(both.idata, reg=both.reg)
    for j, name in enumerate(both.reg.names):
        told = page.row("sparsity", name)
        assert told[:2] == [number(sparse.point[j]), number(sparse.p_near_zero[j], ".3f")]
        assert told[6] == ("excludes 0" if sparse.excludes_zero[j] else "contains 0")
        assert page.cells("shrinkage", name)["κ"] == f"{shrunk.kappa[j]:.4g}"
    assert f"m_eff = Σ(1 − κ) = {shrunk.m_eff:.4g}" in page.text["shrinkage"]
    assert "sets 2 of 10 coefficients to exactly 0" in page.text["sparsity"]


def test_model_penalty_sampler_choice_and_data_are_told(page, both, lasso):
    assert "β" in page.text["model"]
    assert "b = 7.84" in page.text["model"]
    assert "σ = 54.15" in page.text["model"]
    assert float(page.row("prior", "sklearn.Lasso")[0]) == pytest.approx(54.15**2 / 7.84 / 442, rel=1e-5)
    attrs = both.idata.attrs
    assert attrs["engine_reason"] in page.text["sampler"]
    assert f"{attrs['rhat']:.3f}" in page.text["sampler"]
    assert f"{attrs['ess_bulk']:.0f}" in page.text["sampler"]
    assert page.row("selection", "bic")[0] == f"{br.select(lasso, 'bic').strength:.4g}"
    assert page.row("data", "bmi")[0] == f"{lasso.design.rows.X[:, 2].mean():.4g}"
    assert br.__version__ in page.text["cite"]


def test_names_are_text_wherever_they_stand(odd, unsaved):
    text = render_report(findings(odd, select_by="press"), title="<h1>&")
    page = Page(text)
    assert len(page.scripts) == 2
    assert not {"i", "b"} & {tag for tag, _ in page.tags}
    assert not [key for _, attrs in page.tags for key in attrs if key.startswith("on")]
    shown = [name.replace("\t", "[U+0009]") for name in ODD]
    for section in ("effects", "sparsity", "shrinkage", "data"):
        assert {row[0] for row in page.rows[section][1:]} - {"intercept"} == set(shown)
    assert sorted(page.data["path"]["names"]) == sorted(ODD)
    assert "<title>&lt;h1&gt;&amp;</title>" in text
    assert "<i>y</i> on 6 columns" in page.text[""]


def test_what_cannot_be_seen_or_written_is_told_by_its_code_point():
    assert plain("a\x00\u202eb\ud800<") == "a[U+0000][U+202E]b[U+D800]&lt;"


def test_another_family_has_a_maximum_likelihood_and_says_why_it_has_no_ribbons(bernoulli, unsaved):
    reg, idata = bernoulli
    page = Page(render_report(findings(reg, idata=idata, ribbons=True)))
    assert page.rows["effects"][0][-1] == "maximum likelihood"
    assert "Bernoulli" in page.text["model"]
    assert "σ" not in page.text["model"]
    assert "gaussian family" in page.text["path"]
    assert float(page.row("prior", "sklearn.LogisticRegression, C (inverse strength)")[0]) == pytest.approx(0.2)
    assert "not recorded" in page.text["sampler"]


def test_moments_are_enough(unsaved):
    moments = br.moments("diabetes", target="target")
    page = Page(render_report(findings(br.Regression.from_moments(moments, prior=br.Normal(10.0)), ribbons=True)))
    assert "moments only" in page.text["data"]
    assert "σ ~ HalfStudentT" in page.text["model"]
    assert {name for name, text in page.text.items() if "Not available" in text} == {"checks"}
    assert "Without posteriors" not in page.text["path"]


def test_a_hyperprior_has_its_points_at_the_median_scale(odd, unsaved):
    reg = odd.with_prior(br.Normal(br.HalfNormal(1.0)))
    found = findings(reg)
    scale = float(np.median(found.idata["posterior"]["scale"]))
    page = Page(render_report(found))
    assert f"posterior median, {scale:.4g}" in page.text["comparison"]
    assert page.cells("effects", ODD[2])["MAP"] == f"{br.map_estimate(odd.with_prior(br.Normal(scale))).coef[2]:.4g}"


def test_a_horseshoe_says_what_it_does_not_have(odd, unsaved):
    reg = odd.with_prior(br.Horseshoe(0.1))
    rng = np.random.default_rng(5)
    shape = (4, 250)
    scales = {"local_scale": np.ones((*shape, 6))}
    run = Run(Unknowns(rng.normal(size=(*shape, 6)), rng.normal(size=shape), np.ones(shape), scales))
    found = findings(reg, idata=to_datatree(reg, run, {}, (), 0))
    assert isinstance(found.comparison, Missing)
    page = Page(render_report(found))
    assert "no penalty" in page.text["comparison"]
    assert page.cells("effects", ODD[2])["posterior mean"] == number(
        float(found.idata["posterior"]["coef"][..., 2].mean())
    )
    assert "Not available" in page.text["path"]
    assert page.cells("effects", ODD[2])["verdict"]
    assert "Not available" in page.text["prior"]
    assert page.row("sparsity", ODD[2])


def test_draws_that_fail_the_gate_are_warned_of_on_top(lasso, unsaved):
    with pytest.warns(br.errors.SamplerWarning):
        found = findings(lasso, sampling={"draws": 20})
    assert "draws did not converge: R-hat" in Page(render_report(found)).text[""]


def test_of_very_many_columns_the_largest_are_told(unsaved):
    rng = np.random.default_rng(1)
    p = MAX_ROWS + 20
    X = rng.normal(size=(40, p))
    reg = br.Regression(X, 5 * X[:, -1] + rng.normal(size=40), prior=br.Normal(0.3), sigma=1.0)
    with warnings.catch_warnings():
        # Least squares of more columns than rows is exact.
        warnings.simplefilter("ignore")
        found = findings(reg)
    text = SECTIONS[0].write(found)
    names = re.findall(r'<th scope="row">([^<]*)</th>', text)
    assert len(names) == MAX_ROWS
    assert names[0] == reg.names[-1]
    assert f"Of {p} coefficients the {MAX_ROWS}" in text


def test_a_page_is_reproduced_to_the_byte_where_the_date_is_given(odd, unsaved, monkeypatch):
    found = findings(odd)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    text = render_report(found)
    assert text == render_report(findings(odd))
    assert "2001-09-09 01:46 UTC" in text
    assert f"bayesreg {br.__version__}" in Page(text).text["provenance"]
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(br.errors.DataError, match="whole number of seconds"):
        render_report(found)


def test_figures_of_the_fit_are_the_same_bytes_each_time(lasso):
    y = lasso.design.rows.y
    draws = y + np.random.default_rng(1).normal(size=(1, 60, len(y)))
    first, second = (both_pictures(lambda dark: plot_predictive(y, draws, dark=dark), "fit") for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"ci_prob": 95}, br.errors.PriorError, "between 0 and 1"),
        ({"objective": "nonsense"}, br.errors.ObjectiveError, "unknown objective"),
        ({"select_by": "nonsense"}, br.errors.PriorError, "nonsense"),
    ],
)
def test_bad_options_are_refused(odd, tmp_path, options, error, words):
    with pytest.raises(error, match=words):
        br.report(odd, tmp_path / "report.html", **options)
    assert not list(tmp_path.iterdir())


def test_a_posterior_and_options_of_sampling_exclude_each_other(both, tmp_path):
    with pytest.raises(br.errors.PriorError, match="draws"):
        br.report(both, tmp_path / "report.html", draws=10)
    with pytest.raises(br.errors.PriorError, match="has its posterior"):
        br.report(both, tmp_path / "report.html", idata=both.idata)
    with pytest.raises(br.errors.DataError, match="Regression or a Comparison"):
        br.report(both.idata, tmp_path / "report.html")


def test_a_posterior_of_other_columns_is_refused(odd, both, tmp_path):
    with pytest.raises(br.errors.DataError, match="other columns"):
        br.report(odd, tmp_path / "report.html", idata=both.idata)


def test_a_folder_in_the_way_is_refused(odd, tmp_path):
    with pytest.raises(br.errors.DataError, match="it is a folder"):
        br.report(odd, tmp_path)


def test_the_command_line_writes_the_page(tmp_path, capsys, unsaved):
    file = tmp_path / "page.html"
    told = ["--prior", "normal", "--scale", "10", "--no-progress", "--select", "press,evidence", "--no-ribbons"]
    assert main(["report", "diabetes", "--out", str(file), *told]) == 0
    assert capsys.readouterr().out == f"written to {file}\n"
    page = Page(file.read_text(encoding="utf-8"))
    assert {row[0] for row in page.rows["selection"]} == {"rule", "press", "evidence"}
    assert "the scale was given" in page.text["comparison"]
    assert "bayesreg report diabetes --out" in page.text["provenance"]
    assert main(["report", "diabetes", "--out", str(tmp_path), "--scale", "10"]) == 2
    assert "it is a folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("rules", "words"),
    [("zz", "unknown rule"), ("", "unknown rule"), ("cv,,bic", "unknown rule"), ("press", "covers a Normal prior")],
)
def test_the_command_line_refuses_a_rule_before_it_samples(monkeypatch, tmp_path, capsys, rules, words):
    monkeypatch.setattr(job, "compare", lambda *_, **__: pytest.fail("a comparison was sampled"))
    told = ["report", "diabetes", "--out", str(tmp_path / "page.html"), "--scale", "10", "--select", rules]
    assert main(told) == 2
    assert words in capsys.readouterr().err


@pytest.mark.slow
def test_many_columns_have_ribbons_too(tmp_path):
    rng = np.random.default_rng(6)
    X = rng.normal(size=(80, 25))
    reg = br.Regression(X, X[:, 0] + rng.normal(size=80), prior=br.Laplace(0.2), sigma=1.0)
    page = Page(br.report(reg, tmp_path / "report.html").read_text(encoding="utf-8"))
    assert "Without posteriors" not in page.text["path"]
    assert "convergedyes" in "".join(page.text["sampler"].split())


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_another_family_is_sampled(bernoulli, tmp_path):
    reg, _ = bernoulli
    path = br.report(reg, tmp_path / "report.html", draws=200, chains=2, tune=200)
    assert "the bernoulli family has no sufficient statistics" in Page(path.read_text(encoding="utf-8")).text["sampler"]
