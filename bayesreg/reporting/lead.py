"""The findings in a few plain sentences, and above all what a reader must be warned of."""

from collections.abc import Sequence

from bayesreg.analysis.comparison.compare import Comparison
from bayesreg.reporting.effects import CLEAR, CLEAR_BUT_SMALL, NEAR_ZERO, UNDECIDED, Effects
from bayesreg.reporting.findings import FOLDS, Findings, Missing
from bayesreg.reporting.html import items, number, paragraph, plain
from bayesreg.selection.leave_one_out import LARGEST_K

# So many names are written, the others counted.
MOST_NAMES = 6


def lead(findings: Findings) -> str:
    """What matters, how sure it is, and whether it predicts."""
    reg = findings.reg
    data = f"{reg.design.target} on {reg.p} column{'' if reg.p == 1 else 's'}, n = {reg.n}, {reg.family.name} family."
    sentences = [*effects_in_words(findings.effects), *prediction_in_words(findings), *_effective_number(findings)]
    return (
        paragraph(*sentences, kind="lead")
        + paragraph(data, _convergence(findings), kind="note")
        + _warnings_html(findings)
    )


def effects_in_words(effects: Effects) -> list[str]:
    """How many effects are clear, near zero and undecided, with the names of the clear ones."""
    p, percent = effects.reg.p, f"{100 * effects.ci_prob:g}%"
    clear, small = effects.count(CLEAR, CLEAR_BUT_SMALL), effects.count(CLEAR_BUT_SMALL)
    near, undecided = effects.count(NEAR_ZERO), effects.count(UNDECIDED)
    parts = [f"{_are(clear)} clear", *([f"{_are(near)} near zero"] if near else []), f"{undecided} undecided"]
    sentence = f"Of {p} effect{'' if p == 1 else 's'}, {', '.join(parts)}."
    if not clear:
        return [sentence + f" No {percent} interval excludes 0."]
    named = effects.named(CLEAR, CLEAR_BUT_SMALL)
    but = f" ({small} of them small)" if small else ""
    which = "Clear" if clear > 1 else "The clear one"
    return [f"{sentence} {which}, by size: {listed(named, clear)}{but}; the {percent} interval does not contain 0."]


def _are(count: int) -> str:
    return f"{count} {'is' if count == 1 else 'are'}"


def listed(names: Sequence[str], count: int) -> str:
    """The first names, and how many more there are."""
    more = count - min(len(names), MOST_NAMES)
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def prediction_in_words(findings: Findings) -> list[str]:
    """R² on rows that were left out, and how it was computed; for classes the area under the ROC curve too."""
    left_out = findings.prediction
    if isinstance(left_out, Missing):
        return []
    if not left_out.trusted:
        if isinstance(findings.cv_r2, Missing):
            return ["How well it predicts new rows is not known: leave-one-out is not reliable here."]
        return [f"Out-of-sample R² {number(findings.cv_r2, '.2f')} (of the MAP, {FOLDS}-fold cross-validation)."]
    auc = f", AUC {left_out.auc:.2f}" if findings.reg.family.target_kind == "classes" else ""
    some = "" if len(left_out.y) == findings.reg.n else f" of {len(left_out.y)} rows chosen at random"
    return [f"Out-of-sample R² {number(left_out.r2, '.2f')}{auc} (PSIS-LOO{some})."]


def _effective_number(findings: Findings) -> list[str]:
    spread = findings.shrinkage
    if isinstance(spread, Missing):
        return []
    low, high = spread.interval(findings.ci_prob)
    interval = f"{100 * findings.ci_prob:g}% interval {number(low, '.3g')} to {number(high, '.3g')}"
    return [f"Effective number of coefficients {number(spread.m_eff, '.3g')} of {findings.reg.p} ({interval})."]


def _convergence(findings: Findings) -> str:
    attrs = findings.idata.attrs
    if "problems" not in attrs or "rhat" not in attrs:
        return "Whether the draws converged is not recorded."
    if attrs["problems"]:
        return ""
    worst = f"R-hat {float(attrs['rhat']):.3f}, smallest bulk effective sample size {float(attrs['ess_bulk']):.0f}"
    return f"The posterior draws converged ({worst})."


def _warnings_html(findings: Findings) -> str:
    texts = warnings_of(findings)
    if not texts:
        return ""
    heading = "Warning" if len(texts) == 1 else f"{len(texts)} warnings"
    return f'<div class="warnings" role="note" aria-label="{plain(heading)}"><h2>{heading}</h2>{items(texts)}</div>\n'


def warnings_of(findings: Findings) -> list[str]:
    """What the reader must know before the numbers, a sentence each."""
    texts, both, left_out = [], findings.comparison, findings.prediction
    if findings.idata.attrs.get("problems"):
        texts.append(f"The draws did not converge: {findings.idata.attrs['problems']}.")
    if isinstance(both, Comparison):
        texts += [f"{one[0].upper()}{one[1:]}." for one in (*both.doubts, *_of_the_mode(both))]
    for one in findings.selections or ():
        if one.at_edge:
            texts.append(f"The strength chosen by {one.rule} is at an end of its grid; a better one may lie beyond.")
    if not isinstance(left_out, Missing) and left_out.doubtful:
        texts.append(
            f"Leave-one-out by importance sampling is not reliable for {left_out.doubtful} of {len(left_out.y)} rows "
            f"(Pareto k above {LARGEST_K})."
        )
    constant = [name for name, flat in zip(findings.reg.names, findings.reg.design.constant, strict=True) if flat]
    if constant:
        texts.append(f"Constant columns say nothing of the target: {listed(constant, len(constant))}.")
    return texts


def _of_the_mode(both: Comparison) -> list[str]:
    outside, texts = both.map_outside, []
    if outside:
        texts.append(
            f"the MAP lies outside its own {100 * both.ci_prob:g}% posterior interval for {len(outside)} of "
            f"{both.reg.p} coefficients ({listed(outside, len(outside))}); the interval says where the probability is"
        )
    if both.free_columns:
        texts.append(
            f"the penalized minimum is not unique: {listed(both.free_columns, len(both.free_columns))} are linearly "
            "dependent"
        )
    return texts
