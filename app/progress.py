"""A study that is still running: how far it is, looked at every few seconds."""

import streamlit as st

from analysis.language import Text
from app import cache
from app.show import words
from app.source import Source

SECONDS = 5


def show(source: Source) -> None:
    if source.study.running:
        st.fragment(_watch, run_every=SECONDS)(source)


def _watch(source: Source) -> None:
    """Shows the page anew once a run has begun or ended."""
    counts = source.study.counts
    done, failed, running = (int(counts.get(status, 0)) for status in ("FINISHED", "FAILED", "RUNNING"))
    text = Text(
        "This study is still running: {done:,} trials finished, {failed:,} failed, {running:,} running. "
        "The page follows by itself.",
        done=done, failed=failed, running=running,
    )  # fmt: skip
    st.info(words(text), icon=":material/hourglass_top:")
    if cache.stamp(source.study.name, source.store) != source.key[-1]:
        st.rerun()
