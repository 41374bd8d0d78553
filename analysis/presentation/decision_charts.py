"""Engineers or data, as charts."""

import altair as alt
import numpy as np
import pandas as pd

from analysis.costs.advice import NAMES
from analysis.language import Text
from analysis.presentation.charts import UNITS
from analysis.presentation.look import HEIGHT, LIGHT, log

MOST = 8  # inputs shown of the tornado


def costs(table: pd.DataFrame, metric: str, currency: str, target: float, *, look=LIGHT):
    """Cost of each strategy over targets, with bands: target, strategy, cost, low, high. The line is the target."""
    table = table[np.isfinite(table["cost"]) & (table["cost"] > 0)]
    ends = np.clip(table[["low", "high"]], table["cost"].min() / 3, table["cost"].max() * 3)  # infinite ones, too
    table = table.assign(
        strategy=[look.say(NAMES[name]) for name in table["strategy"]], low=ends["low"], high=ends["high"]
    )
    names = [look.say(name) for name in NAMES.values()]
    x_of = {"axis": alt.Axis(format="%" if metric == "error" else "~g")} | log(look.say(UNITS[metric]))
    x = alt.X("target:Q", sort="descending", **x_of)
    y_of = log(look.say(Text("cost ({currency})", currency=currency)))
    y_of["axis"] = alt.Axis(format="~s")
    base, colour, shape = alt.Chart(table), look.colour(names, "strategy"), look.shape(names, "strategy")
    hover = [
        "strategy:N",
        alt.Tooltip("target:Q", format=".3~g"),
        *(alt.Tooltip(f"{name}:Q", format=",.0f") for name in ("low", "cost", "high")),
    ]
    bands = base.mark_area(opacity=0.12).encode(x, alt.Y("low:Q", **y_of), alt.Y2("high:Q"), colour)
    line = base.mark_line().encode(x, alt.Y("cost:Q", **y_of), colour)
    dots = base.mark_point(filled=True, size=45).encode(x, alt.Y("cost:Q", **y_of), colour, shape, tooltip=hover)
    asked = alt.Chart(pd.DataFrame({"target": [target]})).mark_rule(color=look.ink, strokeDash=[4, 4]).encode(x)
    return alt.layer(bands, line, dots, asked).properties(height=HEIGHT, width="container")


def tornado(table: pd.DataFrame, currency: str, *, look=LIGHT):
    """Cost of data less that of engineers as each input (at_low, at_high) moves alone; below 0 data is cheaper."""
    middle = table.attrs["difference"]
    table = table[np.isfinite(table["at_low"]) & np.isfinite(table["at_high"]) & (table["swing"] > 0)].head(MOST)
    table = table.assign(input=[look.say(name) for name in table["input"]])
    ends = [("at_low", Text("low value")), ("at_high", Text("high value"))]
    long = pd.concat([table.assign(end=look.say(word), at=table[name], middle=middle) for name, word in ends])
    x_of = {
        "title": look.say(Text("cost of data less cost of engineers ({currency})", currency=currency)),
        "axis": alt.Axis(format="~s"),
    }
    y = alt.Y("input:N", sort=list(table["input"]), title=None, axis=alt.Axis(labelLimit=150, labelOverlap=False))
    colour = look.colour([look.say(word) for _, word in ends], "end")
    hover = ["input:N", "end:N", alt.Tooltip("at:Q", format=",.0f")]
    bars = (
        alt.Chart(long).mark_bar(height=16).encode(alt.X("middle:Q", **x_of), alt.X2("at:Q"), y, colour, tooltip=hover)
    )
    zero = alt.Chart(pd.DataFrame({"at": [0]})).mark_rule(color=look.ink).encode(alt.X("at:Q", **x_of))
    return alt.layer(bars, zero).properties(height=120 + 32 * len(table), width="container")
