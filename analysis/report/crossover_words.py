"""Which architecture is the best at which size, and from where on, in words."""

from collections.abc import Iterable

import numpy as np

from analysis.comparison.compare import Comparison
from analysis.comparison.crossover import CLEAR, Crossover, Span, leads
from analysis.report.numbers import size
from tracking.text import Text, Verbatim


def winners_words(found: Comparison) -> Text:
    """Which architecture is the best at which sizes."""
    spans = spans_of(found)
    if not spans:
        return Text("no architecture is clearly the best at any size")
    return Text("most likely the best by number of examples: {said}", said=listed(spans))


def spans_of(found: Comparison) -> list[Span]:
    """From which size to which each architecture is most likely the best."""
    chances = found.winners.to_numpy()
    return list(leads(found.winners.index.to_numpy(), chances, list(found.winners.columns)))


def listed(spans: Iterable[Span]) -> str:
    """Spans in short, the same in every language: "forest 100–1,800, cnn 1,800–64,000"."""
    said = []
    for low, high, name in spans:
        ends = dict.fromkeys([size(low), size(high)])
        said.append(f"{name} {'–'.join(ends)}")
    return ", ".join(said)


def where_ahead(found: Crossover, name: str) -> str:
    """At which sizes one of the two is ahead, in a few words."""
    if not found.ranges:
        return Verbatim("?")
    mine = [one for one in found.ranges if one[2] == name]
    if not mine:
        return Text("nowhere")
    if len(found.ranges) > 2:
        return Verbatim(", ".join(_span(one) for one in mine))
    if len(found.ranges) == 1:
        low, high, _ = mine[0]
        every = low <= found.n[0] and high >= found.n[-1]
        return Text("everywhere") if every else Verbatim(_span(mine[0]))
    if mine[0] == found.ranges[-1]:
        return Text("above {size}", size=size(_turned(found)))
    return Text("below {size}", size=size(_turned(found)))


def _turned(found: Crossover) -> float:
    """The size from which on the other one of two is ahead, as crossover_words says it."""
    ahead_of_a = found.ranges[-1][2] != found.names[0]
    return found.median if ahead_of_a and np.isfinite(found.median) else found.ranges[1][0]


def _span(span: Span) -> str:
    return f"{size(span[0])}–{size(span[1])}"


def crossover_words(found: Crossover) -> Text:
    """From which size on one of two architectures beats the other."""
    a, b = found.names
    if not found.ranges:
        return Text("{a} and {b} cannot be told apart at any size", a=a, b=b)
    if len(found.ranges) == 1:
        return _one_ahead(found)
    if len(found.ranges) > 2:
        return Text(
            "{ahead} and {behind} cross more than once; in the lead by number of examples: "
            "{spans}",
            spans=listed(found.ranges),
            **_order(found),
        )
    if found.ranges[-1][2] == a:
        return Text(
            "{ahead} beats {behind} above {turned} examples",
            turned=size(found.ranges[1][0]),
            **_order(found),
        )
    return _overtaken(found)


def _order(found: Crossover) -> dict[str, str]:
    """Who is ahead at the end, and who behind."""
    ahead = found.ranges[-1][2]
    a, b = found.names
    return {"ahead": ahead, "behind": a if ahead == b else b}


def _one_ahead(found: Crossover) -> Text:
    """Where one is ahead wherever anybody is."""
    chance = found.p_better
    turned = 1 - chance
    if found.ranges[-1][2] == found.names[0]:
        chance = turned
        turned = found.p_better
    if chance.min() < CLEAR:
        clear = found.n[chance >= CLEAR]
        return Text(
            "{ahead} beats {behind} from {first} to {last} examples; "
            "elsewhere neither is clearly ahead",
            first=size(clear[0]),
            last=size(clear[-1]),
            **_order(found),
        )
    return Text(
        "{ahead} beats {behind} at every size, and no crossover is within reach: "
        "at {most:,.0f} examples {behind} is ahead with probability {turn:.0%}",
        most=found.n[-1],
        turn=turned[-1],
        **_order(found),
    )


def _overtaken(found: Crossover) -> Text:
    """Where B overtakes A once."""
    least = found.n[0]
    low = size(found.low)
    if found.low <= least:
        low = Text("below {size}", size=size(least))
    if np.isinf(found.median):
        return Text(
            "{ahead} beats {behind} above {low} examples at the earliest",
            low=low,
            **_order(found),
        )
    high = size(found.high)
    if np.isinf(found.high):
        high = Text("beyond {size}", size=size(found.n[-1]))
    return Text(
        "{ahead} beats {behind} above {size} examples [{low} to {high}]",
        size=size(found.median),
        low=low,
        high=high,
        **_order(found),
    )
