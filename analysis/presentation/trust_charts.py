"""Charts that show whether the answer can be trusted: the search and past forecasts."""

import altair as alt
import pandas as pd

from analysis.language import Text
from analysis.presentation.charts import UNITS
from analysis.presentation.look import HEIGHT, LIGHT, log


def expected_best(table: pd.DataFrame, *, look=LIGHT):
    """Expected best validation loss of k draws, with its band, at the largest size of each architecture."""
    largest = table[table["n"] == table.groupby("architecture")["n"].transform("max")]
    return _over_draws(largest, "expected", log(look.say(Text("best validation loss (nats)"))), look)


def exponents(table: pd.DataFrame, *, look=LIGHT):
    """The exponent against the number of random draws: a line with its interval for each architecture."""
    height = {"scale": alt.Scale(zero=False), "title": look.say(Text("exponent b"))}
    return _over_draws(table, "exponent", height, look)


def past_forecasts(table: pd.DataFrame, metric: str, *, look=LIGHT):
    """Forecasts (bars: their intervals) beside what was then measured (points): architecture, n, low, high, predicted,
    measured."""
    names = sorted(table["architecture"].unique())
    colour, shape = look.colour(names), look.shape(names)
    x = alt.X("n:O", title=look.say(Text("training examples n")), axis=alt.Axis(format=",", labelAngle=0))
    side = alt.XOffset("architecture:N")
    y_of = {"axis": alt.Axis(format="%" if metric == "error" else "~g")} | log(look.say(UNITS[metric]))
    base = alt.Chart(table)
    known = base.transform_filter("isValid(datum.measured)")
    hover = [
        "architecture:N",
        *(alt.Tooltip(f"{name}:Q", format=",.4~g") for name in ("n", "low", "predicted", "high", "measured")),
    ]
    bars = base.mark_rule(strokeWidth=7, opacity=0.35).encode(
        x, side, alt.Y("low:Q", **y_of), alt.Y2("high:Q"), colour, tooltip=hover
    )
    middle = base.mark_tick(thickness=2, size=14).encode(x, side, alt.Y("predicted:Q", **y_of), colour)
    dots = known.mark_point(filled=True, size=60).encode(
        x, side, alt.Y("measured:Q", **y_of), colour, shape, tooltip=hover
    )
    return alt.layer(bars, middle, dots).properties(height=HEIGHT, width="container")


def _over_draws(table, column, height, look):
    scale = alt.Scale(type="log", nice=False, padding=20)
    ticks = alt.Axis(values=sorted(table["k"].unique().tolist()), format="d")
    x = alt.X("k:Q", scale=scale, axis=ticks, title=look.say(Text("random draws at every size")))
    names = sorted(table["architecture"].unique())
    base, colour = alt.Chart(table), look.colour(names)
    line = base.mark_line().encode(x, alt.Y(f"{column}:Q", **height), colour)
    dots = base.mark_point(filled=True).encode(x, alt.Y(f"{column}:Q", **height), colour, look.shape(names))
    band = base.mark_area(opacity=0.12).encode(x, alt.Y("low:Q", **height), alt.Y2("high:Q"), colour)
    return alt.layer(band, line, dots).properties(height=HEIGHT, width="container")
