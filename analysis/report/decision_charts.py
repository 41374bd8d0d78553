"""Engineers or data, as charts."""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from analysis.report.amounts import money
from analysis.report.decision_words import INPUTS, NAMES
from analysis.report.theme import HEIGHT, LIGHT, Theme, log
from analysis.report.value_axis import test_title, value_axis, value_tooltip, with_shown
from tracking.text import Text

MOST = 8  # inputs shown of the tornado
ROOM = 3  # times the cheapest and the dearest: where bands without end are cut


def costs(
    table: pd.DataFrame, measure: str, currency: str, target: float, *, theme: Theme = LIGHT
) -> alt.LayerChart:
    """Cost of each strategy over targets, with bands; the line is the target.

    table: target, strategy, cost, low, high.
    """
    names = [theme.say(name) for name in NAMES.values()]
    colour = theme.colour(names, "strategy")
    x_of = value_axis(measure, theme, test_title(measure))
    x_of["scale"] = log("", turned=True)["scale"]  # the better, the further right
    x = alt.X("target:Q", **x_of)
    money = log(theme.say(Text("cost ({currency})", currency=currency)))
    y_of = {**money, "axis": alt.Axis(format="~s")}
    y = alt.Y("cost:Q", **y_of)
    base = alt.Chart(with_shown(_drawn(table, theme), measure, "target"))
    bands = base.mark_area(opacity=0.12).encode(
        x, alt.Y("low:Q", **y_of), alt.Y2("high:Q"), colour
    )
    line = base.mark_line().encode(x, y, colour)
    dots = base.mark_point(filled=True, size=45).encode(
        x, y, colour, theme.shape(names, "strategy"), tooltip=_hover(measure, theme)
    )
    asked = alt.Chart(pd.DataFrame({"target": [target]}))
    rule = asked.mark_rule(color=theme.ink, strokeDash=[4, 4]).encode(x)
    chart = alt.LayerChart(layer=[bands, line, dots, rule])
    return chart.properties(height=HEIGHT, width="container")


def _drawn(table: pd.DataFrame, theme: Theme) -> pd.DataFrame:
    """What has a place on logarithmic axes; the ends of the bands, too."""
    table = table[np.isfinite(table["cost"]) & (table["cost"] > 0)]
    least = table["cost"].min() / ROOM
    most = table["cost"].max() * ROOM
    return table.assign(
        strategy=[theme.say(NAMES[name]) for name in table["strategy"]],
        low=np.clip(table["low"], least, most),
        high=np.clip(table["high"], least, most),
    )


def _hover(measure: str, theme: Theme) -> list[alt.Tooltip]:
    titles = {"low": Text("lower end"), "cost": Text("cost"), "high": Text("upper end")}
    return [
        theme.tooltip("strategy", Text("strategy")),
        value_tooltip(theme, measure, "target", Text("target")),
        *(theme.tooltip(name, title, ",.0f") for name, title in titles.items()),
    ]


def tornado(table: pd.DataFrame, currency: str, *, theme: Theme = LIGHT) -> alt.LayerChart:
    """Cost of data less that of engineers as each input moves alone; below 0 data is cheaper.

    table: as analysis/decision/sensitivity.py gives it.
    """
    title = Text("cost of data less cost of engineers ({currency})", currency=currency)
    x_of: dict[str, Any] = {"title": theme.say(title), "axis": alt.Axis(format="~s")}
    long = _ends(table, theme)
    long["said"] = [theme.say(saved(cost, currency)) for cost in long["at"]]
    long["side"] = np.where(long["at"] >= long["middle"], "right", "left")
    room = 0.45 * (long["at"].max() - long["at"].min())
    ends_of = [long["at"].min() - room, long["at"].max() + room]
    x_of["scale"] = alt.Scale(domain=ends_of, nice=False, zero=False)
    inputs = list(dict.fromkeys(long["input"]))
    y = alt.Y(
        "input:N",
        sort=inputs,
        title=None,
        axis=alt.Axis(labelLimit=190, labelOverlap=False, labelFontSize=12),
    )
    colour = theme.colour(list(dict.fromkeys(long["end"])), "end")
    hover = [
        theme.tooltip("input", Text("input")),
        theme.tooltip("end", Text("end")),
        theme.tooltip("at", title, ",.0f"),
    ]
    bars = alt.Chart(long).mark_bar(height=16)
    bars = bars.encode(alt.X("middle:Q", **x_of), alt.X2("at:Q"), y, colour, tooltip=hover)
    said = alt.Chart(long).encode(alt.X("at:Q", **x_of), y, text="said:N")
    right = said.transform_filter("datum.side === 'right'")
    left = said.transform_filter("datum.side === 'left'")
    ends = [
        right.mark_text(align="left", dx=5, fontSize=12, color=theme.ink),
        left.mark_text(align="right", dx=-5, fontSize=12, color=theme.ink),
    ]
    zero = alt.Chart(pd.DataFrame({"at": [0]})).mark_rule(color=theme.ink)
    zero = zero.encode(alt.X("at:Q", **x_of))
    chart = alt.LayerChart(layer=[bars, zero, *ends])
    return chart.properties(height=120 + 32 * len(inputs), width="container")


def saved(difference: float, currency: str) -> Text:
    """The price of data less that of engineers, in words."""
    if difference <= 0:
        return Text("data saves {amount}", amount=money(-difference, currency))
    return Text("data costs {amount} more", amount=money(difference, currency))


def _ends(table: pd.DataFrame, theme: Theme) -> pd.DataFrame:
    """The two bars of each input: input, end, at, and middle, where they begin."""
    finite = np.isfinite(table["at_low"]) & np.isfinite(table["at_high"])
    shown = table[finite & (table["swing"] > 0)].head(MOST)
    shown = shown.assign(
        input=[theme.say(INPUTS[name]) for name in shown["input"]],
        middle=table.attrs["difference"],
    )
    low = shown.assign(end=theme.say(Text("low value")), at=shown["at_low"])
    high = shown.assign(end=theme.say(Text("high value")), at=shown["at_high"])
    return pd.concat([low, high])
