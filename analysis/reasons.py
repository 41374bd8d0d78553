"""Why something cannot be said, or is said with a warning: a code with its numbers.

`Reason.FAR_EXTRAPOLATION(times=50.0)` makes a Finding. analysis/report/messages.py says it, in
the reader's language.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from tracking.errors import InputError


class Reason(Enum):
    """The codes. Called with the numbers and names of a case, one makes a Finding."""

    # a curve cannot be fitted
    TOO_FEW_SIZES = auto()  # least, count
    NOT_ABOVE_ZERO = auto()  # n, value: measured there

    # a curve shows no law
    RISES = auto()
    TOO_MUCH_SCATTER = auto()
    FLAT = auto()

    # the number of examples needed cannot be said
    OUT_OF_REACH = auto()  # times: the data
    LIKELY_OUT_OF_REACH = auto()  # times: the data
    BACKTEST_MISSES = auto()  # miss, allowed: relative
    NO_BACKTEST = auto()  # count: sizes
    ANSWER_FAR_BEYOND_DATA = auto()  # times, allowed
    BELOW_FLOOR = auto()  # the target lies below the floor of the law, its interval included
    LIKELY_BELOW_FLOOR = auto()  # below the floor as fitted

    # remarks about a forecast
    NOTHING_TO_EXTRAPOLATE = auto()  # why: a Finding
    HEAD = auto()  # n: the last size before the power law
    FEW_SIZES = auto()  # count
    ILL_BACKTEST = auto()  # miss: relative
    RISES_BETWEEN_SIZES = auto()
    BELOW_DATA = auto()  # least: the smallest size measured
    FAR_EXTRAPOLATION = auto()  # times: the data

    # remarks about a law
    HEAD_LEFT_OUT = auto()  # n: the last size before the power law
    FITS_EXACTLY = auto()  # count: points
    FLOOR_NOT_IDENTIFIED = auto()  # low, high
    EXPONENT_AT_LIMIT = auto()  # low, high: of the search
    OFF_THE_LAW = auto()  # residual: relative

    # which runs may be compared; all: name, sizes (n, a tuple)
    OTHER_SETTING = auto()  # what: field of tracking/schema.py, other, usual: its values
    FEWER_SAMPLES = auto()  # count, usual
    MORE_SAMPLES = auto()  # count, usual
    SEED_NOT_SHARED = auto()  # seed

    # what a comparison leaves out
    NOT_COMPARED = auto()  # name, why
    SIZES_TOO_FAR_APART = auto()  # a, b, allowed: times
    TOO_LITTLE_DATA = auto()  # name, n
    TUNING_NOT_VALUED = auto()  # name, why
    TOO_FEW_SIZES_FOR_EXPONENTS = auto()  # name, count, least
    TOO_FEW_MISTAKES = auto()  # count (of a slice, on average), least
    TOO_FEW_MODELS = auto()  # sizes (of the data), models (their sizes), samples, least

    # how many times the data a switch equals; name: an architecture or a Variant of it
    ONE_HAS_NO_LAW = auto()  # name, why
    SIZE_FAR_BEYOND_DATA = auto()  # name, times, allowed
    BACKTEST_OF_ONE_MISSES = auto()  # name, miss, allowed: relative
    NO_BACKTEST_OF_ONE = auto()  # name, count: sizes
    NEVER_MATCHES = auto()  # name
    MATCHES_FAR_BEYOND_DATA = auto()  # name, times, allowed

    # engineers or data: why a strategy is out of the running
    SELDOM_REACHED = auto()  # probability: of ever reaching the target
    SELDOM_IN_TIME = auto()  # probability
    NO_FINITE_PRICE = auto()

    # engineers or data: why the choice changes nowhere
    TARGET_MET = auto()
    CHOICE_UNKNOWN = auto()  # why
    DATA_NEVER_ENOUGH = auto()
    ENGINEERS_NEVER_ENOUGH = auto()

    # engineers or data: why there is no plan, or nothing to run next
    HARDLY_REACHED = auto()  # times: the data
    BUDGET_TOO_SMALL = auto()  # budget
    MEASURE_MORE_SIZES = auto()  # architecture, count, least
    NO_TRIAL_HELPS = auto()  # least: narrowing of an interval that counts

    # why a study that plans itself ends
    GRADE_REACHED = auto()  # grade
    LEAK_LIMITS_GRADE = auto()  # grade: the best that a leak leaves
    BUDGET_SPENT = auto()  # hours, trials: of the step that would come next
    NOTHING_TO_FIT = auto()

    # how sure an answer is
    PAST_HELD = auto()  # inside, count: forecasts of the curve's own larger sizes
    PAST_MISSED = auto()  # inside, count
    PAST_UNTESTED = auto()
    INTERVAL_NARROW = auto()
    INTERVAL_USABLE = auto()
    INTERVAL_WIDE = auto()
    TEST_NOT_INDEPENDENT = auto()

    # can it be trusted?
    BUDGET_BOUND = auto()  # name, sizes: whose best run max_steps ended while it improved
    TRIALS_FAILED = auto()  # architecture, failed, trials, reason: of the runs, or NOT_KNOWN
    NOT_KNOWN = auto()
    STILL_IN_TRAINING = auto()  # name, sizes (n, a tuple)
    SEARCH_TOO_SHORT = auto()  # name, at: sizes (n, a tuple)

    # what is there twice, and which labels seem wrong; shares with low and high
    TEST_LEAKED = auto()  # count, of: examples of the test set
    TEST_NEARLY_LEAKED = auto()  # share, low, high: of the test set
    TEST_NEARLY_LEAKED_COUNTED = auto()  # share of the test set
    POOL_REPEATED = auto()  # count, of: examples of the pool
    POOL_NEARLY_REPEATED = auto()  # share, low, high: of the pool
    POOL_NEARLY_REPEATED_COUNTED = auto()  # share of the pool
    FEW_KINDS = auto()
    LABELS_WRONG = auto()  # share, low, high
    LABELS_AT_MOST_WRONG = auto()  # high
    LABELS_NOT_JUDGED = auto()  # error: of the check's own model
    LABELS_CONTRADICTED = auto()  # count, of: examples of all sets, share

    def __call__(self, **numbers: Any) -> "Finding":
        return Finding(self, numbers)


@dataclass(frozen=True)
class Finding:
    """A reason in one case.

    reason: the code.
    numbers: name -> number, name of an architecture, or another Finding, as its message needs.
    """

    reason: Reason
    numbers: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """For a log or a traceback; people read analysis/report/messages.py."""
        said = ", ".join(f"{name}={value}" for name, value in self.numbers.items())
        name = self.reason.name.lower().replace("_", " ")
        return f"{name} ({said})" if said else name


@dataclass(frozen=True)
class Variant:
    """An architecture with one kind of hyperparameters.

    tuned: the best ones of a search; else the untuned defaults.
    """

    architecture: str
    tuned: bool


class FitError(InputError):
    """The measurements cannot be fitted, or an argument is wrong.

    finding: why the measurements cannot be fitted; None for an argument, which the text names.
    """

    def __init__(self, why: Finding | str):
        super().__init__(str(why))
        self.finding = why if isinstance(why, Finding) else None
