"""Which reader turns the fit of which tool into a reading; a missing entry is an error that lists the known ones."""

from collections.abc import Callable
from functools import partial
from typing import Any

from bayesreg.analysis.explanation.other_tools import OTHERS
from bayesreg.analysis.explanation.reading import Data, Reading
from bayesreg.analysis.explanation.refusals import REFUSALS
from bayesreg.analysis.explanation.sklearn_linear import LINEAR
from bayesreg.analysis.explanation.sklearn_models import MODELS
from bayesreg.analysis.explanation.wrappers import WRAPPERS
from bayesreg.errors import UnsupportedError

Reader = Callable[[Any, Data], Reading]


def read(fitted: Any, data: Data) -> Reading:
    """Read a fit by the entry of its class, or of the nearest class that it inherits from.

    Raises
    ------
    UnsupportedError
        If there is no entry; with the reason where it is known.
    """
    for kind in type(fitted).__mro__:
        package = kind.__module__.partition(".")[0]
        for name in (f"{package}.{kind.__name__}", package):
            if name in REFUSALS:
                raise UnsupportedError(f"{package}.{kind.__name__}: {REFUSALS[name]}")
            if name in READERS:
                return READERS[name](fitted, data)
    kind = type(fitted)
    raise UnsupportedError(
        f"no entry for {kind.__module__.partition('.')[0]}.{kind.__name__}; known: {', '.join(sorted(READERS))}. For "
        "another tool state its penalty, reg = br.Regression(X, y, prior=br.to_prior(penalty, sigma=…, n=…, "
        "objective=…), sigma=…), and judge its coefficients by br.certify(reg, coef)."
    )


READERS: dict[str, Reader] = {
    **LINEAR,
    **MODELS,
    **OTHERS,
    **{name: partial(wrapper, read) for name, wrapper in WRAPPERS.items()},
}
