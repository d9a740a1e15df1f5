"""Second derivatives from differences of first ones."""

from typing import Any

import numpy as np

# The relative step for which central differences of a gradient are most exact.
CUBE_ROOT = float(np.cbrt(np.finfo(float).eps))


def differences(evaluate: Any) -> Any:
    """Products with the Hessian from differences of the gradient, for densities without a second derivative."""

    def multiply(v: np.ndarray, signs: np.ndarray, directions: np.ndarray) -> np.ndarray:
        rows = np.empty_like(directions)
        for k, direction in enumerate(directions):
            size = np.max(np.abs(direction) / (1 + np.abs(v)), initial=0.0)
            step = CUBE_ROOT / size * direction if size > 0 else direction
            ahead, behind = evaluate(v + step, signs)[1], evaluate(v - step, signs)[1]
            rows[k] = (ahead - behind) * (0.5 * size / CUBE_ROOT)
        return rows

    return multiply
