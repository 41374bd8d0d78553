"""Where the data come from: a study of the store, the reader's own CSV, or an example."""

import argparse
import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from analysis.report.failure_words import nothing_finished
from analysis.selection import datasets
from app import address, asked, cache
from app.show import labels, say, stop
from tracking.errors import InputError, StoreError
from tracking.export import exports
from tracking.other_runs import NothingFinished
from tracking.store import default_store, shown
from tracking.study import Study, as_study
from tracking.tables.cells import SHEET
from tracking.tables.reading import Reading
from tracking.text import Text

EXAMPLES = Path(__file__).parent / "example"
FIRST_EXAMPLE = "fashion_mnist"
KINDS = {"study": Text("Study"), "csv": Text("Your CSV"), "example": Text("Example")}
MAKE_STUDY = Text(
    "Train a small study on the built-in digits (under two minutes on two cores):"
)
KINDS_OF_FILE = ["csv", "tsv", "txt", "xlsx"]
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
        except (InputError, OSError) as error:
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
    except InputError:
        there = False
    return "study" if there or not exports(EXAMPLES) else "example"


# --- a study of the store --------------------------------------------------------------------


def _study() -> Source:
    store, ui = _where()
    name = _name(cache.names(store))
    stamp = cache.stamp(name, store)
    study = cache.load(name, store, stamp)
    key = (store, name, stamp)
    if datasets(study):
        return Source(study, "study", key, store, ui)
    assert study.runs is not None
    if study.runs.empty:
        try:
            return _experiment(key, ui)
        except NothingFinished:
            pass
    raise StoreError(nothing_finished(name, study.runs))


def _experiment(key: tuple[str, str, str], ui: str) -> Source:
    """Runs that others logged, by their own names."""
    store, name, stamp = key
    cells = cache.run_cells(name, store, stamp)
    study, reading = asked.read(lambda said: as_study(name, cells, said), f"{store} {name}")
    return Source(study, "study", (*key, str(reading)), store, ui)


def stores() -> list[str]:
    """The stores that may be looked at: that of the page, and those given at its start.

    streamlit run app/main.py -- --store URI --store URI
    A visitor chooses among them; what a visitor types is never opened.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--store", action="append", default=[])
    given, _ = parser.parse_known_args(sys.argv[1:])
    return list(dict.fromkeys([default_store(), *given.store]))


def _where() -> tuple[str, str]:
    """The tracking store and the address of its MLflow UI, "" where that is none."""
    place = st.expander(say(Text("Where the runs are")))
    known = stores()
    number = place.selectbox(
        say(Text("MLflow tracking store")),
        range(len(known)),
        format_func=lambda one: shown(known[one]),
        key="store",
        help=say(Text("Those that the page was started with. They are only read.")),
    )
    store = known[number]
    ui = place.text_input(
        say(Text("MLflow UI")),
        shown(store).replace("***@", "") if store.startswith("http") else UI,
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
        "Columns n and loss, error, accuracy, rmse or another measure; optional: se, "
        "architecture, seed. CSV or Excel."
    )
    given = st.file_uploader(
        say(Text("Learning curves that you measured")),
        KINDS_OF_FILE,
        key="csv",
        help=say(columns),
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
            "Upload a CSV with the columns n and loss (or another measure) to get the same "
            "answers for it."
        )
        raise StoreError(upload)
    return _measured(given.name, given.getvalue())


def _measured(name: str, content: bytes) -> Source:
    if len(content) > MOST_BYTES:
        too_long = Text(
            "The CSV has more than {most:,} bytes; that is the most allowed.", most=MOST_BYTES
        )
        raise StoreError(too_long)
    key = hashlib.sha256(content).hexdigest()

    def load(reading: Reading) -> Study:
        return as_study(name, cache.cells(content, name, reading.only.get(SHEET)), reading)

    study, reading = asked.read(load, key)
    return Source(study, "csv", (key, str(reading)))


# --- an example ------------------------------------------------------------------------------


def _example() -> Source:
    names = exports(EXAMPLES)
    if not names:
        raise StoreError(Text("No example is bundled."))
    first = FIRST_EXAMPLE if FIRST_EXAMPLE in names else names[0]
    address.start("example", first, address.one_of(names))
    name = st.selectbox(say(Text("Example")), names, key="example")
    return Source(cache.example(EXAMPLES / name), "example", (name,))
