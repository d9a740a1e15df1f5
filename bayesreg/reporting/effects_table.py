"""The one table of effects: numbers in every unit, and a bar for each interval."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from bayesreg.analysis.intervals import quantiles
from bayesreg.optimize.least_squares import least_squares_name
from bayesreg.reporting.effects import INTERCEPT, Effects
from bayesreg.reporting.html import number, plain

# Columns whose numbers depend on the unit; others do not.
POSTERIOR = ("mean", "sd", "lower", "upper")
POINTS = ("map", "penalized", "ols")
# Width of a bar's drawing.
BAR = 100.0


@dataclass(frozen=True, eq=False)
class Form:
    """The numbers of all rows in one unit, the intercept's last: arrays by key, NaN where there is none."""

    label: str
    unit: str
    numbers: dict[str, np.ndarray]

    def cells(self, keys: list[str]) -> list[list[str]]:
        """Texts, a list for each row."""
        return [list(row) for row in zip(*([number(one) for one in self.numbers[key]] for key in keys), strict=True)]


def forms_of(effects: Effects) -> list[Form]:
    """Per unit and per standard deviation of the column, and both as ratios where exp(coefficient) has a name."""
    ratio, what = effects.reg.family.ratio, effects.reg.family.effect
    change = f"change of {what}the target"
    raw, unit = _with_intercept(effects, effects.draws, 1.0, 1), "per unit of the column"
    scaled, per_sd = _with_intercept(effects, effects.standardized, effects.sd_x, 2), "per standard deviation"
    forms = [
        Form("per unit", f"{change} {unit}; the intercept is at x = 0", _summary(raw[0], raw[1], effects.ci_prob)),
        Form(
            "standardized",
            f"{change} {per_sd} of the column; the intercept is at the column means",
            _summary(scaled[0], scaled[1], effects.ci_prob),
        ),
    ]
    if ratio:
        forms += [
            Form(f"{ratio} {label}", f"{ratio} {unit_}, exp(coefficient)", _ratios(*both, effects.ci_prob))
            for label, unit_, both in (("per unit", unit, raw), ("standardized", per_sd, scaled))
        ]
    return forms


