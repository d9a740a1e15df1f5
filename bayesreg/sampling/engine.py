"""Which engine samples which regression, and why; and the one function that samples."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bayesreg.errors import ConvergenceError, SamplerWarning, UnsupportedError
from bayesreg.model.regression import Regression
from bayesreg.model.unknowns import Unknowns
from bayesreg.sampling.arguments import (
    MOST_CHAINS,
    read_count,
    read_groups,
    read_seed,
    require_applicable,
    require_memory,
    require_regression,
)
from bayesreg.sampling.datatree import check_groups, log_posterior, to_datatree
from bayesreg.sampling.draws import Run, Tick
from bayesreg.sampling.exact.moments import sample_with_moments
from bayesreg.sampling.gate import SMALLEST_ESS, Diagnostics, diagnose
from bayesreg.sampling.gibbs.laws import has_law
from bayesreg.sampling.gibbs.sampler import WARMUP, sample_gibbs
from bayesreg.sampling.hmc.sampler import WARMUP as HMC_WARMUP
from bayesreg.sampling.hmc.sampler import hmc_obstacle, sample_hmc

if TYPE_CHECKING:
    from xarray import DataTree

    from bayesreg.sampling.arguments import Seed

# Short runs whose draws fail the gate are made again with so many times the sweeps.
SHORT_THINNINGS = (1, 4, 16)
# The same for HMC, whose trajectories cost more.
HMC_THINNINGS = (1, 4)
ENGINES = ("auto", "exact", "gibbs", "hmc", "nuts")


@dataclass(frozen=True)
class EngineChoice:
    """An engine, and the reason in words."""

    engine: str
    reason: str


@dataclass(frozen=True, eq=False)
class Posterior:
    """Draws with all that their DataTree will say of them."""

    reg: Regression
    run: Run
    diagnostics: Diagnostics
    choice: EngineChoice
    random_seed: int | None

    @property
    def draws(self) -> Unknowns:
        """Draws of all unknowns, leading dimensions (chains, draws)."""
        return self.run.draws

    @property
    def attributes(self) -> dict[str, Any]:
        """What ran and why, and what the gate found."""
        choice = {"engine": self.choice.engine, "engine_reason": self.choice.reason}
        return choice | {"random_seed": str(self.random_seed)} | self.run.settings | self.diagnostics.attributes

    def to_datatree(self, groups: Sequence[str] = ()) -> "DataTree":
        """Assemble the DataTree, with extra groups if asked for."""
        return to_datatree(self.reg, self.run, self.attributes, groups, self.random_seed)


def choose_engine(reg: Regression, engine: str = "auto") -> EngineChoice:
    """Decide which engine samples a regression.

    Parameters
    ----------
    reg : Regression
    engine : {"auto", "exact", "gibbs", "hmc", "nuts"}
        Anything but "auto" is taken as asked.

    Raises
    ------
    UnsupportedError
        If the engine is unknown.

    See Also
    --------
    sample : Posterior draws.

    Examples
    --------
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> reg = br.Regression(frame.drop(columns=target), frame[target], prior=br.Laplace(10.0))
    >>> br.choose_engine(reg).engine
    'gibbs'
    """
    require_regression(reg)
    if engine not in ENGINES:
        raise UnsupportedError(f"engine {engine!r} is not available; available: {', '.join(ENGINES)}.")
    if reg.bounds is not None:
        return _within_bounds(reg, engine)
    if engine != "auto":
        return EngineChoice(engine, "asked for")
    if not reg.is_gaussian:
        return _by_gradients(reg, f"the {reg.family.name} family has no sufficient statistics")
    if reg.prior.is_conjugate:
        return EngineChoice(
            "exact", "a Normal prior has a posterior in closed form (given sigma and scale), so draws are independent"
        )
    if not reg.intercept_term.fits_scaling(reg.prior.scaled_by_sigma):
        return _by_gradients(reg, "only one of the priors of intercept and coefficients is scaled by sigma")
    if not has_law(reg.prior):
        return _by_gradients(reg, f"{reg.prior.article} prior has no Gibbs law")
    return EngineChoice("gibbs", f"{reg.prior.article} prior is a scale mixture of Normals, which Gibbs draws fast")


def _within_bounds(reg: Regression, engine: str) -> EngineChoice:
    """Gibbs where it has a law, and else NUTS: the other engines have no form for a truncated prior."""
    if engine in ("exact", "hmc"):
        raise UnsupportedError(f'engine="{engine}" has no form for bounds; use "gibbs", "nuts" or "auto".')
    if engine != "auto":
        return EngineChoice(engine, "asked for")
    law = reg.is_gaussian and has_law(reg.prior) and reg.intercept_term.fits_scaling(reg.prior.scaled_by_sigma)
    if law:
        return EngineChoice("gibbs", "given all else a coefficient within bounds is truncated Normal on each side of 0")
    return EngineChoice("nuts", "within bounds only the gaussian family, under priors with a Gibbs law, has moves")


def _by_gradients(reg: Regression, reason: str) -> EngineChoice:
    """HMC where it covers the regression, which needs no compiler, and else NUTS."""
    obstacle = hmc_obstacle(reg)
    if obstacle is not None:
        return EngineChoice("nuts", f"{reason}, and {obstacle}")
    return EngineChoice("hmc", f"{reason}, and the gradient of its log density is at hand")


def sample(
    reg: Regression,
    *,
    engine: str = "auto",
    draws: int = 1000,
    tune: int | None = None,
    chains: int = 4,
    random_seed: "Seed" = None,
    progressbar: bool = False,
    groups: str | Sequence[str] = (),
    kernel: str = "auto",
    nuts_sampler: str | None = None,
    cores: int | None = None,
) -> "DataTree":
    """Draw from the posterior.

    Parameters
    ----------
    reg : Regression
    engine : {"auto", "exact", "gibbs", "hmc", "nuts"}
        "auto" takes the fastest that covers the regression; the result's attributes say which and why.
    draws, chains : int
        Kept draws per chain, and chains.
    tune : int, optional
        Discarded draws per chain: by default 1000 for NUTS, 300 for Gibbs and HMC; the exact engine has none.
    random_seed : int, sequence of int, numpy.random.SeedSequence or numpy.random.Generator, optional
        The same seed gives the same draws; a generator is drawn from, so that each call gives others.
    progressbar : bool
        Whether to show one.
    groups : str or sequence of str
        Extra groups, of "prior", "prior_predictive", "posterior_predictive", "log_likelihood" and "log_prior".
        "prior" leaves out what has an improper prior, such as a flat intercept, and names it in its attribute
        ``improper``; "prior_predictive" needs proper priors throughout.
    kernel : {"auto", "compiled", "coordinate", "block", "interpreted"}
        How Gibbs draws the coefficients; the result's attributes say which and why. Short runs of few columns are
        "interpreted", since compiled code takes longer to load; "compiled" is the faster for many.
    nuts_sampler : {"pymc", "nutpie"}, optional
        For NUTS, by default "pymc".
    cores : int, optional
        At most so many are used, by Gibbs and NUTS; the draws do not depend on it.

    Returns
    -------
    xarray.DataTree
        ``posterior`` (``coef`` on the user's columns, ``beta`` on the standardized ones if they are,
        ``intercept``, ``sigma`` and ``scale`` as far as unknown, and under its own name every free variable
        of ``reg.to_pymc()``, so that PyMC's functions go on from here), ``sample_stats`` (with ``lp``, the
        log posterior density up to the evidence), ``observed_data``, ``constant_data``; attributes say
        which model and engine it was.

    Raises
    ------
    UnsupportedError
        If the engine does not cover the regression, or a setting is for another engine.
    PriorError
        If a count or the seed is no such number, or the draws do not fit in memory.
    ConvergenceError
        If a sampler ends with other draws than were asked for.

    Warns
    -----
    SamplerWarning
        If R̂ ≥ 1.01 or not finite, an effective sample size is ≤ 400, chains coincide, or there are divergences.

    See Also
    --------
    choose_engine : Which engine samples a regression, and why.
    map_estimate : Certified MAP estimate.
    compare : MAP, penalized estimate and posterior side by side.
    sample_path : Posterior draws at many strengths.
    predict : Predictions for new rows.

    Examples
    --------
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> reg = br.Regression(frame.drop(columns=target), frame[target], prior=br.Normal(10.0), sigma=54.0)
    >>> idata = br.sample(reg, random_seed=1)
    >>> idata.attrs["engine"], idata["posterior"]["coef"].dims
    ('exact', ('chain', 'draw', 'coef_name'))
    """
    require_regression(reg)
    groups = read_groups(groups)
    check_groups(reg, groups)
    posterior = draw_posterior(
        reg,
        engine=engine,
        draws=draws,
        tune=tune,
        chains=chains,
        random_seed=random_seed,
        progressbar=progressbar,
        kernel=kernel,
        nuts_sampler=nuts_sampler,
        cores=cores,
    )
    return posterior.to_datatree(groups)


def draw_posterior(
    reg: Regression,
    *,
    engine: str = "auto",
    draws: int = 1000,
    tune: int | None = None,
    chains: int = 4,
    random_seed: "Seed" = None,
    progressbar: bool = False,
    kernel: str = "auto",
    nuts_sampler: str | None = None,
    cores: int | None = None,
) -> Posterior:
    """Draw as :func:`sample` does, but leave the DataTree (and the import of xarray) for when it is asked for."""
    choice = choose_engine(reg, engine)
    require_applicable(choice.engine, kernel, nuts_sampler)
    draws, chains = read_count("draws", draws, 1), read_count("chains", chains, 1, MOST_CHAINS)
    tune = None if tune is None else read_count("tune", tune, 0)
    cores = None if cores is None else read_count("cores", cores, 1)
    require_memory(draws, chains, 4 + reg.p * (2 if reg.prior.has_local_unknowns else 1))
    seed = read_seed(random_seed)
    plan: dict[str, Any] = {"draws": draws, "chains": chains, "random_seed": seed}
    for thin in HMC_THINNINGS if choice.engine == "hmc" else SHORT_THINNINGS:
        run = _run(reg, choice.engine, plan, tune, progressbar, kernel, nuts_sampler, cores, thin)
        _require_all(run, draws, chains)
        run.stats["lp"] = log_posterior(reg, run.draws)
        verdict = diagnose(
            run,
            sigma_known=reg.noise.known,
            has_intercept=reg.intercept_term.exists,
            independent=choice.engine == "exact",
        )
        short = choice.engine == "hmc" or (kernel == "auto" and run.settings.get("kernel") == "interpreted")
        # More sweeps hardly take chains from one mode to another.
        if verdict.passed or verdict.modes or not short or draws * chains <= SMALLEST_ESS:
            break
    if not verdict.passed:
        warnings.warn(f"{choice.engine} draws: {'; '.join(verdict.problems)}.", SamplerWarning, stacklevel=3)
    return Posterior(reg, run, verdict, choice, seed)


def _run(
    reg: Regression,
    engine: str,
    plan: dict[str, Any],
    tune: int | None,
    progressbar: bool,
    kernel: str,
    nuts_sampler: str | None,
    cores: int | None,
    thin: int,
) -> Run:
    if engine == "exact":
        return sample_with_moments(reg, **plan)
    if engine == "gibbs":
        warmup = WARMUP if tune is None else tune
        total = plan["chains"] * (plan["draws"] + warmup)
        with progress(progressbar, total, "Sampling (Gibbs)", before="Compiling, or loading what was compiled") as tick:
            return sample_gibbs(reg, tune=warmup, tick=tick, kernel=kernel, cores=cores, thin=thin, **plan)
    if engine == "hmc":
        warmup = HMC_WARMUP if tune is None else tune
        with progress(progressbar, plan["chains"] * (plan["draws"] + warmup), "Sampling (HMC)") as tick:
            return sample_hmc(reg, tune=warmup, tick=tick, thin=thin, **plan)
    from bayesreg.sampling.nuts.sampler import sample_nuts

    warmup = 1000 if tune is None else tune
    return sample_nuts(reg, tune=warmup, progressbar=progressbar, sampler=nuts_sampler or "pymc", cores=cores, **plan)


def _require_all(run: Run, draws: int, chains: int) -> None:
    chains_left, draws_left = run.draws.sigma.shape
    if (chains_left, draws_left) != (chains, draws):
        raise ConvergenceError(
            f"{run.library} ended with {draws_left:,} draws of {chains_left} chains, where {draws:,} of {chains} were "
            "asked for, as where a run is interrupted; they are dropped: run it again, or ask for fewer draws."
        )


@contextmanager
def progress(show: bool, total: int, words: str, before: str = "Preparing") -> Iterator[Tick | None]:
    """A function that advances a progress bar by what was done; None if it is not shown.

    Until something is done the bar says what comes `before`.
    """
    if not show:
        yield None
        return
    from rich.progress import Progress

    with Progress(transient=True) as bar:
        task = bar.add_task(before, total=None)

        def tick(done: int) -> None:
            if done > 0:
                bar.update(task, description=words, total=total, advance=done)

        yield tick
