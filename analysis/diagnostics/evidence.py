"""How sure an answer is: three grades, from its interval and from the curve's own past."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
from scipy.special import bdtr

from analysis.curves.curve import Curve, remembered
from analysis.curves.forecast import FAR, width_grade
from analysis.curves.power_law import PowerLaw, fit_curve, head_length
from analysis.diagnostics.examples import Leak
from analysis.reasons import Finding, Reason

CANNOT_SAY = "cannot say"
GRADES = ("good", "fair", "poor", CANNOT_SAY)  # from best to worst
ENOUGH = 6  # forecasts that were tested, from which on the past tells something good
MANY = 12  # and from which on it makes up for a wide interval
UNLIKELY = 0.1  # so many hits or fewer would be luckless for intervals that are right
CONFIDENCE = 0.9  # of the law whose floor is asked for


@dataclass(frozen=True)
class Past:
    """How well a curve has foretold its own larger sizes (analysis/curves/backtest.py).

    inside: forecasts whose interval held what was measured.
    tests: how many were tested.
    confidence: of the intervals.
    leak: of the test set by which all of them were measured, or None.
    """

    inside: int
    tests: int
    confidence: float
    leak: Leak | None = None

    @property
    def missed(self) -> bool:
        """Whether fewer were inside than chance explains."""
        if not self.tests:
            return False
        return bool(bdtr(self.inside, self.tests, self.confidence) < UNLIKELY)

    @property
    def held(self) -> bool:
        """Whether enough were tested, and not missed."""
        return self.tests >= ENOUGH and not self.missed

    @property
    def finding(self) -> Finding:
        """The same in a code, with the counts."""
        counts: dict[str, Any] = {"inside": self.inside, "count": self.tests}
        if not self.tests:
            return Reason.PAST_UNTESTED()
        return Reason.PAST_MISSED(**counts) if self.missed else Reason.PAST_HELD(**counts)


def past_of(backtest: pd.DataFrame, confidence: float, leak: Leak | None = None) -> Past:
    """What the back-test of one curve says.

    backtest: its rows, as analysis/curves/backtest.py gives them.
    leak: of the test set.
    """
    return Past(int(backtest["inside"].sum()), len(backtest), confidence, leak)


@dataclass(frozen=True)
class Sureness:
    """How sure an answer is.

    grade: good, fair, poor, or cannot say.
    evidence: why, each a Finding: of the past, of the interval, of what spoils both.
    """

    grade: str
    evidence: tuple[Finding, ...]

    @property
    def steps(self) -> int:
        """3 for good, 2 for fair, 1 for poor, 0 where nothing can be said."""
        return GRADES[::-1].index(self.grade)


WIDTHS = {
    "good": Reason.INTERVAL_NARROW,
    "fair": Reason.INTERVAL_USABLE,
    "poor": Reason.INTERVAL_WIDE,
}


def sureness(by_width: str, past: Past | None, far: Finding | None = None) -> Sureness:
    """Grade of an answer.

    A curve that has foretold its past MANY times is at least fair, however wide the interval;
    one that has not been tested often enough is at most fair; one that has missed its past is
    poor, and so is an answer far beyond the data, unless it were good nearer: then it is fair.
    Where the test set has leaked it is at most fair, where heavily poor.

    by_width: grade of its interval alone.
    past: None where it is not known; the width alone counts then.
    far: that it lies far beyond the data, or None.
    """
    if by_width == CANNOT_SAY:
        return Sureness(CANNOT_SAY, () if past is None else (past.finding,))
    evidence = [WIDTHS[by_width]()] if far is None else [WIDTHS[by_width](), far]
    if past is not None:
        evidence = [past.finding, *evidence]
    grade = by_width if past is None else _with_past(by_width, past)
    if far is not None:
        grade = "fair" if grade == "good" else "poor"
    if past is not None and past.leak is not None:
        grade = max(grade, past.leak.at_best, key=GRADES.index)
        evidence.append(Reason.TEST_NOT_INDEPENDENT())
    return Sureness(grade, tuple(evidence))


def sure_of_foretold(width: float, times: float, past: Past | None) -> Sureness:
    """Grade of a value that is foretold.

    width: high / low - 1 of its interval.
    times: how many times the data it takes.
    past: None where it is not known.
    """
    far = Reason.ANSWER_FAR_BEYOND_DATA(times=times, allowed=FAR) if times > FAR else None
    return sureness(width_grade(width), past, far)


def _with_past(by_width: str, past: Past) -> str:
    if past.missed:
        return "poor"
    if past.tests >= MANY and by_width == "poor":
        return "fair"
    return "fair" if by_width == "good" and not past.held else by_width


# --- the floor -------------------------------------------------------------------------------


@remembered
def fitted_law(curve: Curve) -> PowerLaw:
    """The power law through a curve, as analysis/curves/conclusion.py fits it."""
    return fit_curve(curve, curve.cut(slice(head_length(curve), None)), (), CONFIDENCE)


def floor_above(curve: Curve, target: float) -> Finding | None:
    """That the law's own floor lies above the target; None where it does not."""
    law = fitted_law(curve)
    if law.c_low > target:
        return Reason.BELOW_FLOOR()
    return Reason.LIKELY_BELOW_FLOOR() if law.c > target else None
