"""The inputs of a decision: what labels, engineers and training cost, and what is wanted."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from analysis.curves.predictive import NEVER, Predictive

LOWER = 0.8  # the target where none is given: this share of today's value
MOST = 1e15


@dataclass(frozen=True)
class Range:
    """The numbers that an input may be.

    low, high: its ends.
    above: whether low itself is not allowed.
    below: whether high itself is not allowed.
    infinite: whether infinity is allowed, too.
    """

    low: float
    high: float
    above: bool = False
    below: bool = False
    infinite: bool = False

    def holds(self, value: Any) -> bool:
        """Whether `value` is a number, and allowed."""
        if isinstance(value, bool) or not isinstance(value, int | float | np.number):
            return False
        number = float(value)
        if number == math.inf:
            return self.infinite
        high_enough = number > self.low if self.above else number >= self.low
        return high_enough and (number < self.high if self.below else number <= self.high)

    def __str__(self) -> str:
        """For whoever gave another number."""
        start = f"above {self.low:g}, up" if self.above else f"from {self.low:g}"
        end = f"below {self.high:g}" if self.below else f"{self.high:g}"
        return f"{start} to {end}{', or infinite' if self.infinite else ''}"


FINITE = Range(0, MOST)
OPEN = Range(0, MOST, infinite=True)
POSITIVE = Range(0, MOST, above=True)
ALLOWED = {  # of Prices
    "label_price": OPEN,
    "fixed_cost": FINITE,
    "capacity": Range(0, MOST, above=True, infinite=True),
    "engineer_price": OPEN,
    "people": FINITE,
    "months": FINITE,
    "gpu_price": FINITE,
    "gpu_hours": FINITE,
    "value_per_point": FINITE,
    "deadline": OPEN,
    "target": POSITIVE,
    "n": POSITIVE,
    "wanted": Range(0.5, 1, below=True),
}
SHARE = Range(0, 1, below=True)
GAIN = {"low": SHARE, "high": SHARE, "success": Range(0, 1)}  # of Engineering


@dataclass(frozen=True)
class Engineering:
    """What the engineers' months bring where no better architecture has been measured.

    A gain of 10 % is a value 10 % lower at every n. For a power law a n^-b that is less a,
    as Hestness et al. 2017 find architectures to act.

    low, high: ends of the gain, a share of the value, uniform between.
    success: probability that it comes at all, otherwise engineering brings nothing; it counts
        for a measured architecture, too.
    """

    low: float = 0.05
    high: float = 0.2
    success: float = 1.0

    def __post_init__(self) -> None:
        _check(self, GAIN, "engineering's ")
        if self.high < self.low:
            raise ValueError(
                f"engineering's high must be at least its low, {self.low:g}, got {self.high:g}"
            )


@dataclass(frozen=True)
class Prices:
    """The inputs of a decision. Money is in units of `currency`.

    The defaults are a crowd's price for a simple label and its review, and two engineers for
    half a year. ValueError for a number that is not allowed.

    label_price: money per labelled example, finding it included; infinite where no money buys
        any.
    fixed_cost: money, once, of collecting anything at all (contracts, guidelines, tools).
    capacity: examples labelled per month, or infinite.
    engineer_price: money per person and month; infinite where none can be had.
    people: in the team.
    months: of the engineering effort, which is paid whole or not at all.
    engineering: what the effort brings.
    gpu_price: money per hour.
    gpu_hours: of one training with its search at n examples; in proportion to the examples.
    value_per_point: money, what 0.01 better is worth, in units of the measure; None where
        unknown.
    deadline: months from now, or infinite.
    target: a gap to the best (tracking/measures.py); None for LOWER times today's.
    n: examples at hand now; None for the largest size measured.
    wanted: probability with which the target must be reached by the deadline.
    currency: a label only.
    """

    label_price: float = 0.08
    fixed_cost: float = 0.0
    capacity: float = 50_000.0
    engineer_price: float = 12_000.0
    people: float = 2.0
    months: float = 6.0
    engineering: Engineering = field(default_factory=Engineering)
    gpu_price: float = 2.0
    gpu_hours: float = 10.0
    value_per_point: float | None = None
    deadline: float = math.inf
    target: float | None = None
    n: float | None = None
    wanted: float = 0.8
    currency: str = "$"

    def __post_init__(self) -> None:
        if not isinstance(self.engineering, Engineering):
            raise ValueError(f"engineering must be an Engineering, got {self.engineering!r}")
        if not isinstance(self.currency, str):
            raise ValueError(f"currency must be text, got {self.currency!r}")
        _check(self, ALLOWED)

    def settled(self, today: Predictive) -> "Settled":
        """With n, target and today's value as numbers.

        ValueError for an n at which the curve cannot be asked.
        """
        n = today.curve.n[-1] if self.n is None else self.n
        first = today.curve.n[0]
        last = today.curve.n[-1] * NEVER
        if not first <= n < last:
            raise ValueError(
                f"n must lie from {first:,.0f}, the smallest size measured, to {last:,.0f}, "
                f"got {n:,.0f}"
            )
        now = value_now(today, n)
        target = LOWER * now if self.target is None else self.target
        given = {one.name: getattr(self, one.name) for one in fields(self)}
        return Settled(**given | {"n": float(n), "target": float(target), "now": now})

    # what is paid, for a number of `more` examples or an array of them; inf where no number of
    # examples is enough

    @property
    def team(self) -> float:
        """engineer_price · people · months: the whole engineering effort."""
        return float(times(self.engineer_price, times(self.people, self.months)))

    def labels(self, more: ArrayLike) -> np.ndarray:
        """fixed_cost + label_price · more; 0 where there is nothing to collect."""
        paid = self.fixed_cost + times(self.label_price, more)
        return np.where(np.greater(more, 0), paid, 0.0)

    def training(self, more: ArrayLike) -> np.ndarray:
        """gpu_price · gpu_hours · (n + more) / n"""
        assert self.n is not None, "n is known only once the prices are settled"
        return times(times(self.gpu_price, self.gpu_hours), 1 + np.asarray(more) / self.n)

    def cost(self, engineered: bool, more: ArrayLike) -> np.ndarray:
        """Money for the engineers, if any, `more` examples and one training with them."""
        team = self.team if engineered else 0.0
        paid = team + self.labels(more) + self.training(more)
        return np.where(np.isinf(more), np.inf, paid)

    def duration(self, engineered: bool, more: ArrayLike) -> np.ndarray:
        """Months of engineering, if any, then of labelling; training left out."""
        with np.errstate(invalid="ignore", over="ignore"):
            labelling = np.where(np.isinf(more), np.inf, np.divide(more, self.capacity))
        return labelling + (self.months if engineered else 0.0)

    def collected(self, engineered: bool, months: float) -> float:
        """Examples that are labelled within so many months from now.

        Negative where engineering takes longer.
        """
        left = months - (self.months if engineered else 0.0)
        if math.isinf(left) or (math.isinf(self.capacity) and left >= 0):
            return math.inf
        return self.capacity * left


@dataclass(frozen=True)
class Settled(Prices):
    """Prices of which n and target are known.

    now: the value with n examples, as measured, else as the curve expects it.
    """

    target: float = math.nan
    n: float = math.nan
    now: float = math.nan


def value_now(today: Predictive, n: float) -> float:
    """As measured with n examples; what the curve expects where that was not."""
    measured = today.curve.value[today.curve.n == n]
    return float(measured[0] if len(measured) else today.quantile(n, 0.5)[0])


def times(a: ArrayLike, b: ArrayLike) -> np.ndarray:
    """a · b, where none of an infinite price is 0."""
    with np.errstate(invalid="ignore", over="ignore"):
        return np.where(np.equal(a, 0) | np.equal(b, 0), 0.0, np.multiply(a, b))


def _check(inputs: Any, allowed: Mapping[str, Range], prefix: str = "") -> None:
    unknown = {one.name for one in fields(inputs) if one.default is None}  # may be left open
    for name, numbers in allowed.items():
        value = getattr(inputs, name)
        if not (numbers.holds(value) or (value is None and name in unknown)):
            raise ValueError(f"{prefix}{name} must be a number {numbers}, got {value!r}")
