"""Projection predictive selection: the posterior projected onto fewer columns, found by a forward search."""

from dataclasses import dataclass
from numbers import Integral, Real
from typing import TYPE_CHECKING

import numpy as np
from scipy import linalg

from bayesreg.analysis.from_tree import read_posterior
from bayesreg.analysis.sparsity.signal import Signal, signal_of
from bayesreg.errors import PriorError
from bayesreg.model.regression import Regression
from bayesreg.sampling.arguments import read_count

if TYPE_CHECKING:
    import pandas as pd
    from xarray import DataTree

# A search ends at so many columns unless another number is asked for.
LARGEST = 30
# A column whose part outside the chosen ones is below this share of it cannot be told from them.
SMALLEST_PIVOT = 1e-10


@dataclass(frozen=True, eq=False, repr=False)
class Projection:
    """Submodels of growing size, each the projection of the whole posterior; K + 1 sizes from 0 to K.

    Attributes
    ----------
    names : tuple of str
        Column names.
    order : tuple of str, length K
        In the order in which they were chosen.
    divergence : ndarray, shape (K + 1,)
        Posterior mean of the Kullback–Leibler divergence per row from the whole posterior to its projection.

    See Also
    --------
    projection_predictive : Submodels whose predictions are closest to the posterior's.
    """

    names: tuple[str, ...]
    order: tuple[str, ...]
    divergence: np.ndarray
    signal: Signal

    @property
    def explained(self) -> np.ndarray:
        """Relative explanatory power 1 − KL(size)/KL(0), shape (K + 1,)."""
        if self.divergence[0] == 0:
            return np.ones_like(self.divergence)
        return 1 - self.divergence / self.divergence[0]

    def size_for(self, explained: float = 0.95) -> int:
        """The smallest size with at least this relative explanatory power.

        Raises
        ------
        PriorError
            If no size that was searched reaches it.
        """
        if isinstance(explained, bool) or not isinstance(explained, Real) or not 0 <= float(explained) <= 1:
            raise PriorError(f"explained must be a share from 0 to 1, got {explained!r}.")
        enough = np.flatnonzero(self.explained >= explained)
        if len(enough) == 0:
            raise PriorError(
                f"{len(self.order)} columns explain {self.explained[-1]:.3f}, not {explained}; search more: max_size=…"
            )
        return int(enough[0])

    def coef_draws(self, size: int) -> np.ndarray:
        """Projected draws of the coefficients on the user's columns, shape (S, p); 0 for those not chosen."""
        projected = self._projected(size)[0]
        return self.signal.reg.design.standardization.coef(projected)

    def sigma_draws(self, size: int) -> np.ndarray:
        """Projected draws of sigma, √(σ² + ‖Xβ − Xβ_size‖²/n), shape (S,)."""
        return self._projected(size)[1]

    def to_frame(self) -> "pd.DataFrame":
        """One row per size: the column that was added, divergence and explanatory power."""
        import pandas as pd

        columns = {"added": ["", *self.order], "divergence": self.divergence, "explained": self.explained}
        return pd.DataFrame(columns, index=pd.RangeIndex(len(self.divergence), name="size"))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name} {100 * e:.1f}%" for name, e in zip(self.order[:6], self.explained[1:], strict=False))
        return f"Projection(relative explanatory power: {shown}{', …' if len(self.order) > 6 else ''})"

    def _projected(self, size: int) -> tuple[np.ndarray, np.ndarray]:
        if isinstance(size, bool) or not isinstance(size, Integral) or not 0 <= size <= len(self.order):
            raise PriorError(f"size must be a whole number from 0 to {len(self.order)}, got {size!r}.")
        return project(self.signal, [self.names.index(name) for name in self.order[:size]])


