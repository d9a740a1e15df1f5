"""The joint mode of any PyMC model, with exact zeros where a free variable has a Laplace prior."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import pymc as pm
import xarray as xr
from pymc.backends import NDArray
from pymc.backends.base import MultiTrace

from bayesreg.errors import ConvergenceError
from bayesreg.find_map.certificate import ModeCertificate, certify_mode
from bayesreg.find_map.density import Local, SplitDensity, split_density
from bayesreg.find_map.newton import Descent, descend
from bayesreg.find_map.options import read_fixed, read_start
from bayesreg.find_map.variables import compile_graph

METHOD = "proximal Newton"
# PyMC rounds some of its constants to single precision, so that two graphs of one density differ by this share.
AGREEMENT = 1e-7


def find_MAP(  # noqa: N802 (PyMC's own name for it)
    model: pm.Model | None = None,
    start: Mapping[str, Any] | None = None,
    *,
    fixed: Mapping[str, Any] | None = None,
    vars: Iterable[Any] | None = None,
    include_transformed: bool = False,
    max_steps: int = 200,
    check_unbounded: bool = True,
    progressbar: bool | str = False,
    idata_kwargs: Mapping[str, Any] | None = None,
    **pymc_options: Any,
) -> xr.DataTree:
    r"""Joint mode of a PyMC model, exact where ``pm.find_MAP`` is only near.

    It maximizes the density that ``pm.find_MAP`` maximizes, ``model.logp(jacobian=False)``: that of the variables
    themselves, whatever transform PyMC gives them. With x the free variables that are a plain ``pm.Laplace`` (of any
    shape; there may be several) and z all others,

    .. math:: \log p(x, z, y) = -h(x, z) - \sum_j \frac{|x_j - \mu_j(z)|}{b_j(z)},

    where h is smooth and μ_j and b_j > 0 may depend on other variables. At a mode

    .. math::
        \frac{\partial h}{\partial x_j} \in \left[-\frac1{b_j}, \frac1{b_j}\right] \text{ if } x_j = \mu_j, \qquad
        \frac{\partial h}{\partial x_j} = -\frac{\operatorname{sign}(x_j - \mu_j)}{b_j} \text{ otherwise,}

    the total slope in z is 0, and −log p is convex around it. What is returned satisfies these conditions up to
    rounding, with x_j = μ_j exactly (0, if that is the location) in the first case. It is a local mode if there are
    several; a different `start` may lead to another.

    Parameters
    ----------
    model : pymc.Model, optional
        By default the one whose ``with`` block this is called in.
    start : mapping from names of free variables to values, optional
        Where to begin, on the variables' own scale; by default at the model's initial point.
    fixed : mapping from names of free variables to values, optional
        Variables held at these values, priors and all; a scalar stands for all elements. The answer is the mode of
        the others given them. Discrete variables can only be held.
    vars : iterable of free variables or their names, optional
        Estimate only these; all others, discrete ones too, are held at their values in `start` or at the model's
        initial point.
    include_transformed : bool, optional
        Whether the posterior group also holds the unconstrained values, such as ``sigma_log__``.
    max_steps : int, optional
        Newton steps allowed; a dozen is usual.
    check_unbounded : bool, optional
        Whether to look, beside the mode that was found, for a density that grows without bound as a scale falls
        to 0 (for at most 20 scales). If False, a local mode beside such a spike is returned.
    progressbar : bool, optional
        Whether to show the steps.
    idata_kwargs : mapping, optional
        Arguments of ``pm.to_inference_data``, such as ``log_likelihood=True``.
    **pymc_options
        What a call of ``pm.find_MAP`` may also hold: ``initvals``, PyMC's name for `start`;
        ``return_inferencedata=True``; and ``jitter``, ``random_seed``, ``backend``, ``compile_kwargs`` and the like,
        which have no effect here. What would change the answer (``method``, ``compute_hessian``) is refused.

    Returns
    -------
    xarray.DataTree
        As ``pm.find_MAP(return_inferencedata=True)``: ``posterior`` (one chain, one draw; deterministics, dims and
        coords included), ``observed_data``, ``constant_data``, ``fit`` and ``optimizer_result``, and ``certificate``:

        - ``log_density``; ``n_zeros`` and ``n_elements`` by Laplace variable: elements exactly at their location;
        - ``kkt``: largest violation of the conditions above, in units of 1/b_j; for smooth variables the slope in
          units of 1/(conditional standard deviation); and ``kkt_allowed``;
        - ``gradient_norm``, ``newton_step`` (what a further step would change) and ``curvature`` (smallest eigenvalue
          of the Hessian of −log p over all that is not at a kink, its diagonal scaled to 1);
        - attributes ``message`` and ``unbounded_checked``: scales at whose lower end the density was seen to
          fall, the rest following from the mode to its best values there.

    Raises
    ------
    ModeError
        If the density has no mode to speak of: it grows without bound as some scale falls to 0 (a hierarchical
        standard deviation with centred effects, a horseshoe, an unknown sigma with more columns than rows), it still
        rises at the end of a variable's range or towards infinity, or it is flat.
    ConvergenceError
        If no mode was found for another reason: the density or its gradient is not a number at the start, the steps
        ran out, or the density has a kink other than that of a free ``pm.Laplace`` variable.
    UnsupportedError
        If a free variable is discrete, or the density has no gradient, or an argument of ``pm.find_MAP`` cannot be
        honoured.
    DataError
        If `start`, `fixed` or `vars` do not fit the model.

    Notes
    -----
    Everything runs in NumPy, so that nothing waits for numba or a C compiler. The cost of a step is that of k
    Hessian-vector products and of factoring a k × k matrix, where k counts the smooth elements and the Laplace
    elements away from their locations.

    Examples
    --------
    >>> import pymc as pm
    >>> import bayesreg as br
    >>> X, y = np.diag([2.0, 2.0, 2.0]), np.array([3.0, 0.2, -2.0])
    >>> with pm.Model(coords={"column": ["a", "b", "c"]}):
    ...     coef = pm.Laplace("coef", 0, 0.5, dims="column")
    ...     _ = pm.Normal("y", X @ coef, 1.0, observed=y)
    ...     mode = br.find_MAP()
    >>> mode["posterior"]["coef"].values.ravel()
    array([ 1. ,  0. , -0.5])
    >>> mode["certificate"]["n_zeros"].sel(variable="coef").item(), mode["certificate"]["kkt"].item() < 1e-9
    (1, True)
    """
    model = pm.modelcontext(model)
    begin = read_start(start, pymc_options)
    held = read_fixed(model, vars, begin, fixed)
    density = split_density(model, begin, held)
    _check_start(model, density)
    with _progress(bool(progressbar)) as report:
        descent = descend(density, density.start, max_steps=max_steps, report=report)
    certificate = certify_mode(density, descent, check_unbounded=check_unbounded)
    point = density.point(descent.local.v)
    _check_against_pymc(model, point, certificate)
    tree = _posterior(model, point, held, {"include_transformed": include_transformed, **(idata_kwargs or {})})
    tree["fit"] = xr.DataTree(_fit(density, point))
    tree["optimizer_result"] = xr.DataTree(_optimizer_result(density, descent, point))
    tree["certificate"] = xr.DataTree(_certificate(density, descent, certificate))
    return tree


@contextmanager
def _progress(show: bool) -> Iterator[Any]:
    if not show:
        yield None
        return
    from rich.console import Console

    with Console().status("find_MAP") as status:

        def report(step: int, local: Local) -> None:
            size = float(np.max(np.abs(local.subgradient), initial=0.0))
            status.update(f"find_MAP: step {step}, log density {-local.value:.8g}, slope {size:.1e}")

        yield report


def _check_start(model: pm.Model, density: SplitDensity) -> None:
    if at_end := density.labels(np.flatnonzero(~np.isfinite(density.start))):
        raise ConvergenceError(
            f"the model starts {', '.join(at_end[:5])} at the end of its range; give another start={{name: value}}."
        )
    local = density.at(density.start)
    if np.isfinite(local.value):
        return
    variables = [*model.free_RVs, *model.observed_RVs, *model.potentials]
    terms = model.logp(vars=variables, jacobian=False, sum=False)
    with np.errstate(all="ignore"):
        values = compile_graph(model.value_vars, terms)(*_values(model, density.point(density.start)))
    sums = {var.name: float(np.sum(value)) for var, value in zip(variables, values, strict=True)}
    told = ", ".join(f"{name}: {value}" for name, value in sums.items() if not np.isfinite(value))
    slopes = density.labels(np.flatnonzero(~np.isfinite(local.slope)))
    raise ConvergenceError(
        f"the log density cannot be followed from the starting point: {told or 'its gradient'} is not finite"
        f"{', nor its slope in ' + ', '.join(slopes[:5]) if slopes else ''}. Give another start={{name: value}}, or "
        "mend the model."
    )


def _check_against_pymc(model: pm.Model, point: dict[str, np.ndarray], certificate: ModeCertificate) -> None:
    """The density was taken apart and put together; PyMC's own must give the same at the answer."""
    with np.errstate(all="ignore"):
        own = compile_graph(model.value_vars, model.logp(jacobian=False))(*_values(model, point))
    if not abs(own - certificate.log_density) <= AGREEMENT * (1 + abs(own)):
        raise ConvergenceError(
            f"the split log density, {certificate.log_density!r}, is not the model's, {float(own)!r}; please report "
            "this model."
        )


