"""The address of the page holds what was chosen: whoever opens the link sees the same.

A link that names what is not there is told so, and nothing is shown in its place.
"""

import math
from collections.abc import Callable, Collection
from typing import Any

import streamlit as st

from analysis.report.language import ENGLISH, LANGUAGES
from app.show import say, words
from tracking.text import Text, Verbatim

KEYS = "address"  # in the session: what the address may hold, key -> default
WHOLE = "whole"  # in the session: whether KEYS holds all of the page
BROKEN = "broken"  # in the session: what the address held and is not there, key -> its text
ALLOWED = "allowed"  # in the session: what is there instead, key -> in words
# Their defaults change with the store, so that they are always said.
ALWAYS = {"source", "study", "example", "dataset", "architecture", "language"}
EMPTY = "none"  # a field that was cleared
MOST = 12  # names in a list of what is there
NAMES = {
    "study": Text("the study"),
    "example": Text("the example"),
    "dataset": Text("the dataset"),
    "architecture": Text("the architecture"),
    "metric": Text("the measure"),
    "language": Text("the language"),
}


class NotThereError(ValueError):
    """What an address holds makes no sense; its text says what would."""


def begin() -> None:
    """Language first: all labels are said in it."""
    st.session_state[KEYS] = {}
    st.session_state[WHOLE] = False
    st.session_state.setdefault(BROKEN, {})
    st.session_state.setdefault(ALLOWED, {})
    start("language", _browsers_language(), one_of(LANGUAGES))


def _browsers_language() -> str:
    spoken = (st.context.locale or "").lower()
    return next((known for known in LANGUAGES if spoken.startswith(known)), ENGLISH)


def start(key: str, default: Any, read: Callable[[str], Any]) -> None:
    """Give the widget `key` its first value.

    It comes from the address where `read` makes sense of it, else it is the default; `check`
    then says what was wrong.
    """
    st.session_state[KEYS][key] = default
    if key in st.session_state:
        return
    st.session_state[key] = default
    if key in st.query_params:
        text = st.query_params[key]
        try:
            st.session_state[key] = read(text)
        except ValueError as error:
            st.session_state[BROKEN][key] = text
            st.session_state[ALLOWED][key] = error.args[0] if error.args else ""


def only(key: str, names: Collection[str]) -> None:
    """No choice at all: the address may name what there is, and nothing else."""
    if key in st.session_state or key in st.query_params:
        first = next(iter(names), None)
        start(key, first, one_of(names))
        if st.session_state[key] not in names:
            st.session_state[key] = first


def check() -> None:
    """End the page with a plain box where the address names what is not there.

    Whoever chooses something else, or goes on without it, sees the page.
    """
    broken = st.session_state[BROKEN]
    for key in list(broken):
        if st.session_state.get(key) != st.session_state[KEYS].get(key):
            del broken[key]
    if not broken:
        return
    for key, text in broken.items():
        st.info(words(_said(key, text)), icon=":material/link_off:")
    st.button(say(Text("Go on without it")), on_click=broken.clear, key="without")
    st.stop()


def _said(key: str, text: str) -> Text:
    known = {"value": Verbatim(text), "allowed": st.session_state[ALLOWED][key]}
    if key in NAMES:
        return Text(
            "The link names {what} “{value}”, which is not there. There is: {allowed}.",
            what=NAMES[key],
            **known,
        )
    return Text(
        "The link says “{key}={value}”. Allowed: {allowed}.", key=Verbatim(key), **known
    )


def end() -> None:
    """The whole page has said what the address may hold."""
    st.session_state[WHOLE] = True
    write()


def write() -> None:
    """Into the address: whatever differs from its default, and what it is about.

    A part of the page that is run alone writes, too; before the whole page has run, nothing.
    """
    if not st.session_state[WHOLE]:
        return
    defaults = st.session_state[KEYS]
    chosen = {key: st.session_state[key] for key in defaults if key in st.session_state}
    known = {
        key: EMPTY if value is None else str(value)
        for key, value in chosen.items()
        if key in ALWAYS or value != defaults[key]
    }
    if known != st.query_params.to_dict():
        st.query_params.from_dict(known)


def one_of(options: Collection[str], listed: Collection[str] | None = None) -> Callable:
    """Reads one of the options.

    listed: those that are named to whoever asks for another; None for all.
    """

    def read(text: str) -> str:
        if text not in options:
            raise NotThereError(_list(options if listed is None else listed))
        return text

    return read


def _list(options: Collection[str]) -> Text:
    known = list(options)
    if not known:
        return Text("nothing yet")
    names = Verbatim(", ".join(known[:MOST]))
    if len(known) > MOST:
        return Text("{names} and {rest:,} more", names=names, rest=len(known) - MOST)
    return Text("{names}", names=names)


def number(low: float, high: float) -> Callable[[str], float | None]:
    """Reads a number within the limits; None for a field that was cleared."""

    def read(text: str) -> float | None:
        if text == EMPTY:
            return None
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not (low <= value <= high and math.isfinite(value)):
            raise NotThereError(Text("{low:,.12g} to {high:,.12g}", low=low, high=high))
        return value

    return read


def yes(text: str) -> bool:
    """Reads a switch."""
    if text.lower() not in ("true", "false"):
        raise NotThereError(Text("{names}", names=Verbatim("True, False")))
    return text.lower() == "true"
