"""The moments of a forecast, read from a table: a hundred times faster to ask again."""

from dataclasses import dataclass, replace

import numpy as np

from analysis.curves.monotone import MonotoneCubic
from analysis.curves.predictive import NEVER, Predictive

BELOW = 10.0  # times under the smallest size measured, where the table begins
CELLS_INSIDE = 48  # sizes in the table within the data
CELLS_BEYOND = 96  # and beyond them


@dataclass(frozen=True)
class Table:
    """Moments of ln value as `Average` gives them, interpolated over ln n.

    place: (cells,) increasing, ln n.
    values: of (cells, 2): mean and standard deviation.
    """

    place: np.ndarray
    values: MonotoneCubic

    def moments(self, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of ln value at sizes n: two arrays (sizes,)."""
        mean, deviation = self.values(np.clip(np.log(n), self.place[0], self.place[-1])).T
        return mean, deviation


def tabulated(found: Predictive) -> Predictive:
    """`found` with its moments in a Table.

    From BELOW times under its sizes to NEVER times beyond.
    """
    if isinstance(found.middle, Table):
        return found
    place = _place(found)
    values = MonotoneCubic(place, np.stack(found.middle.moments(np.exp(place)), 1))
    return replace(found, middle=Table(place, values))


def _place(found: Predictive) -> np.ndarray:
    first, last = np.log(found.curve.n[[0, -1]])
    inside = np.linspace(first - np.log(BELOW), last, CELLS_INSIDE, endpoint=False)
    return np.append(inside, np.linspace(last, last + np.log(NEVER), CELLS_BEYOND))
