"""The distribution of the value at any size, calibrated on published learning curves."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri, stdtr, stdtrit

from analysis.curves.average import Average, Moments, average, choose_errors
from analysis.curves.curve import Curve, octaves, read_curve, remembered, thinned
from analysis.curves.own_past import BackTest, back_test
from analysis.curves.power_law import head_length
from analysis.curves.recent import continued

NEVER = 1e4  # times the data: what is not reached by then counts as never
FREEDOM = 6  # of Student's distribution; the tails of real curves are about that heavy
LEAST = 0.003  # relative scatter of any measurement
FIRST_GUESS = 0.01  # relative scatter before the residuals are seen; counts as one of them
RECENT = 8  # points at the end that tell the scatter
PARAMETERS = 3  # points that the average can follow exactly
SIZES = 600  # at which the chance of having reached a target is known
# noise is normal: this factor gives it the 90 % interval of its own under Student's quantiles
TAIL = 0.95
NORMAL = ndtri(TAIL) / stdtrit(FREEDOM, TAIL)


@dataclass(frozen=True)
class Calibration:
    """What the width of an interval is made of; the formula is Predictive's.

    drift: error of a predicted change of ln value, as a share of it. Its square grows by
        itself for each factor e in n, as if the exponent walked at random.
    below, above: factors on model error on either side of the median.
    """

    drift: float
    below: float
    above: float


# `python benchmarks/calibrate.py CURVES.csv MORE.csv` learns these and tests how they transfer
CALIBRATION = Calibration(drift=0.56, below=0.79, above=0.46)


@dataclass(frozen=True)
class Predictive:
    """ln value(n) = m(n) + s(n) · t, one Student t of FREEDOM degrees per curve.

    s² = side² r² (v² + (drift (m(n) - m(n_max)))² (1 + ln(n / n_max))) + noise²

    side is `below` where t < 0, else `above`. r says how far the curve's own back-tests missed
    in units of the bracket taken at their cuts (analysis/curves/own_past.py). Model error is
    far larger than parameter error, hence s, which is calibrated, not assumed. noise is that
    of one new measurement, its quantiles those of a normal distribution, or of Student's where
    few residuals tell the scatter.

    curve: the measurements.
    middle: m and v, mean and standard deviation of ln value over what is averaged.
    backtest: how well it foretold its own past.
    scatter: relative, of a point about m; a point may be a mean of replicates.
    calibration: drift, below, above.
    """

    curve: Curve
    middle: Moments
    backtest: BackTest
    scatter: float
    calibration: Calibration = CALIBRATION

    @cached_property
    def scatter_of_one(self) -> float:
        """Relative scatter of one training at the largest size, the test set's included."""
        known = self._apart**2 + self.curve.test[-1] ** 2
        return float(np.sqrt(max(known, self.scatter**2)))

    @cached_property
    def _apart(self) -> float:
        """Relative scatter of one training, as replicates tell; the test set aside."""
        return float(np.median(self.curve.apart[-RECENT:]))

    @cached_property
    def _missed(self) -> float:
        """r²: the curve's own squared errors in units of the expected ones."""
        past = self.backtest
        expected = self._model_error(past.spread, past.change, past.reach)
        squares = past.squares(np.sqrt(expected + past.noise**2 + LEAST**2))
        # one more, that missed as expected
        return float((1 + squares.sum()) / (1 + len(squares)))

    def _model_error(
        self, spread: np.ndarray, change: np.ndarray, reach: np.ndarray
    ) -> np.ndarray:
        return spread**2 + (self.calibration.drift * change) ** 2 * (1 + reach)

    def _noise(self, mean: np.ndarray, replicates: int) -> np.ndarray:
        """Squared, of the mean over replicates where ln value is `mean`: (sizes,).

        What the test set brings grows as the value falls, as that of a count of mistakes does,
        and replicates do not average it out.
        """
        if not replicates:
            return np.full(len(mean), (NORMAL * LEAST) ** 2)
        test = self.curve.test[-1] ** 2 * self.curve.value[-1] * np.exp(-mean)
        known = NORMAL**2 * (self._apart**2 / replicates + test)
        free = _free(min(len(self.curve), RECENT))
        seen = (stdtrit(free, TAIL) / stdtrit(FREEDOM, TAIL) * self.scatter) ** 2 / replicates
        return np.maximum(known, seen) + (NORMAL * LEAST) ** 2

    def scales(
        self, n: ArrayLike, replicates: int = 1
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """m, and s below and above it, at sizes n: three arrays (sizes,).

        replicates: new trainings whose mean is asked for; 0 for the curve without noise.
        """
        n = np.atleast_1d(np.asarray(n, dtype=float))
        mean, spread = self.middle.moments(n)
        end, _ = self.middle.moments(self.curve.n[-1:])
        reach = np.log(np.maximum(n / self.curve.n[-1], 1))
        change = np.where(reach > 0, mean - end, 0)  # inside the data there is none
        model = self._missed * self._model_error(spread, change, reach)
        noise = self._noise(mean, replicates)
        below = np.sqrt(self.calibration.below**2 * model + noise)
        above = np.sqrt(self.calibration.above**2 * model + noise)
        return mean, below, above

    def ln_quantile(self, n: ArrayLike, q: ArrayLike, replicates: int = 1) -> np.ndarray:
        """ln of the value not exceeded with probability q at sizes n; q broadcasts."""
        mean, below, above = self.scales(n, replicates)
        t = stdtrit(FREEDOM, q)
        return mean + t * np.where(t < 0, below, above)

    def quantile(self, n: ArrayLike, q: ArrayLike) -> np.ndarray:
        """Value not exceeded with probability q by one new measurement at each of n (sizes,).

        q broadcasts.
        """
        return np.exp(self.ln_quantile(n, q))

    def reached(self, n: ArrayLike, target: float) -> np.ndarray:
        """Probability (sizes,) that one new measurement at n is at or below the target."""
        return _chance(target, *self.scales(n))

    def reached_by(self, target: float) -> tuple[np.ndarray, np.ndarray]:
        """Sizes, and `reached` at each; quick to ask again for another target.

        From a tenth of the smallest size to NEVER times the largest.
        """
        sizes, scales = self._all_sizes
        return sizes, _chance(target, *scales)

    @cached_property
    def _all_sizes(self) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray, np.ndarray]]:
        sizes = np.geomspace(self.curve.n[0] / 10, self.curve.n[-1] * NEVER, SIZES)
        return sizes, self.scales(sizes)

    def draw(self, n: ArrayLike, size: int, seed: int | tuple[int, ...] = 0) -> np.ndarray:
        """`size` whole random curves at sizes n, without the scatter of a measurement.

        Returns values (size, sizes).
        """
        chance = (np.random.default_rng(seed).permutation(size) + 0.5) / size  # stratified
        return np.exp(self.ln_quantile(n, chance[:, None], replicates=0))


