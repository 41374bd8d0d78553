"""A study that is still running: how far it is, looked at every few seconds."""

import streamlit as st

from app import cache
from app.show import words
from app.shown import Source
from tracking.schema import FAILED, FINISHED, RUNNING
from tracking.text import Text

SECONDS = 5


def show(source: Source) -> None:
    if source.study.running:
        st.fragment(_watch, run_every=SECONDS)(source)


def _watch(source: Source) -> None:
    """Shows the page anew once a run has begun or ended."""
    counts = source.study.counts
    text = Text(
        "This study is still running: {done:,} trials finished, {failed:,} failed, "
        "{running:,} running. The page follows by itself.",
        done=int(counts.get(FINISHED, 0)),
        failed=int(counts.get(FAILED, 0)),
        running=int(counts.get(RUNNING, 0)),
    )
    st.info(words(text), icon=":material/hourglass_top:")
    if cache.stamp(source.study.name, source.store) != source.key[-1]:
        st.rerun()
