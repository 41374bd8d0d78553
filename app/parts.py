"""The parts of the page below the answer; each is computed when it is looked at."""

import streamlit as st

from analysis.evidence import Evidence, Question
from analysis.fits.curve import FitError
from analysis.language import Text
from analysis.presentation.parts import Part
from analysis.presentation.sections import curve_sections
from app import address
from app.runs import show_runs
from app.show import say, show, words
from app.source import Source


def show_part(part: Part, source: Source, evidence: Evidence, question: Question) -> None:
    if part.key == "runs":
        show_runs(source, evidence, question)
        return
    try:
        sections = _curve(source, evidence, question) if part.key == "curve" else part.sections(evidence, question)
    except (FitError, ValueError) as error:
        st.info(words(error.args[0]), icon=":material/info:")
        return
    if not sections:
        st.info(
            words(Text("Nothing can be said here without a power law; see the answer above.")), icon=":material/info:"
        )
    for i, section in enumerate(sections):
        show(section, f"{part.key}-{i}")


def _curve(source: Source, evidence: Evidence, question: Question):
    """The curves with links to the runs, on linear axes if wanted."""
    address.start("linear", False, lambda text: text == "True")
    linear = st.toggle(say(Text("Linear axes")), key="linear")
    return curve_sections(evidence, question, linear, source.ui)
