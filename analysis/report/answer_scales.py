"""The axes of the chart of an answer: as wide as its data, with round numbers."""

import math
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from analysis.report.numbers import said_of
from analysis.report.theme import Theme
from analysis.report.value_axis import axis_format
from tracking.measures import Measure, find_measure
from tracking.text import Text

WIDE = 8.0  # times its lowest: values that differ more are drawn on a logarithmic axis
ROOM = 0.06  # of the axis, free above and below
STEPS = (1.0, 2.0, 5.0)
FEW = 3  # ticks, with which a logarithmic axis of STEPS would be too empty
EXAMPLES = Text("examples")


@dataclass(frozen=True)
class Scales:
    """Both axes.

    measure: its text (tracking/measures.py).
    logarithmic: whether the values are; gaps are drawn then, else what the reader knows.
    sizes, y: options of the axis of sizes, and of that of values.
    first, last: ends of the sizes.
    """

    measure: str
    logarithmic: bool
    sizes: dict[str, Any]
    y: dict[str, Any]
    first: float
    last: float

    @property
    def x(self) -> alt.X:
        """The axis of sizes, of the column n."""
        return alt.X("n:Q", **self.sizes)

    def at(self, gap: Any) -> Any:
        """A gap's place on the axis of values."""
        return _place(gap, find_measure(self.measure), self.logarithmic)

    def turned(self, table: pd.DataFrame, *columns: str) -> pd.DataFrame:
        """The table with its columns of gaps as places."""
        return table.assign(**{name: self.at(table[name]) for name in columns})

    @property
    def improves_down(self) -> bool:
        """Whether better is lower in the picture."""
        return not find_measure(self.measure).is_score


def scales(
    sizes: tuple[float, float], gaps: tuple[float, float], measure: str, theme: Theme
) -> Scales:
    """Axes that hold the sizes and the gaps, (smallest, largest) each."""
    found = find_measure(measure)
    logarithmic = gaps[1] > WIDE * max(gaps[0], 1e-12)
    y = _values(gaps, found, logarithmic)
    y["title"] = theme.say(said_of(measure))
    first, last = sizes[0] / 1.08, sizes[1]
    return Scales(measure, logarithmic, _sizes(first, last, theme), y, first, last)


def _place(gap: Any, found: Measure, logarithmic: bool) -> Any:
    capped = np.minimum(gap, found.most)
    return capped if logarithmic else found.shown(capped)


def _sizes(first: float, last: float, theme: Theme) -> dict[str, Any]:
    scale = alt.Scale(type="log", domain=[first, last], nice=False)
    ticks = round_numbers(first, last)
    axis = alt.Axis(
        values=ticks, format=",", grid=False, labelOverlap="greedy", labelFontSize=12
    )
    return {"scale": scale, "axis": axis, "title": theme.say(EXAMPLES)}


def _values(gaps: tuple[float, float], found: Measure, logarithmic: bool) -> dict[str, Any]:
    style = axis_format(found)
    labels: dict[str, Any] = {"format": style, "tickCount": 6, "labelFontSize": 12}
    if not logarithmic:
        ends = sorted(_place(np.array(gaps), found, False))
        room = ROOM * (ends[1] - ends[0])
        domain = [float(ends[0] - room), float(ends[1] + room)]
        scale = alt.Scale(domain=domain, nice=False, zero=False)
        return {"scale": scale, "axis": alt.Axis(**labels)}
    room = (gaps[1] / gaps[0]) ** ROOM
    low, high = gaps[0] / room, min(gaps[1] * room, found.most)
    labels = {"values": round_numbers(low, high), "labelFontSize": 12}
    labels["labelOverlap"] = "greedy"
    labels["labelExpr"] = f"format(datum.value, '{style}')"
    if found.is_score:
        labels["labelExpr"] = f"format({found.best:g} - datum.value, '{style}')"
    scale = alt.Scale(type="log", domain=[low, high], nice=False, reverse=found.is_score)
    return {"scale": scale, "axis": alt.Axis(**labels)}


def round_numbers(low: float, high: float) -> list[float]:
    """1, 2 and 5 times powers of 10 within the ends; of a long way the powers alone."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    whole = [10.0**power for power in powers if low <= 10.0**power <= high]
    if len(whole) > FEW:
        return whole
    every = [step * 10.0**power for power in powers for step in STEPS]
    return [float(f"{one:.6g}") for one in every if low <= one <= high]
