"""Tables and fits in, Altair charts out; the report and the page draw the same."""

import altair as alt
import numpy as np
import pandas as pd

# Okabe & Ito's colours, told apart by colour-blind readers, with a shape each as well.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F7F7F", "#000000"]
SHAPES = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left"]
UNITS = {"loss": "test loss (nats)", "error": "test error (fraction)"}
POINTS_PER_LINE = 60
BEYOND = 10  # times the data: how far the forecast is drawn


def learning_curves(
    points: pd.DataFrame,
    laws: dict,
    metric: str = "loss",
    untuned: pd.DataFrame | None = None,
    forecasts: dict | None = None,
):
    """Log-log chart: measured points, the fitted law (solid), its forecast (dashed, in its interval), untuned (dotted).

    points: architecture, n, loss and what else hovering shows. laws, forecasts: architecture -> PowerLaw, Forecast.
    """
    colour = _colour(points)
    shape = alt.Shape("architecture:N", scale=_scale(points, SHAPES), title="architecture")
    x = alt.X("n:Q", scale=alt.Scale(type="log", nice=False, padding=20), title="training images n")
    height = {"scale": alt.Scale(type="log", nice=False, padding=20), "title": UNITS[metric]}
    y = alt.Y("loss:Q", **height)
    hover = [alt.Tooltip(column, format=style) for column, style in _hover(points)]
    layers = []
    if forecasts:
        band = alt.Chart(forecast_bands(forecasts))
        low = alt.Y("low:Q", **height)
        layers.append(band.mark_area(opacity=0.12).encode(x, low, alt.Y2("high:Q"), colour))
        layers.append(band.mark_line(strokeDash=[7, 4]).encode(x, alt.Y("median:Q", **height), colour))
    layers += [
        alt.Chart(fitted_lines(laws)).mark_line(strokeWidth=2).encode(x, y, colour, detail="architecture:N"),
        alt.Chart(points).mark_point(size=70, filled=True, opacity=0.9).encode(x, y, colour, shape, tooltip=hover),
    ]
    if untuned is not None and len(untuned):
        mean = untuned.groupby(["architecture", "n"], as_index=False)["loss"].mean()
        dotted = alt.Chart(mean).mark_line(strokeDash=[2, 3], strokeWidth=1, opacity=0.8)
        layers.append(dotted.encode(x, y, colour, detail="architecture:N"))
    return alt.layer(*layers).properties(height=420, width="container")


def expected_best(table: pd.DataFrame):
    """Expected best validation loss of k draws, with its band, at the largest size of each architecture."""
    largest = table[table["n"] == table.groupby("architecture")["n"].transform("max")]
    return _over_draws(largest, "expected", "best validation loss (nats)", "log")


def exponents(table: pd.DataFrame):
    """The exponent against the number of random draws: a line with its interval for each architecture."""
    return _over_draws(table, "exponent", "exponent b", "linear")


def _over_draws(table, column, title, kind):
    scale = alt.Scale(type="log", nice=False, padding=20)
    ticks = alt.Axis(values=sorted(table["k"].unique().tolist()), format="d")
    x = alt.X("k:Q", scale=scale, axis=ticks, title="random draws at every size")
    height = {"scale": alt.Scale(type=kind, nice=kind == "linear"), "title": title}
    base, colour = alt.Chart(table), _colour(table)
    line = base.mark_line(point=True).encode(x, alt.Y(f"{column}:Q", **height), colour)
    band = base.mark_area(opacity=0.12).encode(x, alt.Y("low:Q", **height), alt.Y2("high:Q"), colour)
    return alt.layer(band, line).properties(height=300, width="container")


def forecast_bands(forecasts: dict) -> pd.DataFrame:
    """Each forecast from the end of its data to BEYOND times that: architecture, n, median, low, high."""
    bands = []
    for architecture, told in forecasts.items():
        n, half = np.geomspace(told.n_max, told.n_max * BEYOND, POINTS_PER_LINE // 3), told.confidence / 2
        low, median, high = (told.predictive.quantile(n, q) for q in (0.5 - half, 0.5, 0.5 + half))
        bands.append(pd.DataFrame({"architecture": architecture, "n": n, "median": median, "low": low, "high": high}))
    return pd.concat(bands, ignore_index=True)


def fitted_lines(laws: dict) -> pd.DataFrame:
    """Each law over the range of n it was fitted to: architecture, n, loss."""
    lines = [pd.DataFrame({"architecture": pd.Series(dtype=str), "n": [], "loss": []})]
    for architecture, law in laws.items():
        n = np.geomspace(law.n_min, law.n_max, POINTS_PER_LINE)
        lines.append(pd.DataFrame({"architecture": architecture, "n": n, "loss": law(n)}))
    return pd.concat([line for line in lines if len(line)] or lines, ignore_index=True)


def _colour(points: pd.DataFrame) -> alt.Color:
    legend = alt.Legend(symbolOpacity=1)  # the symbols would else be as pale as the bands
    return alt.Color("architecture:N", scale=_scale(points, COLOURS), title="architecture", legend=legend)


def _scale(points: pd.DataFrame, values: list[str]) -> alt.Scale:
    names = sorted(points["architecture"].unique())
    return alt.Scale(domain=names, range=[values[i % len(values)] for i in range(len(names))])


def _hover(points: pd.DataFrame):
    shown = {
        "n": ",",
        "loss": ".4f",
        "test_loss": ".4f",
        "test_error": ".2%",
        "se": ".4f",
        "samples": ",",
        "data_seed": ",",
    }
    yield "architecture:N", ""
    for column, style in shown.items():
        if column in points and not (column == "loss" and "test_loss" in points):
            yield f"{column}:Q", style
