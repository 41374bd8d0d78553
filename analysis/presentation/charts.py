"""The learning curves as an Altair chart: tables and fits in; the report and the page draw the same."""

from collections.abc import Mapping
from dataclasses import dataclass

import altair as alt
import numpy as np
import pandas as pd

from analysis.language import Text
from analysis.presentation.look import LIGHT, log

UNITS = {"loss": Text("test loss (nats)"), "error": Text("test error")}
POINTS_PER_LINE = 60
BEYOND = 10  # times the data: how far the forecast is drawn
HEIGHT = 440  # pixels
FIRM = 0.02  # a floor below this share of the smallest loss is not worth a line
EXAMPLES = Text("training examples n")
TARGET, BEST_GUESS = Text("target"), Text("best guess")
HOVER = {"n": ",", "samples": ",", "data_seed": ",", "test_loss": ".4f", "test_error": ".2%", "se": ".3g"}
NAMES = {
    "n": Text("examples"),
    "loss": Text("measured"),
    "test_loss": Text("test loss"),
    "test_error": Text("test error"),
    "se": Text("spread"),
    "samples": Text("samples searched"),
    "data_seed": Text("data seed"),
    "name": Text("run"),
}


@dataclass(frozen=True)
class Lines:
    """What is drawn beside the points; levels are in units of the metric.

    laws, forecasts: architecture -> PowerLaw, Forecast. untuned: points without tuning. target, best_guess: levels.
    chosen: the architecture whose regions and floor are marked. beyond: how far forecasts are drawn, times the data.
    """

    laws: Mapping
    forecasts: Mapping
    untuned: pd.DataFrame | None = None
    target: float | None = None
    best_guess: float | None = None
    chosen: str | None = None
    beyond: float = BEYOND


def learning_curves(points: pd.DataFrame, lines: Lines, metric: str = "loss", *, look=LIGHT, linear: bool = False):
    """Measured points with their spread; solid the fitted law over the sizes it was fitted to, dashed its forecast in
    its interval, thin and dotted the curve without tuning. Log-log unless `linear`.

    points: architecture, n, loss and what else hovering shows; `link` is where a click on a point leads.
    """
    names = sorted(points["architecture"].unique())
    colour, shape = look.colour(names), look.shape(names)
    x = alt.X("n:Q", **log(look.say(EXAMPLES), linear))
    style = "~%" if metric == "error" else "~g"
    narrow = points["loss"].max() < 10 * points["loss"].min()  # where Vega would leave most ticks without a label
    labels = {"labelExpr": f"format(datum.value, '{style}')", "labelOverlap": "greedy"} if narrow else {"format": style}
    y_of = {"axis": alt.Axis(**labels)} | log(look.say(UNITS[metric]), linear)
    y, low, high = alt.Y("loss:Q", **y_of), alt.Y("low:Q", **y_of), alt.Y2("high:Q")
    layers = [*_regions(points, lines, look, x)]
    if lines.forecasts:
        band = alt.Chart(forecast_bands(lines.forecasts, lines.beyond))
        chosen = alt.condition(alt.datum.architecture == (lines.chosen or ""), alt.value(0.2), alt.value(0.07))
        layers.append(band.mark_area().encode(x, low, high, colour, opacity=chosen))
        layers.append(band.mark_line(strokeDash=[7, 4]).encode(x, alt.Y("median:Q", **y_of), colour))
    if lines.untuned is not None and len(lines.untuned):
        mean = lines.untuned.groupby(["architecture", "n"], as_index=False)["loss"].mean()
        thin = alt.Chart(mean).mark_line(strokeDash=[2, 3], strokeWidth=1, opacity=0.8)
        layers.append(thin.encode(x, y, colour, detail="architecture:N"))
    layers += [
        *_levels(lines, look, y_of),
        alt.Chart(fitted_lines(lines.laws)).mark_line(strokeWidth=2).encode(x, y, colour, detail="architecture:N"),
        alt.Chart(spread(points)).mark_rule(strokeWidth=1.5).encode(x, low, high, colour),
        alt.Chart(points)
        .mark_point(size=75, filled=True, opacity=0.9)
        .encode(x, y, colour, shape, **_hover(points, metric, look)),
    ]
    return alt.layer(*layers).properties(height=HEIGHT, width="container")


def steps(histories: pd.DataFrame, *, look=LIGHT):
    """Validation loss over optimiser steps: histories name, step, val_loss and perhaps train_loss (thin)."""
    names = list(histories["name"].unique())
    x = alt.X("step:Q", title=look.say(Text("optimiser steps")))
    y_of = log(look.say(Text("loss (nats)")))
    base, colour = alt.Chart(histories), look.colour(names, "name")
    hover = ["name:N", alt.Tooltip("step:Q", format=","), alt.Tooltip("val_loss:Q", format=".4f")]
    lines = [base.mark_line().encode(x, alt.Y("val_loss:Q", **y_of), colour, tooltip=hover)]
    if "train_loss" in histories:
        thin = base.transform_filter("isValid(datum.train_loss) && datum.train_loss > 0").mark_line(
            strokeWidth=1, strokeDash=[2, 3], opacity=0.7
        )
        lines.append(thin.encode(x, alt.Y("train_loss:Q", **y_of), colour))
    return alt.layer(*lines).properties(height=320, width="container")


