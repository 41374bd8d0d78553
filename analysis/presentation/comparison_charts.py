"""Architectures side by side as charts."""

import altair as alt
import numpy as np
import pandas as pd

from analysis.language import Text
from analysis.presentation.look import HEIGHT, LIGHT, log
from analysis.presentation.wording import ratio


def exponents(table: pd.DataFrame, *, look=LIGHT):
    """Exponent of each architecture with its interval, and the shared one: architecture, b, low, high."""
    table = table.assign(
        architecture=[look.say(Text("shared")) if name == "shared" else name for name in table["architecture"]]
    )
    y = alt.Y("architecture:N", title=None, sort=None, axis=alt.Axis(labelOverlap=False))
    x_of = {"scale": alt.Scale(zero=False), "title": look.say(Text("exponent b"))}
    names = list(table["architecture"])
    base, colour = alt.Chart(table), look.colour(names).legend(None)
    hover = ["architecture:N", *(alt.Tooltip(f"{name}:Q", format=".3f") for name in ("low", "b", "high"))]
    bars = base.mark_rule(strokeWidth=3).encode(alt.X("low:Q", **x_of), alt.X2("high:Q"), y, colour)
    dots = base.mark_point(filled=True, size=90, opacity=1)
    dots = dots.encode(alt.X("b:Q", **x_of), y, colour, look.shape(names).legend(None), tooltip=hover)
    return alt.layer(bars, dots).properties(height=70 + 32 * len(table), width="container")


def winners(chances: pd.DataFrame, n: float, *, look=LIGHT):
    """Probability of the lowest loss over sizes, stacked; the line is n, where most data end."""
    long = chances.reset_index().melt("n", var_name="architecture", value_name="probability")
    names = list(chances.columns)
    x = alt.X("n:Q", **log(look.say(Text("training examples n"))))
    y = alt.Y(
        "probability:Q",
        stack=True,
        axis=alt.Axis(format="%"),
        scale=alt.Scale(domain=[0, 1]),
        title=look.say(Text("probability of being the best")),
    )
    hover = ["architecture:N", alt.Tooltip("n:Q", format=",.0f"), alt.Tooltip("probability:Q", format=".0%")]
    areas = (
        alt.Chart(long)
        .mark_area(opacity=0.75)
        .encode(x, y, look.colour(names), order=alt.Order("architecture:N"), tooltip=hover)
    )
    end = alt.Chart(pd.DataFrame({"n": [n]})).mark_rule(color=look.ink, strokeDash=[4, 4]).encode(x)
    return alt.layer(areas, end).properties(height=HEIGHT, width="container")


def worth(table: pd.DataFrame, *, look=LIGHT):
    """Worth of each switch in multiples of the data, as a matrix: first (rows), second (columns), median or bound."""
    table = table.assign(
        shown=np.clip(np.log10(table["median"].where(table["median"] > 0, 1e-3)), -1, 1),
        text=[_brief(row) for row in table.itertuples()],
    )
    x = alt.X("second:N", title=look.say(Text("… to this one")), axis=alt.Axis(labelAngle=0, orient="top"))
    y = alt.Y("first:N", title=look.say(Text("switching from …")))
    scale = alt.Scale(domain=[-1, 0, 1], range=["#D55E00", "#9AA0AA", "#0072B2"], interpolate="rgb")
    base = alt.Chart(table)
    cells = base.mark_rect(opacity=0.35).encode(x, y, alt.Color("shown:Q", scale=scale, legend=None))
    hover = [
        "first:N",
        "second:N",
        *(alt.Tooltip(f"{name}:Q", format=".3~g") for name in ("low", "median", "high")),
        "grade:N",
    ]
    words = base.mark_text(fontSize=14, color=look.ink).encode(x, y, text="text:N", tooltip=hover)
    return alt.layer(cells, words).properties(height=90 + 44 * table["first"].nunique(), width="container")


def _brief(row) -> str:
    if row.grade == "cannot say":
        return "?"
    return {"least": f"≥ {ratio(row.low)}", "most": f"≤ {ratio(row.high)}"}.get(row.bound, ratio(row.median))
