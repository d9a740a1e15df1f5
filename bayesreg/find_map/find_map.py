"""The joint mode of any PyMC model, with exact zeros where a free variable has a Laplace prior."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
import pymc as pm
import xarray as xr

from bayesreg.errors import ConvergenceError, ModeError
from bayesreg.find_map.answer import answer, values_in_order, warn_of_modes
from bayesreg.find_map.bounds import measured_from_ends
from bayesreg.find_map.certificate import certify_mode
from bayesreg.find_map.density import Local, SplitDensity, split_density
from bayesreg.find_map.newton import Descent, descend
from bayesreg.find_map.options import check_settings, read_fixed, read_model, read_start
from bayesreg.find_map.survey import Survey, survey
from bayesreg.find_map.variables import compile_graph, is_laplace

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
    rounding, with x_j = μ_j exactly (0, if that is the location) in the first case. Beside the mode that is reached
    first, others are looked for, from points around it and along walks of every transformed variable to both ends
    of its range; the highest that was found is returned, and the others are warned of. A mode may lie on the bound of
    a variable's range, as coefficients of an exponential prior do at 0: the slope is then at most 0 going inwards.

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
        Whether to look, beside the mode that is reached from `start`, for higher ones, and for a density that grows
        without bound at an end of a variable's range, as where a scale falls to 0. If False, that local mode is
        returned.
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

        - ``log_density``; ``n_zeros`` and ``n_elements`` by Laplace variable: elements exactly at their location, and
          those of other variables, if any, on their bound;
        - ``kkt``: largest violation of the conditions above, in units of 1/b_j; for smooth variables the slope in
          units of 1/(conditional standard deviation); and ``kkt_allowed``;
        - ``gradient_norm``, ``newton_step`` (what a further step would change) and ``curvature`` (smallest eigenvalue
          of the Hessian of −log p over all that is not at a kink, its diagonal scaled to 1);
        - attributes, all of them text: ``message``; ``unbounded_checked``, the variables (by comma) at both of whose
          ends the density was seen not to rise, the rest following from the mode to its best values there;
          ``unbounded_not_settled``, the walks to an end that broke off or ran out of steps; ``other_modes``, the log
          densities of the other modes.

    Raises
    ------
    ModeError
        If the density has no mode to speak of: it grows without bound as some scale falls to 0 (a hierarchical
        standard deviation with centred effects, a horseshoe, an unknown sigma with more columns than rows, a
        component of a mixture that shrinks onto one row) or as a variable nears another end of its range, it still
        rises towards the end of a variable's range or infinity, or it is flat.
    ConvergenceError
        If no mode was found for another reason: the density or its gradient is not a number at the start, the steps
        ran out, or the density has a kink other than that of a free ``pm.Laplace`` variable.
    UnsupportedError
        If a free variable is discrete, or the density has no gradient or is random (``pm.Minibatch``), or an argument
        of ``pm.find_MAP`` cannot be honoured.
    DataError
        If there is no model, or an argument is not of its kind or does not fit the model.

    Warns
    -----
    MultimodalWarning
        If several modes were found.

    See Also
    --------
    map_estimate : Certified MAP estimate.
    Regression : Data, prior, noise and family of a regression.

    Notes
    -----
    Everything runs in NumPy, so that nothing waits for numba or a C compiler. The cost of a step is that of k
    Hessian-vector products and of factoring a k × k matrix, where k counts the smooth elements and the Laplace
    elements away from their locations. Where PyTensor has no second derivative of the density, differences of the
    gradient stand for it in the steps and in ``curvature``; the conditions of first order remain exact.

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
    model = read_model(model)
    check_settings(
        max_steps, start=start, fixed=fixed, idata_kwargs=idata_kwargs, initvals=pymc_options.get("initvals")
    )
    begin = read_start(start, pymc_options)
    held = read_fixed(model, vars, begin, fixed)
    density = split_density(model, begin, held)
    _check_start(model, density)
    with _progress(bool(progressbar)) as report, _naming_laplace_errors(model):
        first = descend(density, density.start, max_steps=max_steps, report=report)
        density, surveyed = _modes(model, density, first, held, check_unbounded)
    _check_against_pymc(model, density, surveyed)
    warn_of_modes(model, density, surveyed)
    return answer(model, density, surveyed, held, {"include_transformed": include_transformed, **(idata_kwargs or {})})


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


def _modes(
    model: pm.Model, density: SplitDensity, first: Descent, held: Mapping[str, Any], check_unbounded: bool
) -> tuple[SplitDensity, Survey]:
    """The modes, on the bounds to which the descent ran if the density is no lower there."""

    def judged(density: SplitDensity, descent: Descent) -> Survey:
        return survey(density, descent) if check_unbounded else Survey([(descent, certify_mode(density, descent))])

    bounded = measured_from_ends(model, density, first.local, held)
    if bounded is not None:
        with suppress(ModeError, ConvergenceError):
            descent = descend(bounded, bounded.start)
            if descent.local.value <= first.local.value + AGREEMENT * (1 + abs(first.local.value)):
                return bounded, judged(bounded, descent)
    return density, judged(density, first)


@contextmanager
def _naming_laplace_errors(model: pm.Model) -> Iterator[None]:
    """Add to a refusal where this package has what the model asks for."""
    try:
        yield
    except ConvergenceError as error:
        names = ", ".join(rv.name for rv in model.observed_RVs if is_laplace(rv))
        if not names:
            raise
        raise ConvergenceError(
            f"{error} {names} has Laplace errors, whose kinks are such: the mode of a regression with them is "
            "br.map_estimate(br.Regression(X, y, family='laplace'))."
        ) from None


def _check_start(model: pm.Model, density: SplitDensity) -> None:
    local = density.at(density.start)
    if np.isfinite(local.value):
        return
    variables = [*model.free_RVs, *model.observed_RVs, *model.potentials]
    terms = model.logp(vars=variables, jacobian=False, sum=False)
    with np.errstate(all="ignore"):
        values = compile_graph(model.value_vars, terms)(*values_in_order(model, density.point(density.start)))
    sums = {var.name: float(np.sum(value)) for var, value in zip(variables, values, strict=True)}
    infinite = ", ".join(f"{name}: {value}" for name, value in sums.items() if not np.isfinite(value))
    slopes = density.labels(np.flatnonzero(~np.isfinite(local.slope)))
    raise ConvergenceError(
        f"the log density cannot be followed from the starting point: {infinite or 'its gradient'} is not finite"
        f"{', nor its slope in ' + ', '.join(slopes[:5]) if slopes else ''}. Give another start={{name: value}}, or "
        "mend the model."
    )


def _check_against_pymc(model: pm.Model, density: SplitDensity, surveyed: Survey) -> None:
    """The density was taken apart and put together; PyMC's must give the same at the answer."""
    descent, certificate = surveyed.modes[0]
    point = density.point(descent.local.v)
    with np.errstate(all="ignore"):
        whole = compile_graph(model.value_vars, model.logp(jacobian=False))(*values_in_order(model, point))
    if not abs(whole - certificate.log_density) <= AGREEMENT * (1 + abs(whole)):
        raise ConvergenceError(
            f"the split log density, {certificate.log_density!r}, is not the model's, {float(whole)!r}; please report "
            "this model."
        )