def forecast_bands(forecasts: Mapping, beyond: float = BEYOND) -> pd.DataFrame:
    """Each forecast from the end of its data to `beyond` times that: architecture, n, median, low, high."""
    bands = []
    for architecture, told in forecasts.items():
        n, half = np.geomspace(told.n_max, told.n_max * beyond, POINTS_PER_LINE // 3), told.confidence / 2
        low, median, high = told.predictive.quantile(n, np.array([[0.5 - half], [0.5], [0.5 + half]]))
        bands.append(pd.DataFrame({"architecture": architecture, "n": n, "median": median, "low": low, "high": high}))
    return pd.concat(bands, ignore_index=True)


def fitted_lines(laws: Mapping) -> pd.DataFrame:
    """Each law over the range of n it was fitted to: architecture, n, loss."""
    lines = [pd.DataFrame({"architecture": pd.Series(dtype=str), "n": [], "loss": []})]
    for architecture, law in laws.items():
        n = np.geomspace(law.n_min, law.n_max, POINTS_PER_LINE)
        lines.append(pd.DataFrame({"architecture": architecture, "n": n, "loss": law(n)}))
    return pd.concat([line for line in lines if len(line)] or lines, ignore_index=True)


def spread(points: pd.DataFrame) -> pd.DataFrame:
    """The mean of each size with one standard error to either side where it is known: architecture, n, low, high."""
    known = points.dropna(subset="se") if "se" in points else points[:0].assign(se=0.0)
    mean = known.groupby(["architecture", "n"], as_index=False)[["loss", "se"]].mean()
    low = np.maximum(mean["loss"] - mean["se"], mean["loss"] / 10)  # a logarithmic axis ends above 0
    return mean.assign(low=low, high=mean["loss"] + mean["se"])


def regions(points: pd.DataFrame, lines: Lines) -> pd.DataFrame:
    """The stretches of the chosen curve: start, end (sizes) and what they are; empty without its law."""
    law = lines.laws.get(lines.chosen)
    rows = []
    if law:
        first = points.loc[points["architecture"] == lines.chosen, "n"].min()
        rows = [
            (first, law.n_min, Text("before the power law")),
            (law.n_min, law.n_max, Text("power law")),
            (law.n_max, law.n_max * lines.beyond, Text("forecast")),
        ]
    return pd.DataFrame([row for row in rows if row[0] < row[1]], columns=["start", "end", "region"])


def levels(lines: Lines) -> pd.DataFrame:
    """Horizontal lines: loss and what it is; no floor that the forecast, which weighs other forms, too, falls below."""
    law, forecast = lines.laws.get(lines.chosen), lines.forecasts.get(lines.chosen)
    rows = [(lines.target, TARGET), (lines.best_guess, BEST_GUESS)]
    if law and law.c > FIRM * law(law.n_max):
        lowest = forecast.predictive.quantile(law.n_max * lines.beyond, 0.5)[0] if forecast else law.c
        if lowest >= law.c:
            rows.append((law.c, Text("floor of {name}", name=lines.chosen)))
    return pd.DataFrame([row for row in rows if row[0]], columns=["loss", "level"])


def _regions(points, lines, look, x):
    """Where one region ends and the next begins, with their names at the top."""
    table = regions(points, lines)
    if table.empty:
        return
    table = table.assign(n=np.sqrt(table["start"] * table["end"]), region=table["region"].map(look.say))
    borders = alt.Chart(pd.DataFrame({"n": table["start"].tolist()[1:] or table["end"].tolist()[:1]}))
    yield borders.mark_rule(color=look.ink, opacity=0.35, strokeDash=[1, 3]).encode(x)
    names = alt.Chart(table).mark_text(baseline="top", color=look.ink, fontSize=11, limit=110)
    yield names.encode(x, alt.YValue(4), text="region:N")


def _levels(lines, look, y_of):
    table = levels(lines)
    if table.empty:
        return
    table = table.assign(said=table["level"].map(look.say))
    y = alt.Y("loss:Q", **y_of)
    yield alt.Chart(table).mark_rule(color=look.ink, strokeDash=[4, 4], strokeWidth=1).encode(y)
    asked = table["level"].isin([TARGET, BEST_GUESS])
    for part, side, x in ((table[asked], {"align": "left", "dx": 4}, 0), (table[~asked], {"align": "right"}, "width")):
        if len(part):  # a floor close to the target: their names stand at different ends
            text = alt.Chart(part).mark_text(dy=-6, color=look.ink, fontSize=11, **side)
            yield text.encode(y, alt.XValue(x), text="said:N")


def _hover(points, metric, look):
    """Tooltip and link of a point."""
    shown = {"name": ""} | HOVER if "name" in points else HOVER
    if "test_loss" not in points:
        shown = {"n": ",", "loss": ".2%" if metric == "error" else ".4f", **shown}
    cells = [alt.Tooltip("architecture:N", title=look.say(Text("architecture")))]
    for column, style in shown.items():
        if column in points and points[column].notna().any():
            kind = {"format": style} if style else {}
            cells.append(alt.Tooltip(f"{column}:{'Q' if style else 'N'}", title=look.say(NAMES[column]), **kind))
    return {"tooltip": cells} | ({"href": alt.Href("link:N")} if "link" in points else {})