def _with_intercept(
    effects: Effects, draws: np.ndarray, factor: Any, which: int
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Draws and point estimates with the intercept's as the last column."""
    points = {name: one[0] * factor for name, one in effects.points.items()}
    if effects.intercept is None:
        return draws, points
    last = effects.intercept if which == 1 else effects.center
    return np.column_stack([draws, last]), {
        name: np.append(values, effects.points[name][which]) for name, values in points.items()
    }


def _summary(draws: np.ndarray, points: dict[str, np.ndarray], ci_prob: float) -> dict[str, np.ndarray]:
    lower, upper = quantiles(draws, ci_prob)
    return {"mean": draws.mean(axis=0), "sd": draws.std(axis=0, ddof=1), "lower": lower, "upper": upper, **points}


def _ratios(draws: np.ndarray, points: dict[str, np.ndarray], ci_prob: float) -> dict[str, np.ndarray]:
    with np.errstate(over="ignore", invalid="ignore"):
        return _summary(np.exp(draws), {name: np.exp(values) for name, values in points.items()}, ci_prob)


def columns_of(effects: Effects) -> list[tuple[str, str, str]]:
    """The headings, as (key, text, explanation)."""
    percent = f"{100 * effects.ci_prob:g}%"
    names = {"map": "MAP", "penalized": "penalized", "ols": least_squares_name(effects.reg)}
    return [
        ("name", "", "column"),
        ("bar", f"{percent} interval, standardized", "per standard deviation of the column, so that bars compare"),
        ("mean", "posterior mean", ""),
        ("sd", "sd", "posterior standard deviation"),
        ("lower", f"lower {percent}", "lower limit of the equal-tailed interval"),
        ("upper", f"upper {percent}", "upper limit of the equal-tailed interval"),
        ("p_direction", "p_direction", "posterior probability of the likelier sign"),
        ("p_near_zero", "P(|·| < ε)", "posterior probability of an effect too small to matter"),
        ("verdict", "verdict", ""),
        *((key, names[key], "point estimate") for key in POINTS if key in effects.points),
    ]


def effects_html(effects: Effects, forms: list[Form]) -> str:
    """The table, its rows by size of effect."""
    columns = columns_of(effects)
    percent = f"{100 * effects.ci_prob:g}%"
    head = "".join(_heading(*one) for one in columns)
    keys = [key for key, _, _ in columns if key in forms[0].numbers]
    cells, bars = forms[0].cells(keys), _bars(effects)
    rows = "".join(_row(effects, columns, keys, k, texts, bars[k]) for k, texts in enumerate(cells))
    caption = f'Effects by size, with {percent} equal-tailed intervals; numbers are the <span id="effects-unit">'
    return (
        '<div class="wide" role="region" aria-label="Table of effects" tabindex="0">'
        f'<table id="effects-table"><caption><span class="caption">{caption}'
        f"{plain(forms[0].unit)}</span>.</span></caption>\n"
        f"<thead><tr>{head}</tr></thead>\n<tbody>{rows}</tbody></table></div>\n"
    )


def _heading(key: str, text: str, explanation: str) -> str:
    title = f' title="{plain(explanation)}"' if explanation else ""
    size = ' data-size="" aria-sort="descending"' if key == "bar" else ""
    return f'<th scope="col" data-key="{key}"{_words(key)}{title}{size}>{plain(text or "effect")}</th>'


def _words(key: str) -> str:
    return ' class="words"' if key in ("bar", "verdict") else ""


def _row(
    effects: Effects, columns: list[tuple[str, str, str]], keys: list[str], k: int, texts: list[str], bar: str
) -> str:
    is_intercept = k == len(effects.order)
    known = dict(zip(keys, texts, strict=True)) | _probabilities(effects, k) | {"bar": bar}
    size = 0.0 if is_intercept else abs(float(effects.standardized[:, k].mean()))
    name = INTERCEPT if is_intercept else effects.names[k]
    body = f'<th scope="row">{f"<em>{name}</em>" if is_intercept else plain(name)}</th>'
    for key, _, _ in columns[1:]:
        kind = f' class="words verdict-{known[key].split(",")[0].replace(" ", "-")}"' if key == "verdict" else ""
        kind = kind or _words(key)
        body += f"<td{kind}>{known[key] if key == 'bar' else plain(known[key])}</td>"
    faint = "" if is_intercept or known["verdict"].startswith("clear") else ' class="faint"'
    return f'<tr data-row="{k}" data-size="{"" if is_intercept else f"{size:.6g}"}"{faint}>{body}</tr>\n'


def _probabilities(effects: Effects, k: int) -> dict[str, str]:
    """What does not depend on the unit."""
    if k == len(effects.order):
        # Which sign it has depends on where it is stated, and nobody asks whether it is small.
        return dict.fromkeys(("p_direction", "p_near_zero", "verdict"), "–")
    j = effects.order[k]
    return {
        "p_direction": number(effects.p_direction[j], ".3f"),
        "p_near_zero": number(effects.p_near_zero[j], ".3f"),
        "verdict": effects.verdicts[j],
    }


def _bars(effects: Effects) -> list[str]:
    """A drawing of each interval on one common axis; the intercept has none."""
    draws = effects.standardized
    lower, upper = quantiles(draws, effects.ci_prob)
    low, high = min(0.0, float(lower.min())), max(0.0, float(upper.max()))
    place = (BAR - 6) / max(high - low, np.finfo(float).tiny)
    at = [3 + (values - low) * place for values in (np.zeros(len(lower)), lower, upper, draws.mean(axis=0))]
    percent = f"{100 * effects.ci_prob:g}%"
    texts = [f"{percent} interval {number(a)} to {number(b)}" for a, b in zip(lower, upper, strict=True)]
    return [_bar(*ends) for ends in zip(*at, texts, strict=True)] + ["–"]


def _bar(zero: float, lower: float, upper: float, mean: float, text: str) -> str:
    return (
        f'<svg class="bar" viewBox="0 0 {BAR:g} 12" preserveAspectRatio="none" role="img" aria-label="{plain(text)}">'
        f'<line class="zero" x1="{zero:.1f}" x2="{zero:.1f}" y1="0" y2="12"/>'
        f'<line class="interval" x1="{lower:.1f}" x2="{upper:.1f}" y1="6" y2="6"/>'
        f'<rect class="mean" x="{mean - 1.2:.1f}" y="2.5" width="2.4" height="7"/></svg>'
    )
