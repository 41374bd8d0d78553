"""The table behind it all, and chosen runs over their steps."""

from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from analysis.report import charts
from analysis.report.numbers import said_of
from analysis.report.parts import points
from analysis.report.run_table import headings, runs_table
from analysis.report.sections import Section
from analysis.report.study_analysis import StudyAnalysis
from analysis.selection import best_runs
from app import cache
from app.show import labels, say, show, words
from app.shown import Source
from tracking.csv_cells import as_csv, inert
from tracking.measures import find_measure
from tracking.schema import history
from tracking.study import links
from tracking.text import Text, counted

LINK = "MLflow"  # to each run there, where its address is known
MOST = 8  # curves over steps at once
ALL = Text("all")


def show_runs(source: Source, analysis: StudyAnalysis) -> None:
    st.subheader(words(Text("The runs behind each point")))
    if analysis.runs is None:
        measured = points(analysis).dropna(axis="columns", how="all")
        st.dataframe(inert(measured), hide_index=True)
        return
    runs = analysis.runs
    if source.ui:
        runs = runs.assign(**{LINK: links(runs, source.ui)})
    chosen = _filtered(runs)
    _table(chosen, len(runs))
    _histories(source, chosen, analysis.chooser)


def _filtered(runs: pd.DataFrame) -> pd.DataFrame:
    """Those with the architecture, size and status that the reader chooses."""
    columns = st.columns(3)
    asked = {
        "architecture": (Text("Architecture"), runs["architecture"]),
        "n_train": (Text("Training examples"), runs["n_train"].dropna().astype(int)),
        "status": (Text("Status"), runs["status"]),
    }
    for place, (column, (label, values)) in zip(columns, asked.items()):
        options = [None, *sorted(values.unique().tolist())]
        wanted = place.selectbox(
            say(label), options, format_func=labels({None: ALL}), key=f"filter-{column}"
        )
        runs = runs if wanted is None else runs[runs[column] == wanted]
    return runs


def _table(chosen: pd.DataFrame, count: int) -> None:
    table = inert(runs_table(chosen))  # the browser offers what it shows as CSV
    if LINK in chosen:
        table.insert(1, LINK, chosen[LINK])
    config: dict[str, Any] = {name: say(text) for name, text in headings(chosen).items()}
    config[LINK] = st.column_config.LinkColumn(display_text=say(Text("open")))
    examples = st.column_config.NumberColumn(config["n_train"], format="localized")
    config["n_train"] = examples
    st.dataframe(table, hide_index=True, column_config=config)
    shown = counted(
        "{shown} of {count} run.",
        "{shown:,} of {count:,} runs.",
        shown=len(table),
        count=count,
    )
    st.caption(words(shown))
    st.download_button(
        "CSV",
        lambda: as_csv(table).encode(),
        "runs.csv",
        type="tertiary",
        on_click="ignore",
    )


def _histories(source: Source, runs: pd.DataFrame, measure: str) -> None:
    """The measure that chose, over steps of runs that the reader chooses."""
    kept = source.study.histories
    known = runs if kept is None else runs[runs["run_id"].isin(kept["run_id"])]
    first = _largest(known)
    if not first:
        return
    names = dict(zip(known["run_id"], known["name"]))
    chosen = st.multiselect(
        say(Text("Over training steps, the {measure} of", measure=said_of(measure))),
        list(names),
        first,
        names.get,
        max_selections=MOST,
        key=f"steps-{'-'.join(source.key)[:80]}",
    )
    steps = _steps(source, known, chosen, measure)
    if not steps.empty:
        show(_section(steps.assign(name=steps["run_id"].map(names)), measure), "steps")


def _largest(runs: pd.DataFrame) -> list[str]:
    """Ids of the best run at the largest size of each architecture."""
    best = best_runs(runs).sort_values("n_train")
    return best.drop_duplicates("architecture", keep="last")["run_id"].tolist()[:MOST]


def _steps(
    source: Source, runs: pd.DataFrame, chosen: list[str], measure: str
) -> pd.DataFrame:
    """The measure over steps of the chosen runs, kept with the study or asked of the store."""
    kept = source.study.histories
    if kept is None:
        status = runs.set_index("run_id")["status"]
        parts = [
            cache.history(run_id, source.store, status[run_id], measure) for run_id in chosen
        ]
        kept = pd.concat(parts) if parts else pd.DataFrame(columns=["run_id"])
    val, _ = history(find_measure(measure).name)
    known = kept[kept["run_id"].isin(chosen)]
    return known.dropna(subset=val) if val in known else known[:0]


def _section(steps: pd.DataFrame, measure: str) -> Section:
    known = {"measure": said_of(measure)}
    words = Text(
        "Validation {measure} over optimiser steps; thin and dotted: in training.", **known
    )
    val, train = history(find_measure(measure).name)
    shown = {
        "name": Text("run"),
        "step": Text("step"),
        val: Text("validation {measure}", **known),
        train: Text("training {measure}", **known),
    }
    table = steps.reindex(columns=list(shown)).rename(columns=shown)
    chart = partial(charts.steps, steps, measure)
    return Section(Text("Over training steps"), words, table, chart)
