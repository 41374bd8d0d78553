"""How far replicates of a point of a learning curve scatter.

They scatter less, relative to the value, the more examples the point has.
"""

import numpy as np
from numpy.typing import ArrayLike

STEEPEST = 0.5  # of a mean over independent examples
# how steeply the scatter fell in studies with three data seeds:
# 0.11 (digits) to 0.33 (synthetic)
USUAL = 0.2


def relative_spread(curve: ArrayLike, n: ArrayLike, value: ArrayLike) -> np.ndarray:
    """Relative standard deviation of each row between replicates.

    curve: (rows,) which learning curve a row is of.
    n, value: (rows,) its size, and the chosen measure there.

    Returns (rows,); nan for a curve without replicates. The standard deviation of a curve is
    s n^-g, by maximum likelihood of normal replicates. All curves share g, from 0 to STEEPEST,
    which stays near 0 (prior: half a normal distribution of deviation USUAL) where there are
    few replicates to tell.
    """
    curve = np.asarray(curve)
    n = np.asarray(n, dtype=float)
    value = np.asarray(value, dtype=float)
    if not len(n):
        return value
    _, which = np.unique(curve, return_inverse=True)
    squares, free = _deviations(which, n, value)
    size = np.log(n) - np.log(n).mean()
    freedom = np.bincount(which, free)

    def variances(g: float) -> np.ndarray:
        """Of each curve at the mean size; nan without replicates."""
        with np.errstate(invalid="ignore"):
            return np.bincount(which, squares * np.exp(2 * g * size)) / freedom

    scattered = variances(0.0) > 0
    lever = (free * size)[scattered[which]].sum()

    def unlikely(g: float) -> float:
        logs = np.log(variances(g)[scattered])
        return freedom[scattered] @ logs / 2 - g * lever + (g / USUAL) ** 2 / 2

    g = 0.0
    if scattered.any():
        from scipy.optimize import minimize_scalar  # a fifth of a second

        g = minimize_scalar(unlikely, bounds=(0, STEEPEST), method="bounded").x
    return np.sqrt(variances(g))[which] * np.exp(-g * size)


def _deviations(
    which: np.ndarray, n: np.ndarray, value: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Squared relative deviation of each row from its point's mean, and its share of the
    point's degrees of freedom: two arrays (rows,)."""
    _, point, count = np.unique(
        np.stack([which, n]), axis=1, return_inverse=True, return_counts=True
    )
    point = point.ravel()
    mean = (np.bincount(point, value) / count)[point]
    share = np.zeros(len(value))  # stays 0 where the mean is 0, as an error may be
    squares = np.divide(value - mean, mean, out=share, where=mean > 0) ** 2
    free = np.where(np.isfinite(mean), 1 - 1 / count[point], 0)
    return squares, free
