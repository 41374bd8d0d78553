"""Variable projection: only shapes are searched (Golub & Pereyra 1973).

Every form here is value = scale * shape(n) + floor with scale >= 0 and 0 <= floor <= a limit
below the smallest value; scale and floor follow in closed form. Relative errors are weighted,
and their Huber losses summed.
"""

from collections.abc import Callable, Sequence

import numpy as np

HUBER = 2.0  # residuals beyond this many standard deviations count linearly
NEAR = 1e-3  # the floor stays at least this fraction below the smallest value

Shape = Callable[..., np.ndarray]  # arrays (k,), one per parameter -> (k, points)


def project(
    shapes: np.ndarray, value: np.ndarray, weight: np.ndarray, limit: float
) -> list[np.ndarray]:
    """Best [scale, floor, weighted sum of squares] of each shape.

    shapes: (..., points).
    value, weight: (points,).
    limit: the largest floor allowed, 0 for none.

    The problem is convex: the free optimum where it is allowed, else the best edge of the box.
    """
    w = weight**2
    gg = shapes**2 @ w
    g1 = shapes @ w
    gy = shapes @ (w * value)
    ones = w.sum()
    y1 = w @ value
    with np.errstate(divide="ignore", invalid="ignore"):
        det = gg * ones - g1**2
        floor = (gg * y1 - g1 * gy) / det
        scale = (ones * gy - g1 * y1) / det
        free = (det > 1e-12 * gg * ones) & (floor >= 0) & (floor <= limit) & (scale >= 0)
    candidates = [(np.where(free, scale, 0.0), np.where(free, floor, 0.0), free)]
    for edge in {0.0, float(limit)}:
        on_edge = np.maximum(gy - edge * g1, 0) / gg
        candidates.append((on_edge, np.full_like(gg, edge), np.full(gg.shape, True)))
    best: list[np.ndarray] = []
    for a, c, allowed in candidates:
        misses = (value - a[..., None] * shapes - c[..., None]) * weight
        squares = np.where(allowed, (misses**2).sum(-1), np.inf)
        found = [a, c, squares]
        if best:
            better = squares < best[2]
            found = [np.where(better, new, old) for new, old in zip(found, best)]
        best = found
    return best


def huber_weights(residual: np.ndarray, free: float) -> np.ndarray:
    """Factors <= 1 on the squared residuals that make their sum a Huber loss at its optimum.

    residual: (points,) in standard deviations. free: degrees of freedom left.
    (Iteratively reweighted least squares.)
    """
    size = np.abs(residual)
    spread = max(1.4826 * np.median(size) * np.sqrt(len(size) / max(free, 1)), 1.0)
    return np.minimum(1.0, HUBER * spread / np.maximum(size, 1e-300))


def fit_shape(
    shape: Shape,
    axes: Sequence[np.ndarray],
    value: np.ndarray,
    error: np.ndarray,
    floor: bool = True,
    zooms: int = 6,
    rounds: int = 3,
) -> tuple[np.ndarray, float, float, np.ndarray]:
    """Search the shape's parameters over the grid of `axes`, then zoom into the best cell.

    shape: takes arrays (k,), one per parameter, and returns (k, points).
    axes: one increasing array per parameter.
    value, error: (points,) measured, and its relative standard error.
    floor: whether it may be above 0.
    zooms, rounds: grids around the best, and how often the Huber factors are found anew.

    Returns (parameters, scale, floor, weight): weight (points,) includes the Huber factors.
    """
    limit = (1 - NEAR) * value.min() if floor else 0.0
    base = 1 / (error * value)
    weight = base
    free = len(value) - len(axes) - 1 - floor
    grid = _cells(axes)
    shapes = shape(*grid)
    for step in range(rounds):
        at = int(np.argmin(project(shapes, value, weight, limit)[2]))
        best = _zoom(shape, axes, grid[:, at], value, weight, limit, zooms)
        (scale,), (low,), _ = project(shape(*best[:, None]), value, weight, limit)
        residual = (value - scale * shape(*best[:, None])[0] - low) * base
        new = base * np.sqrt(huber_weights(residual, free))
        if np.allclose(new, weight, rtol=1e-3) or step == rounds - 1:
            break
        weight = new
    return best, scale, low, weight


def _cells(axes: Sequence[np.ndarray]) -> np.ndarray:
    """All combinations: (parameters, cells)."""
    return np.stack([g.ravel() for g in np.meshgrid(*axes, indexing="ij")])


def _zoom(
    shape: Shape,
    axes: Sequence[np.ndarray],
    best: np.ndarray,
    value: np.ndarray,
    weight: np.ndarray,
    limit: float,
    zooms: int,
) -> np.ndarray:
    """Geometric grids of 7 per parameter around the best so far, each a third of the last."""
    lowest = [axis[0] for axis in axes]
    highest = [axis[-1] for axis in axes]
    step = np.array([np.log(axis[1:] / axis[:-1]).max() for axis in axes])
    for _ in range(zooms):
        near = [
            np.clip(b * np.exp(s * np.linspace(-1, 1, 7)), low, high)
            for b, s, low, high in zip(best, step, lowest, highest)
        ]
        grid = _cells(near)
        best = grid[:, int(np.argmin(project(shape(*grid), value, weight, limit)[2]))]
        step = step / 3
    return best
