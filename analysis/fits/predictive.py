"""The predictive distribution of the loss at any size, calibrated on published learning curves."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.stats import t as student

from analysis.fits.average import Average, average
from analysis.fits.curve import Curve, read_curve, remembered, thinned

NEVER = 1e4  # times the data: what is not reached by then counts as never
FREEDOM = 4  # of Student's distribution; the tails of real curves are that heavy
LEAST = 0.003  # relative scatter of any measurement

CUTS, STEP, REACH = 4, 0.6, np.log(8.5)  # back-tests: how many, ln n between them, how far each looks in ln n
RECENT = 8  # points at the end that tell the scatter


@dataclass(frozen=True)
class Calibration:
    """What the width of an interval is made of; the formula is Predictive's.

    spread: share of the disagreement between forms and parameters; drift: standard error of a predicted change of ln
    loss, as a share of it; backtest: factor on the back-test's error; belief: back-tests that `drift` is worth.
    """

    spread: float
    drift: float
    backtest: float
    belief: float


# `python benchmarks/calibrate.py ../shared/curves/learning_curves.csv` learns these and prints how well they transfer
# between families: it finds 0.18, 0.49, 0.48, 2.2. `spread` and, a little, `backtest` were then raised by hand, because
# the likelihood covers the last held-out point of short curves less often than the first; all of it is seen data.
CALIBRATION = Calibration(spread=0.3, drift=0.49, backtest=0.55, belief=2.2)


@dataclass(frozen=True)
class BackTest:
    """The curve cut at earlier sizes and continued: error = ln measured - ln predicted, distance = ln(n / cut)."""

    error: np.ndarray  # (predictions,)
    distance: np.ndarray  # (predictions,)
    cuts: int

    @property
    def miss(self):
        """Root mean square error of ln loss; nan without a back-test."""
        return float(np.sqrt(np.mean(self.error**2))) if self.cuts else float("nan")

    @property
    def rate(self):
        """Root mean square error per factor e in n."""
        return float(np.sqrt(np.mean((self.error / np.maximum(self.distance, 0.35)) ** 2))) if self.cuts else 0.0


@dataclass(frozen=True)
class Predictive:
    """ln loss(n) = m(n) + s(n) * t, t a Student variable with FREEDOM degrees, one for the whole curve.

    s² = (spread v)² + (belief (drift (m(n) - m(n_max)))² + cuts (backtest rate ln(n / n_max))²) / (belief + cuts)
         + scatter_of_one²
    m, v: mean and standard deviation of ln loss over the averaged forms; scatter: of a point about them (relative),
    which may be a mean of replicates; scatter_of_one: of one training; rate, cuts: the back-test. Model error is far
    larger than parameter error, hence s (calibrated, not assumed).
    """

    curve: Curve
    average: Average
    backtest: BackTest
    scatter: float
    calibration: Calibration = CALIBRATION

    @cached_property
    def scatter_of_one(self) -> float:
        """Relative scatter of one training: that of the points, or of the replicates they are means of, if larger."""
        several = self.curve.cut(self.curve.count > 1).cut(slice(-RECENT, None))
        apart = several.error * np.sqrt(several.count)
        return max(self.scatter, float(np.median(apart))) if len(several) else self.scatter

    def terms(self, n):
        """m, v, change m(n) - m(n_max) and distance ln(n / n_max), both 0 inside the data: four arrays (sizes,)."""
        n = np.atleast_1d(np.asarray(n, dtype=float))
        (mean, spread), (end, _) = self.average.moments(n), self.average.moments(self.curve.n[-1:])
        distance = np.maximum(np.log(n / self.curve.n[-1]), 0)
        return mean, spread, np.where(distance > 0, mean - end, 0), distance

    def moments(self, n, measured=True):
        """m and s at sizes n (sizes,); measured=False leaves out the scatter of the new measurement."""
        mean, spread, change, distance = self.terms(n)
        by, cuts = self.calibration, self.backtest.cuts
        drift, tested = (by.drift * change) ** 2, (by.backtest * self.backtest.rate * distance) ** 2
        variance = (by.spread * spread) ** 2 + (by.belief * drift + cuts * tested) / (by.belief + cuts)
        return mean, np.sqrt(variance + (self.scatter_of_one**2 if measured else 0) + LEAST**2)

    def quantile(self, n, q):
        """Loss not exceeded with probability q by one new measurement at each of n (sizes,); q broadcasts."""
        mean, deviation = self.moments(n)
        return np.exp(mean + student.ppf(q, FREEDOM) * deviation)

    def reached(self, n, target):
        """Probability (sizes,) that one new measurement at n is at or below the target loss."""
        return self._chance(target, *self.moments(n))

    def reached_by(self, target):
        """Sizes from a tenth of the smallest to NEVER times the largest, and `reached` at each; quick to ask again."""
        sizes, *moments = self._all_sizes
        return sizes, self._chance(target, *moments)

    @cached_property
    def _all_sizes(self):
        sizes = np.geomspace(self.curve.n[0] / 10, self.curve.n[-1] * NEVER, 600)
        return sizes, *self.moments(sizes)

    @staticmethod
    def _chance(target, mean, deviation):
        return student.cdf((np.log(target) - mean) / deviation, FREEDOM)

    def draw(self, n, size, seed=0):
        """`size` whole random curves at sizes n: losses (size, sizes), without the scatter of a measurement."""
        mean, deviation = self.moments(n, measured=False)
        chance = (np.random.default_rng(seed).permutation(size) + 0.5) / size  # stratified
        return np.exp(mean + student.ppf(chance, FREEDOM)[:, None] * deviation)


def predictive(n, loss, *, se=None) -> Predictive:
    """Distribution of the loss at any size, from a learning curve n, loss, se (points,) as in `forecast`."""
    return predict_curve(read_curve(n, loss, se))


@remembered
def predict_curve(curve: Curve) -> Predictive:
    averaged = average(curve)
    return Predictive(curve, averaged, back_test(curve), _scatter(curve, averaged))


def back_test(curve: Curve) -> BackTest:
    """Cut the curve about every factor 2 from its end, at least four points kept, and continue it each time."""
    curve = thinned(curve, 24)
    place = np.log(curve.n)
    errors, distances, cuts, last = [np.empty(0)], [np.empty(0)], 0, place[-1]
    for keep in range(len(curve) - 1, 3, -1):
        if last - place[keep - 1] < STEP or cuts == CUTS:
            continue
        ahead = slice(keep, np.searchsorted(place, place[keep - 1] + REACH))
        if ahead.start >= ahead.stop:  # a gap so wide that the next size is out of reach
            continue
        last, cuts = place[keep - 1], cuts + 1
        mean, _ = average(curve.cut(slice(0, keep))).moments(curve.n[ahead])
        errors.append(np.log(curve.loss[ahead]) - mean)
        distances.append(place[ahead] - last)
    return BackTest(np.concatenate(errors), np.concatenate(distances), cuts)


def _scatter(curve, averaged):
    """Relative scatter of single points about the average over the last sizes, two or three degrees spent on it."""
    recent = thinned(curve).cut(slice(-RECENT, None))
    residual = np.log(recent.loss) - averaged.moments(recent.n)[0]
    return float(np.sqrt((residual**2).sum() / max(len(recent) - 3, 1)))
