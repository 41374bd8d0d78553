"""Architectures side by side as charts."""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from analysis.comparison.exponents import SHARED
from analysis.report.numbers import ratio
from analysis.report.theme import HEIGHT, LIGHT, Theme, log
from tracking.text import Text

WORSE_TO_BETTER = ["#D55E00", "#9AA0AA", "#0072B2"]  # a tenth, as much, ten times the data
ARCHITECTURE = Text("architecture")
TINY = 1e-3  # is shown for a multiplier of 0


def exponents(table: pd.DataFrame, *, theme: Theme = LIGHT) -> alt.LayerChart:
    """Exponent of each architecture with its interval, and the shared one.

    table: architecture, b, low, high.
    """
    names = [
        theme.say(Text("shared")) if name == SHARED else name for name in table["architecture"]
    ]
    table = table.assign(architecture=names)
    y = alt.Y("architecture:N", title=None, sort=None, axis=alt.Axis(labelOverlap=False))
    scale = alt.Scale(zero=False)
    title_of_b = Text("exponent b")
    title = theme.say(title_of_b)
    titles = {"low": Text("lower end"), "b": title_of_b, "high": Text("upper end")}
    numbers = [theme.tooltip(name, title, ".3f") for name, title in titles.items()]
    base = alt.Chart(table)
    colour = theme.colour(names).legend(None)
    bars = base.mark_rule(strokeWidth=3).encode(
        alt.X("low:Q", scale=scale, title=title), alt.X2("high:Q"), y, colour
    )
    dots = base.mark_point(filled=True, size=90, opacity=1).encode(
        alt.X("b:Q", scale=scale, title=title),
        y,
        colour,
        theme.shape(names).legend(None),
        tooltip=[theme.tooltip("architecture", ARCHITECTURE), *numbers],
    )
    return alt.LayerChart(layer=[bars, dots]).properties(
        height=70 + 32 * len(table), width="container"
    )


def winners(chances: pd.DataFrame, n: float, *, theme: Theme = LIGHT) -> alt.LayerChart:
    """Probability of being the best over sizes, stacked.

    chances: sizes n (rows), architectures (columns).
    n: where the dashed line is: most data end there.
    """
    long = chances.reset_index().melt("n", var_name="architecture", value_name="probability")
    x = alt.X("n:Q", **log(theme.say(Text("training examples n"))))
    y = alt.Y(
        "probability:Q",
        stack=True,
        axis=alt.Axis(format="%"),
        scale=alt.Scale(domain=[0, 1]),
        title=theme.say(Text("probability of being the best")),
    )
    hover = [
        theme.tooltip("architecture", ARCHITECTURE),
        theme.tooltip("n", Text("examples"), ",.0f"),
        theme.tooltip("probability", Text("probability of being the best"), ".0%"),
    ]
    order = alt.Order("architecture:N")
    areas = alt.Chart(long).mark_area(opacity=0.75)
    areas = areas.encode(x, y, theme.colour(list(chances.columns)), order=order, tooltip=hover)
    end = alt.Chart(pd.DataFrame({"n": [n]})).mark_rule(color=theme.ink, strokeDash=[4, 4])
    return alt.LayerChart(layer=[areas, end.encode(x)]).properties(
        height=HEIGHT, width="container"
    )


def multipliers(table: pd.DataFrame, *, theme: Theme = LIGHT) -> alt.LayerChart:
    """How many times the data each switch equals, as a matrix: from (rows), to (columns).

    table: first, second, low, median, high, grade, bound.
    """
    k = table["median"].where(table["median"] > 0, TINY)
    shown = table[["first", "second", "low", "median", "high", "grade"]].assign(
        shown=np.clip(np.log10(k), -1, 1),
        text=[_brief(row) for row in table.itertuples()],
        grade=table["grade"].map(theme.say),
    )
    axis = alt.Axis(labelAngle=0, orient="top")
    x = alt.X("second:N", title=theme.say(Text("… to this one")), axis=axis)
    y = alt.Y("first:N", title=theme.say(Text("switching from …")))
    scale = alt.Scale(domain=[-1, 0, 1], range=WORSE_TO_BETTER, interpolate="rgb")
    titles = {
        "low": Text("lower end"),
        "median": Text("times the data"),
        "high": Text("upper end"),
    }
    hover = [
        theme.tooltip("first", Text("from")),
        theme.tooltip("second", Text("to")),
        *(theme.tooltip(name, title, ".3~g") for name, title in titles.items()),
        theme.tooltip("grade", Text("trust")),
    ]
    base = alt.Chart(shown)
    cells = base.mark_rect(opacity=0.35).encode(
        x, y, alt.Color("shown:Q", scale=scale, legend=None)
    )
    words = base.mark_text(fontSize=14, color=theme.ink).encode(
        x, y, text="text:N", tooltip=hover
    )
    height = 90 + 44 * table["first"].nunique()
    return alt.LayerChart(layer=[cells, words]).properties(height=height, width="container")


def _brief(row: Any) -> str:
    """The multiplier of a row as far as the data bound it."""
    if row.grade == "cannot say":
        return "?"
    if row.bound == "least":
        return f"≥ {ratio(row.low)}"
    if row.bound == "most":
        return f"≤ {ratio(row.high)}"
    return ratio(row.median)
