"""How far will the loss fall, how sure is that, and how much data reaches a target?"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from analysis.curves.average import Average
from analysis.curves.curve import Curve, check_confidence, check_positive, read_curve
from analysis.curves.power_law import head_length
from analysis.curves.predictive import NEVER, Predictive, predict_curve
from analysis.reasons import Finding, Reason

MISS = 0.15  # a back-test worse than this, relative, cannot carry an answer by itself
FAR = 10.0  # nor can an extrapolation further than this many times the data
NARROW = 4.0  # unless high / low of the answer is at most this
# grade of a forecast, by the widest high / low - 1 it spans
WIDTHS = {"good": 0.25, "fair": 0.7}
# grade of a number of examples, by high / low; a clean power law of eight sizes has 2.1 at
# twice its data
GOOD = 2.5
FAIR = 10.0
# relative: a curve that fell less than this, or than three times its scatter, is flat
FLAT = 0.02
FEW = 4  # sizes, below which a curve has no back-test


@dataclass(frozen=True)
class Forecast:
    """Values expected at sizes `at`, with what is needed to judge them.

    at: (sizes,) examples.
    median, low, high: (sizes,) loss in nats or error; the interval holds one new measurement
        at that size with probability `confidence`.
    confidence: as asked for.
    weights: probability of each form given the curve (analysis/curves/forms.py).
    n_min, n_max: the power-law region of the data; a head near the best guess lies before it.
    extrapolation: the largest of `at` over n_max.
    backtest: root mean square miss, in ln value, when the curve is cut and continued, beyond
        what noise explains; nan below FEW points.
    grade: good, fair, poor or cannot say.
    warnings: remarks, each a Finding.
    predictive: the whole distribution.
    """

    at: np.ndarray
    median: np.ndarray
    low: np.ndarray
    high: np.ndarray
    confidence: float
    weights: dict[str, float]
    n_min: float
    n_max: float
    extrapolation: float
    backtest: float
    grade: str
    warnings: tuple[Finding, ...]
    predictive: Predictive

    def at_most(self, most: float) -> "Forecast":
        """The same where no value can exceed `most`, as an error does not exceed 1."""
        return replace(
            self,
            median=np.minimum(self.median, most),
            low=np.minimum(self.low, most),
            high=np.minimum(self.high, most),
        )

    @property
    def grades(self) -> tuple[str, ...]:
        """The grade of each size alone; `grade` is that of the worst."""
        return tuple(
            _forecast_grade(self.predictive, n, high / low - 1)
            for n, low, high in zip(self.at, self.low, self.high)
        )


@dataclass(frozen=True)
class DataNeeded:
    """Examples needed for one measurement to reach the target.

    target: in units of the measure.
    median, low, high: examples; inf where even NEVER times the data may not do; never below
        the smallest size measured, which then means at most that many.
    p_never: probability that NEVER times the data do not reach it.
    confidence: of the interval.
    grade: good, fair, poor or cannot say.
    reason: why it cannot be said; None where it can.
    """

    target: float
    median: float
    low: float
    high: float
    p_never: float
    confidence: float
    grade: str
    reason: Finding | None

    @property
    def out_of_reach(self) -> bool:
        """Whether even NEVER times the data would not do, beyond the interval's doubt."""
        return self.p_never > 0.5 + self.confidence / 2


