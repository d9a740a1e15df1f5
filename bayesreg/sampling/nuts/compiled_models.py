"""Models that nutpie compiled, kept for the next regression of the same structure with other numbers."""

from collections import OrderedDict
from threading import Lock
from typing import Any

import numpy as np

# Compiled models that are kept, the last used ones; each holds its data and some machine code.
MOST_KEPT = 16
_LOCK = Lock()
_kept: OrderedDict[Any, tuple[Any, Any]] = OrderedDict()


def compiled_for(model: Any, var_names: list[str]) -> Any:
    """Return the model compiled by nutpie, with its own data: compiled anew only if none of this structure is kept.

    Parameters
    ----------
    model : pymc.Model
        Whatever differs between regressions of one structure must be ``pm.Data``.
    var_names : list of str
        Which variables are to be stored.
    """
    import nutpie

    key = (structure(model), tuple(var_names))
    with _LOCK:
        if key not in _kept:
            _kept[key] = (model, nutpie.compile_pymc_model(model, var_names=var_names))
            while len(_kept) > MOST_KEPT:
                _kept.popitem(last=False)
        _kept.move_to_end(key)
        return _with_data_of(model, *_kept[key])


def forget() -> None:
    """Drop all that is kept."""
    with _LOCK:
        _kept.clear()


def structure(model: Any) -> Any:
    """Return what two models share if and only if they differ in nothing but data, coordinates and starts.

    It is the graph of the log density and of the derived variables (the operations, how they are connected, the
    types of the data by name, and the constants) with the shapes of the free variables, which the types leave open.
    """
    outputs = [model.logp(), *model.replace_rvs_by_values(model.deterministics)]
    places: dict[Any, int] = {}
    parts: list[Any] = []
    for variable in _in_order(outputs):
        places[variable] = len(places)
        owner = variable.owner
        if owner is None:
            parts.append(_leaf(model, variable))
        else:
            parts.append((owner.op, owner.outputs.index(variable), tuple(places[i] for i in owner.inputs)))
    return tuple(parts), tuple(places[variable] for variable in outputs), _unknowns(model)


def _unknowns(model: Any) -> tuple[Any, ...]:
    """Name, transform and shape of each free variable; one without dimensions is a number."""
    unknowns = []
    for rv in model.free_RVs:
        shape = tuple(len(model.coords[dim]) for dim in model.named_vars_to_dims.get(rv.name, ()))
        unknowns.append((rv.name, type(model.rvs_to_transforms[rv]).__name__, shape))
    return tuple(unknowns)


def _in_order(outputs: list[Any]) -> list[Any]:
    """Every variable behind the outputs, each after those that it is made of."""
    ordered: dict[Any, None] = {}
    waiting = [(variable, False) for variable in reversed(outputs)]
    while waiting:
        variable, ready = waiting.pop()
        if variable in ordered:
            continue
        if ready or variable.owner is None:
            ordered[variable] = None
            continue
        waiting.append((variable, True))
        waiting.extend((other, False) for other in reversed(variable.owner.inputs))
    return list(ordered)


def _leaf(model: Any, variable: Any) -> Any:
    data = getattr(variable, "data", None)
    if data is not None and not hasattr(variable, "set_value"):
        value = np.asarray(data)
        return "constant", str(variable.type), value.tobytes() if value.dtype != object else repr(data)
    return "input", variable.name, str(variable.type)


def _with_data_of(model: Any, kept: Any, compiled: Any) -> Any:
    values = {variable.name: variable.get_value() for variable in model.data_vars}
    for variable in kept.data_vars:
        # Starting points are computed by PyMC, from the model that was compiled.
        variable.set_value(values[variable.name])
    return compiled.with_data(**{name: values[name] for name in _names_in(compiled)})


def _names_in(compiled: Any) -> list[str]:
    return [variable.name for variable in compiled.shared_var_keys]