def _chance(
    target: float, mean: np.ndarray, below: np.ndarray, above: np.ndarray
) -> np.ndarray:
    miss = np.log(target) - mean
    return stdtr(FREEDOM, miss / np.where(miss < 0, below, above))


def predictive(
    n: ArrayLike,
    value: ArrayLike,
    *,
    se: ArrayLike | None = None,
    test_se: ArrayLike | None = None,
) -> Predictive:
    """Distribution of the value at any size, from a learning curve as in `forecast`.

    n, value, se, test_se: (points,). Raises FitError as `forecast` does.
    """
    return predict_curve(read_curve(n, value, se, test_se=test_se))


@remembered
def predict_curve(curve: Curve) -> Predictive:
    """Distribution of the value at any size of a checked curve.

    A head is left out where the best guess tells that it is one; else the forms bend with it.
    """
    head = 0 if np.isnan(curve.best_guess) else head_length(curve)
    used = curve.cut(slice(head, None))
    sparse = octaves(used)
    errors = choose_errors(sparse)
    dense = thinned(used)
    averaged = average(dense, errors)
    scatter = _scatter(used.cut(slice(-RECENT, None)), averaged)
    ahead = continued(averaged, dense, scatter)
    return Predictive(curve, ahead, back_test(sparse, errors, scatter), scatter)


def _scatter(recent: Curve, averaged: Average) -> float:
    """Relative scatter of single points about the average over the last sizes."""
    residual = np.log(recent.value) - averaged.moments(recent.n)[0]
    squares = FIRST_GUESS**2 + (residual**2).sum()
    return float(np.sqrt(squares / _free(len(recent))))


def _free(points: int) -> int:
    """Degrees of freedom that so many points leave for the scatter, FIRST_GUESS included."""
    return 1 + max(points - PARAMETERS, 0)
