"""How well a curve foretold its own past: cut at earlier sizes, continued, and compared."""

from dataclasses import dataclass

import numpy as np

from analysis.curves.average import Errors, average
from analysis.curves.curve import Curve
from analysis.curves.recent import continued

CUTS = 4  # back-tests
STEP = 0.6  # ln n between them
REACH = np.log(8.5)  # how far each looks, in ln n
LARGEST = 6.0  # squared units in which a cut may miss: one collapse is not the rule


@dataclass(frozen=True)
class BackTest:
    """What came after each cut, held against the average over what was known there.

    error: (predictions,) ln measured - ln predicted.
    spread: (predictions,) the average's standard deviation of ln value.
    change: (predictions,) predicted change of ln value since the cut.
    reach: (predictions,) ln of how many times the data at the cut.
    noise: (predictions,) relative standard error of what was measured.
    cut: (predictions,) number of the cut, from 0 on.
    """

    error: np.ndarray
    spread: np.ndarray
    change: np.ndarray
    reach: np.ndarray
    noise: np.ndarray
    cut: np.ndarray

    @property
    def cuts(self) -> int:
        """How often the curve was cut."""
        return len(np.unique(self.cut))

    @property
    def miss(self) -> float:
        """Root mean square error of ln value beyond what noise explains.

        nan without a back-test.
        """
        if not self.cuts:
            return float("nan")
        return float(np.sqrt(max(np.mean(self.error**2 - self.noise**2), 0)))

    def squares(self, expected: np.ndarray) -> np.ndarray:
        """(cuts,) mean squared error in units of the `expected` one (predictions,)."""
        squares = (self.error / expected) ** 2
        each = np.bincount(self.cut, squares) / np.bincount(self.cut)
        return np.minimum(each, LARGEST)


def back_test(curve: Curve, errors: Errors, scatter: float) -> BackTest:
    """Of a curve that is not dense.

    errors: those of the whole curve, as for its forecast.
    scatter: relative, of a point.
    """
    parts = [np.empty((6, 0))]
    for number, (known, ahead) in enumerate(curve.cut_back(STEP, REACH, CUTS)):
        parts.append(_after(known, ahead, errors, scatter, number))
    error, spread, change, reach, noise, cut = np.concatenate(parts, axis=1)
    return BackTest(error, spread, change, reach, noise, cut.astype(int))


def _after(
    known: Curve, ahead: Curve, errors: Errors, scatter: float, number: int
) -> np.ndarray:
    averaged = continued(average(known, errors), known, scatter)
    mean, spread = averaged.moments(ahead.n)
    end = averaged.moments(known.n[-1:])[0]
    reach = np.log(ahead.n / known.n[-1])
    noise = np.maximum(ahead.error, scatter)
    cut = np.full(len(mean), number)
    return np.stack([np.log(ahead.value) - mean, spread, mean - end, reach, noise, cut])
