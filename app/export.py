"""The whole report to take away."""

import streamlit as st

from analysis.report.html_report import as_html, summary_html
from analysis.report.study_analysis import Question, StudyAnalysis
from app.show import say, words
from app.shown import Source
from tracking.text import Text

PERMALINK = Text("The address of this page is a permalink: whoever opens it sees the same.")

PAGES = (
    (Text("One page to mail (HTML)"), summary_html, "summary.html", ":material/mail:"),
    (Text("Download the whole report (HTML)"), as_html, "report.html", ":material/download:"),
)


def show(source: Source, analysis: StudyAnalysis, question: Question) -> None:
    language = st.session_state["language"]
    st.divider()
    with st.container(horizontal=True, vertical_alignment="center"):
        for title, write, file, icon in PAGES:
            st.download_button(
                say(title),
                lambda write=write: write(analysis, question, language).encode(),
                file,
                "text/html",
                icon=icon,
                on_click="ignore",
            )
        if source.kind != "csv":
            st.markdown(words(PERMALINK), width="stretch")