def _values(model: pm.Model, point: dict[str, np.ndarray]) -> list[np.ndarray]:
    return [point[var.name] for var in model.value_vars]


def _posterior(
    model: pm.Model, point: dict[str, np.ndarray], held: Mapping[str, Any], idata_kwargs: Mapping[str, Any]
) -> xr.DataTree:
    """Groups posterior, observed_data and constant_data, by PyMC's own converter."""
    restore = compile_graph(model.value_vars, model.unobserved_value_vars)
    values = dict(zip([var.name for var in model.unobserved_value_vars], restore(*_values(model, point)), strict=True))
    trace = NDArray(
        model=model,
        fn=restore,
        var_shapes={name: np.shape(value) for name, value in values.items()},
        var_dtypes={name: np.asarray(value).dtype for name, value in values.items()},
    )
    trace.setup(draws=1, chain=0)
    trace.record(dict(zip(point, _values(model, point), strict=True)), in_warmup=False)
    trace.close()
    tree = pm.to_inference_data(MultiTrace([trace]), model=model, **idata_kwargs)
    if not tree["sample_stats"].data_vars:
        del tree["sample_stats"]
    for name, value in held.items():
        # A held value returns as it was given, not by way of its logarithm.
        tree["posterior"][name] = xr.full_like(tree["posterior"][name], 0) + np.asarray(value)
    return tree


