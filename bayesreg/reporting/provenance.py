"""When and by what a page was made, and what makes it again."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from bayesreg.errors import DataError
from bayesreg.families.base import Family
from bayesreg.families.registry import FAMILIES

if TYPE_CHECKING:
    from bayesreg.reporting.findings import Findings

PACKAGES = ("bayesreg", "numpy", "scipy", "pymc", "arviz", "scikit-learn")


def made_on() -> str:
    """The date and time in UTC; that of SOURCE_DATE_EPOCH where it is set, so that pages can be reproduced.

    Raises
    ------
    DataError
        If SOURCE_DATE_EPOCH is not a time in seconds.
    """
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    try:
        moment = datetime.now(UTC) if epoch is None else datetime.fromtimestamp(int(epoch), UTC)
    except (ValueError, OverflowError, OSError):
        raise DataError(
            f"SOURCE_DATE_EPOCH must be a whole number of seconds since 1970, got {epoch!r}; correct or unset it."
        ) from None
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def made_by(findings: "Findings") -> list[tuple[str, str]]:
    """Date, seed and versions."""
    return [
        ("date", made_on()),
        ("seed", "none: draws differ each time" if findings.random_seed is None else str(findings.random_seed)),
        ("versions", ", ".join(f"{name} {_version(name)}" for name in PACKAGES)),
        ("Python", platform.python_version()),
    ]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def again(findings: "Findings") -> str:
    """The command that was typed, or Python code with the settings of the regression."""
    if findings.command:
        return findings.command
    reg = findings.reg
    sigma = f", sigma={_setting(reg.noise)}" if reg.family.has_sigma else ""
    bounds = "" if reg.bounds is None else f", bounds={reg.bounds.given!r}"
    return (
        "import bayesreg as br\n\n"
        f"# X and y: the {reg.n} rows of {reg.p} columns and of {reg.design.target}\n"
        f"reg = br.Regression(X, y, prior=br.{reg.prior!r}, family={_family(reg.family)}{sigma}, "
        f"intercept={reg.intercept!r}, center={reg.center!r}{bounds})\n"
        f"br.report(reg, ci_prob={findings.ci_prob:g}, random_seed={findings.random_seed!r})"
    )


def _family(family: Family) -> str:
    return repr(family.name) if FAMILIES.get(family.name) == family else f"br.{family!r}"


def _setting(noise: object) -> str:
    sigma = getattr(noise, "sigma", None)
    return repr(sigma) if sigma is not None else f"br.{getattr(noise, 'prior', None)!r}"
