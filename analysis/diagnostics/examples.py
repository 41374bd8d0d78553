"""What duplicates, leaks and wrong labels mean for an answer (tracking/data_check.py)."""

import math
from dataclasses import dataclass

from analysis.curves.power_law import PowerLaw
from analysis.reasons import Finding, Reason
from tracking.data_check import DataCheck
from tracking.measures import find_measure

ERRORS = ("error", "accuracy")  # measures that a wrong label of the test set counts in as one
LEAK = 0.01  # of the test set in the pool, from which the answer names it
NEAR_LEAK = 0.05  # the same of near duplicates, which may be different examples
HEAVY_LEAK = 0.2  # from which what is measured says little about new examples
# where some were searched, and where all were
NEAR = {
    "near_test": (Reason.TEST_NEARLY_LEAKED, Reason.TEST_NEARLY_LEAKED_COUNTED),
    "near_pool": (Reason.POOL_NEARLY_REPEATED, Reason.POOL_NEARLY_REPEATED_COUNTED),
}


@dataclass(frozen=True)
class Explained:
    """The part of a floor that labels explain: wrong ones, and equal examples that disagree.

    share, low, high: of the floor, up to 1; the interval holds that of the floor, too.
    """

    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Leak:
    """Test examples that are in the pool: all that was measured looks better than it is.

    finding: how many there are.
    share: of the test set, in 0-1; of near duplicates at least so many.
    """

    finding: Finding
    share: float

    @property
    def at_best(self) -> str:
        """The best grade of an answer (analysis/diagnostics/evidence.py)."""
        return "poor" if self.share >= HEAVY_LEAK else "fair"


def leak(check: DataCheck | None) -> Leak | None:
    """Test examples that are in the pool, where they are enough to spoil the answer."""
    if check is None or check.few_kinds:
        return None
    if check.leaked_test >= LEAK * check.test:
        finding = Reason.TEST_LEAKED(count=check.leaked_test, of=check.test)
        return Leak(finding, check.leaked_test / check.test)
    if check.near_test_low >= NEAR_LEAK:
        return Leak(_near(check, "near_test"), check.near_test_low)
    return None


def duplicates(check: DataCheck) -> list[Finding]:
    """What is there twice, in the pool and between the sets."""
    found = [
        Reason.TEST_LEAKED(count=check.leaked_test, of=check.test),
        Reason.POOL_REPEATED(count=check.repeated, of=check.pool),
    ]
    if check.few_kinds:
        return [*found, Reason.FEW_KINDS()]
    return found + [_near(check, name) for name in NEAR if getattr(check, f"{name}_high") > 0]


def _near(check: DataCheck, name: str) -> Finding:
    share = getattr(check, name)
    low, high = (getattr(check, f"{name}_{end}") for end in ("low", "high"))
    searched, counted = NEAR[name]
    return counted(share=share) if low == high else searched(share=share, low=low, high=high)


def labels(check: DataCheck) -> list[Finding]:
    """How many labels seem wrong, or contradict each other; nothing without classes."""
    if not check.surveyed:
        return []
    found = [_wrong(check)]
    if check.contradicted:
        share = check.contradicted / check.examples
        found.append(
            Reason.LABELS_CONTRADICTED(
                count=check.contradicted, of=check.examples, share=share
            )
        )
    return found


def _wrong(check: DataCheck) -> Finding:
    if math.isnan(check.wrong):
        return Reason.LABELS_NOT_JUDGED(error=check.model_error)
    if check.is_bound:
        return Reason.LABELS_AT_MOST_WRONG(high=check.wrong_high)
    return Reason.LABELS_WRONG(share=check.wrong, low=check.wrong_low, high=check.wrong_high)


def explained(check: DataCheck, law: PowerLaw, measure: str) -> Explained | None:
    """What part of the floor the labels explain; None where that cannot be said.

    Only of an error: a share r of wrong labels in the test set adds about r to it, if the test
    set's labels are as wrong as the pool's. Equal examples that disagree bound it from below.
    Where only an upper bound of the wrong labels is known, the lower end is theirs alone.
    """
    if find_measure(measure).name not in ERRORS or not check.surveyed or law.c <= 0:
        return None
    certain = check.contradicted / check.examples
    if (wrong := _wrong(check)).reason is Reason.LABELS_NOT_JUDGED:
        return None
    numbers = wrong.numbers
    low = max(numbers.get("low", 0.0), certain)
    middle = max(numbers.get("share", numbers["high"]), certain)
    high = max(numbers["high"], certain)
    return Explained(
        share=min(middle / law.c, 1.0),
        low=min(low / law.c_high, 1.0),
        high=min(high / law.c_low, 1.0) if law.c_low > 0 else 1.0,
    )
