"""The table behind it all, and the losses over steps of chosen runs."""

from functools import partial

import pandas as pd
import streamlit as st

from analysis.evidence import Evidence, Question
from analysis.language import Text
from analysis.presentation import charts
from analysis.presentation.sections import Section
from analysis.runs import best_runs
from analysis.study import links
from app import cache
from app.show import labels, say, show, words
from app.source import Source

COLUMNS = [
    *("name", "architecture", "n_train", "sample", "data_seed", "status", "best_val_loss", "best_val_error"),
    *("test_loss", "test_error", "best_step", "seconds", "failure"),
]
MOST = 8  # curves over steps at once
ALL = Text("all")


def show_runs(source: Source, evidence: Evidence, question: Question) -> None:
    st.subheader(words(Text("The runs behind each point")))
    if evidence.runs is None:
        st.dataframe(evidence.table.dropna(axis="columns", how="all"), hide_index=True)
        return
    chosen = _filtered(evidence.runs)
    table = chosen.reindex(columns=COLUMNS).sort_values("best_val_loss")
    if source.ui:
        table.insert(1, "MLflow", links(chosen.loc[table.index], source.ui))
    config = {
        "MLflow": st.column_config.LinkColumn(display_text=say(Text("open"))),
        "n_train": st.column_config.NumberColumn(say(Text("examples")), format="localized"),
    }
    st.dataframe(table, hide_index=True, column_config=config)
    st.caption(words(Text("{shown:,} of {count:,} runs.", shown=len(table), count=len(evidence.runs))))
    st.download_button(
        "CSV", lambda: table.to_csv(index=False).encode(), "runs.csv", type="tertiary", on_click="ignore"
    )
    _histories(source, chosen)


def _filtered(runs: pd.DataFrame) -> pd.DataFrame:
    columns = st.columns(3)
    asked = {
        "architecture": (Text("Architecture"), runs["architecture"]),
        "n_train": (Text("Training examples"), runs["n_train"].dropna().astype(int)),
        "status": (Text("Status"), runs["status"]),
    }
    for place, (column, (label, values)) in zip(columns, asked.items()):
        options = [None, *sorted(values.unique().tolist())]
        wanted = place.selectbox(say(label), options, format_func=labels({None: ALL}), key=f"filter-{column}")
        runs = runs if wanted is None else runs[runs[column] == wanted]
    return runs


def _histories(source: Source, runs: pd.DataFrame) -> None:
    """Losses over steps; at first of the best run at the largest size of each architecture."""
    known = runs if source.study.histories is None else runs[runs["run_id"].isin(source.study.histories["run_id"])]
    best = best_runs(known)
    if best.empty:
        return
    names = dict(zip(known["run_id"], known["name"]))
    first = best.sort_values("n_train").drop_duplicates("architecture", keep="last")["run_id"].tolist()[:MOST]
    chosen = st.multiselect(
        say(Text("Losses over training steps of")),
        list(names),
        first,
        names.get,
        max_selections=MOST,
        key=f"steps-{'-'.join(source.key)[:80]}",
    )
    if not chosen:
        return
    if source.study.histories is not None:
        steps = source.study.histories[source.study.histories["run_id"].isin(chosen)]
    else:
        status = known.set_index("run_id")["status"]
        steps = pd.concat([cache.history(run_id, source.store, status[run_id]) for run_id in chosen])
    if steps.empty:
        return
    steps = steps.assign(name=steps["run_id"].map(names))
    text = Text("Validation loss over optimiser steps; thin and dotted: the training loss.")
    table = steps[["name", "step", "val_loss", "train_loss"]]
    show(Section(Text("Losses over steps"), text, table, partial(charts.steps, steps)), "steps")
