"""The table behind it all, and the losses over steps of chosen runs."""

from functools import partial

import pandas as pd
import streamlit as st

from analysis.report import charts
from analysis.report.parts import points
from analysis.report.sections import Section
from analysis.report.study_analysis import StudyAnalysis
from analysis.selection import best_runs
from app import cache
from app.show import labels, say, show, words
from app.source import Source
from tracking.study import links
from tracking.text import Text, counted

COLUMNS = [
    "name",
    "architecture",
    "n_train",
    "sample",
    "data_seed",
    "status",
    "best_val_loss",
    "best_val_error",
    "test_loss",
    "test_error",
    "best_step",
    "seconds",
    "failure",
]
LINK = "MLflow"  # to each run there, where its address is known
MOST = 8  # curves over steps at once
ALL = Text("all")


def show_runs(source: Source, analysis: StudyAnalysis) -> None:
    st.subheader(words(Text("The runs behind each point")))
    if analysis.runs is None:
        measured = points(analysis).dropna(axis="columns", how="all")
        st.dataframe(measured, hide_index=True)
        return
    runs = analysis.runs
    if source.ui:
        runs = runs.assign(**{LINK: links(runs, source.ui)})
    chosen = _filtered(runs)
    _table(chosen, len(runs))
    _histories(source, chosen)


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
    name, *others = COLUMNS
    columns = [name, LINK, *others] if LINK in chosen else COLUMNS
    table = chosen.reindex(columns=columns).sort_values("best_val_loss")
    config = {
        LINK: st.column_config.LinkColumn(display_text=say(Text("open"))),
        "n_train": st.column_config.NumberColumn(say(Text("examples")), format="localized"),
    }
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
        lambda: table.to_csv(index=False).encode(),
        "runs.csv",
        type="tertiary",
        on_click="ignore",
    )


def _histories(source: Source, runs: pd.DataFrame) -> None:
    """Losses over steps of runs that the reader chooses."""
    kept = source.study.histories
    known = runs if kept is None else runs[runs["run_id"].isin(kept["run_id"])]
    first = _largest(known)
    if not first:
        return
    names = dict(zip(known["run_id"], known["name"]))
    chosen = st.multiselect(
        say(Text("Losses over training steps of")),
        list(names),
        first,
        names.get,
        max_selections=MOST,
        key=f"steps-{'-'.join(source.key)[:80]}",
    )
    steps = _steps(source, known, chosen)
    if not steps.empty:
        show(_section(steps.assign(name=steps["run_id"].map(names))), "steps")


def _largest(runs: pd.DataFrame) -> list[str]:
    """Ids of the best run at the largest size of each architecture."""
    best = best_runs(runs).sort_values("n_train")
    return best.drop_duplicates("architecture", keep="last")["run_id"].tolist()[:MOST]


def _steps(source: Source, runs: pd.DataFrame, chosen: list[str]) -> pd.DataFrame:
    """Losses over steps of the chosen runs, kept with the study or asked of the store."""
    kept = source.study.histories
    if kept is not None:
        return kept[kept["run_id"].isin(chosen)]
    status = runs.set_index("run_id")["status"]
    parts = [cache.history(run_id, source.store, status[run_id]) for run_id in chosen]
    return pd.concat(parts) if parts else pd.DataFrame()


def _section(steps: pd.DataFrame) -> Section:
    words = Text("Validation loss over optimiser steps; thin and dotted: the training loss.")
    table = steps[["name", "step", "val_loss", "train_loss"]]
    chart = partial(charts.steps, steps)
    return Section(Text("Losses over steps"), words, table, chart)