def forecast(
    n: ArrayLike,
    value: ArrayLike,
    at: ArrayLike,
    *,
    se: ArrayLike | None = None,
    test_se: ArrayLike | None = None,
    best_guess: float | None = None,
    confidence: float = 0.9,
) -> Forecast:
    """Continue a learning curve to the sizes `at`.

    n: (points,) numbers of training examples, in any order; a size may repeat (replicates).
    value: (points,) loss in nats or error as a fraction, positive.
    at: sizes to forecast, a number or (sizes,).
    se: (points,) standard error of each value, nan where unknown.
    test_se: (points,) the same over test examples, which replicates share; nan where unknown.
    best_guess: the value without learning, ln(classes) nats say; None if unknown.
    confidence: of the intervals.

    Raises FitError below 3 distinct sizes or for a wrong value.

    Four forms (power law, with floor, M4 of Alabdulmohsin et al. 2022, one break of Caballero
    et al. 2023) are averaged in ln value by their evidence; the width is calibrated on
    published curves and follows the curve's own back-tests.
    """
    check_confidence(confidence)
    at = check_positive("at", at)
    curve = read_curve(n, value, se, test_se=test_se, best_guess=best_guess)
    return forecast_curve(curve, head_length(curve), at, confidence)


def forecast_curve(curve: Curve, head: int, at: np.ndarray, confidence: float) -> Forecast:
    """`forecast` of a checked curve; head: how many of its first points are one."""
    found = predict_curve(curve)
    low = found.quantile(at, 0.5 - confidence / 2)
    median = found.quantile(at, 0.5)
    high = found.quantile(at, 0.5 + confidence / 2)
    return Forecast(
        at=at,
        median=median,
        low=low,
        high=high,
        confidence=float(confidence),
        weights=_weights(found),
        n_min=float(curve.n[head]),
        n_max=float(curve.n[-1]),
        extrapolation=float(at.max() / curve.n[-1]),
        backtest=found.backtest.miss,
        grade=_forecast_grade(found, at, high / low - 1),
        warnings=_warnings(found, head, at),
        predictive=found,
    )


def data_needed(
    n: ArrayLike,
    value: ArrayLike,
    target: float,
    *,
    se: ArrayLike | None = None,
    test_se: ArrayLike | None = None,
    best_guess: float | None = None,
    confidence: float = 0.9,
) -> DataNeeded:
    """Number of examples that reach `target`, from the same distribution as `forecast`.

    n, value, se, test_se, best_guess, confidence: as in `forecast`, as is FitError.
    target: positive, in units of `value`.

    "cannot say", with the reason, where the curve shows no law, NEVER times the data would not
    do, there is no back-test or it misses by more than MISS, or the answer lies more than FAR
    times beyond the data, unless the interval is still narrow enough to act on. At most fair
    where the curve has not predicted its own past that well.
    """
    check_confidence(confidence)
    wanted = float(check_positive("target", target)[0])
    curve = read_curve(n, value, se, test_se=test_se, best_guess=best_guess)
    return needed_from(predict_curve(curve), wanted, confidence)


def needed_from(found: Predictive, target: float, confidence: float) -> DataNeeded:
    """data_needed for a predictive distribution that is known already."""
    sizes, chance = found.reached_by(target)
    chance = np.maximum.accumulate(chance)
    least = float(found.curve.n[0])
    low = max(_first(sizes, chance, 0.5 - confidence / 2), least)
    median = max(_first(sizes, chance, 0.5), least)
    high = max(_first(sizes, chance, 0.5 + confidence / 2), least)
    reason = _reason(found, low, median, high, confidence, chance[-1])
    return DataNeeded(
        target=float(target),
        median=median,
        low=low,
        high=high,
        p_never=float(1 - chance[-1]),
        confidence=float(confidence),
        grade="cannot say" if reason else _size_grade(found, low, high),
        reason=reason,
    )


def lawless(found: Predictive) -> Finding | None:
    """Why there is nothing to extrapolate: the fitted curve falls by less than its scatter.

    None where it falls.
    """
    first, last = found.average.moments(found.curve.n[[0, -1]])[0]
    if first - last >= max(FLAT, 3 * found.scatter):
        return None
    if _rises(found.curve):
        return Reason.RISES()
    if first - last >= FLAT:
        return Reason.TOO_MUCH_SCATTER()
    return Reason.FLAT()


