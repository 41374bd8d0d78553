"""Variable projection: scale and floor in closed form, so that only shapes are searched (Golub & Pereyra 1973).

Every form here is loss = scale * shape(n) + floor with scale >= 0 and 0 <= floor <= a limit below the smallest loss.
Its relative errors are weighted, and their Huber losses summed.
"""

import numpy as np

HUBER = 2.0  # residuals beyond this many standard deviations count linearly
NEAR = 1e-3  # the floor stays at least this fraction below the smallest loss


def project(shapes, loss, weight, limit):
    """Best (scale, floor) of each shape and its weighted sum of squares.

    shapes (..., points), loss and weight (points,); limit: the largest floor allowed, 0 for none.
    The problem is convex: the free optimum where it is allowed, else the best edge of the box.
    """
    w = weight**2
    gg, g1, gy = shapes**2 @ w, shapes @ w, shapes @ (w * loss)
    ones, y1 = w.sum(), w @ loss
    with np.errstate(divide="ignore", invalid="ignore"):
        det = gg * ones - g1**2
        floor = (gg * y1 - g1 * gy) / det
        scale = (ones * gy - g1 * y1) / det
        free = (det > 1e-12 * gg * ones) & (floor >= 0) & (floor <= limit) & (scale >= 0)
    best = None
    edges = [(np.where(free, floor, 0.0), np.where(free, scale, 0.0), free)]
    edges += [(np.full_like(gg, c), np.maximum(gy - c * g1, 0) / gg, True) for c in {0.0, float(limit)}]
    for c, a, allowed in edges:
        squares = (((loss - a[..., None] * shapes - c[..., None]) * weight) ** 2).sum(-1)
        squares = np.where(allowed, squares, np.inf)
        if best is None:
            best = [a, c, squares]
        better = squares < best[2]
        best = [np.where(better, new, old) for new, old in zip((a, c, squares), best, strict=True)]
    return best


def huber_weights(residual, free):
    """Factors <= 1 on the squared residuals that make their sum a Huber loss at its optimum (IRLS)."""
    size = np.abs(residual)
    spread = max(1.4826 * np.median(size) * np.sqrt(len(size) / max(free, 1)), 1.0)
    return np.minimum(1.0, HUBER * spread / np.maximum(size, 1e-300))


def fit_shape(shape, axes, loss, error, floor=True, zooms=6, rounds=3):
    """Search the shape's parameters over the grid of `axes`, then zoom into the best cell.

    shape(*parameters) takes arrays (k,) and returns (k, points); axes: one increasing array per parameter.
    Returns (parameters, scale, floor, weight): weight (points,) includes the Huber factors.
    """
    limit = (1 - NEAR) * loss.min() if floor else 0.0
    weight = base = 1 / (error * loss)
    free = len(loss) - len(axes) - 1 - floor
    grid = _cells(axes)
    values = shape(*grid)
    best = grid[:, 0]
    for step in range(rounds):
        at = int(np.argmin(project(values, loss, weight, limit)[2]))
        best = _zoom(shape, axes, grid[:, at], loss, weight, limit, zooms)
        (scale,), (low,), _ = project(shape(*best[:, None]), loss, weight, limit)
        residual = (loss - scale * shape(*best[:, None])[0] - low) * base
        new = base * np.sqrt(huber_weights(residual, free))
        if np.allclose(new, weight, rtol=1e-3) or step == rounds - 1:
            break
        weight = new
    return best, scale, low, weight


def _cells(axes):
    return np.stack([g.ravel() for g in np.meshgrid(*axes, indexing="ij")])


def _zoom(shape, axes, best, loss, weight, limit, zooms):
    """Grids of 7 per parameter around the best so far, each a third of the last; geometric where the axis is."""
    lo, hi = np.array([a[0] for a in axes]), np.array([a[-1] for a in axes])
    step = np.array([np.log(a[1:] / a[:-1]).max() for a in axes])
    for _ in range(zooms):
        near = [
            np.clip(b * np.exp(s * np.linspace(-1, 1, 7)), x, y) for b, s, x, y in zip(best, step, lo, hi, strict=True)
        ]
        grid = _cells(near)
        best = grid[:, int(np.argmin(project(shape(*grid), loss, weight, limit)[2]))]
        step = step / 3
    return best
