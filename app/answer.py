"""The answer, large and first."""

import streamlit as st

from analysis.evidence import Evidence, Question
from analysis.fits.curve import FitError
from analysis.language import Text
from analysis.presentation.headline import headline
from app.show import say, stop, words
from app.source import Source

BADGES = {"good": "green", "fair": "blue", "poor": "orange", "cannot say": "gray"}


def show(source: Source, evidence: Evidence, question: Question) -> None:
    _marks(source)
    try:
        found = headline(evidence, question)
    except (FitError, ValueError) as error:
        stop(error.args[0])
    st.title(words(found.sentence), anchor=False)
    with st.container(horizontal=True, vertical_alignment="center"):
        grade = say(Text("Trust: {grade}", grade=found.grade))
        st.badge(words(grade), color=BADGES[found.grade], width="content")
        st.markdown(words(found.because), width="stretch")
    if found.facts:
        with st.container(horizontal=True, gap="large", key="facts"):
            for name, value in found.facts.items():
                st.metric(say(name), words(value), width="content")
    for text in (*found.money, found.surer):
        if text:
            st.markdown(words(text))


def _marks(source: Source) -> None:
    """What is shown is an example, or has a note."""
    about = source.study.about
    if source.kind == "example":
        known = {name: about.get(name, "–") or "–" for name in ("date", "commit", "hardware")}
        text = Text(
            "Example: the results of a real study, “{name}”, trained on {date} with commit {commit} on {hardware}. "
            "Choose your own data on the left.",
            name=source.study.name,
            **known,
        )
        st.info(words(text), icon=":material/menu_book:")
    if source.study.note:
        st.caption(words(Text("Data: {note}", note=source.study.note)))
