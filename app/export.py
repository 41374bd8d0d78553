"""The whole report to take away."""

import streamlit as st

from analysis.report.html_report import as_html, summary_html
from analysis.report.study_analysis import Question, StudyAnalysis
from app.show import say, words
from app.shown import Source
from tracking.text import Text

PERMALINK = Text("The address of this page is a permalink: whoever opens it sees the same.")


def show(source: Source, analysis: StudyAnalysis, question: Question) -> None:
    language = st.session_state["language"]
    st.divider()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            say(Text("One page to mail (HTML)")),
            lambda: summary_html(analysis, question, language).encode(),
            "summary.html",
            "text/html",
            icon=":material/mail:",
            on_click="ignore",
        )
        st.download_button(
            say(Text("Download the whole report (HTML)")),
            lambda: as_html(analysis, question, language).encode(),
            "report.html",
            "text/html",
            icon=":material/download:",
            on_click="ignore",
        )
        if source.kind != "csv":
            st.markdown(words(PERMALINK), width="stretch")
