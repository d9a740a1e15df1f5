"""The page in a real Chromium: its script runs under its policy, and does what its controls say."""

import html
import json
import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

import bayesreg as br
from bayesreg.reporting.findings import find
from bayesreg.reporting.report import render_report

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine to open the page in"),
]
NAMES = ["</script><script>document.title='taken'</script>", "価格（円）", "a\"b' onload=x", "plain"]
# What a reader does, and what is then on the page.
ACTIONS = """
var out = {};
function names() {
  return Array.from(document.querySelectorAll('#effects-table tbody tr')).filter(r => !r.hidden)
    .map(r => r.cells[0].textContent);
}
function press(text) {
  Array.from(document.querySelectorAll('#effects-table thead button')).find(b => b.textContent === text).click();
}
out.title = document.title;
out.at_first = names();
press('effect'); press('effect');
out.by_name = names();
press('posterior mean');
out.by_mean = names();
out.sorted = document.querySelector('th[aria-sort]').textContent;
var search = document.getElementById('effects-search');
search.value = '価格'; search.dispatchEvent(new Event('input'));
out.found = names(); out.count = document.getElementById('effects-count').textContent;
search.value = ''; search.dispatchEvent(new Event('input'));
var mean = () => document.querySelector('tr[data-row="0"]').cells[2].textContent;
out.raw = mean();
document.querySelector('input[name=effects-form][value="1"]').click();
out.standardized = mean(); out.unit = document.getElementById('effects-unit').textContent;
var slider = document.getElementById('path-strength');
var said = () => document.getElementById('path-said').textContent;
var zeros = () => document.querySelectorAll('#path-forest .map.zero').length;
out.here = said();
slider.value = slider.min; slider.dispatchEvent(new Event('input'));
out.strong = [said(), zeros()];
slider.value = slider.max; slider.dispatchEvent(new Event('input'));
out.weak = [said(), zeros()];
var pre = document.createElement('pre'); pre.id = 'out'; pre.textContent = JSON.stringify(out);
document.body.appendChild(pre);
"""


def opened(page, folder, width=1200):
    """The document of a page after its scripts have run, and what the browser complained of."""
    file = folder / "page.html"
    file.write_text(page, encoding="utf-8")
    options = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--enable-logging=stderr",
    ]
    options += [f"--user-data-dir={folder / 'profile'}", f"--window-size={width},900", "--virtual-time-budget=2000"]
    command = [CHROMIUM, *options, "--dump-dom", file.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


@pytest.fixture(scope="module")
def report():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(60, 4)) * [1, 10, 1, 1], columns=NAMES)
    y = pd.Series(X.to_numpy() @ [2.0, -0.1, 0.5, 0.0] + rng.normal(size=60), name="y")
    reg = br.Regression(X, y, prior=br.Laplace(0.2), sigma=1.0)
    found = find(
        reg,
        idata=None,
        objective=None,
        ci_prob=0.95,
        ribbons=True,
        select_by=None,
        random_seed=0,
        sampling={"draws": 250},
    )
    return found, render_report(found)


@pytest.mark.filterwarnings("default")
def test_its_script_runs_under_its_policy_and_no_name_does(report, tmp_path):
    document, complaints = opened(report[1], tmp_path)
    assert complaints == []
    assert "<title>y: effects" in document
    assert document.count("<script") == 2
    assert '<div class="controls" hidden' not in document
    assert 'class="cursor"' in document
    assert re.search(r'id="path-said"[^>]*>half_rss strength', document)


@pytest.mark.filterwarnings("default")
def test_its_controls_sort_search_switch_and_move(report, tmp_path):
    found, page = report
    # The policy would refuse a script that is not the page's own; that it does is the first half of this test.
    played = page.replace("</body>", f"<script>{ACTIONS}</script></body>")
    refused, complaints = opened(played, tmp_path)
    assert 'id="out"' not in refused
    assert any("Content Security Policy" in one for one in complaints)
    document, _ = opened(re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", played), tmp_path)
    out = json.loads(html.unescape(re.search(r'<pre id="out">(.*?)</pre>', document, re.DOTALL)[1]))
    effects, fits = found.effects, found.path
    assert out["title"].startswith("y: effects")
    assert out["at_first"] == [*effects.names, "intercept"]
    assert sorted(out["by_name"]) == sorted(out["at_first"])
    assert out["by_name"] != out["at_first"]
    means = [*effects.draws.mean(axis=0), effects.intercept.mean()]
    assert out["by_mean"] == [name for _, name in sorted(zip(means, out["at_first"], strict=True), reverse=True)]
    assert out["sorted"].startswith("posterior mean")
    assert (out["found"], out["count"]) == (["価格（円）"], "1 of 5 rows")
    assert float(out["raw"]) == pytest.approx(effects.draws[:, 0].mean(), rel=1e-3)
    assert float(out["standardized"]) == pytest.approx(effects.standardized[:, 0].mean(), rel=1e-3)
    assert "per standard deviation" in out["unit"]
    assert f"strength {fits.current:.4g}" in out["here"]
    assert out["strong"][1] == 4
    assert "0 of 4 coefficients are not 0" in out["strong"][0]
    assert out["weak"][1] == fits.n_zeros[-1]
