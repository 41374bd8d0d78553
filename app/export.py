"""The whole report to take away."""

import streamlit as st

from analysis.evidence import Evidence, Question
from analysis.language import Text
from analysis.presentation.html_report import as_html
from app.show import say, words
from app.source import Source


def show(source: Source, evidence: Evidence, question: Question) -> None:
    language = st.session_state["language"]
    st.divider()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            say(Text("Download the whole report (HTML)")),
            lambda: as_html(evidence, question, language).encode(),
            "report.html",
            "text/html",
            icon=":material/download:",
            on_click="ignore",
        )
        if source.kind != "csv":
            st.markdown(
                words(Text("The address of this page is a permalink: whoever opens it sees the same.")), width="stretch"
            )
