"""The answer, large and first."""

import streamlit as st

from analysis.report.headline import Headline, headline
from analysis.report.messages import say_error
from analysis.report.study_analysis import Question, StudyAnalysis
from app.show import say, stop, words
from app.source import Source
from tracking.text import Text

BADGES = {"good": "green", "fair": "blue", "poor": "orange", "cannot say": "gray"}


def show(source: Source, analysis: StudyAnalysis, question: Question) -> None:
    """Ends the page with a plain box where the question has no answer."""
    _marks(source)
    try:
        found = headline(analysis, question)
    except ValueError as error:  # FitError, or what prices refuse
        stop(say_error(error, analysis.measure))
    st.title(words(found.sentence), anchor=False)
    _trust(found)
    if found.facts:
        with st.container(horizontal=True, gap="large", key="facts"):
            for name, value in found.facts.items():
                st.metric(say(name), words(value), width="content")
    for text in (*found.money, found.surer):
        if text:
            st.markdown(words(text))


def _trust(found: Headline) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        grade = say(Text("Trust: {grade}", grade=found.grade))
        st.badge(words(grade), color=BADGES[found.grade], width="content")
        st.markdown(words(found.because), width="stretch")


def _marks(source: Source) -> None:
    """Whether what is shown is an example, and what the study says about itself."""
    about = source.study.about
    if source.kind == "example":
        known = {name: about.get(name, "–") or "–" for name in ("date", "commit", "hardware")}
        text = Text(
            "Example: the results of a real study, “{name}”, trained on {date} with commit "
            "{commit} on {hardware}. Choose your own data on the left.",
            name=source.study.name,
            **known,
        )
        st.info(words(text), icon=":material/menu_book:")
    if source.study.note:
        st.caption(words(Text("Data: {note}", note=source.study.note)))
