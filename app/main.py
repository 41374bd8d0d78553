"""The page, read from top to bottom: streamlit run app/main.py"""

import sys
from pathlib import Path

import streamlit as st

sys.path.insert(0, str(Path(__file__).parents[1]))  # streamlit puts app/ on the path, not the project

from analysis import charts
from analysis.answer import conclude
from analysis.diagnosis import diagnose
from analysis.held_out import held_out
from analysis.report import study_note
from analysis.runs import (
    StoreError,
    best_runs,
    default_store,
    experiments,
    load_runs,
    points,
    tuning_gain,
    untuned,
)
from analysis.sections import sections, warnings_of

START = "To train a small study on the built-in digits (about three minutes):\n```\nmake study\n```"
RUN_COLUMNS = [
    *("name", "architecture", "n_train", "sample", "data_seed", "status", "best_val_loss", "best_val_error"),
    *("test_loss", "test_error", "best_step", "seconds", "failure", "run_id"),
]

st.set_page_config("Scaling study", layout="wide")
st.title("How much data is enough?")
st.caption("Test loss falls as a power law in the number of training images: loss = a · n⁻ᵇ + c.")


@st.cache_data(ttl=10, show_spinner="Reading the runs …")
def read_runs(experiment: str, store: str):
    return load_runs(experiment, store), study_note(experiment, store), held_out(experiment, store)


# Computed once for the same runs; as resources, since a form holds functions, which cannot be pickled.
conclude_once = st.cache_resource(conclude, max_entries=20, show_spinner="Forecasting …")
diagnose_once = st.cache_resource(diagnose, max_entries=20, show_spinner="Looking at the search …")


def stop_with(message: str, what_to_do: str) -> None:
    st.info(message)
    st.markdown(what_to_do)
    st.stop()


# --- what to show ----------------------------------------------------------------------------------

with st.sidebar:
    store = st.text_input("MLflow tracking store", default_store(), help="MLFLOW_TRACKING_URI, or MLflow's default")
try:
    names = experiments(store)
except StoreError as error:
    stop_with(str(error), START)
with st.sidebar:
    study = st.selectbox("Study (MLflow experiment)", names)
if study is None:
    stop_with("This store holds no experiment yet.", START)
try:
    runs, note, told = read_runs(study, store)
except StoreError as error:
    stop_with(str(error), START)
if best_runs(runs).empty:
    stop_with(f"'{study}' has no finished run of ours yet ({len(runs)} started). Choose another on the left.", START)

with st.sidebar:
    dataset = st.selectbox("Dataset", sorted(best_runs(runs)["dataset"].unique()))
    metric = st.radio("Measure", ["loss", "error"], format_func={"loss": "Loss (nats)", "error": "Error"}.get)
    target = st.number_input("Target to reach", min_value=1e-6, value=None, format="%g", placeholder="none")
runs = runs[runs["dataset"] == dataset]
best = best_runs(runs)
table = points(best, metric)
conclusions = conclude_once(table, metric, target=target)
diagnosis = diagnose_once(runs, told, metric)
law, *parts = sections(conclusions, diagnosis, metric, 0.9)
laws = {found.architecture: found.law for found in conclusions if found.law}
forecasts = {found.architecture: found.forecast for found in conclusions if found.forecast}

# --- the curve -------------------------------------------------------------------------------------

st.subheader(f"Learning curves on {dataset}")
if note:
    st.caption(f"Data: {note}")
st.altair_chart(charts.learning_curves(table, laws, metric, points(best_runs(untuned(runs)), metric), forecasts))
st.caption(
    "Each point is the run with the smallest validation loss among those of its size, measured once on the test set. "
    "Solid lines: the fitted law. Dashed, in its 90 % interval: the forecast. Dotted: without tuning (sample 0)."
)

# --- the answer ------------------------------------------------------------------------------------

st.subheader("Exponents")
st.dataframe(law.table, hide_index=True)
if remarks := warnings_of(conclusions, diagnosis):
    with st.expander(f"{len(remarks)} remarks on these fits"):
        st.markdown("\n".join(f"- {line}" for line in remarks))
for part in parts:
    st.subheader(part.title)
    st.caption(part.words)
    st.dataframe(part.table, hide_index=True, height="content")
    if part.chart is not None:
        st.altair_chart(part.chart)

# --- tuning ----------------------------------------------------------------------------------------

st.subheader("What tuning brought")
shown = st.column_config.NumberColumn
st.dataframe(
    tuning_gain(runs, metric),
    hide_index=True,
    column_config={
        "n": shown(format="localized"),
        "untuned": shown("untuned (sample 0)", format="%.4f"),
        "tuned": shown("tuned (best of all samples)", format="%.4f"),
        "reduction": shown("lower by", format="percent"),
    },
)

# --- the runs --------------------------------------------------------------------------------------

st.subheader("The runs behind each point")
left, right = st.columns(2)
architecture = left.selectbox("Architecture", ["all", *sorted(best["architecture"].unique())])
size = right.selectbox("Training images", ["all", *sorted(best["n_train"].astype(int).unique())])
chosen = runs[(runs["architecture"] == architecture) | (architecture == "all")]
chosen = chosen[(chosen["n_train"] == size) | (size == "all")]
st.dataframe(chosen[RUN_COLUMNS].sort_values("best_val_loss"), hide_index=True)
st.caption(f"{len(chosen):,} runs. Look at each one in the MLflow UI: `make ui`.")
