"""Whole random learning curves from a forecast, and where they reach a value."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from analysis.curves.predictive import Predictive


def drawn_curves(
    found: Predictive, n: ArrayLike, size: int, seed: tuple[int, ...]
) -> np.ndarray:
    """ln value of `size` random curves at n (sizes,): (size, sizes).

    seed: whole numbers.

    They are Predictive.draw, and each whole curve is moved by the scatter of a measurement
    (normal, independent of the rest): even within the data the level of a curve is hardly
    known better than one point of it. Without this, 90 % intervals hold 67-88 % of the
    multipliers of published curves that are known on both sides.
    """
    chance = (np.random.default_rng((*seed, 1)).permutation(size) + 0.5) / size  # stratified
    return np.log(found.draw(n, size, (*seed, 0))) + found.scatter * ndtri(chance)[:, None]


def first_below(place: np.ndarray, values: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Place at which each falling curve first is at or below each target: (curves, targets).

    place: (points,) increasing, ln n.
    values: (curves, points) falling, ln value.
    target: (curves, targets) ln value.

    Linear between points; -inf where the first point is below the target already, inf where
    none is.
    """
    # index of the first point at or below
    after = (values[:, None, :] > target[:, :, None]).sum(2)
    inside = np.clip(after, 1, len(place) - 1)
    row = np.arange(len(values))[:, None]
    above = values[row, inside - 1]
    below = values[row, inside]
    share = (above - target) / np.maximum(above - below, 1e-300)
    found = place[inside - 1] + np.clip(share, 0, 1) * (place[inside] - place[inside - 1])
    return np.where(after == 0, -np.inf, np.where(after == len(place), np.inf, found))


def quantile(draws: np.ndarray, q: float) -> np.ndarray:
    """Quantile along the first axis; never the mean of two draws, which may be infinite."""
    return np.sort(draws, axis=0)[max(int(np.ceil(q * len(draws))) - 1, 0)]
