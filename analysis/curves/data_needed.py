"""How much data reaches a target?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis.curves.curve import check_confidence, check_positive, read_curve
from analysis.curves.forecast import FAR, MISS, lawless
from analysis.curves.predictive import NEVER, Predictive, predict_curve
from analysis.reasons import Finding, Reason

NARROW = 4.0  # high / low of an answer that stands without a back-test, and far from the data
# grade of a number of examples, by high / low; a clean power law of eight sizes has 2.1 at
# twice its data
GOOD = 2.5
FAIR = 10.0


@dataclass(frozen=True)
class DataNeeded:
    """Examples needed for one measurement to reach the target.

    target: in units of the measure.
    median: examples, as likely too few as too many if FAR times the data do reach it, and the
        data at hand do not where nothing measured has. Without these conditions a vague chance
        of never would draw it out to any number; inf where NEVER times the data would not do.
    low, high: of the interval, without conditions; inf where NEVER times the data may not do.
    p_never: probability that NEVER times the data do not reach it.
    confidence: of the interval.
    grade: good, fair, poor or cannot say.
    reason: why it cannot be said; None where it can.

    No number is below the smallest size measured, which then means at most that many.
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
    levels = (
        0.5 - confidence / 2,
        _likely_chance(found, target, sizes, chance),
        0.5,
        0.5 + confidence / 2,
    )
    least = float(found.curve.n[0])
    low, likely, middle, high = (max(_first(sizes, chance, q), least) for q in levels)
    reason = _reason(found, low, middle, high, confidence, chance[-1])
    median = likely if np.isfinite(low) else middle
    return DataNeeded(
        target=float(target),
        median=median,
        low=min(low, median),
        high=high,
        p_never=float(1 - chance[-1]),
        confidence=float(confidence),
        grade="cannot say" if reason else _size_grade(found, low, high),
        reason=reason,
    )


def _likely_chance(
    found: Predictive, target: float, sizes: np.ndarray, chance: np.ndarray
) -> float:
    """`chance` at the median of those numbers of examples that may be the answer.

    They are at most FAR times the data, and more than the data if nothing measured so far has
    reached the target.
    """
    last = found.curve.n[-1]
    before, within = np.interp([last, FAR * last], sizes, chance)
    if target >= found.curve.value.min():
        before = 0.0
    return float((before + within) / 2)


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
    middle: float,
    high: float,
    confidence: float,
    chance: float,
) -> Finding | None:
    """middle: the number of examples that is as likely enough as not."""
    if why := lawless(found):
        return why
    if chance < 0.5 - confidence / 2:
        return Reason.OUT_OF_REACH(times=NEVER)
    if np.isfinite(high) and high <= NARROW * low:
        return None
    if np.isinf(middle):
        return Reason.LIKELY_OUT_OF_REACH(times=NEVER)
    if not found.backtest.cuts:
        return Reason.NO_BACKTEST(count=len(found.curve))
    if found.backtest.miss > MISS:
        miss = float(np.expm1(found.backtest.miss))
        return Reason.BACKTEST_MISSES(miss=miss, allowed=MISS)
    if middle > FAR * found.curve.n[-1]:
        times = float(middle / found.curve.n[-1])
        return Reason.ANSWER_FAR_BEYOND_DATA(times=times, allowed=FAR)
    return None


def _size_grade(found: Predictive, low: float, high: float) -> str:
    if high <= GOOD * low and found.backtest.miss <= MISS:  # which is nan where there is none
        return "good"
    return "fair" if high <= FAIR * low else "poor"
