"""Everything else, below the first screen: four parts, each computed when it is looked at."""

import streamlit as st

from analysis.report.glossary import glossary
from analysis.report.messages import say_error
from analysis.report.parts import PARTS, Part
from analysis.report.sections import Section, curve_sections
from analysis.report.study_analysis import Question, StudyAnalysis
from app import address
from app.beside import begin as begin_beside
from app.beside import beside
from app.runs import show_runs
from app.show import inform, say, words
from app.show import show as show_section
from app.shown import Source
from tracking.text import Text

NOTHING = Text("Nothing can be said here without a power law; see the answer above.")
KEYS = [part.key for part in PARTS]


def begin() -> None:
    """What the address may say of the details."""
    address.start("part", KEYS[0], address.one_of(KEYS))
    address.start("engineers", False, address.yes)
    address.start("linear", False, address.yes)
    begin_beside()


@st.fragment
def show(source: Source, analysis: StudyAnalysis, question: Question) -> None:
    """The part that is open, and the switch for engineers, are kept in the address."""
    with st.container(horizontal=True, vertical_alignment="center", key="details"):
        st.header(words(Text("Details")), anchor=False, width="stretch")
        engineers = st.toggle(
            say(Text("For engineers")),
            key="engineers",
            help=say(Text("Adds exponents, crossovers, noise, and what was left out.")),
        )
    _about(source)
    if engineers:
        _glossary(analysis.measure)
    titles = [say(part.title) for part in PARTS]
    key = f"tabs-{st.session_state['language']}"
    st.session_state.setdefault(key, titles[KEYS.index(st.session_state["part"])])
    for tab, part in zip(st.tabs(titles, key=key, on_change="rerun"), PARTS):
        if tab.open:
            st.session_state["part"] = part.key
            with tab:
                _show(part, source, analysis, question, engineers)
    beside(source, analysis, question)
    address.write()


def _glossary(measure: str) -> None:
    """Each term with its meaning, which appears under the pointer."""
    with st.container(horizontal=True, key="glossary"):
        for term, meaning in glossary(measure):
            st.caption(words(term), help=say(meaning), width="content")


def _about(source: Source) -> None:
    """Whether it is an example, and what the study says about itself."""
    if source.kind == "example":
        text = Text(
            "Example: the results of a real study, “{name}”. Choose your own data above.",
            name=source.study.name,
        )
        st.caption(words(text))
    if source.study.note:
        st.caption(words(Text("Data: {note}", note=source.study.note)))
    if source.study.plan:
        with st.expander(say(Text("This study plans itself: what it said last"))):
            st.text(source.study.plan)


def _show(
    part: Part, source: Source, analysis: StudyAnalysis, question: Question, engineers: bool
) -> None:
    if part.key == "runs":
        show_runs(source, analysis)
        return
    try:
        sections = _sections(part, source, analysis, question)
    except ValueError as error:  # FitError, or what prices refuse
        inform(say_error(error, analysis.measure))
        return
    if not sections:
        inform(NOTHING)
    for i, section in enumerate(sections):
        if engineers or not section.engineers:
            show_section(section, f"{part.key}-{i}")


def _sections(
    part: Part, source: Source, analysis: StudyAnalysis, question: Question
) -> list[Section]:
    """Those of the curves with links to the runs, on linear axes if wanted."""
    if part.key != "models":
        return part.sections(analysis, question)
    linear = st.toggle(say(Text("Linear axes")), key="linear")
    curves = curve_sections(analysis, question, linear, source.ui)
    return part.sections(analysis, question, curves)
