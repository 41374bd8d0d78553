"""What is remembered between two looks at the page.

It is forgotten when the store changes; a control never fits anything again.
"""

import io
import time
from pathlib import Path

import pandas as pd
import streamlit as st

from analysis.report.study_analysis import StudyAnalysis
from tracking import other_runs, store
from tracking import study as kept
from tracking.export import read_export
from tracking.study import Study
from tracking.tables.cells import Cells, read_cells

RUNS_PER_SECOND = 200  # about a twentieth of what is read and concluded from in that time
# study, store -> its stamp when it was read, and until when that holds
_read: dict[tuple[str, str], tuple[str, float]] = {}


@st.cache_data(ttl=5, show_spinner=False)
def names(uri: str) -> list[str]:
    """All experiments of the store: what a link may name."""
    return store.experiments(uri)


@st.cache_data(ttl=5, show_spinner=False)
def studies(uri: str) -> list[str]:
    """Those that can be shown: the ones with a finished run first."""
    return store.studies(uri)


def stamp(study: str, store: str) -> str:
    """Changes when a run of the study begins or ends, or its plan changes.

    A study that was read stays as it was for a second per RUNS_PER_SECOND of its runs: while a
    large one is trained it would be read and concluded from all the time.
    """
    held, until = _read.get((study, store), ("", 0.0))
    return held if time.monotonic() < until else newest(study, store)


@st.cache_data(ttl=3, show_spinner=False)
def newest(study: str, store: str) -> str:
    """`stamp`, of a study that may change at any time."""
    return kept.stamp(study, store)


@st.cache_resource(max_entries=6, show_spinner=False)
def load(study: str, store: str, stamp: str) -> Study:
    """A study of the store as it was at the stamp."""
    found = kept.load_study(study, store)
    pause = found.counts.sum() // RUNS_PER_SECOND  # none for a small one
    _read[study, store] = stamp, time.monotonic() + pause
    return found


@st.cache_resource(max_entries=6, show_spinner=False)
def example(folder: Path) -> Study:
    """A study that was exported."""
    return read_export(folder)


@st.cache_resource(max_entries=6, show_spinner=False)
def cells(content: bytes, name: str, sheet: str | None) -> Cells:
    """An uploaded file as a table of text, which is read again for each question."""
    return read_cells(io.BytesIO(content), name, sheet)


@st.cache_resource(max_entries=6, show_spinner=False)
def run_cells(experiment: str, store: str, stamp: str) -> Cells:
    """What the runs of others have logged, as it was at the stamp."""
    return other_runs.run_cells(experiment, store)


@st.cache_resource(max_entries=20, show_spinner=False)
def analysis(
    source: tuple[str, ...], dataset: str | None, measure: str, _study: Study
) -> StudyAnalysis:
    """All that is concluded from a study.

    source: where the study is from and when it last changed; so it need not be compared.
    """
    return StudyAnalysis(_study, dataset, measure)


@st.cache_data(max_entries=100, show_spinner=False)
def history(run_id: str, store: str, status: str, measure: str) -> pd.DataFrame:
    """One run over its steps; by its status, so that a running one is asked again."""
    return kept.histories([run_id], store, (measure,))
