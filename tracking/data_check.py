"""What was found about a dataset's examples: duplicates, leaks and wrong labels.

It is kept in the study's own run as one tag for each dataset, by the dataset's fingerprint.
"""

import json
import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from typing import Any

from tracking.errors import InputError
from tracking.plain import plain

PREFIX = "check."  # of the tag's name, which ends with the fingerprint
SUSPECTS = "check/suspects_{fingerprint}.csv"  # artifact: the most suspicious labels
CONFIDENCE = 0.9  # of all intervals
UNKNOWN = math.nan
KNOWN = 0.25  # of the upper end of an interval, that the lower end of a known share reaches


@dataclass(frozen=True)
class DataCheck:
    """What was found; a share that was not looked for, or cannot be said, is NaN.

    pool, validation, test: how many examples each set has.
    repeated: examples of the pool that equal an earlier one.
    contradicted: examples of all sets that have another label than most of their equals; no
        model names all of them as they are labelled.
    leaked_validation, leaked_test: examples of the set that are in the pool, too.
    few_kinds: whether rows take so few values that equal ones need not be copies.
    searched: examples of the test set whose near duplicates were looked for.
    near_pool, near_test: share of the set that nearly, not exactly, equals one of the pool.
    surveyed: labels looked at; 0 where there are no classes.
    model_error: of the check's own model, on examples that it was not fitted to.
    wrong: share of wrong labels; NaN where that model is too weak to tell.
    seconds: that the check took, of all cores together.
    …_low, …_high: of the interval.
    """

    pool: int
    validation: int
    test: int
    repeated: int
    contradicted: int
    leaked_validation: int
    leaked_test: int
    few_kinds: bool
    searched: int = 0
    near_pool: float = UNKNOWN
    near_pool_low: float = UNKNOWN
    near_pool_high: float = UNKNOWN
    near_test: float = UNKNOWN
    near_test_low: float = UNKNOWN
    near_test_high: float = UNKNOWN
    surveyed: int = 0
    model_error: float = UNKNOWN
    wrong: float = UNKNOWN
    wrong_low: float = UNKNOWN
    wrong_high: float = UNKNOWN
    seconds: float = UNKNOWN

    @property
    def is_bound(self) -> bool:
        """Whether no more is known of the wrong labels than how many they are at most."""
        return self.wrong_low < KNOWN * self.wrong_high

    @property
    def examples(self) -> int:
        """Of all sets."""
        return self.pool + self.validation + self.test


def as_tag(check: DataCheck) -> str:
    """As the study's run and an export keep it: JSON, null for NaN."""
    return json.dumps(plain(asdict(check)))


def read_check(text: str) -> DataCheck:
    """What `as_tag` wrote. Raises InputError for anything else."""
    try:
        told = json.loads(text)
        return DataCheck(**{one.name: _value(one.type, told[one.name]) for one in _FIELDS})
    except (ValueError, KeyError, TypeError, RecursionError):
        raise InputError(f"check '{text[:40]}' is no check of a dataset") from None


_FIELDS = fields(DataCheck)


def _value(kind: Any, value: Any) -> Any:
    """Raises ValueError for what is no such value."""
    if kind is float:
        value = UNKNOWN if value is None else value
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise ValueError
        return float(value)
    if type(value) is not kind or value < 0:
        raise ValueError
    return value


def checks_in(told: Mapping[str, str]) -> dict[str, DataCheck]:
    """The checks among tags, or among what an export says: fingerprint -> check.

    One that cannot be read, such as that of another version, counts for none.
    """
    found = {}
    for name, text in told.items():
        if name.startswith(PREFIX):
            with suppress(InputError):
                found[name.removeprefix(PREFIX)] = read_check(text)
    return found


def as_tags(checks: Mapping[str, DataCheck]) -> dict[str, str]:
    """The opposite of `checks_in`."""
    return {PREFIX + fingerprint: as_tag(check) for fingerprint, check in checks.items()}
