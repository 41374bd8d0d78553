"""Charts that show whether the answer can be trusted: the search and past forecasts."""

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd

from analysis.report.charts import EXAMPLES
from analysis.report.theme import HEIGHT, LIGHT, Theme
from analysis.report.value_axis import (
    ends,
    test_title,
    titled,
    value_axis,
    value_tooltip,
    with_shown,
)
from tracking.text import Text

COMPARED = ("low", "predicted", "high", "measured")


def expected_best(
    table: pd.DataFrame, measure: str = "loss", *, theme: Theme = LIGHT
) -> alt.LayerChart:
    """What validation says of the best of k draws, at the largest size of each architecture.

    measure: that which chooses.
    """
    largest = table[table["n"] == table.groupby("architecture")["n"].transform("max")]
    title = Text("best validation {measure}", measure=titled(measure))
    height = value_axis(measure, theme, title)
    return _over_draws(largest, "expected", height, theme)


def exponents(table: pd.DataFrame, *, theme: Theme = LIGHT) -> alt.LayerChart:
    """The exponent against the number of random draws."""
    height = {"scale": alt.Scale(zero=False), "title": theme.say(Text("exponent b"))}
    return _over_draws(table, "exponent", height, theme)


def past_forecasts(
    table: pd.DataFrame, measure: str, *, theme: Theme = LIGHT
) -> alt.LayerChart:
    """Forecasts (bars: their intervals) beside what was then measured (points).

    table: architecture, n, low, high, predicted, measured.
    """
    names = sorted(table["architecture"].unique())
    axis = alt.Axis(format=",", labelAngle=0)
    x = alt.X("n:O", title=theme.say(EXAMPLES), axis=axis)
    y_of = value_axis(measure, theme, test_title(measure))
    side = alt.XOffset("architecture:N")
    colour = theme.colour(names)
    hover = [
        theme.tooltip("architecture", Text("architecture")),
        theme.tooltip("n", Text("examples"), ","),
        *(value_tooltip(theme, measure, name, title) for name, title in _compared(measure)),
    ]
    low = alt.Y("low:Q", **y_of)
    base = alt.Chart(with_shown(table, measure, *COMPARED))
    known = base.transform_filter("isValid(datum.measured)")
    bars = base.mark_rule(strokeWidth=7, opacity=0.35)
    middle = base.mark_tick(thickness=2, size=14)
    dots = known.mark_point(filled=True, size=60)
    layers = [
        bars.encode(x, side, low, alt.Y2("high:Q"), colour, tooltip=hover),
        middle.encode(x, side, alt.Y("predicted:Q", **y_of), colour),
        dots.encode(
            x, side, alt.Y("measured:Q", **y_of), colour, theme.shape(names), tooltip=hover
        ),
    ]
    return alt.LayerChart(layer=layers).properties(height=HEIGHT, width="container")


def _compared(measure: str) -> list[tuple[str, Text]]:
    """Columns of a forecast beside its measurement, with what they are."""
    lower, upper = ends(measure)
    return [
        (lower, Text("lower end")),
        ("predicted", Text("predicted")),
        (upper, Text("upper end")),
        ("measured", Text("measured")),
    ]


def _over_draws(
    table: pd.DataFrame, column: str, height: Mapping[str, Any], theme: Theme
) -> alt.LayerChart:
    """A line with its band for each architecture."""
    scale = alt.Scale(type="log", nice=False, padding=20)
    ticks = alt.Axis(values=sorted(table["k"].unique().tolist()), format="d")
    title = theme.say(Text("random draws at every size"))
    x = alt.X("k:Q", scale=scale, axis=ticks, title=title)
    y = alt.Y(f"{column}:Q", **height)
    low = alt.Y("low:Q", **height)
    names = sorted(table["architecture"].unique())
    colour = theme.colour(names)
    base = alt.Chart(table)
    band = base.mark_area(opacity=0.12).encode(x, low, alt.Y2("high:Q"), colour)
    line = base.mark_line().encode(x, y, colour)
    dots = base.mark_point(filled=True).encode(x, y, colour, theme.shape(names))
    return alt.LayerChart(layer=[band, line, dots]).properties(
        height=HEIGHT, width="container"
    )
