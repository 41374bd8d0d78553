"""How many times the data a switch from one architecture to another equals."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from analysis.curves.curve import check_confidence, check_positive
from analysis.curves.data_needed import NARROW
from analysis.curves.drawn_curves import drawn_curves, first_below, quantile
from analysis.curves.forecast import FAR, MISS, lawless
from analysis.curves.predictive import NEVER, Predictive
from analysis.reasons import Finding, Reason, Variant

Name = str | Variant
Bound = Literal["least", "most"]

TIMES = (1, 2, 5)  # the data: where a switch is valued
# times under the smallest size measured: what A has reached there counts as no data at all
BELOW = 10.0
CELLS = 96  # sizes at which a curve is drawn, even in ln n; between them it is a power law
# grade by the largest high / low of the interval of k; wider ones are poor
GRADES = {"good": 2.0, "fair": 10.0}


@dataclass(frozen=True)
class DataMultiplier:
    """k(n) = n' / n with L_A(n') = L_B(n): switching from A to B equals k times the data.

    k is inf where A does not reach the value within NEVER times its data, 0 where A had it
    BELOW times under its smallest size, and below 1 where B is worse.

    n: (sizes,) examples.
    draws: (size, sizes) k of each pair of drawn curves.
    median: (sizes,) of the draws.
    low: (sizes,) lower end of the interval at `confidence`.
    high: (sizes,) its upper end.
    p_better: (sizes,) probability that k > 1, that is that B is better at n.
    confidence: probability that the interval holds k.
    grade: (sizes,) good, fair, poor or cannot say.
    reason: (sizes,) why k cannot be said; None where it can.
    bound: (sizes,) "least" where the median lies so far beyond A's data that only `low` can be
        told, "most" where it lies below them and only `high` can; else None.
    """

    n: np.ndarray
    draws: np.ndarray
    median: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p_better: np.ndarray
    confidence: float
    grade: tuple[str, ...]
    reason: tuple[Finding | None, ...]
    bound: tuple[Bound | None, ...]


def data_multiplier(
    a: Predictive,
    b: Predictive,
    n: ArrayLike,
    *,
    confidence: float = 0.9,
    size: int = 2000,
    seed: int = 0,
    names: tuple[Name, Name] = ("A", "B"),
) -> DataMultiplier:
    """How many times the data switching from A to B equals at sizes n, one or (sizes,).

    Row i of the draws compares the i-th of `drawn_curves` of A (seed, 0) and B (seed, 1),
    which are independent. A value counts as reached from the smallest size at which a curve is
    at or below it (running minimum), since data can be left out.

    k is the horizontal distance of the two learning curves. For pure power laws with one
    exponent, a_A n^-b and a_B n^-b (Hestness et al. 2017: a better model shifts the curve and
    leaves b), it is (a_A / a_B)^(1/b) at every n.

    Measured by benchmarks/compare.py: on published curves forecasts of two architectures on
    one dataset miss nearly independently (correlation 0.13 tabular, -0.12 vision), and 90 %
    intervals hold 93-97 % of the multipliers, 80-95 % of those up to 2 n whose truth is known
    on both sides. On synthetic power laws they are too wide (95-100 %): those bend less than
    real curves.

    names: of A and B, for the reasons.
    Raises FitError for a size or confidence out of range.
    """
    check_confidence(confidence)
    sizes = check_positive("n", n)
    draws = _draws(a, b, sizes, size, seed)
    low = quantile(draws, 0.5 - confidence / 2)
    median = quantile(draws, 0.5)
    high = quantile(draws, 0.5 + confidence / 2)
    found = [_AtSize(a, b, *row) for row in zip(sizes, low, median, high)]
    reasons = tuple(one.reason(names) for one in found)
    return DataMultiplier(
        n=sizes,
        draws=draws,
        median=median,
        low=low,
        high=high,
        p_better=(draws > 1).mean(0),
        confidence=float(confidence),
        grade=tuple("cannot say" if why else one.grade for why, one in zip(reasons, found)),
        reason=reasons,
        bound=tuple(one.bound for one in found),
    )


def _draws(a: Predictive, b: Predictive, n: np.ndarray, size: int, seed: int) -> np.ndarray:
    """k of each pair of drawn curves: (size, sizes)."""
    target = _reached(b, n, size, (seed, 1))
    within = n[n > a.curve.n[0] / BELOW]
    sizes = np.unique(np.concatenate([_grid(a, a.curve.n[-1] * NEVER), within]))
    values = np.minimum.accumulate(drawn_curves(a, sizes, size, (seed, 0)), axis=1)
    return np.exp(first_below(np.log(sizes), values, target)) / n


def _reached(found: Predictive, n: np.ndarray, size: int, seed: tuple[int, ...]) -> np.ndarray:
    """Smallest ln value up to each of n on each of `size` drawn curves: (size, sizes)."""
    sizes = np.unique(np.concatenate([_grid(found, n.max()), n]))
    smallest = np.minimum.accumulate(drawn_curves(found, sizes, size, seed), axis=1)
    return smallest[:, np.searchsorted(sizes, n)]


def _grid(found: Predictive, largest: float) -> np.ndarray:
    """CELLS sizes from BELOW times under the data to `largest`, and the end of the data, where
    the width has a kink.
    """
    smallest = found.curve.n[0] / BELOW
    end = found.curve.n[-1]
    grid = np.geomspace(min(smallest, largest), largest, CELLS)
    return np.append(grid, end) if end < largest else grid


@dataclass(frozen=True)
class _AtSize:
    """k with its interval at one size n, and what can be said of it."""

    a: Predictive
    b: Predictive
    n: float
    low: float
    median: float
    high: float

    def reason(self, names: tuple[Name, Name]) -> Finding | None:
        """Why k cannot be said."""
        for curve, name in zip((self.a, self.b), names):
            if unknown := self._unknown_at_n(curve, name):
                return unknown
        if self._narrow or self._beyond:
            return None
        return self._missed(names) or self._out_of_reach(names[0])

    @property
    def grade(self) -> str:
        """By the interval's width; "more" or "less than A's data tell" is fair."""
        if self._beyond:
            return "fair"
        fitting = (grade for grade, limit in GRADES.items() if self.high <= limit * self.low)
        return next(fitting, "poor")

    @property
    def bound(self) -> Bound | None:
        """The end of the interval that alone can be told."""
        if self._narrow:
            return None
        if self.median * self.n > FAR * self.a.curve.n[-1]:
            return "least"
        below = self.median * self.n < self.a.curve.n[0] and self.high < 1
        return "most" if below else None

    @property
    def _narrow(self) -> bool:
        return bool(self.high <= NARROW * self.low)

    @property
    def _beyond(self) -> bool:
        """Whether all of the interval lies beyond FAR times the data of A, or below them."""
        above = self.low * self.n > FAR * self.a.curve.n[-1]
        return bool(above or self.high * self.n < self.a.curve.n[0])

    def _unknown_at_n(self, found: Predictive, name: Name) -> Finding | None:
        """Why a curve cannot be continued to n."""
        times = self.n / found.curve.n[-1]
        if why := lawless(found):
            return Reason.ONE_HAS_NO_LAW(name=name, why=why)
        if times > FAR:
            return Reason.SIZE_FAR_BEYOND_DATA(name=name, times=times, allowed=FAR)
        return None

    def _missed(self, names: tuple[Name, Name]) -> Finding | None:
        """Whether a curve that is continued has not foretold its own past."""
        continued = (
            (self.a, names[0], max(self.n, self.median * self.n)),
            (self.b, names[1], self.n),
        )
        for found, name, at in continued:
            if at <= found.curve.n[-1]:
                continue
            if not found.backtest.cuts:
                return Reason.NO_BACKTEST_OF_ONE(name=name, count=len(found.curve))
            if found.backtest.miss > MISS:
                miss = float(np.expm1(found.backtest.miss))
                return Reason.BACKTEST_OF_ONE_MISSES(name=name, miss=miss, allowed=MISS)
        return None

    def _out_of_reach(self, name: Name) -> Finding | None:
        """Why A's way to the value of B is too long to tell whether B is better at all."""
        if self.low >= 1:
            return None
        if np.isinf(self.median):
            return Reason.NEVER_MATCHES(name=name)
        times = self.median * self.n / self.a.curve.n[-1]
        if times > FAR:
            return Reason.MATCHES_FAR_BEYOND_DATA(name=name, times=times, allowed=FAR)
        return None
