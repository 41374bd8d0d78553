"""What is remembered between two looks at the page, by what changes in the store: a control never fits anything."""

import pandas as pd
import streamlit as st

from analysis import study as studies
from analysis.evidence import Evidence
from analysis.export import read_export
from analysis.runs import experiments
from analysis.study import Study


@st.cache_data(ttl=5, show_spinner=False)
def names(store: str) -> list[str]:
    """Studies of the store, the one changed last first."""
    return experiments(store)


@st.cache_data(ttl=3, show_spinner=False)
def stamp(study: str, store: str) -> str:
    return studies.stamp(study, store)


@st.cache_resource(max_entries=6, show_spinner=False)
def load(study: str, store: str, stamp: str) -> Study:
    return studies.load_study(study, store)


@st.cache_resource(max_entries=6, show_spinner=False)
def example(folder: str) -> Study:
    return read_export(folder)


@st.cache_resource(max_entries=20, show_spinner=False)
def evidence(source: tuple[str, ...], dataset: str | None, metric: str, _study: Study) -> Evidence:
    """source says where the study comes from and when it last changed, so that the study need not be compared."""
    return Evidence(_study, dataset, metric)


@st.cache_data(max_entries=100, show_spinner=False)
def history(run_id: str, store: str, ended: str) -> pd.DataFrame:
    """Losses over steps of one run; `ended`, its status, is there so that a running one is asked again."""
    return studies.histories([run_id], store)
