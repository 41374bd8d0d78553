"""Where the data come from: a study of the store, the reader's own CSV, or an example."""

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from analysis.report.failure_words import nothing_finished
from analysis.selection import datasets
from app import address, cache
from app.show import labels, say, stop
from tracking.errors import StoreError
from tracking.export import exports
from tracking.store import default_store
from tracking.study import Study, read_measured
from tracking.text import Text

EXAMPLES = Path(__file__).parent / "example"
FIRST_EXAMPLE = "fashion_mnist"
KINDS = {"study": Text("Study"), "csv": Text("Your CSV"), "example": Text("Example")}
MAKE_STUDY = Text(
    "Train a small study on the built-in digits (under two minutes on two cores):"
)
# Of a CSV, as server.maxUploadSize says; its rows are bounded where it is read.
MOST_BYTES = 2 * 2**20
UI = "http://127.0.0.1:5000"  # where `make ui` serves it
TEMPLATE = """n,loss,se,architecture
1000,0.912,0.010,cnn
2000,0.705,0.009,cnn
4000,0.548,0.007,cnn
8000,0.431,0.006,cnn
16000,0.342,0.005,cnn
"""


@dataclass(frozen=True)
class Source:
    """A study and where it is.

    study: what was measured.
    kind: a key of KINDS.
    key: changes when the study does.
    store, ui: its tracking store and MLflow UI; "" for none.
    """

    study: Study
    kind: str
    key: tuple[str, ...]
    store: str = ""
    ui: str = ""


def choose() -> Source:
    """The sidebar's first part; ends the page with a plain box where nothing can be shown."""
    with st.sidebar:
        kind = _kind()
        try:
            return {"study": _study, "csv": _csv, "example": _example}[kind]()
        except (StoreError, OSError) as error:
            problem = str(error)
    if kind == "study":
        stop(problem, MAKE_STUDY, "make study")
    return stop(problem)


def _kind() -> str:
    address.start("source", _first_kind(), address.one_of(KINDS))
    return st.segmented_control(
        say(Text("What to show")),
        list(KINDS),
        format_func=labels(KINDS),
        key="source",
        required=True,
    )


def _first_kind() -> str:
    """The example where the default store holds no study yet."""
    try:
        there = any(name != "Default" for name in cache.names(default_store()))
    except StoreError:
        there = False
    return "study" if there or not exports(EXAMPLES) else "example"


# --- a study of the store --------------------------------------------------------------------


def _study() -> Source:
    store, ui = _where()
    name = _name(cache.names(store))
    stamp = cache.stamp(name, store)
    study = cache.load(name, store, stamp)
    if not datasets(study):
        assert study.runs is not None
        raise StoreError(nothing_finished(name, study.runs))
    return Source(study, "study", (store, name, stamp), store, ui)


def _where() -> tuple[str, str]:
    """The tracking store and the address of its MLflow UI, "" where that is none."""
    place = st.expander(say(Text("Where the runs are")))
    store = place.text_input(
        say(Text("MLflow tracking store")),
        default_store(),
        key="store",
        help=say(Text("MLFLOW_TRACKING_URI, or MLflow's default. It is only read.")),
    )
    ui = place.text_input(
        say(Text("MLflow UI")),
        store if store.startswith("http") else UI,
        key="ui",
        help=say(Text("Points and runs link to it. Start it with: make ui")),
    )
    return store, ui.rstrip("/") if ui.startswith(("http://", "https://")) else ""


def _name(names: list[str]) -> str:
    if not names:
        raise StoreError(Text("This store holds no experiment yet."))
    address.start("study", names[0], address.one_of(names))
    if st.session_state["study"] not in names:
        st.session_state["study"] = names[0]
    return st.selectbox(say(Text("Study (an MLflow experiment)")), names, key="study")


# --- a CSV -----------------------------------------------------------------------------------


def _csv() -> Source:
    columns = Text(
        "Columns n and loss (nats) or error (fraction, 0–1); optional: se, architecture."
    )
    given = st.file_uploader(
        say(Text("Learning curves that you measured")), "csv", key="csv", help=say(columns)
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
        upload = Text(
            "Upload a CSV with the columns n and loss (or error) to get the same answers "
            "for it."
        )
        raise StoreError(upload)
    return _measured(given.name, given.getvalue())


def _measured(name: str, content: bytes) -> Source:
    if len(content) > MOST_BYTES:
        too_long = Text(
            "The CSV has more than {most:,} bytes; that is the most allowed.", most=MOST_BYTES
        )
        raise StoreError(too_long)
    study = read_measured(io.BytesIO(content), name)
    return Source(study, "csv", (hashlib.sha256(content).hexdigest(),))


# --- an example ------------------------------------------------------------------------------


def _example() -> Source:
    names = exports(EXAMPLES)
    if not names:
        raise StoreError(Text("No example is bundled."))
    first = FIRST_EXAMPLE if FIRST_EXAMPLE in names else names[0]
    address.start("example", first, address.one_of(names))
    name = st.selectbox(say(Text("Example")), names, key="example")
    return Source(cache.example(EXAMPLES / name), "example", (name,))
