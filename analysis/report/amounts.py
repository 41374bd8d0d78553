"""Money, numbers of examples, times and values, as people write them: no digit unknown."""

import math

import numpy as np

from analysis.report.numbers import in_units
from tracking.measures import find_measure
from tracking.text import Text, Verbatim, counted

BEFORE = ("$", "€", "£", "¥", "US$", "CA$", "A$", "HK$")  # written before the number
DAYS = 30.4  # of a month
HOURS = 24.0 * DAYS
MOST_DIGITS = 8  # behind the point
WIDE = 5.0  # times its low end: values of such an interval have no place in common


UNITS = {
    "millions": 1e6,
    "billions": 1e9,
    "trillions": 1e12,
    "万": 1e4,
    "亿": 1e8,
    "万亿": 1e12,
}


class Large(float):
    """A number that templates write in UNITS: {n:millions}."""

    def __format__(self, unit: str) -> str:
        if unit not in UNITS:
            return super().__format__(unit)
        return f"{_two_digits(self / UNITS[unit]):,g}"


def _two_digits(number: float) -> float:
    return float(f"{number:.2g}")


def count(number: float) -> str:
    """A number of examples, or of money without its currency: two significant digits."""
    if math.isinf(number):
        return Text("no limit")
    rounded = _two_digits(number)
    if abs(rounded) >= 1e12:
        return Text("{n:trillions} trillion", n=Large(rounded))
    if abs(rounded) >= 1e9:
        return Text("{n:billions} billion", n=Large(rounded))
    if abs(rounded) >= 1e6:
        return Text("{n:millions} million", n=Large(rounded))
    return f"{rounded:,.0f}" if abs(rounded) >= 10 or rounded == 0 else f"{rounded:g}"


def money(number: float, currency: str) -> str:
    """$9,700, $24 billion, 9,700 CHF."""
    if math.isinf(number):
        return count(number)
    if currency in BEFORE:
        sign = "−" if number < 0 else ""
        said = _coins(abs(number))
        return Text("{currency}{n}", currency=Verbatim(sign + currency), n=said)
    return Text("{n} {currency}", n=_coins(number), currency=Verbatim(currency))


def _coins(number: float) -> str:
    """A small amount with its hundredths: 0.10, 2.50."""
    rounded = _two_digits(number)
    small = 0.01 <= abs(rounded) < 10 and rounded != int(rounded)
    return f"{rounded:.2f}" if small else count(number)


def between(low: float, high: float) -> Text:
    """An interval of numbers of examples."""
    if math.isinf(high):
        return Text("at least {low}", low=count(low))
    return Text("{low} to {high}", low=count(low), high=count(high))


def duration(months: float) -> str:
    """A time in months, days or hours, whichever people would say."""
    if math.isinf(months):
        return Text("no limit")
    if months >= 1.95:
        return Text("{months} months", months=count(months))
    days = months * DAYS
    if days >= 1.5:
        return Text("{days} days", days=f"{days:.0f}")
    return counted("{count} hour", "{count} hours", count=max(round(months * HOURS), 1))


def values(gaps: list[float], low: float, high: float, measure: str) -> list[str]:
    """Gaps (tracking/measures.py) in the reader's terms, as precise as the interval."""
    found = find_measure(measure)
    scale = 100.0 if found.is_share else 1.0
    width = scale * abs(high - low)
    if not 0 < width < math.inf or high > WIDE * low:
        return [in_units(gap, measure) for gap in gaps]
    digits = int(np.clip(math.ceil(-math.log10(width / 10)), 0, MOST_DIGITS))
    sign = "%" if found.is_share else ""
    return [f"{scale * found.shown(min(gap, found.most)):,.{digits}f}{sign}" for gap in gaps]
