"""Learning curves whose truth is known and is no exact power law.

Their exponent wanders, as that of real ones does.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

# standard deviation of ln(local exponent); back-tests then miss as on published image curves
WANDER = 0.35
LENGTH = 1.0  # in ln n, over which the exponent changes
REACH = 3e4  # times the data, where the curves end
CELLS = 600


@dataclass(frozen=True)
class Wandering:
    """A falling curve, known on a grid of sizes.

    place: (CELLS,) increasing, ln n.
    losses: (CELLS,) falling, ln loss.
    """

    place: np.ndarray
    losses: np.ndarray

    def __call__(self, n: ArrayLike) -> np.ndarray:
        """Loss at n."""
        return np.exp(np.interp(np.log(n), self.place, self.losses))

    def needed(self, target: float) -> float:
        """Examples at which the loss comes down to the target.

        inf where it does not within REACH times the data.
        """
        if target < np.exp(self.losses[-1]):
            return np.inf
        return float(np.exp(np.interp(-np.log(target), -self.losses, self.place)))


def wandering(
    random: np.random.Generator, n: np.ndarray, last: float, b: float, floor: float
) -> Wandering:
    """A curve with loss `last` at the largest of n, of which the share `floor` stays.

    Local exponents of what goes are log-normal around b, a smooth Gaussian process over ln n.
    """
    place = np.linspace(np.log(n[0]) - 1, np.log(n[-1] * REACH), CELLS)
    kernel = np.exp(-0.5 * ((place[:, None] - place) / LENGTH) ** 2) + 1e-6 * np.eye(CELLS)
    slope = b * np.exp(WANDER * np.linalg.cholesky(kernel) @ random.standard_normal(CELLS))
    fallen = np.concatenate([[0], np.cumsum((slope[1:] + slope[:-1]) / 2 * np.diff(place))])
    fallen -= np.interp(np.log(n[-1]), place, fallen)
    return Wandering(place, np.log(last * (floor + (1 - floor) * np.exp(-fallen))))
