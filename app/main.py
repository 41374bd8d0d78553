"""The page, read from top to bottom: streamlit run app/main.py"""

import sys
from pathlib import Path

import streamlit as st

# Streamlit puts app/ on the path, not the project.
sys.path.insert(0, str(Path(__file__).parents[1]))

from analysis.report.language import LANGUAGES
from analysis.report.parts import PARTS
from app import address, answer, controls, export, progress, source
from app.parts import show_part
from app.show import say
from tracking.text import Text

st.set_page_config("How much data is enough?", "📈", layout="wide")
st.html(Path(__file__).parent / "style.css")
address.begin()

with st.sidebar:
    st.segmented_control(
        say(Text("Language")),
        list(LANGUAGES),
        format_func=LANGUAGES.get,
        key="language",
        required=True,
    )
shown = source.choose()
analysis, question = controls.choose(shown)

answer.show(shown, analysis, question)
progress.show(shown)

tabs = st.tabs(
    [say(part.title) for part in PARTS],
    key=f"tabs-{st.session_state['language']}",
    on_change="rerun",
)
for tab, part in zip(tabs, PARTS):
    if tab.open:
        with tab:
            show_part(part, shown, analysis, question)

export.show(shown, analysis, question)
address.write()
