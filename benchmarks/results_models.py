"""How large the winning models are, and what a law of data and model size foretells."""

import altair as alt
import numpy as np
import pandas as pd

from analysis import FitError, forecast
from analysis.comparison.joint_law import joint_forecast, samples_of
from analysis.comparison.model_size import ModelGrowth, model_growth
from analysis.curves.curve import known_of
from analysis.report.theme import HEIGHT, LIGHT, log
from analysis.selection import best_guess, best_runs, datasets, points
from benchmarks.results_tables import draw, markdown
from tracking.runs import is_replica
from tracking.study import Study

MEASURES = ("loss", "error")
SEEN = 0.08  # share of the pool that the forecasts see


def growth(study: Study) -> str:
    """Parameters of the winner by size of the data, with the exponent of their growth."""
    assert study.runs is not None
    found = model_growth(study.runs)
    if not found:
        return "No architecture has models of two sizes."
    draw(winning_models(found), f"{study.name}-models")
    return markdown(pd.DataFrame([_row(one) for one in found.values()]))


def winning_models(found: dict[str, ModelGrowth]) -> alt.LayerChart:
    """Parameters of the winner over n, and dotted the largest model that was tried."""
    tables = [one.table.assign(architecture=name) for name, one in found.items()]
    table = pd.concat(tables, ignore_index=True)
    x = alt.X("n:Q", **log("training examples n"))
    title = log("parameters of the winner")
    colour = LIGHT.colour(list(found))
    shape = LIGHT.shape(list(found))
    base = alt.Chart(table)
    lines = base.mark_line(strokeWidth=2).encode(x, alt.Y("parameters:Q", **title), colour)
    dots = base.mark_point(size=75, filled=True, opacity=0.9)
    dots = dots.encode(x, alt.Y("parameters:Q", **title), colour, shape)
    most = base.mark_line(strokeDash=[1, 4]).encode(x, alt.Y("largest:Q", **title), colour)
    return alt.LayerChart(layer=[most, lines, dots]).properties(height=HEIGHT)


def _row(one: ModelGrowth) -> dict[str, str]:
    first, *_, last = one.parameters
    exponent = "–"
    if np.isfinite(one.exponent):
        exponent = f"{one.exponent:.2f} [{one.low:.2f}, {one.high:.2f}]"
    return {
        "architecture": one.architecture,
        "winner's parameters, smallest to largest n": f"{first:,.0f} to {last:,.0f}",
        "largest model tried": f"{one.largest[-1]:,.0f}",
        "exponent of their growth": exponent,
        "the largest wins at the end": "**yes**" if one.capped else "no",
    }


def joint(study: Study) -> str:
    """What the joint law and the forecast of the curve said from SEEN of the pool."""
    rows = [row for measure in MEASURES for row in _foretold(study, measure)]
    return markdown(pd.DataFrame(rows)) if rows else "Too few samples of several model sizes."


def _foretold(study: Study, measure: str) -> list[dict[str, str]]:
    runs = study.on(datasets(study)[0])
    assert runs is not None
    guess = best_guess(study, datasets(study)[0], measure)
    most = SEEN * runs["pool"].max()
    rows = []
    for name, curve in points(best_runs(runs), measure).groupby("architecture"):
        seen = curve[curve["n"] <= most]
        later = curve[curve["n"] > most].groupby("n")["value"].mean()
        samples = samples_of(runs[~is_replica(runs)], str(name))
        samples = samples[samples["n_train"] <= most]
        try:
            told = joint_forecast(samples, later.index, guess or np.nan, measure=measure)
            ours = forecast(seen["n"], seen["value"], later.index, **known_of(seen))
        except FitError:
            continue
        inside = later.between(told["low"].to_numpy(), told["high"].to_numpy())
        row = {"architecture": str(name), "by": measure, "from": f"{seen['n'].max():,.0f}"}
        row["at"] = f"{later.index[-1]:,.0f}"
        row["measured"] = f"{later.iloc[-1]:.3g}"
        row["joint law"] = _beside(told["predicted"].iloc[-1], later.iloc[-1])
        row["the curve's forecast"] = _beside(ours.median[-1], later.iloc[-1])
        row["joint law, inside"] = f"{inside.sum()} of {len(inside)}"
        held = later.between(ours.low, ours.high)
        rows.append(row | {"the curve's, inside": f"{held.sum()} of {len(held)}"})
    return rows


def _beside(predicted: float, measured: float) -> str:
    return f"{predicted:.3g} ({measured / predicted - 1:+.0%})"