def _first(sizes: np.ndarray, chance: np.ndarray, q: float) -> float:
    """The size at which the chance of having reached the target is q; inf if it never is."""
    if chance[-1] < q:
        return float("inf")
    at = int(np.argmax(chance >= q))
    if at == 0:
        return float(sizes[0])
    share = (q - chance[at - 1]) / (chance[at] - chance[at - 1])
    return float(sizes[at - 1] * (sizes[at] / sizes[at - 1]) ** share)


def _reason(
    found: Predictive,
    low: float,
    median: float,
    high: float,
    confidence: float,
    chance: float,
) -> Finding | None:
    if why := lawless(found):
        return why
    if chance < 0.5 - confidence / 2:
        return Reason.OUT_OF_REACH(times=NEVER)
    if np.isfinite(high) and high <= NARROW * low:
        return None
    if np.isinf(median):
        return Reason.LIKELY_OUT_OF_REACH(times=NEVER)
    if not found.backtest.cuts:
        return Reason.NO_BACKTEST(count=len(found.curve))
    if found.backtest.miss > MISS:
        miss = float(np.expm1(found.backtest.miss))
        return Reason.BACKTEST_MISSES(miss=miss, allowed=MISS)
    if median > FAR * found.curve.n[-1]:
        times = float(median / found.curve.n[-1])
        return Reason.ANSWER_FAR_BEYOND_DATA(times=times, allowed=FAR)
    return None


def _size_grade(found: Predictive, low: float, high: float) -> str:
    if high <= GOOD * low and found.backtest.miss <= MISS:  # which is nan where there is none
        return "good"
    return "fair" if high <= FAIR * low else "poor"


def _forecast_grade(found: Predictive, at: ArrayLike, width: ArrayLike) -> str:
    if lawless(found) or np.min(at) < found.curve.n[0]:
        return "cannot say"
    return width_grade(float(np.max(width)))


def width_grade(width: float) -> str:
    """Grade of an interval by its width, high / low - 1."""
    return next((grade for grade, limit in WIDTHS.items() if width <= limit), "poor")


def _rises(curve: Curve) -> bool:
    """Whether a straight line through ln value over ln n rises by more than FLAT.

    And by more than three of its standard errors.
    """
    x = np.log(curve.n / curve.n[0])
    y = np.log(curve.value)
    (slope, _), residuals, *_ = np.polyfit(x, y, 1, full=True)
    error = np.sqrt(residuals.sum() / max(len(x) - 2, 1)) / (x.std() * np.sqrt(len(x)))
    return bool(slope * x[-1] > FLAT and slope > 3 * error)


def _weights(found: Predictive) -> dict[str, float]:
    averaged = found.average
    assert isinstance(averaged, Average)  # not yet tabulated
    pairs = zip(averaged.posteriors, averaged.weights)
    return {part.form.name: float(weight) for part, weight in pairs}


def _warnings(found: Predictive, head: int, at: np.ndarray) -> tuple[Finding, ...]:
    curve = found.curve
    notes = []
    if why := lawless(found):
        notes.append(Reason.NOTHING_TO_EXTRAPOLATE(why=why))
    if head:
        notes.append(Reason.HEAD(n=float(curve.n[head - 1])))
    if len(curve) < FEW:
        notes.append(Reason.FEW_SIZES(count=len(curve)))
    if found.backtest.miss > MISS:
        notes.append(Reason.ILL_BACKTEST(miss=float(np.expm1(found.backtest.miss))))
    steps = np.log(curve.value[1:] / curve.value[:-1])
    if (steps > max(0.05, 4 * curve.error.max())).any():
        notes.append(Reason.RISES_BETWEEN_SIZES())
    if at.min() < curve.n[0]:
        notes.append(Reason.BELOW_DATA(least=float(curve.n[0])))
    if at.max() > FAR * curve.n[-1]:
        notes.append(Reason.FAR_EXTRAPOLATION(times=float(at.max() / curve.n[-1])))
    return tuple(notes)
