"""The classes or groups of a study as a chart."""

import altair as alt
import pandas as pd

from analysis.report.theme import LIGHT, Theme
from analysis.report.value_axis import titled, value_axis, value_tooltip, with_shown
from tracking.text import Text

MOST = 30  # slices that are drawn, those furthest from the target
ROW = 22  # pixels


def slices(
    table: pd.DataFrame, measure: str, target: float, *, theme: Theme = LIGHT
) -> alt.LayerChart:
    """A row for each slice: its value today in its interval; a line where the target is.

    table: as SliceAdvice.table gives it.
    """
    rows = with_shown(table.head(MOST), measure, "value", "low", "high")
    x_of = value_axis(measure, theme, titled(measure))
    y = alt.Y("slice:N", sort=list(rows["slice"]), title=None, axis=alt.Axis(labelLimit=190))
    hover = [
        theme.tooltip("slice", Text("class or group")),
        value_tooltip(theme, measure, "value", Text("today")),
        theme.tooltip("now", Text("examples"), ",.0f"),
        theme.tooltip("advised", Text("to buy"), ",.0f"),
    ]
    base = alt.Chart(rows)
    bars = base.mark_rule(strokeWidth=3, opacity=0.4, color=theme.curve)
    bars = bars.encode(alt.X("low:Q", **x_of), alt.X2("high:Q"), y, tooltip=hover)
    dots = base.mark_point(filled=True, size=70, opacity=1, color=theme.curve)
    dots = dots.encode(alt.X("value:Q", **x_of), y, tooltip=hover)
    asked = alt.Chart(pd.DataFrame({"target": [target]}))
    rule = asked.mark_rule(color=theme.ink, strokeDash=[4, 4])
    rule = rule.encode(alt.X("target:Q", **x_of))
    height = 40 + ROW * len(rows)
    chart = alt.LayerChart(layer=[rule, bars, dots])
    return chart.properties(height=height, width="container")
