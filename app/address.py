"""The address of the page holds what was chosen: whoever opens the link sees the same."""

import math
from collections.abc import Callable, Collection
from typing import Any

import streamlit as st

from analysis.report.language import ENGLISH, LANGUAGES

KEYS = "address"  # in the session: what the address may hold, key -> default
# Their defaults change with the store, so that they are always said.
ALWAYS = {"source", "study", "example", "dataset", "architecture", "language"}
EMPTY = "none"  # a field that was cleared


def begin() -> None:
    """Language first: all labels are said in it."""
    st.session_state[KEYS] = {}
    start("language", _browsers_language(), one_of(LANGUAGES))


def _browsers_language() -> str:
    spoken = (st.context.locale or "").lower()
    return next((known for known in LANGUAGES if spoken.startswith(known)), ENGLISH)


def start(key: str, default: Any, read: Callable[[str], Any]) -> None:
    """Give the widget `key` its first value.

    It comes from the address where `read` makes sense of it, else it is the default.
    """
    st.session_state[KEYS][key] = default
    if key not in st.session_state:
        try:
            st.session_state[key] = read(st.query_params[key])
        except (KeyError, ValueError):
            st.session_state[key] = default


def write() -> None:
    """Into the address: whatever differs from its default, and what it is about."""
    defaults = st.session_state[KEYS]
    chosen = {key: st.session_state[key] for key in defaults if key in st.session_state}
    known = {
        key: EMPTY if value is None else str(value)
        for key, value in chosen.items()
        if key in ALWAYS or value != defaults[key]
    }
    if known != st.query_params.to_dict():
        st.query_params.from_dict(known)


def one_of(options: Collection[str]) -> Callable[[str], str]:
    """Reads one of the options."""

    def read(text: str) -> str:
        if text not in options:
            raise ValueError(text)
        return text

    return read


def number(low: float, high: float) -> Callable[[str], float | None]:
    """Reads a number within the limits; None for a field that was cleared."""

    def read(text: str) -> float | None:
        if text == EMPTY:
            return None
        value = float(text)
        if not (low <= value <= high and math.isfinite(value)):
            raise ValueError(text)
        return value

    return read
