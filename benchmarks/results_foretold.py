"""Forecasts logged before training, graded: only those made blind, by point and by curve."""

from dataclasses import replace

import numpy as np
import pandas as pd

from analysis import fit_power_law, forecast
from analysis.curves.curve import known_of
from analysis.diagnostics.blind import Tally, is_blind, tally
from analysis.report.chart_lines import Lines
from analysis.report.charts import learning_curves
from analysis.report.numbers import in_units
from analysis.report.study_analysis import StudyAnalysis
from analysis.selection import best_runs, points
from benchmarks.results_tables import draw, markdown
from tracking.study import Study

BY = "architecture"
CONFIDENCE = 0.9


def all_runs(studies: list[Study], like: Study) -> pd.DataFrame:
    """Of all studies on the datasets and in the search spaces of one of them."""
    assert like.runs is not None
    tables = [study.runs for study in studies if study.runs is not None]
    runs = pd.concat([table.dropna(axis="columns", how="all") for table in tables])
    same = runs["dataset"].isin(like.runs["dataset"].unique())
    return runs[same & runs["search_space"].isin(like.runs["search_space"].unique())]


def graded(analysis: StudyAnalysis, runs: pd.DataFrame) -> pd.DataFrame:
    """The study's forecasts of what has been measured since, with whether they were blind."""
    logged = analysis.diagnosis(CONFIDENCE).held_out
    known = logged[logged["measured"].notna()].sort_values([BY, "n"])
    return known.assign(blind=is_blind(known, runs))


def totals(parts: list[pd.DataFrame]) -> str:
    """Over all studies: a row per measure, blind forecasts and the others.

    parts: `graded` of each study and measure, with the column study.
    """
    table = pd.concat(parts, ignore_index=True)
    rows = []
    for (measure, blind), part in table.groupby(["metric", "blind"], sort=False):
        found = tally(part, ["study", BY])
        made = "blind" if blind else "of curves trained before; not counted"
        rows.append({"by": measure, "forecasts": made} | _counts(found))
    return markdown(pd.DataFrame(rows).sort_values("forecasts"))


def _counts(found: Tally) -> dict[str, str]:
    return {
        "points inside 90 %": f"{found.inside} of {found.points}",
        "curves with all points inside": f"{found.curves_inside} of {found.curves}",
        "typical miss (rms)": f"{np.expm1(found.miss):.1%}",
    }


def scores(by: dict[str, StudyAnalysis], runs: pd.DataFrame) -> str:
    """What was logged before training, what was measured, and what a law alone would say."""
    tables = []
    for measure, analysis in by.items():
        known = graded(analysis, runs)
        parts = known.groupby(BY)
        alone = [_law_alone(analysis, str(name), part) for name, part in parts]
        tables.append(_beside(measure, known, known["measured"] / np.concatenate(alone) - 1))
    names = pd.DataFrame(  # the same for both measures
        {
            "architecture": known[BY],
            "n": known["n"].map("{:,}".format),
            "from": known["from_n"].map("{:,}".format),
            "blind": np.where(known["blind"], "yes", "no"),
        }
    )
    table = pd.concat([names.reset_index(drop=True), *tables], axis=1)
    return markdown(table)


def _beside(measure: str, known: pd.DataFrame, of_law: pd.Series) -> pd.DataFrame:
    rows = []
    for row, miss in zip(known.itertuples(), of_law):
        low = in_units(row.low, measure)
        high = in_units(row.high, measure)
        measured = in_units(row.measured, measure)
        rows.append(
            {
                f"{measure} predicted": f"{in_units(row.predicted, measure)} [{low}, {high}]",
                "measured": measured if row.inside else f"**{measured}**",
                "miss": f"{row.miss:+.1%}",
                "law alone": f"{miss:+.1%}",
            }
        )
    return pd.DataFrame(rows)


def _law_alone(analysis: StudyAnalysis, name: str, part: pd.DataFrame) -> np.ndarray:
    seen = seen_then(analysis, name, part)
    law = fit_power_law(seen["n"], seen["value"], **known_of(seen))
    return law(part["n"].to_numpy())


def seen_then(analysis: StudyAnalysis, name: str, logged: pd.DataFrame) -> pd.DataFrame:
    """The points of an architecture that had been measured when its forecasts were made."""
    runs = analysis.runs[analysis.runs[BY] == name]
    runs = runs[runs["n_train"] <= logged["from_n"].max()]
    runs = runs[runs["started"] < pd.Timestamp(logged["made"].min())]
    return points(best_runs(runs), analysis.measure)


def draw_logged(analysis: StudyAnalysis, known: pd.DataFrame) -> None:
    """Laws and forecasts as they were then, beside what was measured after them."""
    laws = {}
    forecasts = {}
    shown = []
    for name, part in known.groupby(BY):
        seen = seen_then(analysis, str(name), part)
        curve = analysis.curves[str(name)]
        shown += [seen, curve[curve["n"] > part["from_n"].max()]]
        laws[str(name)] = fit_power_law(seen["n"], seen["value"], **known_of(seen))
        made = forecast(seen["n"], seen["value"], part["n"], **known_of(seen))
        said = {end: part[end].to_numpy() for end in ("low", "high")}
        forecasts[str(name)] = replace(made, median=part["predicted"].to_numpy(), **said)
    beyond = (known["n"] / known["from_n"]).max()
    lines = Lines(laws, forecasts, chosen=analysis.names[0], beyond=beyond)
    chart = learning_curves(pd.concat(shown, ignore_index=True), lines, analysis.measure)
    draw(chart, f"{analysis.study.name}-foretold")
