"""The distribution of the value at any size, calibrated on published learning curves."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t as student

from analysis.curves.average import Moments, average
from analysis.curves.curve import Curve, read_curve, remembered, thinned

NEVER = 1e4  # times the data: what is not reached by then counts as never
FREEDOM = 4  # of Student's distribution; the tails of real curves are that heavy
LEAST = 0.003  # relative scatter of any measurement

CUTS = 4  # back-tests
STEP = 0.6  # ln n between them
REACH = np.log(8.5)  # how far each looks, in ln n
TESTED = 24  # points of a dense curve that are back-tested
RECENT = 8  # points at the end that tell the scatter
SIZES = 600  # at which the chance of having reached a target is known


@dataclass(frozen=True)
class Calibration:
    """What the width of an interval is made of; the formula is Predictive's.

    spread: share of the disagreement between forms and parameters.
    drift: standard error of a predicted change of ln value, as a share of it.
    backtest: factor on the back-test's error.
    belief: back-tests that `drift` is worth.
    """

    spread: float
    drift: float
    backtest: float
    belief: float


# `python benchmarks/calibrate.py ../shared/curves/learning_curves.csv` learns these and prints
# how well they transfer between families: it finds 0.18, 0.49, 0.48, 2.2. `spread` and, a
# little, `backtest` were then raised by hand, because the likelihood covers the last held-out
# point of short curves less often than the first; all of it is seen data.
CALIBRATION = Calibration(spread=0.3, drift=0.49, backtest=0.55, belief=2.2)


@dataclass(frozen=True)
class BackTest:
    """The curve cut at earlier sizes and continued.

    error: (predictions,) ln measured - ln predicted.
    distance: (predictions,) ln(n / cut).
    cuts: how often it was cut.
    """

    error: np.ndarray
    distance: np.ndarray
    cuts: int

    @property
    def miss(self) -> float:
        """Root mean square error of ln value; nan without a back-test."""
        return float(np.sqrt(np.mean(self.error**2))) if self.cuts else float("nan")

    @property
    def rate(self) -> float:
        """Root mean square error per factor e in n; 0 without a back-test."""
        if not self.cuts:
            return 0.0
        rates = self.error / np.maximum(self.distance, 0.35)
        return float(np.sqrt(np.mean(rates**2)))


@dataclass(frozen=True)
class Predictive:
    """ln value(n) = m(n) + s(n) · t, with one Student t of FREEDOM degrees per curve.

    s² = (spread v)²
         + (belief (drift (m(n) - m(n_max)))² + cuts (backtest rate ln(n / n_max))²)
           / (belief + cuts)
         + scatter_of_one²

    Model error is far larger than parameter error, hence s, which is calibrated, not assumed.

    curve: the measurements.
    average: m and v, mean and standard deviation of ln value over the averaged forms.
    backtest: rate and cuts.
    scatter: relative, of a point about m; a point may be a mean of replicates.
    calibration: spread, drift, backtest, belief.
    """

    curve: Curve
    average: Moments
    backtest: BackTest
    scatter: float
    calibration: Calibration = CALIBRATION

    @cached_property
    def scatter_of_one(self) -> float:
        """Relative scatter of one training: of points or of their replicates, the larger."""
        several = self.curve.cut(self.curve.count > 1).cut(slice(-RECENT, None))
        if not len(several):
            return self.scatter
        apart = several.error * np.sqrt(several.count)
        return max(self.scatter, float(np.median(apart)))

    def terms(self, n: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """What s is made of at sizes n: m, v, change and distance, four arrays (sizes,).

        change: m(n) - m(n_max). distance: ln(n / n_max). Both are 0 inside the data.
        """
        n = np.atleast_1d(np.asarray(n, dtype=float))
        mean, spread = self.average.moments(n)
        end, _ = self.average.moments(self.curve.n[-1:])
        distance = np.maximum(np.log(n / self.curve.n[-1]), 0)
        return mean, spread, np.where(distance > 0, mean - end, 0), distance

    def moments(self, n: ArrayLike, measured: bool = True) -> tuple[np.ndarray, np.ndarray]:
        """m and s at sizes n: two arrays (sizes,).

        measured: whether s holds the scatter of a new measurement.
        """
        mean, spread, change, distance = self.terms(n)
        by = self.calibration
        cuts = self.backtest.cuts
        drift = (by.drift * change) ** 2
        tested = (by.backtest * self.backtest.rate * distance) ** 2
        expected = (by.belief * drift + cuts * tested) / (by.belief + cuts)
        variance = (by.spread * spread) ** 2 + expected
        scatter = self.scatter_of_one**2 if measured else 0
        return mean, np.sqrt(variance + scatter + LEAST**2)

    def quantile(self, n: ArrayLike, q: ArrayLike) -> np.ndarray:
        """Value not exceeded with probability q by one new measurement at each of n (sizes,).

        q broadcasts.
        """
        mean, deviation = self.moments(n)
        return np.exp(mean + student.ppf(q, FREEDOM) * deviation)

    def reached(self, n: ArrayLike, target: float) -> np.ndarray:
        """Probability (sizes,) that one new measurement at n is at or below the target."""
        mean, deviation = self.moments(n)
        return self._chance(target, mean, deviation)

    def reached_by(self, target: float) -> tuple[np.ndarray, np.ndarray]:
        """Sizes, and `reached` at each; quick to ask again for another target.

        From a tenth of the smallest size to NEVER times the largest.
        """
        sizes, mean, deviation = self._all_sizes
        return sizes, self._chance(target, mean, deviation)

    @cached_property
    def _all_sizes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        sizes = np.geomspace(self.curve.n[0] / 10, self.curve.n[-1] * NEVER, SIZES)
        mean, deviation = self.moments(sizes)
        return sizes, mean, deviation

    @staticmethod
    def _chance(target: float, mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
        return student.cdf((np.log(target) - mean) / deviation, FREEDOM)

    def draw(self, n: ArrayLike, size: int, seed: int | tuple[int, ...] = 0) -> np.ndarray:
        """`size` whole random curves at sizes n, without the scatter of a measurement.

        Returns values (size, sizes).
        """
        mean, deviation = self.moments(n, measured=False)
        chance = (np.random.default_rng(seed).permutation(size) + 0.5) / size  # stratified
        return np.exp(mean + student.ppf(chance, FREEDOM)[:, None] * deviation)


def predictive(n: ArrayLike, value: ArrayLike, *, se: ArrayLike | None = None) -> Predictive:
    """Distribution of the value at any size, from a learning curve as in `forecast`.

    n, value, se: (points,). Raises FitError as `forecast` does.
    """
    return predict_curve(read_curve(n, value, se))


@remembered
def predict_curve(curve: Curve) -> Predictive:
    """Distribution of the value at any size of a checked curve."""
    few = thinned(curve)
    recent = few.cut(slice(-RECENT, None))
    cuts = thinned(curve, TESTED).cut_back(STEP, REACH, CUTS)
    averaged = average(few)
    earlier = [average(known) for known, _ in cuts]
    tested = _back_test(cuts, earlier)
    return Predictive(curve, averaged, tested, _scatter(recent, averaged))


def _back_test(cuts: Sequence[tuple[Curve, Curve]], earlier: Sequence[Moments]) -> BackTest:
    """What came next, held against the average over what was known at each cut."""
    errors = [np.empty(0)]
    distances = [np.empty(0)]
    for (known, ahead), averaged in zip(cuts, earlier):
        errors.append(np.log(ahead.value) - averaged.moments(ahead.n)[0])
        distances.append(np.log(ahead.n) - np.log(known.n[-1]))
    return BackTest(np.concatenate(errors), np.concatenate(distances), len(cuts))


def _scatter(recent: Curve, averaged: Moments) -> float:
    """Relative scatter of single points about the average over the last sizes.

    Two or three degrees of freedom are spent on the average.
    """
    residual = np.log(recent.value) - averaged.moments(recent.n)[0]
    return float(np.sqrt((residual**2).sum() / max(len(recent) - 3, 1)))
