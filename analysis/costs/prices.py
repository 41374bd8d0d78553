"""What labels, engineers and training cost, what engineering brings, and what is wanted: the inputs of a decision."""

import math
from dataclasses import dataclass, field, replace

import numpy as np

from analysis.fits.predictive import NEVER, Predictive

LOWER = 0.8  # the target where none is given: this share of today's loss
MOST = 1e15
FINITE = (0, MOST, False, f"from 0 to {MOST:g}")
OPEN = (0, MOST, True, f"from 0 to {MOST:g}, or infinite")
POSITIVE = (math.ulp(0), MOST, False, f"above 0, up to {MOST:g}")
# field: (lowest, highest, whether it may be infinite, in words)
ALLOWED = {
    "label_price": OPEN,
    "fixed_cost": FINITE,
    "capacity": (math.ulp(0), MOST, True, f"above 0, up to {MOST:g}, or infinite"),
    "engineer_price": OPEN,
    "people": FINITE,
    "months": FINITE,
    "gpu_price": FINITE,
    "gpu_hours": FINITE,
    "value_per_point": FINITE,
    "deadline": OPEN,
    "target": POSITIVE,
    "n": POSITIVE,
    "wanted": (0.5, math.nextafter(1, 0), False, "from 0.5 to below 1"),
}
SHARE = (0, math.nextafter(1, 0), False, "from 0 to below 1")
GAIN = {"low": SHARE, "high": SHARE, "success": (0, 1, False, "from 0 to 1")}


@dataclass(frozen=True)
class Engineering:
    """What the engineers' months bring where no better architecture has been measured.

    low, high: share by which the loss falls at every n, uniform between (0.1 and 0.1: exactly 10 % lower, which for a
    power law a n^-b is a smaller a, as Hestness et al. 2017 find architectures to act). success: probability that it
    comes at all, otherwise engineering brings nothing; it counts for a measured architecture, too.
    """

    low: float = 0.05
    high: float = 0.2
    success: float = 1.0

    def __post_init__(self):
        _check(self, GAIN, "engineering's ")
        if self.high < self.low:
            raise ValueError(f"engineering's high must be at least its low, {self.low:g}, got {self.high:g}")


@dataclass(frozen=True)
class Prices:
    """The inputs of a decision; money is in units of `currency`, a label only.

    label_price: money per labelled example, finding it included; infinite where no money buys any. fixed_cost: money,
    of collecting anything at all (contracts, guidelines, tools). capacity: examples labelled per month, or infinite.
    engineer_price: money per person and month; infinite where none can be had. people: in the team. months: of the
    whole effort. engineering: what the effort brings.
    gpu_price: money per hour. gpu_hours: of one training with its search at n examples; in proportion to the examples.
    value_per_point: money, what 0.01 less error (or 0.01 nats less loss) is worth; None where unknown.
    deadline: months from now, or infinite. wanted: probability with which the target must be reached by then.
    target: loss in nats or error as a fraction; None for LOWER times today's.
    n: examples at hand now; None for the largest size measured.

    The defaults are a crowd's price for a simple label and its review, and two engineers for half a year.
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

    def __post_init__(self):
        if not isinstance(self.engineering, Engineering):
            raise ValueError(f"engineering must be an Engineering, got {self.engineering!r}")
        if not isinstance(self.currency, str):
            raise ValueError(f"currency must be text, got {self.currency!r}")
        _check(self, ALLOWED)

    def settled(self, today: Predictive) -> "Prices":
        """With n and target as numbers; ValueError for an n outside of what the curve can be asked."""
        n = today.curve.n[-1] if self.n is None else self.n
        first, last = today.curve.n[0], today.curve.n[-1] * NEVER
        if not first <= n < last:
            raise ValueError(f"n must lie from {first:,.0f}, the smallest size measured, to {last:,.0f}, got {n:,.0f}")
        target = LOWER * today.quantile(n, 0.5)[0] if self.target is None else self.target
        return replace(self, n=float(n), target=float(target))

    # what is paid, for a number of `more` examples or an array of them, inf where no number is enough

    @property
    def team(self) -> float:
        """engineer_price · people · months: the whole engineering effort."""
        return float(times(self.engineer_price, times(self.people, self.months)))

    def labels(self, more):
        """fixed_cost + label_price · more; 0 where there is nothing to collect."""
        return np.where(np.greater(more, 0), self.fixed_cost + times(self.label_price, more), 0.0)

    def training(self, more):
        """gpu_price · gpu_hours · (n + more) / n"""
        return times(times(self.gpu_price, self.gpu_hours), 1 + np.asarray(more) / self.n)

    def cost(self, share, more):
        """Of `share` of the engineering effort, `more` examples and one training with all of them."""
        return np.where(np.isinf(more), np.inf, times(self.team, share) + self.labels(more) + self.training(more))

    def duration(self, share, more):
        """Months: engineering first, then labelling what is still needed. (Training is left out.)"""
        with np.errstate(invalid="ignore", over="ignore"):
            labelling = np.where(np.isinf(more), np.inf, np.divide(more, self.capacity))
        return share * self.months + labelling

    def collected(self, share, months):
        """Examples that are labelled within so many months from now; negative where engineering takes longer."""
        left = months - share * self.months
        return math.inf if math.isinf(left) or (math.isinf(self.capacity) and left >= 0) else self.capacity * left


def times(a, b):
    """a · b, where none of an infinite price is 0."""
    with np.errstate(invalid="ignore", over="ignore"):
        return np.where(np.equal(a, 0) | np.equal(b, 0), 0.0, np.multiply(a, b))


def _check(inputs, allowed, prefix=""):
    for name, (low, high, open_ended, words) in allowed.items():
        value = getattr(inputs, name)
        optional = type(inputs).__dataclass_fields__[name].default is None
        if value is None and optional:
            continue
        number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
        if not (number and (low <= float(value) <= high or (open_ended and value == math.inf))):
            raise ValueError(f"{prefix}{name} must be a number {words}, got {value!r}")
