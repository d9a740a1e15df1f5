"""A fit of another package as the mode of a posterior: prior, certificate, and everything that follows lazily."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesreg.analysis.comparison.compare import Comparison, compare
from bayesreg.analysis.explanation.reading import Reading
from bayesreg.analysis.explanation.words import prior_in_words, verdict
from bayesreg.analysis.predict import Prediction, predict
from bayesreg.analysis.prior_r2 import prior_r2
from bayesreg.analysis.shrinkage.shrinkage import Shrinkage, shrinkage
from bayesreg.analysis.sparsity.sparsity import Sparsity, sparsity
from bayesreg.model.regression import Regression
from bayesreg.optimize.certificate import Certificate
from bayesreg.optimize.estimate import Estimate
from bayesreg.optimize.map_estimate import map_estimate
from bayesreg.priors.base import Prior
from bayesreg.sampling.engine import sample

if TYPE_CHECKING:
    import pandas as pd
    from xarray import DataTree


@dataclass(frozen=True, eq=False, repr=False)
class Explanation:
    """What a fitted estimator says as a Bayesian model.

    Attributes
    ----------
    tool : str
        Package, version and settings of the fit.
    reg : Regression
        The regression whose posterior is drawn.
    held : Regression
        The same with sigma held at the value at which the strength was read as a prior; its MAP is what the tool
        looks for.
    estimate : Estimate
        The coefficients of the tool, with their certificate.
    reading : Reading
        The fit as it was read.
    notes : tuple of str
        What was assumed, and what the reader must know.
    sampling : dict
        Settings of :func:`bayesreg.sample`.

    See Also
    --------
    explain : A fitted estimator as the mode of a posterior.
    """

    tool: str
    reg: Regression
    held: Regression
    estimate: Estimate
    reading: Reading
    notes: tuple[str, ...]
    sampling: dict[str, Any]

    @property
    def prior(self) -> Prior:
        """The prior that the fit implies."""
        return self.reg.prior

    @property
    def certificate(self) -> Certificate:
        """How far the tool's coefficients are from the optimum of its own objective."""
        return self.estimate.certificate

    @cached_property
    def map(self) -> Estimate:
        """The certified mode."""
        return map_estimate(self.held)

    @property
    def sentence(self) -> str:
        """The prior in words."""
        return prior_in_words(self.tool, self.held)

    @property
    def verdict(self) -> str:
        """The certificate in words."""
        return verdict(self.estimate, self.map)

    @cached_property
    def prior_r2(self) -> float:
        """The share of the target's variance that the prior expects to explain, by simulation.

        Raises
        ------
        UnsupportedError, PriorError
            As :func:`bayesreg.analysis.prior_r2.prior_r2` for a family beside the Gaussian, or a flat prior.
        """
        return prior_r2(self.reg)

    @property
    def _expectation(self) -> tuple[str, ...]:
        """The strength in words, where the prior expects anything."""
        if not self.reg.is_gaussian or np.any(self.held.scales.is_flat):
            return ()
        return (f"a priori it expects to explain {self.prior_r2:.0%} of the target's variance",)

    @cached_property
    def idata(self) -> "DataTree":
        """The posterior, drawn on first use."""
        return sample(self.reg, **self.sampling)

    @cached_property
    def comparison(self) -> Comparison:
        """The table of least squares, penalized estimate, MAP and posterior; :func:`bayesreg.report` takes it."""
        return compare(self.reg, self.idata, notes=(self.sentence, self.verdict, *self._expectation, *self.notes))

    @cached_property
    def shrinkage(self) -> Shrinkage:
        """How strongly the prior shrinks each coefficient."""
        return shrinkage(self.idata, reg=self.reg)

    @cached_property
    def sparsity(self) -> Sparsity:
        """The exact zeros of the mode beside the posterior."""
        return sparsity(self.idata, estimate=self.map, reg=self.reg)

    def to_frame(self, ci_prob: float = 0.95) -> "pd.DataFrame":
        """One row per coefficient: the fit's, the certified mode, posterior mean, sd and interval, p_direction."""
        import pandas as pd

        from bayesreg.analysis.coef_draws import coef_draws
        from bayesreg.analysis.intervals import quantiles

        draws = coef_draws(self.reg.names, self.idata)
        lower, upper = quantiles(draws, ci_prob)
        positive = np.mean(draws > 0, axis=0)
        columns = {
            "fit": self.estimate.coef,
            "map": self.map.coef,
            "mean": draws.mean(axis=0),
            "sd": draws.std(axis=0, ddof=1),
            "lower": lower,
            "upper": upper,
            "p_direction": np.maximum(positive, 1 - positive),
        }
        return pd.DataFrame(columns, index=pd.Index(self.reg.names, name="coef_name"))

    def predict(self, X_new: Any, *, weights: Any = None, random_seed: int | None = 0) -> Prediction:
        """Predict new rows of the user's own columns, in the units of the user's target.

        Parameters
        ----------
        X_new : array-like, shape (m, p)
            As for the fit's own `predict`: a pipeline's steps are applied.
        weights : array-like, shape (m,), optional
            A row has noise scale σ/√w; by default every new row has the mean weight of those of the fit, so that a
            common factor of all weights changes nothing.
        random_seed : int, optional
            For draws of y.
        """
        X, design = self.reading.columns(X_new), self.reg.design
        if weights is None:
            weights = np.full(X.shape[0] if hasattr(X, "shape") else len(X), design.weight / design.n)
        inner = predict(self.idata, X, weights=weights, random_seed=random_seed)
        shift, size = self.reading.target
        return (
            inner
            if (shift, size) == (0.0, 1.0)
            else replace(inner, eta=shift + size * inner.eta, sigma=size * inner.sigma)
        )

    def __repr__(self) -> str:
        return f"Explanation({self.tool}: {self.reg.prior}, kkt={self.certificate.kkt:.1e})"

    def __str__(self) -> str:
        notes = (f"Note: {note}." for note in (*self._expectation, *self.notes))
        return "\n".join([self.sentence, f"Certificate: {self.verdict}", *notes])
