"""The learning curves as an Altair chart, the same in the report and on the page."""

from collections.abc import Iterator, Mapping, Sequence
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
from analysis.report.numbers import said_of
from analysis.report.theme import LIGHT, Theme, log
from analysis.report.value_axis import (
    ends,
    test_title,
    titled,
    value_axis,
    value_format,
    value_tooltip,
    with_shown,
)
from tracking.measures import find_measure
from tracking.schema import history
from tracking.text import Text

HEIGHT = 440  # pixels
STEPS_HEIGHT = 320
NARROW = 10  # an axis that spans less would be left without most labels by Vega
EXAMPLES = Text("training examples n")
# Columns of the points that hovering shows, beside their values: title and format.
HOVER = {
    "name": (Text("run"), ""),
    "n": (Text("examples"), ","),
    "samples": (Text("samples searched"), ","),
    "data_seed": (Text("data seed"), ","),
}
SPREAD = (Text("spread"), ".3g")


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
    fitted = with_shown(fitted_lines(lines.laws), measure, "value")
    laws = alt.Chart(fitted).mark_line(strokeWidth=2)
    rules = alt.Chart(spread(points)).mark_rule(strokeWidth=1.5)
    shown = with_shown(points, measure, "value")
    marks = alt.Chart(shown).mark_point(size=75, filled=True, opacity=0.9)
    layers = [
        *_regions(points, lines, theme, axes.x),
        *_forecasts(lines, colour, axes, measure, theme),
        *_untuned(lines, colour, axes),
        *_levels(lines, measure, theme, axes),
        laws.encode(
            axes.x,
            y,
            colour,
            detail="architecture:N",
            tooltip=_of_line(theme, measure, {"value": Text("fitted")}),
        ),
        rules.encode(axes.x, alt.Y("low:Q", **axes.y), alt.Y2("high:Q"), colour),
        marks.encode(axes.x, y, colour, shape, **_hover(points, measure, theme)),
    ]
    return alt.LayerChart(layer=layers).properties(height=HEIGHT, width="container")


def steps(
    histories: pd.DataFrame, measure: str = "loss", *, theme: Theme = LIGHT
) -> alt.LayerChart:
    """The measure in validation over optimiser steps.

    histories: name, step, val_<measure> and perhaps train_<measure>, which is drawn thin; as
        their reader knows them.
    """
    found = find_measure(measure)
    names = list(histories["name"].unique())
    gaps = pd.DataFrame({"name": histories["name"], "step": histories["step"]})
    for column, name in zip(("validation", "training"), history(found.name)):
        if name in histories:
            gaps[column] = found.gap(histories[name])
    x = alt.X("step:Q", title=theme.say(Text("optimiser steps")))
    y_of = value_axis(measure, theme, titled(measure))
    base = alt.Chart(with_shown(gaps, measure, "validation"))
    colour = theme.colour(names, "name")
    hover = [
        theme.tooltip("name", Text("run")),
        theme.tooltip("step", Text("step"), ","),
        value_tooltip(theme, measure, "validation", Text("validation")),
    ]
    lines = [base.mark_line().encode(x, alt.Y("validation:Q", **y_of), colour, tooltip=hover)]
    if "training" in gaps:
        known = base.transform_filter("isValid(datum.training) && datum.training > 0")
        thin = known.mark_line(strokeWidth=1, strokeDash=[2, 3], opacity=0.7)
        lines.append(thin.encode(x, alt.Y("training:Q", **y_of), colour))
    return alt.LayerChart(layer=lines).properties(height=STEPS_HEIGHT, width="container")


# --- how it is drawn


@dataclass(frozen=True)
class _Axes:
    """x: the sizes. y: options of an axis of values."""

    x: alt.X
    y: Mapping[str, Any]


def _axes(points: pd.DataFrame, measure: str, theme: Theme, linear: bool) -> _Axes:
    narrow = points["value"].max() < NARROW * points["value"].min()
    y = value_axis(measure, theme, test_title(measure), linear=linear, narrow=bool(narrow))
    return _Axes(alt.X("n:Q", **log(theme.say(EXAMPLES), linear)), y)


def _forecasts(
    lines: Lines, colour: alt.Color, axes: _Axes, measure: str, theme: Theme
) -> Iterator[alt.Chart]:
    """Bands and dashed lines; that of the chosen architecture stands out."""
    if not lines.forecasts:
        return
    lower, upper = ends(measure)
    titles = {
        lower: Text("lower end"),
        "median": Text("expected"),
        upper: Text("upper end"),
    }
    bands = with_shown(forecast_bands(lines.forecasts, lines.beyond), measure, *titles)
    band = alt.Chart(bands).encode(tooltip=_of_line(theme, measure, titles))
    chosen = alt.datum.architecture == (lines.chosen or "")
    opacity = alt.condition(chosen, alt.value(0.2), alt.value(0.07))
    low = alt.Y("low:Q", **axes.y)
    yield band.mark_area().encode(axes.x, low, alt.Y2("high:Q"), colour, opacity=opacity)
    dashed = band.mark_line(strokeDash=[7, 4])
    yield dashed.encode(axes.x, alt.Y("median:Q", **axes.y), colour)


def _of_line(theme: Theme, measure: str, titles: Mapping[str, Text]) -> list[alt.Tooltip]:
    """Tooltip of a point of a line or band: columns of gaps -> what they are."""
    return [
        theme.tooltip("architecture", Text("architecture")),
        theme.tooltip("n", Text("examples"), ",.0f"),
        *(value_tooltip(theme, measure, name, title) for name, title in titles.items()),
    ]


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


def _levels(lines: Lines, measure: str, theme: Theme, axes: _Axes) -> Iterator[alt.Chart]:
    table = levels(lines, measure)
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
    cells = [theme.tooltip("architecture", Text("architecture"))]
    for column, (title, style) in HOVER.items():
        if _is_known(points, column):
            cells.append(theme.tooltip(column, title, style))
    cells += _tests(points, measure, theme)
    if _is_known(points, "se"):
        cells.append(theme.tooltip("se", *SPREAD))
    link = {"href": alt.Href("link:N")} if "link" in points else {}
    return {"tooltip": cells, **link}


def _tests(points: pd.DataFrame, measure: str, theme: Theme) -> Sequence[alt.Tooltip]:
    """The test value by each measure; of a CSV the one that it holds."""
    names = [name for name in points if name.startswith("test_") and name != "test_se"]
    known = [name for name in names if _is_known(points, name)]
    if not known:
        return [value_tooltip(theme, measure, "value", Text("measured"))]
    cells = []
    for column in known:
        name = column.removeprefix("test_")
        title = Text("test {measure}", measure=said_of(name))
        cells.append(theme.tooltip(column, title, value_format(find_measure(name))))
    return cells


def _is_known(points: pd.DataFrame, column: str) -> bool:
    return column in points and bool(points[column].notna().any())
