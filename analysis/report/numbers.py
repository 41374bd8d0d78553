"""Numbers as text, as precise as they are known."""

import math

import numpy as np

from tracking.measures import Measure, find_measure
from tracking.text import Text

MOST_DIGITS = 12  # behind the point, of a score close to its best


class Link(str):
    """Text that leads to an address."""

    address: str

    def __new__(cls, text: str, address: str) -> "Link":
        link = super().__new__(cls, text)
        link.address = address
        return link


def said_of(measure: str) -> str:
    """The name of a measure, as a reader sees it."""
    return find_measure(measure).said


def in_units(gap: float, measure: str) -> str:
    """A gap (tracking/measures.py) in the reader's terms: a loss, an accuracy in per cent."""
    found = find_measure(measure)
    return as_known(found.shown(np.minimum(gap, found.most)), measure)


def as_known(value: float, measure: str) -> str:
    """A value that is in the reader's terms already; "–" where it is not known."""
    if math.isnan(value):
        return "–"
    found = find_measure(measure)
    if found.is_score:
        return _score(value, found)
    if found.is_share:
        return f"{value:.2%}" if value >= 0.0005 or value == 0 else f"{100 * value:.2g}%"
    if abs(value) >= 1000:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.3g}"


def _score(value: float, found: Measure) -> str:
    """More digits where what is missing to the best would round to nothing."""
    scale = 100 if found.is_share else 1
    missing = abs(found.best - value) * scale
    digits = 2 if found.is_share else 3
    if 0 < missing < (0.05 if found.is_share else 0.01):
        digits = 1 - math.floor(math.log10(missing))
    return f"{scale * value:.{min(digits, MOST_DIGITS)}f}{'%' if found.is_share else ''}"


def best_of(measure: str) -> str:
    """The best value of a score: 1 or 100%."""
    found = find_measure(measure)
    return f"{found.best:.0%}" if found.is_share else f"{found.best:g}"


def interval(low: float, high: float, measure: str) -> Text:
    """Between two gaps."""
    return Text("{low} to {high}", **interval_of(low, high, measure))


def interval_of(low: float, high: float, measure: str) -> dict[str, str]:
    """The ends of an interval between two gaps: low, and high, the larger number."""
    ends = (high, low) if find_measure(measure).is_score else (low, high)
    return dict(zip(("low", "high"), (in_units(end, measure) for end in ends)))


def amount(number: float) -> str:
    """Money or examples: two significant digits, no forecast knows more."""
    if math.isinf(number):
        return Text("no limit")
    rounded = float(f"{number:.2g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 10 or rounded == 0 else f"{rounded:g}"


def chance(p: float) -> str:
    """A probability in per cent; nothing that a forecast says is certain."""
    if p > 0.99:
        return Text("more than {p:.0%}", p=0.99)
    return Text("less than {p:.0%}", p=0.01) if p < 0.01 else f"{p:.0%}"


def size(n: float) -> str:
    """A number of examples: two significant digits, no forecast knows more."""
    if math.isnan(n):
        return "–"
    return f"{float(f'{n:.2g}'):,.0f}" if math.isfinite(n) else Text("never")


def at_most(n: float, least: float) -> str:
    """A size found, which is not known below the smallest size measured."""
    return size(n) if n > least else Text("at most {n}", n=size(least))


def sizes(low: float, high: float) -> Text:
    """An interval of numbers of examples."""
    return Text("{low} to {high}", low=size(low), high=size(high))


def ratio(k: float) -> str:
    """How many times the data."""
    if math.isnan(k):
        return "–"
    return f"{float(f'{k:.2g}'):,g}×" if math.isfinite(k) else "∞"


def ratios(low: float, high: float) -> Text:
    """An interval of them."""
    if math.isfinite(low) and math.isinf(high):
        return Text("at least {low}", low=ratio(low))
    if math.isinf(low):
        return Text("without limit")
    return Text("{low} to {high}", low=ratio(low), high=ratio(high))


def percent(confidence: float) -> str:
    """As many digits as were given: 90%, 99.9%."""
    return f"{100 * confidence:.6g}%"


def share(p: float) -> str:
    """A part of a whole in per cent, where it is known."""
    return "–" if math.isnan(p) else f"{p:.0%}"
