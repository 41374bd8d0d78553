"""Numbers as text, as precise as they are known."""

import math

from analysis.costs import advice
from analysis.language import Text


class Link(str):
    """Text that leads to an address."""

    address: str

    def __new__(cls, text: str, address: str):
        link = super().__new__(cls, text)
        link.address = address
        return link


def value(number: float, metric: str) -> str:
    """A loss in nats or an error in per cent, where it is known."""
    return "–" if math.isnan(number) else advice.value(number, metric)


def interval(low: float, high: float, metric: str) -> Text:
    return Text("{low} to {high}", low=value(low, metric), high=value(high, metric))


def size(n: float) -> str:
    """A number of examples: two significant digits, no forecast knows more."""
    if math.isnan(n):
        return "–"
    return f"{float(f'{n:.2g}'):,.0f}" if math.isfinite(n) else Text("never")


def sizes(low: float, high: float) -> Text:
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
    return "–" if math.isnan(p) else f"{p:.0%}"