def _fit(density: SplitDensity, point: dict[str, np.ndarray]) -> xr.Dataset:
    """The unconstrained values in one vector, labelled as PyMC labels them."""
    labels, vector = _unconstrained(density, point)
    return xr.Dataset({"mean_vector": ("rows", vector)}, coords={"rows": labels})


def _unconstrained(density: SplitDensity, point: dict[str, np.ndarray]) -> tuple[list[str], np.ndarray]:
    labels = [piece.value_name + key for piece in density.pieces for key in piece.keys]
    return labels, np.concatenate([np.ravel(point[piece.value_name]) for piece in density.pieces])


def _optimizer_result(density: SplitDensity, descent: Descent, point: dict[str, np.ndarray]) -> xr.Dataset:
    """As scipy.optimize has it; ``jac`` is the subgradient of least size, the Laplace variables around their μ_j."""
    labels, vector = _unconstrained(density, point)
    return xr.Dataset(
        {
            "fun": descent.local.value,
            "jac": ("variables", descent.local.subgradient),
            "nfev": descent.evaluations,
            "njev": descent.evaluations,
            "nit": descent.steps,
            "status": 0,
            "message": descent.end.value,
            "x": ("variables", vector),
            "success": True,
            "method": METHOD,
        },
        coords={"variables": labels},
    )


def _certificate(density: SplitDensity, descent: Descent, judged: ModeCertificate) -> xr.Dataset:
    kinked = [piece for piece in density.pieces if piece.kinked]
    zeros = [int(np.count_nonzero(descent.local.v[piece.where] == 0)) for piece in kinked]
    sizes = [piece.where.stop - piece.where.start for piece in kinked]
    told = ", ".join(f"{zero} of {size} {piece.name}" for zero, size, piece in zip(zeros, sizes, kinked, strict=True))
    return xr.Dataset(
        {
            "log_density": judged.log_density,
            "kkt": judged.kkt,
            "kkt_allowed": judged.kkt_allowed,
            "gradient_norm": judged.gradient_norm,
            "newton_step": judged.newton_step,
            "curvature": judged.curvature,
            "n_zeros": ("variable", np.array(zeros, dtype=int)),
            "n_elements": ("variable", np.array(sizes, dtype=int)),
        },
        coords={"variable": np.array([piece.name for piece in kinked], dtype=str)},
        attrs={
            "message": f"mode after {descent.steps} steps; exactly at their locations: {told or 'none to be'}",
            "density": "model.logp(jacobian=False)",
            "unbounded_checked": list(judged.unbounded_checked),
        },
    )
