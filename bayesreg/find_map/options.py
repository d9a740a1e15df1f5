"""The arguments by which ``pm.find_MAP`` knows its own things, read as those of :func:`bayesreg.find_MAP`."""

from collections.abc import Iterable, Mapping
from numbers import Integral
from typing import Any

import pymc as pm

from bayesreg.errors import DataError, UnsupportedError
from bayesreg.find_map.variables import check_known, usual_values

# They say how PyMC is to search or to compile, and change nothing about what a mode is.
WITHOUT_EFFECT = (
    "jitter",
    "jitter_max_retries",
    "random_seed",
    "use_grad",
    "use_hess",
    "use_hessp",
    "backend",
    "compile_kwargs",
)
CURES = {
    "method": "there is one method here; leave it out",
    "return_inferencedata": "the answer is always a DataTree; leave it out",
    "compute_hessian": "a density has no Hessian at a kink; leave it out",
    "return_raw": "see the groups optimizer_result and certificate of the answer",
    "maxiter": "it is called max_steps here",
    "maxeval": "it is called max_steps here",
}


def read_model(model: Any) -> pm.Model:
    """The model itself, or the one whose ``with`` block this is called in.

    Raises
    ------
    DataError
        If there is none, or it is something else.
    """
    if isinstance(model, pm.Model):
        return model
    if model is not None:
        raise DataError(f"model must be a pymc.Model, got {type(model).__name__}; of a Regression, take reg.to_pymc().")
    try:
        return pm.modelcontext(None)
    except TypeError:
        raise DataError("find_MAP needs a model: call it inside of a `with model:` block, or pass the model.") from None


def check_settings(max_steps: Any, **mappings: Any) -> None:
    """Refuse a number of steps that is none, and what is not a mapping from names.

    Raises
    ------
    DataError
        Naming the argument.
    """
    if isinstance(max_steps, bool) or not isinstance(max_steps, Integral) or max_steps < 1:
        raise DataError(f"max_steps must be a whole number of at least 1, got {max_steps!r}.")
    for name, given in mappings.items():
        if given is not None and not isinstance(given, Mapping):
            raise DataError(f"{name} must be a mapping from names to values, got {type(given).__name__}.")


def read_start(start: Mapping[str, Any] | None, options: Mapping[str, Any]) -> dict[str, Any]:
    """Where to begin, under either of its names.

    Raises
    ------
    DataError
        If it is given under both.
    UnsupportedError
        If `options` holds what cannot be had here.
    """
    refused = [name for name in options if name != "initvals" and not _is_accepted(name, options[name])]
    if refused:
        refusals = "; ".join(f"{name}={options[name]!r} ({CURES.get(name, 'unknown')})" for name in refused)
        raise UnsupportedError(
            f"find_MAP does not take {refusals}. Of the arguments of pm.find_MAP it takes model, vars, initvals, "
            f"progressbar, idata_kwargs and return_inferencedata=True; {', '.join(WITHOUT_EFFECT)} have no effect."
        )
    initvals = options.get("initvals")
    if start is not None and initvals is not None:
        raise DataError("start and initvals are two names of one argument; give one of them.")
    given = initvals if start is None else start
    return {} if given is None else {_name(key): value for key, value in given.items()}


def _is_accepted(name: str, value: Any) -> bool:
    usual = {"return_inferencedata": True, "compute_hessian": False, "return_raw": False}
    return name in WITHOUT_EFFECT or (name in usual and bool(value) is usual[name])


def read_fixed(
    model: pm.Model, variables: Iterable[Any] | None, start: Mapping[str, Any], fixed: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The held values: those given and, if `variables` says which are to be estimated, the start of all others.

    Raises
    ------
    DataError
        If a variable is unknown, or is both to be held and to be estimated.
    """
    held = {_name(key): value for key, value in (fixed or {}).items()}
    if variables is None:
        return held
    given = [variables] if isinstance(variables, str) or hasattr(variables, "name") else variables
    given = list(given) if isinstance(given, Iterable) else [given]
    if not all(isinstance(one, str) or hasattr(one, "name") for one in given):
        raise DataError(f"vars must be free variables of the model or their names, got {variables!r}.")
    rv_names = {var.name: rv.name for rv, var in model.rvs_to_values.items()}
    names = [rv_names.get(_name(variable), _name(variable)) for variable in given]
    check_known(model, vars=names, start=start, fixed=held)
    both = [name for name in names if name in held]
    if both or not names:
        raise DataError(f"vars must name the variables that are to be estimated, got {names}; {both} are in fixed.")
    usual = usual_values(model, {**start, **held})
    return {rv.name: held.get(rv.name, usual[rv.name]) for rv in model.free_RVs if rv.name not in names}


def _name(variable: Any) -> str:
    if not isinstance(variable, str) and not hasattr(variable, "name"):
        raise DataError(f"a variable is named by its name or given itself; got {variable!r}.")
    return variable if isinstance(variable, str) else str(variable.name)
