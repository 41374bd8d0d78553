"""Tables and fits in, Altair charts out; the report and the page draw the same."""

import altair as alt
import numpy as np
import pandas as pd

# Okabe & Ito's colours, told apart by colour-blind readers, with a shape each as well.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F7F7F", "#000000"]
SHAPES = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left"]
UNITS = {"loss": "test loss (nats)", "error": "test error (fraction)"}
POINTS_PER_LINE = 60


def learning_curves(points: pd.DataFrame, laws: dict, metric: str = "loss", untuned: pd.DataFrame | None = None):
    """Log-log chart: measured points, the fitted power law of each architecture, the untuned curve dashed.

    points: architecture, n, loss and what else hovering shows. laws: architecture -> PowerLaw.
    """
    colour = alt.Color("architecture:N", scale=_scale(points, COLOURS), title="architecture")
    shape = alt.Shape("architecture:N", scale=_scale(points, SHAPES), title="architecture")
    x = alt.X("n:Q", scale=alt.Scale(type="log", nice=False, padding=20), title="training images n")
    y = alt.Y("loss:Q", scale=alt.Scale(type="log", nice=False, padding=20), title=UNITS[metric])
    hover = [alt.Tooltip(column, format=style) for column, style in _hover(points)]
    layers = [
        alt.Chart(fitted_lines(laws)).mark_line(strokeWidth=2).encode(x, y, colour, detail="architecture:N"),
        alt.Chart(points).mark_point(size=70, filled=True, opacity=0.9).encode(x, y, colour, shape, tooltip=hover),
    ]
    if untuned is not None and len(untuned):
        mean = untuned.groupby(["architecture", "n"], as_index=False)["loss"].mean()
        dashed = alt.Chart(mean).mark_line(strokeDash=[3, 3], strokeWidth=1, opacity=0.8)
        layers.append(dashed.encode(x, y, colour, detail="architecture:N"))
    return alt.layer(*layers).properties(height=420, width="container")


def fitted_lines(laws: dict) -> pd.DataFrame:
    """Each law over the range of n it was fitted to: architecture, n, loss."""
    lines = [pd.DataFrame({"architecture": pd.Series(dtype=str), "n": [], "loss": []})]
    for architecture, law in laws.items():
        n = np.geomspace(law.n_min, law.n_max, POINTS_PER_LINE)
        lines.append(pd.DataFrame({"architecture": architecture, "n": n, "loss": law(n)}))
    return pd.concat([line for line in lines if len(line)] or lines, ignore_index=True)


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
