"""Remarks about curves and searches as a table: a row for each architecture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.curves.conclusion import Conclusion
from analysis.diagnostics.diagnosis import Diagnosis
from analysis.reasons import Finding, Reason
from analysis.report.curve_words import found_of
from analysis.report.messages import say, words_of
from tracking.measures import find_measure
from tracking.text import Text, joined, template


@dataclass(frozen=True)
class Kind:
    """A remark that many curves may have.

    heading: of its column.
    cell: template of what differs between the curves.
    """

    heading: Text
    cell: str


KINDS: Mapping[Reason, Kind] = {
    Reason.OFF_THE_LAW: Kind(Text("points off the law by"), template("{residual:.0%}")),
    Reason.ILL_BACKTEST: Kind(Text("back-test misses by"), template("{miss:.0%}")),
    Reason.HEAD_LEFT_OUT: Kind(Text("left out, before the law"), template("up to {n:,.0f}")),
    Reason.FLOOR_NOT_IDENTIFIED: Kind(
        Text("floor not identified"), template("{low} to {high}")
    ),
    Reason.SEARCH_TOO_SHORT: Kind(Text("search too short at"), template("{at}")),
}
CEILING = Text("ceiling not identified")  # the floor of a score
OTHER = Text("remark")


def warning_table(
    conclusions: Sequence[Conclusion], diagnosis: Diagnosis | None, measure: str
) -> pd.DataFrame:
    """What is ill-behaved or not known, by architecture; "" where nothing is.

    Columns: architecture, and each kind of remark that there is. Empty without remarks.
    """
    found = found_of(conclusions, diagnosis)
    headings = [_heading(kind, measure) for kind in KINDS] + [OTHER]
    rows = [_row(name, found[name], headings, measure) for name in found if found[name]]
    table = pd.DataFrame(rows, columns=[Text("architecture"), *headings])
    said = [name for name in headings if (table[name] != "").any()]
    return table[[Text("architecture"), *said]]


def _heading(kind: Reason, measure: str) -> Text:
    if kind is Reason.FLOOR_NOT_IDENTIFIED and find_measure(measure).is_score:
        return CEILING
    return KINDS[kind].heading


def _row(
    name: str, found: Sequence[Finding], headings: Sequence[Text], measure: str
) -> list[str]:
    cells: dict[Text, list[Text]] = {heading: [] for heading in headings}
    for one in found:
        if one.reason in KINDS:
            text = words_of(one, KINDS[one.reason].cell, measure)
            cells[_heading(one.reason, measure)].append(text)
        else:
            cells[OTHER].append(say(one, measure))
    return [name, *(joined(texts, by="; ") if texts else "" for texts in cells.values())]
