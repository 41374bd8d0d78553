"""The page, read from top to bottom: streamlit run app/main.py"""

import sys
from pathlib import Path

import streamlit as st

sys.path.insert(0, str(Path(__file__).parents[1]))  # streamlit puts app/ on the path, not the project

from analysis.language import Text
from analysis.presentation.parts import PARTS
from app import address, answer, controls, export, progress, source
from app.parts import show_part
from app.show import say

st.set_page_config("How much data is enough?", "📈", layout="wide")
st.html(Path(__file__).parent / "style.css")
address.begin()

with st.sidebar:
    languages = {"en": "English", "zh": "中文"}
    st.segmented_control(
        say(Text("Language")), list(languages), format_func=languages.get, key="language", required=True
    )
shown = source.choose()
evidence, question = controls.choose(shown)

answer.show(shown, evidence, question)
progress.show(shown)

tabs = st.tabs([say(part.title) for part in PARTS], key=f"tabs-{st.session_state['language']}", on_change="rerun")
for tab, part in zip(tabs, PARTS):
    if tab.open:
        with tab:
            show_part(part, shown, evidence, question)

export.show(shown, evidence, question)
address.write()