def projection_predictive(
    idata: "DataTree", *, reg: Regression | None = None, max_size: int | None = None
) -> Projection:
    r"""Project a Gaussian posterior onto growing sets of columns.

    A draw (β, σ) projected onto the columns S has, in closed form,

        β_S = (X_S'X_S)⁻¹X_S'Xβ,    σ_S² = σ² + ‖Xβ − X_Sβ_S‖²/n,    KL per row = ½ log(σ_S²/σ²).

    Columns are chosen one after the other, each time the one whose projection of the posterior mean is nearest; then
    all draws are projected.

    Parameters
    ----------
    idata : xarray.DataTree
        From :func:`bayesreg.sample`, of a Gaussian regression.
    reg : Regression, optional
        By default it is rebuilt from `idata`.
    max_size : int, optional
        Where the search ends: by default at all columns, at most 30.

    Returns
    -------
    Projection

    Raises
    ------
    UnsupportedError
        If the family is not Gaussian, or there are more than 4,000 columns.
    PriorError
        If `max_size` is not a whole number from 1 to p.

    See Also
    --------
    decoupled_selection : Sparse summaries of a posterior.
    sparsity : Which coefficients are zero, and how sure that is.

    Notes
    -----
    Goutis & Robert (1998, doi:10.1093/biomet/85.1.29); Dupuis & Robert (2003, doi:10.1016/S0378-3758(02)00286-0) for
    the relative explanatory power; Piironen, Paasiniemi & Vehtari (2020, doi:10.1214/20-EJS1711). The divergence is
    measured on the rows that were fitted, so that it shows how well the posterior is imitated, not how well new rows
    are predicted.

    Examples
    --------
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> reg = br.Regression(frame.drop(columns=target), frame[target], prior=br.Laplace(10.0), sigma=54.0)
    >>> br.projection_predictive(br.sample(reg, random_seed=1)).order[:3]
    ('bmi', 's5', 'bp')
    """
    reg, draws = read_posterior(idata, reg)
    reg.require_unbounded("a projection")
    most = min(reg.p, LARGEST) if max_size is None else read_count("max_size", max_size, 1, reg.p)
    signal = signal_of(reg, draws)
    chosen = forward_search(signal.root, signal.beta.mean(axis=0), most)
    variance = signal.sigma**2
    divergence = [
        float(np.mean(0.5 * np.log(project(signal, chosen[:size])[1] ** 2 / variance)))
        for size in range(len(chosen) + 1)
    ]
    return Projection(reg.names, tuple(reg.names[j] for j in chosen), np.array(divergence), signal)


def forward_search(root: np.ndarray, beta: np.ndarray, most: int) -> list[int]:
    """Columns in the order in which each takes most of what the chosen ones leave of the fit Rβ.

    Parameters
    ----------
    root : ndarray, shape (r, p)
    beta : ndarray, shape (p,)
    most : int
        How many; fewer where no column is left that the chosen ones do not span.
    """
    left, rest = root.copy(), root @ beta
    size, chosen = np.sum(root**2, axis=0), list[int]()
    for _ in range(most):
        square = np.sum(left**2, axis=0)
        able = square > SMALLEST_PIVOT * size
        able[chosen] = False
        if not np.any(able):
            break
        gain = np.where(able, (rest @ left) ** 2 / np.where(able, square, 1.0), -1.0)
        j = int(np.argmax(gain))
        direction = left[:, j] / np.sqrt(square[j])
        left -= np.outer(direction, direction @ left)
        rest -= direction * (direction @ rest)
        chosen.append(j)
    return chosen


def project(signal: Signal, chosen: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """All draws projected onto some columns: β (S, p) with zeros elsewhere, and σ (S,)."""
    projected, fits = np.zeros_like(signal.beta), signal.fit(signal.beta)
    if chosen:
        basis, triangle = linalg.qr(signal.root[:, chosen], mode="economic")
        along = fits @ basis
        projected[:, chosen] = linalg.solve_triangular(triangle, along.T).T
        fits = fits - along @ basis.T
    return projected, np.sqrt(signal.sigma**2 + np.sum(fits**2, axis=1))
