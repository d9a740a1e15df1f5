"""The data as θ sees them: beta's columns, with one of ones last where the intercept is among the coefficients."""

from dataclasses import replace
from typing import Any

import numpy as np

from bayesreg.design.design import Design
from bayesreg.design.implicit import ImplicitColumns


def with_ones(matrix: Any) -> Any:
    """The columns with a last column of ones."""
    if isinstance(matrix, ImplicitColumns):
        return replace(matrix, ones=True)
    return np.column_stack([matrix, np.ones(len(matrix))])


def weighted_rows(design: Design, *, ones: bool, shift: float) -> tuple[Any, np.ndarray]:
    """A, shape (n, q), and b, shape (n,): rows and response less `shift`, each times the root of its weight."""
    rows = design.rows
    assert rows is not None
    matrix, response = with_ones(design.matrix) if ones else design.matrix, rows.response - shift
    if rows.weights is None:
        return matrix, response
    root = np.sqrt(rows.weights)
    if isinstance(matrix, ImplicitColumns):
        return replace(matrix, root=root), response * root
    return matrix * root[:, None], response * root


def products(design: Design, *, ones: bool, shift: float, about_mean: bool) -> tuple[np.ndarray, np.ndarray, float]:
    """A'A, A'b and b'b from the moments; without `about_mean` about x = 0 and y = `shift`."""
    moments, sd = design.moments, design.standardization.sd
    gram, cross, square = moments.gram, moments.cross, moments.square
    mean_x, mean_y = moments.mean_x, moments.mean_y - shift
    if not about_mean:
        gram = gram + moments.weight * np.outer(mean_x, mean_x)
        cross = cross + moments.weight * mean_x * mean_y
        square = square + moments.weight * mean_y**2
    gram, cross = gram / np.outer(sd, sd), cross / sd
    if ones:
        side = moments.weight * mean_x / sd
        gram = np.block([[gram, side[:, None]], [side[None, :], np.array([[moments.weight]])]])
        cross = np.append(cross, moments.weight * mean_y)
    return gram, cross, square
