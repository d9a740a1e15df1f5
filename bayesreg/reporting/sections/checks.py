"""Whether the model fits: draws of y beside y, residuals or calibration, predictions of left-out rows."""

import numpy as np

from bayesreg.analysis.from_tree import read_posterior
from bayesreg.plots.from_arviz import plot_calibration, plot_predictive
from bayesreg.plots.residuals import plot_residuals
from bayesreg.plots.roc import plot_roc
from bayesreg.reporting.findings import FOLDS, Findings, Missing
from bayesreg.reporting.html import number, pairs, paragraph, picture
from bayesreg.reporting.sections.section import absent
from bayesreg.selection.leave_one_out import LARGEST_K

# Data sets drawn from the posterior predictive distribution, and rows of each; more rows are a random part.
PREDICTIVE_DRAWS, PREDICTIVE_ROWS = 100, 2_000


def write_checks(findings: Findings) -> str:
    """Numbers and pictures; a regression from moments has none."""
    left_out = findings.prediction
    if isinstance(left_out, Missing):
        return absent(left_out)
    return _numbers(findings) + _pictures(findings)


def _numbers(findings: Findings) -> str:
    left_out = findings.prediction
    assert not isinstance(left_out, Missing)
    rows: list[tuple[str, object]] = [
        ("out-of-sample R²", f"{number(left_out.r2, '.3f')} (PSIS-LOO)"),
        ("elpd", f"{number(left_out.elpd, '.1f')} (PSIS-LOO, summed over {len(left_out.y)} rows)"),
        ("largest Pareto k", f"{number(float(np.max(left_out.pareto_k)), '.2f')} (trusted up to {LARGEST_K})"),
    ]
    if findings.reg.family.target_kind == "classes":
        rows.append(("AUC", f"{number(left_out.auc, '.3f')} (PSIS-LOO)"))
    if not isinstance(findings.cv_r2, Missing):
        rows.append(("R² of the MAP", f"{number(findings.cv_r2, '.3f')} ({FOLDS}-fold cross-validation)"))
    note = paragraph(
        "Out-of-sample R² is the share by which the columns reduce the squared error of rows that were left out, "
        "against the intercept alone. Each row is predicted by the posterior of all others; the prior's strength and "
        "the scaling of columns stay those of all rows, which flatters slightly.",
        kind="note",
    )
    return pairs(rows) + note


def _pictures(findings: Findings) -> str:
    left_out, kind = findings.prediction, findings.reg.family.target_kind
    assert not isinstance(left_out, Missing)
    y, draws = _predictive(findings)
    if kind == "classes":
        return picture(
            lambda dark: plot_calibration(y, draws, dark=dark), "Calibration: observed against predicted frequency"
        ) + picture(lambda dark: plot_roc(left_out.y, left_out.mean, dark=dark), "ROC curve of left-out rows")
    # A density cannot be drawn of counts, nor where draws of heavy tails lie far beyond the data.
    shape = "kde" if kind == "numbers" and np.ptp(draws) < 20 * np.ptp(y) else "ecdf"
    residual = (left_out.y - left_out.mean) * np.sqrt(left_out.weights)
    text = "target − prediction without the row" + ("" if np.ptp(left_out.weights) == 0 else ", × √weight")
    return picture(
        lambda dark: plot_predictive(y, draws, kind=shape, dark=dark),
        "Posterior predictive check: the target (dark line) and data drawn from the model (light lines)",
    ) + picture(
        lambda dark: plot_residuals(left_out.mean, residual, label=text, dark=dark),
        "Residuals of left-out rows against predictions",
    )


def _predictive(findings: Findings) -> tuple[np.ndarray, np.ndarray]:
    """The target, and draws of it from the posterior predictive distribution, shape (1, draws, rows)."""
    reg, draws = read_posterior(findings.idata, findings.reg)
    rows = reg.design.known_rows
    generator = np.random.default_rng(findings.random_seed)
    some = np.linspace(0, len(draws.sigma) - 1, min(PREDICTIVE_DRAWS, len(draws.sigma))).round().astype(int)
    part = np.arange(reg.n)
    if reg.n > PREDICTIVE_ROWS:
        part = np.sort(generator.choice(reg.n, PREDICTIVE_ROWS, replace=False))
    coef, intercept = draws[some].on_user_columns(reg.design.standardization)
    eta = intercept[:, None] + coef @ rows.X[part].T
    eta = eta if rows.offset is None else eta + rows.offset[part]
    root = 1.0 if rows.weights is None else np.sqrt(rows.weights[part])
    return rows.y[part], reg.family.draw(generator, eta, draws.sigma[some, None] / root)[None]
