"""The learning curves as an Altair chart, the same in the report and on the page."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from analysis.report.chart_lines import (
    Lines,
    fitted_lines,
    forecast_bands,
    levels,
    regions,
    spread,
)
from analysis.report.theme import LIGHT, Theme, log
from tracking.text import Text

UNITS = {"loss": Text("test loss (nats)"), "error": Text("test error")}
AXIS_FORMATS = {"loss": "~g", "error": "~%"}
VALUE_FORMATS = {"loss": ".4f", "error": ".2%"}
HEIGHT = 440  # pixels
STEPS_HEIGHT = 320
NARROW = 10  # an axis that spans less would be left without most labels by Vega
EXAMPLES = Text("training examples n")
# Columns of the points that hovering shows -> their format; "" for text.
HOVER = {
    "n": ",",
    "samples": ",",
    "data_seed": ",",
    "test_loss": ".4f",
    "test_error": ".2%",
    "se": ".3g",
}
NAMES = {
    "n": Text("examples"),
    "value": Text("measured"),
    "test_loss": Text("test loss"),
    "test_error": Text("test error"),
    "se": Text("spread"),
    "samples": Text("samples searched"),
    "data_seed": Text("data seed"),
    "name": Text("run"),
}


def learning_curves(
    points: pd.DataFrame,
    lines: Lines,
    measure: str = "loss",
    *,
    theme: Theme = LIGHT,
    linear: bool = False,
) -> alt.LayerChart:
    """Measured points with their spread, and the lines through them.

    points: architecture, n, value and what else hovering shows; `link` is where a click on a
        point leads.
    linear: whether the axes are; else they are logarithmic.

    Solid is the fitted law over the sizes it was fitted to, dashed its forecast in its
    interval, thin and dotted the curve without tuning.
    """
    names = sorted(points["architecture"].unique())
    axes = _axes(points, measure, theme, linear)
    colour = theme.colour(names)
    shape = theme.shape(names)
    y = alt.Y("value:Q", **axes.y)
    laws = alt.Chart(fitted_lines(lines.laws)).mark_line(strokeWidth=2)
    rules = alt.Chart(spread(points)).mark_rule(strokeWidth=1.5)
    marks = alt.Chart(points).mark_point(size=75, filled=True, opacity=0.9)
    layers = [
        *_regions(points, lines, theme, axes.x),
        *_forecasts(lines, colour, axes),
        *_untuned(lines, colour, axes),
        *_levels(lines, theme, axes),
        laws.encode(axes.x, y, colour, detail="architecture:N"),
        rules.encode(axes.x, alt.Y("low:Q", **axes.y), alt.Y2("high:Q"), colour),
        marks.encode(axes.x, y, colour, shape, **_hover(points, measure, theme)),
    ]
    return alt.LayerChart(layer=layers).properties(height=HEIGHT, width="container")


def steps(histories: pd.DataFrame, *, theme: Theme = LIGHT) -> alt.LayerChart:
    """Validation loss over optimiser steps.

    histories: name, step, val_loss and perhaps train_loss, which is drawn thin.
    """
    names = list(histories["name"].unique())
    x = alt.X("step:Q", title=theme.say(Text("optimiser steps")))
    y_of = log(theme.say(Text("loss (nats)")))
    base = alt.Chart(histories)
    colour = theme.colour(names, "name")
    hover = [
        "name:N",
        alt.Tooltip("step:Q", format=","),
        alt.Tooltip("val_loss:Q", format=".4f"),
    ]
    lines = [base.mark_line().encode(x, alt.Y("val_loss:Q", **y_of), colour, tooltip=hover)]
    if "train_loss" in histories:
        known = base.transform_filter("isValid(datum.train_loss) && datum.train_loss > 0")
        thin = known.mark_line(strokeWidth=1, strokeDash=[2, 3], opacity=0.7)
        lines.append(thin.encode(x, alt.Y("train_loss:Q", **y_of), colour))
    return alt.LayerChart(layer=lines).properties(height=STEPS_HEIGHT, width="container")


# --- how it is drawn


@dataclass(frozen=True)
class _Axes:
    """x: the sizes. y: options of an axis of values."""

    x: alt.X
    y: Mapping[str, Any]


def _axes(points: pd.DataFrame, measure: str, theme: Theme, linear: bool) -> _Axes:
    style = AXIS_FORMATS[measure]
    labels: dict[str, Any] = {"format": style}
    if points["value"].max() < NARROW * points["value"].min():
        labels = {"labelExpr": f"format(datum.value, '{style}')", "labelOverlap": "greedy"}
    y = {"axis": alt.Axis(**labels), **log(theme.say(UNITS[measure]), linear)}
    return _Axes(alt.X("n:Q", **log(theme.say(EXAMPLES), linear)), y)


def _forecasts(lines: Lines, colour: alt.Color, axes: _Axes) -> Iterator[alt.Chart]:
    """Bands and dashed lines; that of the chosen architecture stands out."""
    if not lines.forecasts:
        return
    band = alt.Chart(forecast_bands(lines.forecasts, lines.beyond))
    chosen = alt.datum.architecture == (lines.chosen or "")
    opacity = alt.condition(chosen, alt.value(0.2), alt.value(0.07))
    low = alt.Y("low:Q", **axes.y)
    yield band.mark_area().encode(axes.x, low, alt.Y2("high:Q"), colour, opacity=opacity)
    dashed = band.mark_line(strokeDash=[7, 4])
    yield dashed.encode(axes.x, alt.Y("median:Q", **axes.y), colour)


def _untuned(lines: Lines, colour: alt.Color, axes: _Axes) -> Iterator[alt.Chart]:
    if lines.untuned is None or not len(lines.untuned):
        return
    mean = lines.untuned.groupby(["architecture", "n"], as_index=False)["value"].mean()
    thin = alt.Chart(mean).mark_line(strokeDash=[2, 3], strokeWidth=1, opacity=0.8)
    yield thin.encode(axes.x, alt.Y("value:Q", **axes.y), colour, detail="architecture:N")


def _regions(
    points: pd.DataFrame, lines: Lines, theme: Theme, x: alt.X
) -> Iterator[alt.Chart]:
    """Where one region ends and the next begins, with their names at the top."""
    table = regions(points, lines)
    if table.empty:
        return
    middle = np.sqrt(table["start"] * table["end"])
    table = table.assign(n=middle, region=table["region"].map(theme.say))
    ends = table["start"].tolist()[1:] or table["end"].tolist()[:1]
    borders = alt.Chart(pd.DataFrame({"n": ends}))
    yield borders.mark_rule(color=theme.ink, opacity=0.35, strokeDash=[1, 3]).encode(x)
    names = alt.Chart(table).mark_text(baseline="top", color=theme.ink, fontSize=11, limit=110)
    yield names.encode(x, alt.YValue(4), text="region:N")


def _levels(lines: Lines, theme: Theme, axes: _Axes) -> Iterator[alt.Chart]:
    table = levels(lines)
    if table.empty:
        return
    table = table.assign(said=table["level"].map(theme.say))
    y = alt.Y("value:Q", **axes.y)
    rules = alt.Chart(table).mark_rule(color=theme.ink, strokeDash=[4, 4], strokeWidth=1)
    yield rules.encode(y)
    asked = ~table["fitted"].astype(bool)
    # a floor may be close to the target: their names stand at different ends
    left = {"align": "left", "dx": 4}
    right = {"align": "right"}
    for part, side, x in ((table[asked], left, 0), (table[~asked], right, "width")):
        if len(part):
            text = alt.Chart(part).mark_text(dy=-6, color=theme.ink, fontSize=11, **side)
            yield text.encode(y, alt.XValue(x), text="said:N")


def _hover(points: pd.DataFrame, measure: str, theme: Theme) -> dict[str, Any]:
    """Tooltip and link of a point."""
    formats = dict(HOVER)
    if "name" in points:
        formats = {"name": "", **formats}
    if "test_loss" not in points:
        formats = {"n": ",", "value": VALUE_FORMATS[measure], **formats}
    cells = [alt.Tooltip("architecture:N", title=theme.say(Text("architecture")))]
    for column, style in formats.items():
        if column in points and points[column].notna().any():
            kind: dict[str, Any] = {"format": style} if style else {}
            field = f"{column}:Q" if style else f"{column}:N"
            cells.append(alt.Tooltip(field, title=theme.say(NAMES[column]), **kind))
    link = {"href": alt.Href("link:N")} if "link" in points else {}
    return {"tooltip": cells, **link}
