"""The address of the page holds what was chosen, so that a colleague who opens the link sees the same."""

import math
from collections.abc import Callable

import streamlit as st

from analysis.language import LANGUAGES

KEYS = "address"  # in the session: what the address may hold, key -> default
ALWAYS = {"source", "study", "example", "dataset", "architecture", "language"}  # their defaults change with the store
EMPTY = "none"  # a field that was cleared


def begin() -> None:
    """Language first: all labels are said in it."""
    st.session_state[KEYS] = {}
    spoken = "zh" if (st.context.locale or "").lower().startswith("zh") else "en"
    start("language", spoken, one_of(LANGUAGES))


def start(key: str, default, read: Callable) -> None:
    """Give the widget `key` its first value: from the address where `read` makes sense of it, else the default."""
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


def one_of(options) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in options:
            raise ValueError(text)
        return text

    return read


def number(low: float, high: float) -> Callable[[str], float]:
    def read(text: str) -> float | None:
        if text == EMPTY:
            return None
        value = float(text)
        if not (low <= value <= high and math.isfinite(value)):
            raise ValueError(text)
        return value

    return read
