"""Where the data come from: a study in the tracking store, a CSV of the reader's own, or a bundled example."""

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from analysis.export import exports
from analysis.language import Text
from analysis.runs import StoreError, default_store
from analysis.study import Study, read_measured
from analysis.trust.failures import nothing_finished
from app import address, cache
from app.show import labels, say, stop

EXAMPLES = Path(__file__).parent / "example"
FIRST_EXAMPLE = "fashion_mnist"
KINDS = {"study": Text("Study"), "csv": Text("Your CSV"), "example": Text("Example")}
MAKE_STUDY = Text("Train a small study on the built-in digits (about two and a half minutes on two cores):")
MOST_BYTES = 2 * 2**20  # of a CSV, as server.maxUploadSize says; its rows are bounded where it is read
TEMPLATE = """n,loss,se,architecture
1000,0.912,0.010,cnn
2000,0.705,0.009,cnn
4000,0.548,0.007,cnn
8000,0.431,0.006,cnn
16000,0.342,0.005,cnn
"""


@dataclass(frozen=True)
class Source:
    """A study and where it is: kind is a key of KINDS; store, ui: its tracking store and MLflow UI, or "".

    key: changes when the study does.
    """

    study: Study
    kind: str
    key: tuple[str, ...]
    store: str = ""
    ui: str = ""


def choose() -> Source:
    """The sidebar's first part. Ends the page with a plain box where there is nothing to show."""
    with st.sidebar:
        address.start("source", _first_kind(), address.one_of(KINDS))
        kind = st.segmented_control(
            say(Text("What to show")),
            list(KINDS),
            format_func=labels(KINDS),
            key="source",
            required=True,
        )
        try:
            return {"study": _study, "csv": _csv, "example": _example}[kind]()
        except (StoreError, OSError) as error:
            problem = error.args[0] if isinstance(error, StoreError) else str(error)
    return stop(problem, MAKE_STUDY if kind == "study" else "", "make study" if kind == "study" else "")


def _first_kind() -> str:
    """The example where the default store holds no study yet."""
    try:
        there = any(name != "Default" for name in cache.names(default_store()))
    except StoreError:
        there = False
    return "study" if there or not exports(EXAMPLES) else "example"


def _study() -> Source:
    place = st.expander(say(Text("Where the runs are")))
    store = place.text_input(
        say(Text("MLflow tracking store")),
        default_store(),
        key="store",
        help=say(Text("MLFLOW_TRACKING_URI, or MLflow's default. It is only read.")),
    )
    ui = store if store.startswith("http") else "http://127.0.0.1:5000"
    ui = place.text_input(
        say(Text("MLflow UI")), ui, key="ui", help=say(Text("Points and runs link to it. Start it with: make ui"))
    )
    names = cache.names(store)
    if not names:
        raise StoreError(Text("This store holds no experiment yet."))
    address.start("study", names[0], address.one_of(names))
    if st.session_state["study"] not in names:
        st.session_state["study"] = names[0]
    name = st.selectbox(say(Text("Study (an MLflow experiment)")), names, key="study")
    stamp = cache.stamp(name, store)
    study = cache.load(name, store, stamp)
    if not study.datasets:
        raise StoreError(nothing_finished(name, study.runs))
    ui = ui.rstrip("/") if ui.startswith(("http://", "https://")) else ""
    return Source(study, "study", (store, name, stamp), store, ui)


def _csv() -> Source:
    given = st.file_uploader(
        say(Text("Learning curves that you measured")),
        "csv",
        key="csv",
        help=say(Text("Columns n and loss (nats) or error (fraction, 0–1); optional: se, architecture.")),
    )
    st.download_button(
        say(Text("Template")),
        TEMPLATE,
        "curves.csv",
        "text/csv",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
    )
    if given is None:
        raise StoreError(Text("Upload a CSV with the columns n and loss (or error) to get the same answers for it."))
    content = given.getvalue()
    if len(content) > MOST_BYTES:
        raise StoreError(Text("The CSV has more than {most:,} bytes; that is the most allowed.", most=MOST_BYTES))
    return Source(read_measured(io.BytesIO(content), given.name), "csv", (hashlib.sha256(content).hexdigest(),))


def _example() -> Source:
    names = exports(EXAMPLES)
    if not names:
        raise StoreError(Text("No example is bundled."))
    address.start("example", FIRST_EXAMPLE if FIRST_EXAMPLE in names else names[0], address.one_of(names))
    name = st.selectbox(say(Text("Example")), names, key="example")
    return Source(cache.example(EXAMPLES / name), "example", (name,))
