"""Which examples to collect, in a sentence and as a record for machines."""

from typing import Any

import numpy as np

from analysis.decision.slices import SliceAdvice
from analysis.report.amounts import count
from analysis.report.numbers import chance, in_units, said_of
from tracking.measures import find_measure
from tracking.text import Text, Verbatim, joined, template

MOST = 3  # slices that a sentence names
SPLITS = {
    "present": template("today's shares"),
    "equal": template("as many of each"),
}


def advice_words(found: SliceAdvice, measure: str) -> Text:
    """One sentence."""
    change = {
        "measure": said_of(measure),
        "n": count(found.budget),
        "value": in_units(found.advised.value, measure),
        "other": in_units(found.other.value, measure),
        "split": Text(SPLITS[found.over]),
        "chance": chance(found.probability),
    }
    if not found.matters:
        return Text(
            "It hardly matters which {n} examples are bought: the best split would bring the "
            "{measure} to {value}, {split} to {other}, which is within noise ({chance} "
            "probability of being better).",
            **change,
        )
    return Text(
        "Of {n} more examples buy {bought}: {measure} {value} instead of {other} with {split} "
        "({chance} probability of being better).",
        bought=_bought(found),
        **change,
    )


def _bought(found: SliceAdvice) -> Text:
    """The slices that most is bought of, and how much of all others."""
    more = found.advised.more
    order = np.argsort(-more, kind="stable")
    named = order[: MOST if len(order) > MOST + 1 else MOST + 1]
    parts: list[str] = [
        Text("{n} of {name}", n=count(more[one]), name=Verbatim(found.curves.names[one]))
        for one in named
        if more[one] > 0
    ]
    rest = more.sum() - more[named].sum()
    if rest >= 1:
        parts.append(Text("{n} of all others", n=count(rest)))
    return joined(parts, ", ")


def slice_record(found: SliceAdvice, measure: str, target: float) -> dict[str, Any]:
    """Numbers and text only, for JSON; values as the reader knows the measure."""
    shown = find_measure(measure).shown
    table = found.table(target)
    splits = {}
    for name in ("advised", "present", "equal"):
        split = getattr(found, name)
        ends = sorted((shown(split.low), shown(split.high)))
        splits[name] = {"value": shown(split.value), "low": ends[0], "high": ends[1]}
    low, high = ("high", "low") if find_measure(measure).is_score else ("low", "high")
    values = {"value": table["value"], "low": table[low], "high": table[high]}
    return {
        "budget": found.budget,
        "words": advice_words(found, measure),
        "matters": found.matters,
        "compared_with": found.over,
        "probability": found.probability,
        "gain": found.gain,
        "gain_low": found.gain_low,
        "gain_high": found.gain_high,
        "confidence": found.confidence,
        "splits": splits,
        "slices": table.assign(**{name: shown(part) for name, part in values.items()}),
    }
