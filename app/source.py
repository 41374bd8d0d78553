"""Where the data come from: a study of the store, the reader's own file, or an example."""

import argparse
import sys
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.report.failure_words import nothing_finished
from analysis.selection import datasets
from app import address, asked, cache, upload
from app.show import labels, say, stop
from app.shown import Source
from tracking.errors import InputError, StoreError
from tracking.export import exports
from tracking.other_runs import NothingFinished
from tracking.store import default_store, shown
from tracking.study import as_study
from tracking.text import Text

EXAMPLES = Path(__file__).parent / "example"
FIRST_EXAMPLE = "fashion_mnist"
KINDS = {"study": Text("Study"), "csv": Text("Your own file"), "example": Text("Example")}
MAKE_STUDY = Text(
    "Train a small study on pieces of two photographs (two minutes on two cores):"
)
UI = "http://127.0.0.1:5000"  # where `make ui` serves it


def choose(place: DeltaGenerator) -> Source:
    """What is shown, chosen in `place`; ends the page with a box where there is nothing."""
    with place:
        kind = _kind()
    address.check()
    choices = {"study": _study, "csv": upload.choose, "example": _example}
    try:
        return choices[kind](place)
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
    """What the link names; else the example where the default store holds no study yet."""
    for kind in ("study", "example"):
        if kind in st.query_params:
            return kind
    try:
        there = bool(cache.studies(default_store()))
    except InputError:
        there = False
    return "study" if there or not exports(EXAMPLES) else "example"


# --- a study of the store --------------------------------------------------------------------


def _study(place: DeltaGenerator) -> Source:
    with place:
        store, ui = _where()
        name = _name(cache.studies(store), cache.names(store))
    address.check()
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


def _name(listed: list[str], every: list[str]) -> str:
    """One of those that can be shown; a link may name any of the store."""
    if not every:
        raise StoreError(Text("This store holds no experiment yet."))
    first = (listed or every)[0]
    address.start("study", first, address.one_of(every, listed))
    if st.session_state["study"] not in every:
        st.session_state["study"] = first
    chosen = st.session_state["study"]
    names = listed if chosen in listed else [chosen, *listed]
    return st.selectbox(say(Text("Study (an MLflow experiment)")), names, key="study")


# --- an example ------------------------------------------------------------------------------


def _example(place: DeltaGenerator) -> Source:
    names = exports(EXAMPLES)
    if not names:
        raise StoreError(Text("No example is bundled."))
    first = FIRST_EXAMPLE if FIRST_EXAMPLE in names else names[0]
    address.start("example", first, address.one_of(names))
    name = place.selectbox(say(Text("Example")), names, key="example")
    address.check()
    return Source(cache.example(EXAMPLES / name), "example", (name,))
