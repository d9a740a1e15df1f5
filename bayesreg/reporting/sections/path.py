"""The path: a picture, and a strength that the reader moves."""

from typing import Any

import numpy as np

from bayesreg.analysis.intervals import quantiles
from bayesreg.optimize.path import Path
from bayesreg.plots.path import passed_along, plot_path
from bayesreg.reporting.findings import Findings, Missing
from bayesreg.reporting.html import number, paragraph, picture
from bayesreg.reporting.sections.section import absent, percent

# Lines of the path that are named and have a ribbon; coefficients that follow the strength.
NAMED, FOLLOWED, MOST_LINES = 6, 12, 60
# Digits of the numbers that the script draws.
DIGITS = 5


def write_path(findings: Findings) -> str:
    """The picture for paper, and what the script moves."""
    fits, ribbons = findings.path, findings.ribbons
    if isinstance(fits, Missing):
        return absent(fits)
    tree = None if isinstance(ribbons, Missing) else ribbons
    body = _moving_html(findings) + picture(
        lambda dark: plot_path(fits, posterior=tree, ci_prob=findings.ci_prob, max_labels=NAMED, dark=dark),
        "Path of the MAP over strengths",
    )
    text = f"{len(fits.strengths)} strengths, largest KKT residual {number(float(fits.kkt.max()), '.1e')} (relative)."
    if isinstance(ribbons, Missing):
        text += f" Without posteriors along the path: {ribbons.reason.rstrip('.')}."
    elif not np.all(passed := passed_along(ribbons)):
        text += f" At {np.sum(~passed)} of {len(passed)} strengths the draws did not converge; no ribbon is there."
    return body + paragraph(text, kind="note")


def _moving_html(findings: Findings) -> str:
    bars = "" if isinstance(findings.ribbons, Missing) else f" Bars are {percent(findings)} posterior intervals."
    last = len(stops_of(findings)) - 1
    return (
        '<div id="moving-path" class="moving-part" hidden>\n'
        '<label for="path-strength">Strength of the penalty, from strong to weak</label>\n'
        f'<input type="range" id="path-strength" min="0" max="{last}" step="1">\n'
        '<p><output id="path-said" for="path-strength" aria-live="polite"></output></p>\n'
        '<div class="moving">\n<svg id="path-lines" viewBox="0 0 400 355" role="img" '
        'aria-label="Coefficients over strengths, with the chosen strength"></svg>\n'
        '<svg id="path-forest" role="img" aria-label="Coefficients at the chosen strength"></svg>\n</div>\n'
        + paragraph(
            f"Diamonds are the MAP, open where it is exactly 0.{bars} The dashed line is the strength of this "
            "report. Coefficients are beta, on the (standardized) columns on which the prior is stated.",
            kind="note",
        )
        + "</div>\n"
    )


def stops_of(findings: Findings) -> np.ndarray:
    """Indices of the path's strengths that the reader can choose: those with a posterior, or else all."""
    fits, ribbons = findings.path, findings.ribbons
    assert isinstance(fits, Path)
    if isinstance(ribbons, Missing):
        return np.arange(len(fits.strengths))
    drawn = ribbons["posterior"]["strength"].to_numpy()[passed_along(ribbons)]
    return np.array([int(np.argmin(np.abs(np.log(fits.strengths / one)))) for one in drawn], dtype=int)


def path_data(findings: Findings) -> dict[str, Any] | None:
    """What the script needs to move the strength; None where there is no path."""
    fits = findings.path
    if isinstance(fits, Missing):
        return None
    stops = stops_of(findings)
    if len(stops) < 2:
        return None
    lines = np.argsort(-np.abs(fits.beta).max(axis=0), kind="stable")[:MOST_LINES]
    intervals = _intervals(findings, lines[:FOLLOWED])
    points = fits.beta[:, lines]
    ends = [points, *intervals.values()]
    return {
        "strengths": _plain(fits.strengths),
        "current": float(fits.current),
        "stops": stops.tolist(),
        "start": int(np.argmin(np.abs(np.log(fits.strengths[stops] / fits.current)))),
        "names": [fits.names[j] for j in lines],
        "named": [k < NAMED for k in range(len(lines))],
        "shown": list(range(min(FOLLOWED, len(lines)))),
        "beta": _plain(points.T),
        "lineLow": min(0.0, float(points.min())),
        "lineHigh": max(0.0, float(points.max())),
        "low": min(float(one.min()) for one in ends),
        "high": max(float(one.max()) for one in ends),
        "said": [_stop_text(fits, k) for k in stops],
        **{name: _plain(values.T) for name, values in intervals.items()},
    }


def _intervals(findings: Findings, columns: np.ndarray) -> dict[str, np.ndarray]:
    """Posterior means and limits at each stop, shape (stops, columns)."""
    if isinstance(findings.ribbons, Missing):
        return {}
    posterior = findings.ribbons["posterior"]
    beta = posterior["beta" if "beta" in posterior else "coef"]
    draws = beta.transpose("chain", "draw", "strength", "coef_name").to_numpy()[:, :, passed_along(findings.ribbons)]
    flat = draws.reshape(-1, *draws.shape[2:])[..., columns]
    lower, upper = quantiles(flat, findings.ci_prob)
    return {"mean": flat.mean(axis=0), "lower": lower, "upper": upper}


def _stop_text(fits: Path, k: int) -> str:
    zeros, p = int(fits.n_zeros[k]), len(fits.names)
    return f"{fits.objective} strength {number(float(fits.strengths[k]))}: {p - zeros} of {p} coefficients are not 0."


def _plain(values: np.ndarray) -> Any:
    """Numbers of a few digits, in lists."""
    if values.ndim > 1:
        return [_plain(one) for one in values]
    return [float(f"{one:.{DIGITS}g}") for one in values]
