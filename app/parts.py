"""The parts of the page below the answer; each is computed when it is looked at."""

import streamlit as st

from analysis.report.messages import say_error
from analysis.report.parts import Part
from analysis.report.sections import Section, curve_sections
from analysis.report.study_analysis import Question, StudyAnalysis
from app import address
from app.runs import show_runs
from app.show import inform, say, show
from app.source import Source
from tracking.text import Text

NOTHING = Text("Nothing can be said here without a power law; see the answer above.")


def show_part(part: Part, source: Source, analysis: StudyAnalysis, question: Question) -> None:
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
        show(section, f"{part.key}-{i}")


def _sections(
    part: Part, source: Source, analysis: StudyAnalysis, question: Question
) -> list[Section]:
    """Those of the curve with links to the runs, on linear axes if wanted."""
    if part.key != "curve":
        return part.sections(analysis, question)
    address.start("linear", False, lambda text: text == "True")
    linear = st.toggle(say(Text("Linear axes")), key="linear")
    return curve_sections(analysis, question, linear, source.ui)
