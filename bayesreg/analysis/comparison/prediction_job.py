"""A job whose regression predicts rows that it was not fitted to."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesreg.analysis.comparison.job import Job, Settled, sample_job, settle_frame
from bayesreg.analysis.comparison.reading import read_frame
from bayesreg.analysis.predict import Prediction, predict
from bayesreg.design.columns import check_column
from bayesreg.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class PredictedRows:
    """Predictions, and how good they were where the target is known.

    Attributes
    ----------
    prediction : Prediction
    scores : dict of str to float
        "R²" against the mean of the rows that were fitted, and "mean log density"; empty if the target is not known.
    notes : tuple of str
    """

    prediction: Prediction
    scores: dict[str, float]
    notes: tuple[str, ...]


def predict_job(job: Job, *, new: str | None, test: float | None) -> PredictedRows:
    """Fit a job's regression, and predict the rows of another file, or a random share that is left out of the fit.

    Raises
    ------
    BayesregError
        If a file cannot be used, or the share leaves too few rows on one side.
    """
    frame, target = read_frame(job.source, job.target, job.reading)
    how: tuple[str, ...] = ()
    if new is not None:
        fitted, rows = frame, read_frame(new, None, job.reading)[0]
    else:
        fitted, rows = _split(frame, test, job.seed)
        how = (f"{len(rows)} of {len(frame)} rows, chosen at random with seed {job.seed}, were left out of the fit",)
    settled = settle_frame(fitted, target, job)
    return _predicted(settled, sample_job(settled, job), rows, target, job, how)


def _split(frame: "pd.DataFrame", share: float | None, seed: int) -> "tuple[pd.DataFrame, pd.DataFrame]":
    if share is None or not 0 < share < 1:
        raise DataError(f"the share of rows to leave out must be between 0 and 1, got {share!r}.")
    out = round(share * len(frame))
    if out < 1 or len(frame) - out < 2:
        raise DataError(f"a share of {share:g} leaves out {out} of {len(frame)} rows; choose another.")
    chosen = np.zeros(len(frame), dtype=bool)
    chosen[np.random.default_rng(seed).permutation(len(frame))[:out]] = True
    return frame[~chosen], frame[chosen]


def _predicted(
    settled: Settled, tree: Any, rows: "pd.DataFrame", target: str, job: Job, how: tuple[str, ...]
) -> PredictedRows:
    for name in (job.weights, job.offset):
        if name is not None:
            check_column([str(one) for one in rows.columns], name, "column")
    known = target in rows.columns and job.reading.formula is None and not rows[target].isna().any()
    weights, offset = (None if name is None else rows[name].to_numpy() for name in (job.weights, job.offset))
    spare = [name for name in (job.weights, job.offset, *([target] if target in rows.columns else [])) if name]
    columns = rows.drop(columns=spare) if job.reading.formula is None else rows
    columns = columns if job.columns is None else columns[list(job.columns)]
    prediction = predict(tree, columns, offset=offset, weights=weights, random_seed=job.seed, reg=settled.reg)
    scores = _scores(settled, prediction, rows[target].to_numpy()) if known else {}
    return PredictedRows(prediction, scores, (*how, *settled.notes))


def _scores(settled: Settled, prediction: Prediction, y: np.ndarray) -> dict[str, float]:
    """Of classes that are not numbers there are none."""
    if y.dtype.kind not in "iufb":
        return {}
    y = y.astype(float)
    left, all_of_it = np.sum((y - prediction.mean) ** 2), np.sum((y - settled.reg.design.mean_y) ** 2)
    scores = {"R²": float(1 - left / all_of_it)} if all_of_it > 0 else {}
    return scores | {"mean log density": float(prediction.log_density(y).mean())}
