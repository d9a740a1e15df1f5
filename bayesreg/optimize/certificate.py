"""A certificate of optimality for any point, whoever found it; this file knows no solver."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from bayesreg.errors import PriorError
from bayesreg.model.arguments import read_vector
from bayesreg.model.bounds import Box
from bayesreg.model.even_columns import even_columns
from bayesreg.model.noise import read_sigma
from bayesreg.model.objective import conditional_intercept, join, objective_at, rss_at, strengths_at
from bayesreg.model.quadratic import QuadraticLoss
from bayesreg.model.regression import Regression, check_regression
from bayesreg.model.row_loss import RowLoss
from bayesreg.optimize.box_certificate import unpenalized
from bayesreg.optimize.row_certificate import judge_rows, penalty_gap, violations
from bayesreg.priors.partition import SINGLES, Partition


@dataclass(frozen=True)
class Certificate:
    """How far a point is from the minimum of Q (``half_rss``) at a given sigma.

    Attributes
    ----------
    kkt : float
        Largest violation of the optimality conditions: the distance of −gradient of ½RSS from the
        subdifferential of the penalty, divided by λ_j (by ‖X'y‖∞ for columns without an L1 term).
    gap : float
        Duality gap divided by the size of the primal value: Q is at most this share above its minimum. It may exceed
        1, since the loss of a Poisson regression may be near 0. None for a loss that is not convex, where the point
        is only known to be stationary.
    kkt_absolute, gap_absolute, primal : float
        The same before division, in the units of y², and Q itself. Columns whose sizes differ by more than a factor
        of 16 are first brought to about 1, so that a column in tiny units counts as much as the others.
    sigma : float
        The sigma at which the conditions were checked.
    sigma_slope : float or None
        For a joint mode: derivative of the log posterior in log sigma, divided by n; else None.

    See Also
    --------
    certify : KKT residual and duality gap of any point.
    Estimate : A certified point estimate.
    """

    kkt: float
    gap: float | None
    kkt_absolute: float
    gap_absolute: float | None
    primal: float
    sigma: float
    sigma_slope: float | None = None


def certify(reg: Regression, beta: Any, *, sigma: float | None = None, intercept: float | None = None) -> Certificate:
    r"""Judge anybody's coefficients by the optimality conditions of the canonical objective.

    With r = b − Aβ and v = A'r, β is optimal iff v_j ∈ λ_j ∂|β_j| + κ_jβ_j for every j (where a prior joins columns,
    v_g ∈ λ_g ∂‖β_g‖ for every group, and lengths ‖·‖ take the place of sizes below). The duality
    gap at the dual point u = c·r, with the largest c ≤ 1 that is feasible, is a sum of terms none of
    which is negative, so that it does not cancel:

        gap = ½(1−c)²‖r‖² + Σ_j [½κ_j(β_j − t_j)² + λ_j|β_j| − β_j s_j],

    where s_j = clip(c·v_j, ±λ_j) and t_j = (c·v_j − s_j)/κ_j (Fercoq, Gramfort & Salmon 2015,
    https://proceedings.mlr.press/v37/fercoq15.html, for the lasso). A loss with kinks has many r: then the one
    that violates least is taken, and a row that it treats as fitted counts with its residual's share of y's spread.

    Parameters
    ----------
    reg : Regression
    beta : array-like, shape (p,)
        Coefficients on the (standardized) columns on which the prior is stated.
    sigma : float, optional
        Needed if the regression does not know sigma; the conditions are those at this sigma.
    intercept : float, optional
        At the centre; by default the best one for this beta.

    Returns
    -------
    Certificate

    Raises
    ------
    DataError
        If beta is not p finite numbers.
    PriorError
        If sigma is needed and not given, or the prior's scale is unknown.

    See Also
    --------
    Certificate : KKT residual and duality gap of a point.
    map_estimate : Certified MAP estimate.

    Examples
    --------
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> reg = br.Regression(frame.drop(columns=target), frame[target], prior=br.Laplace(10.0), sigma=54.0)
    >>> br.certify(reg, br.map_estimate(reg).beta).kkt < 1e-9
    True
    >>> br.certify(reg, np.zeros(10)).kkt > 1
    True
    """
    check_regression(reg)
    point = read_vector(beta, reg.p, "beta")
    if intercept is not None:
        intercept = float(read_vector([intercept], 1, "intercept")[0])
    given_sigma = reg.noise.sigma if sigma is None else read_sigma(sigma)
    if given_sigma is None:
        raise PriorError("this regression does not know sigma; pass certify(reg, beta, sigma=…).")
    l1, l2 = strengths_at(reg, given_sigma)
    theta = _with_intercept(reg, point, intercept, l2)
    if not reg.is_gaussian:
        return _certificate_of_rows(reg, theta, l1, l2)
    return _certificate(reg, theta, given_sigma, intercept)


def certify_joint(reg: Regression, beta: Any, sigma: float) -> Certificate:
    """Certificate of a joint mode of (beta, sigma): the conditions at sigma, and the slope in log sigma."""
    part = certify(reg, beta, sigma=sigma)
    slope = sigma_slope(reg, np.asarray(beta, dtype=float), sigma) / reg.n
    return Certificate(part.kkt, part.gap, part.kkt_absolute, part.gap_absolute, part.primal, sigma, abs(slope))


def sigma_slope(reg: Regression, beta: np.ndarray, sigma: float) -> float:
    """Derivative in log sigma of the log posterior of (beta, sigma), at the best intercept for them.

    −n + RSS/σ² + σ·(log p(σ))' from likelihood and noise prior; a prior scaled by sigma adds, for each
    column with a scale, −1 + |β_j|/b_j + β_j²/s_j² (with a group's ‖β_g‖ for the sum of its |β_j|).
    """
    assert reg.noise.prior is not None
    theta = _with_intercept(reg, beta, None, strengths_at(reg, sigma)[1])
    slope = -reg.n + rss_at(reg, theta, sigma) / sigma**2 + sigma * reg.noise.prior.log_density_slope(sigma)
    if reg.prior.scaled_by_sigma:
        at, gamma = reg.length_scales.at(sigma), reg.coordinates.gamma(beta)
        sizes = reg.prior.partition(reg.names).shares(gamma)
        slope += float(np.sum(sizes / at.laplace + (gamma / at.normal) ** 2) - np.sum(~at.is_flat))
    if reg.intercept_term.scaled_by_sigma:
        raise PriorError("the joint mode needs an intercept prior that is not scaled by sigma.")
    return slope


def _with_intercept(reg: Regression, beta: np.ndarray, intercept: float | None, l2: np.ndarray) -> np.ndarray:
    """θ: beta, and where the intercept is among the coefficients its deviation from the prior mean."""
    if intercept is not None or not reg.intercept_term.in_theta:
        return join(reg, beta, intercept)
    if not reg.is_gaussian:
        raise PriorError(
            f"a {reg.family.name} regression is judged with its intercept; pass certify(reg, beta, intercept=…)."
        )
    theta = join(reg, beta, reg.intercept_term.loc)
    slope = reg.loss.gradient(theta)[-1]
    last = np.array([reg.loss.size - 1])
    return np.append(theta[:-1], -slope / (reg.loss.curvature(last)[0, 0] + l2[-1]))


@dataclass(frozen=True, eq=False)
class CertificateTable:
    """Certificates of m points at once: each field as in `Certificate`, of shape (m,)."""

    kkt: np.ndarray
    gap: np.ndarray
    kkt_absolute: np.ndarray
    gap_absolute: np.ndarray
    primal: np.ndarray


def certify_points(
    loss: QuadraticLoss,
    theta: np.ndarray,
    l1: np.ndarray,
    l2: np.ndarray,
    *,
    box: Box | None = None,
    blocks: Partition = SINGLES,
    from_rows: bool = True,
) -> CertificateTable:
    """Certify m points of ½RSS + Σ λ·length + ½κ_jθ_j², each with its own strengths.

    Parameters
    ----------
    theta, l1, l2 : ndarray, shape (m, q)
    box : Box, optional
        The bounds of θ.
    blocks : Partition, optional
        Whose lengths are penalized, |θ_j| or ‖θ_g‖.
    from_rows : bool
        Whether residuals are computed on the rows where they are known, or through the Gram matrix,
        which costs nothing in n and is as exact unless columns are nearly collinear.
    """
    return certify_scores(loss, theta, l1, l2, *loss.scores(theta, from_rows=from_rows), box, blocks)


def certify_scores(
    loss: QuadraticLoss,
    theta: np.ndarray,
    l1: np.ndarray,
    l2: np.ndarray,
    score: np.ndarray,
    rss: np.ndarray,
    box: Box | None = None,
    blocks: Partition = SINGLES,
) -> CertificateTable:
    """Certify m points whose scores A'r, shape (m, q), and RSS are known; each may have a response of its own."""
    violation = violations(theta, score, l1, l2, box, blocks)
    unit = np.where(l1 > 0, l1, loss.gradient_unit or 1.0)
    relative = np.divide(violation, unit, out=np.zeros_like(violation), where=violation != 0)
    primal = 0.5 * rss + np.sum(l1 * blocks.shares(theta) + 0.5 * l2 * theta**2, axis=1)
    gap = _gap(loss, theta, score, l1, l2, rss, box, blocks)
    return CertificateTable(
        kkt=np.max(relative, axis=1),
        gap=np.divide(gap, primal, out=np.zeros_like(gap), where=gap != 0),
        kkt_absolute=np.max(violation, axis=1),
        gap_absolute=gap,
        primal=primal,
    )


def _certificate(reg: Regression, theta: np.ndarray, sigma: float, intercept: float | None) -> Certificate:
    """One point; an intercept in closed form adds a term of its own, which is 0 unless another one is claimed."""
    l1, l2 = strengths_at(reg, sigma)
    even, blocks = even_columns(reg.loss, l1[None], l2[None], reg.partition), reg.partition
    box = even.within(reg.box)
    table = certify_points(even.loss, even.inside(theta[None]), even.l1, even.l2, box=box, blocks=blocks)
    stiffness, away = 0.0, 0.0
    if intercept is not None and not reg.intercept_term.in_theta:
        away = intercept - float(np.asarray(conditional_intercept(reg, sigma)))
        stiffness = reg.design.weight + reg.intercept_term.precision(sigma)
        if not reg.intercept_term.exists and away != 0:
            raise PriorError(f"this regression has no intercept, got intercept={intercept}.")
    score = stiffness * abs(away)
    gap = float(table.gap_absolute[0]) + 0.5 * stiffness * away**2
    primal = objective_at(reg, theta, sigma) + 0.5 * stiffness * away**2
    return Certificate(
        kkt=max(float(table.kkt[0]), score / (even.loss.gradient_unit or 1.0)),
        gap=gap / primal if gap != 0 else 0.0,
        kkt_absolute=max(float(table.kkt_absolute[0]), score),
        gap_absolute=gap,
        primal=primal,
        sigma=sigma,
    )


def certify_family_points(
    loss: RowLoss,
    theta: np.ndarray,
    l1: np.ndarray,
    l2: np.ndarray,
    *,
    box: Box | None = None,
    blocks: Partition = SINGLES,
) -> CertificateTable:
    """Certify m points of any family's loss + Σ λ·length + ½κ_jθ_j²; theta, l1 and l2 of shape (m, q).

    The gaps are NaN where the loss is not convex, since no gap exists.
    """
    rows = [judge_rows(loss, *point, box, blocks) for point in zip(theta, l1, l2, strict=True)]
    kkt, violation, gap, primal = np.array(rows).T
    with np.errstate(invalid="ignore"):
        relative = np.where(gap == 0, 0.0, gap / np.abs(primal))
    return CertificateTable(kkt=kkt, gap=relative, kkt_absolute=violation, gap_absolute=gap, primal=primal)


def _certificate_of_rows(reg: Regression, theta: np.ndarray, l1: np.ndarray, l2: np.ndarray) -> Certificate:
    even, blocks = even_columns(reg.row_loss, l1[None], l2[None], reg.partition), reg.partition
    box = even.within(reg.box)
    table = certify_family_points(even.loss, even.inside(theta[None]), even.l1, even.l2, box=box, blocks=blocks)
    values: dict[str, Any] = {name: float(getattr(table, name)[0]) for name in table.__dataclass_fields__}
    if not reg.family.has_gap:
        values |= {"gap": None, "gap_absolute": None}
    return Certificate(**values, sigma=reg.row_loss.sigma)


def _gap(
    loss: QuadraticLoss,
    theta: np.ndarray,
    score: np.ndarray,
    l1: np.ndarray,
    l2: np.ndarray,
    rss: np.ndarray,
    box: Box | None,
    blocks: Partition,
) -> np.ndarray:
    """Duality gap of each point, shape (m,); the formula stands in :func:`certify`."""
    if box is not None and len(theta) > 1:
        # What is unpenalized depends on the point.
        points = [slice(k, k + 1) for k in range(len(theta))]
        return np.concatenate([_gap(loss, theta[k], score[k], l1[k], l2[k], rss[k], box, blocks) for k in points])
    free = np.all((l1 == 0) & (l2 == 0), axis=0)
    if box is not None:
        point = theta[0], score[0], l1[0], l2[0]
        free = unpenalized(*point, box, lambda some: _project_out(loss, np.flatnonzero(some), score)[0][0])
    score, outside = _project_out(loss, np.flatnonzero(free), score)
    shrink, pairs = penalty_gap(theta, score, l1, l2, box, blocks)
    return 0.5 * (1 - shrink) ** 2 * np.maximum(rss - outside, 0.0) + 0.5 * outside + pairs


def _project_out(loss: QuadraticLoss, free: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A'u and ‖r − u‖² for u, the residual made orthogonal to the unpenalized columns, as a dual point must be."""
    if len(free) == 0:
        return score, np.zeros(len(score))
    step = np.linalg.lstsq(loss.curvature(free), score[:, free].T, rcond=None)[0].T
    moved = step @ loss.cross_gram(free)
    projected = score - moved
    projected[:, free] = 0.0
    return projected, np.sum(step * moved[:, free], axis=1)
