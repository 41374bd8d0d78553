"""How far replicates of a point of a learning curve scatter: less, relative to the loss, the more examples it has."""

import numpy as np
from scipy.optimize import minimize_scalar

STEEPEST = 0.5  # of a mean over independent examples
USUAL = 0.2  # how steeply the scatter fell in studies with three data seeds: 0.11 (digits) to 0.33 (synthetic)


def relative_spread(curve, n, loss) -> np.ndarray:
    """Relative standard deviation of each row between replicates; nan for a curve without any.

    curve: (rows,) which learning curve a row is of; n, loss: (rows,) its size and loss. The standard deviation of a
    curve is s n^-g, by maximum likelihood of normal replicates; g is shared by all curves, from 0 to STEEPEST, and
    stays near 0 (prior: half a normal distribution of deviation USUAL) where few replicates tell.
    """
    curve, n, loss = np.asarray(curve), np.asarray(n, dtype=float), np.asarray(loss, dtype=float)
    if not len(n):
        return loss
    _, which = np.unique(curve, return_inverse=True)
    _, point, count = np.unique(np.stack([which, n]), axis=1, return_inverse=True, return_counts=True)
    point = point.ravel()
    mean = (np.bincount(point, loss) / count)[point]
    squares = np.divide(loss - mean, mean, out=np.zeros(len(loss)), where=mean > 0) ** 2  # an error may be 0
    free = np.where(np.isfinite(mean), 1 - 1 / count[point], 0)  # degrees of freedom, shared by the rows of a point
    size = np.log(n) - np.log(n).mean()
    freedom = np.bincount(which, free)

    def variances(g):
        """Of each curve at the mean size; nan without replicates."""
        with np.errstate(invalid="ignore"):
            return np.bincount(which, squares * np.exp(2 * g * size)) / freedom

    scattered = variances(0.0) > 0
    lever = (free * size)[scattered[which]].sum()

    def unlikely(g):
        return freedom[scattered] @ np.log(variances(g)[scattered]) / 2 - g * lever + (g / USUAL) ** 2 / 2

    g = minimize_scalar(unlikely, bounds=(0, STEEPEST), method="bounded").x if scattered.any() else 0.0
    return np.sqrt(variances(g))[which] * np.exp(-g * size)
