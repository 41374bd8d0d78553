"""What the chart of the learning curves draws beside its points, as tables."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.curves.forecast import Forecast
from analysis.curves.power_law import PowerLaw
from tracking.measures import find_measure
from tracking.text import Text

POINTS_PER_LINE = 60
POINTS_PER_BAND = 20
BEYOND = 10  # times the data: how far the forecast is drawn
FIRM = 0.02  # a floor below this share of the smallest value is not worth a line
TARGET = Text("target")
BEST_GUESS = Text("best guess")


@dataclass(frozen=True)
class Lines:
    """What is drawn beside the points; levels are gaps (tracking/measures.py).

    laws: architecture -> its law.
    forecasts: architecture -> its forecast.
    untuned: points without tuning.
    target, best_guess: levels.
    chosen: the architecture whose regions and floor are marked.
    beyond: how far forecasts are drawn, times the data.
    """

    laws: Mapping[str, PowerLaw]
    forecasts: Mapping[str, Forecast]
    untuned: pd.DataFrame | None = None
    target: float | None = None
    best_guess: float | None = None
    chosen: str | None = None
    beyond: float = BEYOND


def forecast_bands(forecasts: Mapping[str, Forecast], beyond: float = BEYOND) -> pd.DataFrame:
    """Each forecast from the end of its data to `beyond` times that.

    Columns: architecture, n, median, low, high.
    """
    bands = []
    for architecture, found in forecasts.items():
        n = np.geomspace(found.n_max, found.n_max * beyond, POINTS_PER_BAND)
        half = found.confidence / 2
        levels = np.array([[0.5 - half], [0.5], [0.5 + half]])
        low, median, high = found.predictive.quantile(n, levels)
        band = {"architecture": architecture, "n": n, "median": median}
        bands.append(pd.DataFrame({**band, "low": low, "high": high}))
    return pd.concat(bands, ignore_index=True)


def fitted_lines(laws: Mapping[str, PowerLaw]) -> pd.DataFrame:
    """Each law over the range of n it was fitted to: architecture, n, value."""
    lines = [pd.DataFrame({"architecture": pd.Series(dtype=str), "n": [], "value": []})]
    for architecture, law in laws.items():
        n = np.geomspace(law.n_min, law.n_max, POINTS_PER_LINE)
        lines.append(pd.DataFrame({"architecture": architecture, "n": n, "value": law(n)}))
    return pd.concat([line for line in lines if len(line)] or lines, ignore_index=True)


def spread(points: pd.DataFrame) -> pd.DataFrame:
    """The mean of each size with one standard error to either side, where it is known.

    Columns: architecture, n, value, se, low, high.
    """
    known = points.dropna(subset="se") if "se" in points else points[:0].assign(se=0.0)
    mean = known.groupby(["architecture", "n"], as_index=False)[["value", "se"]].mean()
    # a logarithmic axis ends above 0
    low = np.maximum(mean["value"] - mean["se"], mean["value"] / 10)
    return mean.assign(low=low, high=mean["value"] + mean["se"])


def regions(points: pd.DataFrame, lines: Lines) -> pd.DataFrame:
    """The stretches of the chosen curve; empty without its law.

    Columns: start, end (sizes), region (what it is).
    """
    law = lines.laws.get(lines.chosen or "")
    rows: list[tuple] = []
    if law:
        first = points.loc[points["architecture"] == lines.chosen, "n"].min()
        rows = [
            (first, law.n_min, Text("before the power law")),
            (law.n_min, law.n_max, Text("power law")),
            (law.n_max, law.n_max * lines.beyond, Text("forecast")),
        ]
    kept = [row for row in rows if row[0] < row[1]]
    return pd.DataFrame(kept, columns=["start", "end", "region"])


def levels(lines: Lines, measure: str = "loss") -> pd.DataFrame:
    """Horizontal lines: value, level (what it is), and fitted (whether the law says it).

    No floor is shown that the forecast, which weighs other forms, too, falls below.
    """
    rows = [(lines.target, TARGET, False), (lines.best_guess, BEST_GUESS, False)]
    law = lines.laws.get(lines.chosen or "")
    if law and law.c > FIRM * law(law.n_max) and law.c <= _lowest(lines, law):
        rows.append((law.c, _limit(str(lines.chosen), measure), True))
    known = [row for row in rows if row[0]]
    return pd.DataFrame(known, columns=["value", "level", "fitted"])


def _limit(name: str, measure: str) -> Text:
    """What remains with any amount of data."""
    if find_measure(measure).is_score:
        return Text("ceiling of {name}", name=name)
    return Text("floor of {name}", name=name)


def _lowest(lines: Lines, law: PowerLaw) -> float:
    """How low the curve of the chosen architecture is drawn."""
    found = lines.forecasts.get(lines.chosen or "")
    if found is None:
        return law.c
    return found.predictive.quantile(law.n_max * lines.beyond, 0.5)[0]
