"""Numbers as text, as precise as they are known."""

import math

from tracking.text import Text

MEASURE_NAMES = {"loss": Text("loss"), "error": Text("error")}


class Link(str):
    """Text that leads to an address."""

    address: str

    def __new__(cls, text: str, address: str) -> "Link":
        link = super().__new__(cls, text)
        link.address = address
        return link


def in_units(number: float, measure: str) -> str:
    """A loss in nats or an error in per cent, where it is known; measure: loss or error."""
    if math.isnan(number):
        return "–"
    if measure != "error":
        return f"{number:.3g}"
    return f"{number:.2%}" if number >= 0.0005 or number == 0 else f"{100 * number:.2g}%"


def interval(low: float, high: float, measure: str) -> Text:
    """Of a loss or an error."""
    return Text("{low} to {high}", low=in_units(low, measure), high=in_units(high, measure))


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
