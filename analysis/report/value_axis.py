"""A measure on an axis and in a tooltip, in its reader's terms.

What is drawn is the gap to the best value, on a logarithmic axis, where a power law is
straight. Of a score, such as the accuracy, the labels say the score, and the axis is turned
over: higher is better.
"""

from typing import Any

import altair as alt
import pandas as pd

from analysis.report.theme import Theme, log
from tracking.measures import Measure, find_measure
from tracking.text import Text

EXACT = {"loss": ".4f"}  # numbers of a tooltip, where a measure is no share and no score
ROUND = [float(f"{digit}e{power}") for power in range(-6, 2) for digit in (1, 2, 5)]
SHOWN = "_shown"  # behind the name of a column: the same in the reader's terms


def titled(measure: str) -> str:
    """The name of a measure with its unit."""
    found = find_measure(measure)
    if found.unit:
        return Text("{measure} ({unit})", measure=found.said, unit=found.unit)
    return found.said


def test_title(measure: str) -> Text:
    """The same on the test set."""
    return Text("test {measure}", measure=titled(measure))


def value_axis(
    measure: str, theme: Theme, title: str, *, linear: bool = False, narrow: bool | None = None
) -> dict[str, Any]:
    """Options of an axis of gaps, labelled in the reader's terms.

    narrow: whether most labels would be left out, so that Vega must not choose among them;
        None where nobody knows.
    """
    found = find_measure(measure)
    style = axis_format(found)
    labels: dict[str, Any] = {"format": style}
    if found.is_score:
        labels = {"labelExpr": f"format({found.best:g} - datum.value, '{style}')"}
    elif narrow:
        labels = {"labelExpr": f"format(datum.value, '{style}')"}
    if narrow or found.is_score:
        labels |= {"labelOverlap": "greedy"}
    if found.is_score and narrow is False and not linear:
        labels |= {"values": ROUND}  # 99%, 98%, 95%, 90%, …
    scale = log(theme.say(title), linear, turned=found.is_score)
    return {"axis": alt.Axis(**labels), **scale}


def axis_format(found: Measure) -> str:
    """Of the labels of an axis, for Vega."""
    return "~%" if found.is_share else "~g"


def value_format(found: Measure) -> str:
    """Of a number in a tooltip, for Vega."""
    if found.is_share:
        return ".2%"
    return ".4f" if found.is_score else EXACT.get(found.name, ".4~g")


def ends(measure: str) -> tuple[str, str]:
    """The columns of the lower and the upper end of an interval, as its reader knows them."""
    return ("high", "low") if find_measure(measure).is_score else ("low", "high")


def with_shown(table: pd.DataFrame, measure: str, *columns: str) -> pd.DataFrame:
    """The table with columns of gaps in the reader's terms, too, where these differ."""
    if not _differs(measure):
        return table
    found = find_measure(measure)
    return table.assign(**{name + SHOWN: found.shown(table[name]) for name in columns})


def value_tooltip(theme: Theme, measure: str, column: str, title: Text) -> alt.Tooltip:
    """Of a column of gaps that with_shown has seen."""
    field = column + SHOWN if _differs(measure) else column
    return theme.tooltip(field, title, value_format(find_measure(measure)))


def _differs(measure: str) -> bool:
    found = find_measure(measure)
    return found.is_score or found.best != 0
