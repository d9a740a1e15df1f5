"""A regression as one page of HTML."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayesreg.analysis.comparison.compare import Comparison, check_sampling
from bayesreg.analysis.explanation.explanation import Explanation
from bayesreg.analysis.intervals import check_ci_prob
from bayesreg.errors import DataError, PriorError
from bayesreg.model.arguments import read_flag
from bayesreg.model.regression import Regression
from bayesreg.priors.objective import find_objective
from bayesreg.reporting.contents import SECTIONS
from bayesreg.reporting.effects_table import forms_of
from bayesreg.reporting.files import write_text
from bayesreg.reporting.findings import Findings, find
from bayesreg.reporting.folder import prepare_folder
from bayesreg.reporting.html import plain
from bayesreg.reporting.lead import lead
from bayesreg.reporting.page import render_page
from bayesreg.reporting.sections.path import path_data
from bayesreg.sampling.arguments import read_seed

if TYPE_CHECKING:
    from xarray import DataTree

    from bayesreg.selection.result import Selections


def report(
    reg: Regression | Comparison | Explanation,
    file: str | Path = "report.html",
    *,
    idata: "DataTree | None" = None,
    objective: str | None = None,
    ci_prob: float = 0.95,
    ribbons: bool = True,
    select_by: "str | Sequence[str] | Selections | None" = None,
    title: str | None = None,
    command: str = "",
    random_seed: int | None = 0,
    **sampling: Any,
) -> Path:
    """Write a page on one regression that needs no other file and no network.

    In this order: the findings in a few sentences, and warnings; all effects in one table that can be sorted,
    searched and switched to other units; how the model fits, and predicts rows that were left out; the path, on which
    the reader moves the strength; zeros, shrinkage, and choices of the strength; the model and its penalty, with the
    certificate; diagnostics; the data; what made the page, and what to cite. Figures are inside the page, for light
    and for dark screens. Its one script shows numbers that were computed before; without it, and on paper, the page
    is whole. A part that a regression cannot have says why. The date is that of the environment variable
    SOURCE_DATE_EPOCH where it is set, so that pages can be reproduced.

    Parameters
    ----------
    reg : Regression, Comparison or Explanation
        A comparison brings its posterior, its interval and its notes with it. The points of a regression with a
        hyperprior on its scale are those at the scale's posterior median.
    file : str or pathlib.Path, optional
        Replaced if it exists; its folder is made if it does not.
    idata : xarray.DataTree, optional
        A posterior of this regression; by default it is sampled with `sampling` (see :func:`bayesreg.sample`).
    objective : str, optional
        The convention in which the strength is stated, as in :func:`bayesreg.compare`.
    ci_prob : float, optional
        Probability of the equal-tailed intervals.
    ribbons : bool, optional
        Whether the posterior is drawn along the path too: fast for Normal priors and up to 20 columns; beyond, it
        takes compiled code, and for very many columns it is left out.
    select_by : str, sequence of str or Selections, optional
        Rules of :func:`bayesreg.select` to choose the strength by; what they choose is shown, and not used.
    title : str, optional
    command : str, optional
        What makes the page again, to be shown on it; by default Python code with the regression's settings.
    random_seed : int, optional
        Of draws and folds.
    **sampling
        As for :func:`bayesreg.sample`, such as ``draws``.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    DataError
        If the file cannot be written, or `idata` belongs to other columns.
    PriorError
        If `ci_prob` is not between 0 and 1, or a posterior is given together with options of sampling.
    ObjectiveError
        If the objective is unknown or does not suit the prior.

    See Also
    --------
    compare : MAP, penalized estimate and posterior side by side.
    sample : Posterior draws.
    select : The strength by cross-validation, evidence and other rules.

    Examples
    --------
    >>> import bayesreg as br, tempfile
    >>> frame, target = br.load_dataset("diabetes")
    >>> reg = br.Regression(frame[["bmi", "s5"]], frame[target], prior=br.Normal(20.0), sigma=54.0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = br.report(reg, f"{folder}/report.html", ribbons=False)
    ...     path.name, path.read_text(encoding="utf-8")[:15]
    ('report.html', '<!DOCTYPE html>')
    """
    if isinstance(reg, Explanation):
        reg = reg.comparison
    _check(reg, idata, objective, ci_prob, sampling)
    read_flag(ribbons, "ribbons")
    if not isinstance(title, str | None) or not isinstance(command, str):
        raise PriorError(f"title and command must be text, got {title!r} and {command!r}.")
    path = prepare_file(file)
    findings = find(
        reg,
        idata=idata,
        objective=objective,
        ci_prob=reg.ci_prob if isinstance(reg, Comparison) else ci_prob,
        ribbons=ribbons,
        select_by=select_by,
        random_seed=read_seed(random_seed),
        sampling=dict(sampling),
        command=command,
    )
    page = render_report(findings, title)
    write_text(path, page)
    return path


def render_report(findings: Findings, title: str | None = None) -> str:
    """Findings as a whole page."""
    heading = f"{findings.reg.design.target}: effects, and how sure they are" if title is None else title
    asked = [one for one in SECTIONS if one.anchor != "selection" or findings.selections is not None]
    links = "".join(f'<li><a href="#{one.anchor}">{plain(one.title)}</a></li>\n' for one in asked)
    body = "".join(
        f'<section id="{one.anchor}" aria-labelledby="{one.anchor}-heading">\n'
        f'<h2 id="{one.anchor}-heading">{plain(one.title)}</h2>\n{one.write(findings)}</section>\n'
        for one in asked
    )
    return render_page(
        _shown(heading),
        f"<h1>{plain(heading)}</h1>\n{lead(findings)}\n{body}",
        contents=f"<ul>{links}</ul>",
        data=_data(findings),
    )


def _data(findings: Findings) -> dict[str, Any]:
    """What the page's script shows."""
    forms = forms_of(findings.effects)
    keys = list(forms[0].numbers)
    shown = [{"unit": form.unit, "keys": keys, "cells": form.cells(keys)} for form in forms]
    path = path_data(findings)
    return {"forms": shown} if path is None else {"forms": shown, "path": path}


def _shown(heading: str) -> str:
    return "".join(one if one.isprintable() else f"[U+{ord(one):04X}]" for one in heading)


def _check(reg: object, idata: object, objective: str | None, ci_prob: float, sampling: dict[str, Any]) -> None:
    if not isinstance(reg, Regression | Comparison):
        raise DataError(f"a report is of a Regression or a Comparison, got {type(reg).__name__}.")
    check_ci_prob(ci_prob)
    check_sampling(sampling)
    if objective is not None:
        find_objective(objective, reg.family if isinstance(reg, Regression) else reg.reg.family)
    given = "idata" if idata is not None else "a Comparison" if isinstance(reg, Comparison) else ""
    if isinstance(reg, Comparison) and idata is not None:
        raise PriorError("a Comparison has its posterior; give it, or a Regression and idata.")
    if given and sampling:
        raise PriorError(f"{given} is a posterior already, so {sorted(sampling)} would not be used; leave them out.")


def prepare_file(file: str | Path) -> Path:
    """The file, after its folder was tried, and made if it was not there.

    Raises
    ------
    DataError
        If it is a folder, or cannot be written.
    """
    if not isinstance(file, str | os.PathLike):
        raise DataError(f'file must be a name such as "report.html", got {file!r}.')
    path = Path(file)
    if "\0" in str(file):
        raise DataError(f"the name {str(file)!r} holds the character NUL; give another.")
    if os.path.isdir(path):
        raise DataError(f'cannot write to "{file}": it is a folder; give a file, such as report.html.')
    prepare_folder(path.parent)
    try:
        path.lstat()
    except FileNotFoundError:
        pass
    except OSError as error:
        raise DataError(f'cannot write to "{file}": {error.strerror}; give another file.') from error
    return path
