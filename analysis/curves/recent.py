"""The average of the forms, and what the last sizes alone say.

A line through the last two points follows a curve that never bends; a shifted power law
through the later half (pow4 of Viering & Loog 2022) forgets how it began. They err on other
sides than the average, whose prior expects a floor, so their mean errs less on the development
curves (benchmarks/forecast.py). Noise misleads them more, so they count less.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from analysis.curves.average import Average
from analysis.curves.curve import Curve
from analysis.curves.forms import POW4, Form
from analysis.curves.projection import fit_shape

LINE = 0.2  # share of the line through the last two points
HALF = 0.4  # share of the later half's fit
FEWEST = 4  # points; three tell no noise
LEAST_POINTS = 3  # of the later half
NOISY = 0.03  # relative scatter of a point at which both shares are halved
LEAST_ERROR = 0.01  # relative, of a point in the fit
ZOOMS = 4
TINY = 1e-300  # what a fit that reaches 0 is taken for

Continuation = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Line:
    """ln value = level + slope · ln n."""

    level: float
    slope: float

    def __call__(self, n: np.ndarray) -> np.ndarray:
        """ln value at sizes n: (sizes,)."""
        return self.level + self.slope * np.log(n)


@dataclass(frozen=True)
class Fitted:
    """The best fit of one form: value = scale · shape(n / n_max, *parameters) + floor."""

    form: Form
    parameters: np.ndarray
    scale: float
    floor: float
    n_max: float

    def __call__(self, n: np.ndarray) -> np.ndarray:
        """ln value at sizes n: (sizes,)."""
        shape = self.form.shape(n / self.n_max, *self.parameters[:, None])
        return np.log(np.maximum(self.scale * shape + self.floor, TINY))


@dataclass(frozen=True)
class Continued:
    """The average, moved beyond the data towards continuations by their shares.

    None moves it further than it foresees the value to fall, up or down.
    """

    average: Average
    continuations: tuple[tuple[float, Continuation], ...]

    def moments(self, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of ln value at sizes n: two arrays (sizes,).

        The deviation holds the disagreement of what is averaged.
        """
        mean, spread = self.average.moments(n)
        n_max = self.average.n_max
        end, _ = self.average.moments(np.array([n_max]))
        most = np.where(n > n_max, np.abs(mean - end), 0)
        move = np.zeros_like(mean)
        squares = np.zeros_like(mean)
        left = 1.0
        for share, ahead in self.continuations:
            away = np.clip(ahead(n) - mean, -most, most)
            move += share * away
            squares += share * away**2
            left -= share
        variance = left * spread**2 + squares - move**2
        return mean + move, np.sqrt(np.maximum(variance, 0))


def continued(average: Average, curve: Curve, scatter: float) -> Continued:
    """The average of a curve with what its last sizes say.

    curve: thinned, if it was dense.
    scatter: relative, of a point.
    """
    if len(curve) < FEWEST:
        return Continued(average, ())
    trust = 1 / (1 + (scatter / NOISY) ** 2)
    parts = ((LINE * trust, _line(curve)), (HALF * trust, _later_half(curve)))
    return Continued(average, parts)


def _line(curve: Curve) -> Line:
    before, last = np.log(curve.n[-2:])
    from_, to = np.log(curve.value[-2:])
    slope = (to - from_) / (last - before)
    return Line(float(to - slope * last), float(slope))


def _later_half(curve: Curve) -> Fitted:
    half = curve.cut(slice(min(len(curve) // 2, len(curve) - LEAST_POINTS), None))
    x = half.n / half.n[-1]
    parameters, scale, floor, _ = fit_shape(
        lambda *found: POW4.shape(x, *(one[:, None] for one in found)),
        POW4.axes(x[0]),
        half.value,
        np.hypot(LEAST_ERROR, half.error),
        zooms=ZOOMS,
    )
    return Fitted(POW4, parameters, scale, floor, float(half.n[-1]))
