"""Prices as a command is given them: `label_price=0.5,people=1,gain_high=30%`."""

from typing import Any

from analysis.decision.prices import ALLOWED, Engineering, Prices
from tracking.command import number, short
from tracking.errors import InputError
from tracking.tables.reading import read_pairs

GAINS = {"gain_low": "low", "gain_high": "high", "success": "success"}  # of Engineering
ELSEWHERE = ("target", "n")  # asked for by another option, or read off the curve
NAMES = (*(name for name in ALLOWED if name not in ELSEWHERE), *GAINS)


def read_prices(text: str) -> Prices:
    """What is named is as given, the rest as it is by default.

    Raises InputError, or argparse.ArgumentTypeError for what is no number.
    """
    given = read_pairs(text)
    for name in given:
        if name not in NAMES:
            allowed = ", ".join(NAMES)
            raise InputError(f"'{short(name)}' is no price; allowed: {allowed}")
    values: dict[str, Any] = {name: share_or_number(value) for name, value in given.items()}
    gains = {GAINS[name]: values.pop(name) for name in GAINS if name in values}
    try:
        return Prices(**values, engineering=Engineering(**gains))
    except ValueError as error:
        raise InputError(str(error)) from None


def share_or_number(text: str) -> float:
    """`0.3` and `30%` alike."""
    value = number(text.removesuffix("%"))
    return value / 100 if text.endswith("%") else value
