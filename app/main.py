"""The page, read from top to bottom: streamlit run app/main.py"""

import sys
from pathlib import Path

import streamlit as st

# Streamlit puts app/ on the path, not the project.
sys.path.insert(0, str(Path(__file__).parents[1]))

from analysis.report.language import LANGUAGES
from app import address, controls, details, export, first, progress, source
from app.show import say, words
from tracking.text import Text

TITLE = Text("How much data is enough?")

st.set_page_config("How much data is enough?", "📈", layout="wide")
st.html(Path(__file__).parent / "style.css")
address.begin()

with st.container(horizontal=True, vertical_alignment="center", key="bar"):
    name = st.empty()
    name.markdown(words(TITLE), width="stretch")
    data = st.popover(say(Text("Data")), icon=":material/database:")
    prices = st.popover(say(Text("Prices")), icon=":material/payments:")
    st.segmented_control(
        say(Text("Language")),
        list(LANGUAGES),
        format_func=LANGUAGES.get,
        key="language",
        required=True,
        label_visibility="collapsed",
    )
shown = source.choose(data)
name.markdown(f"**{words(shown.study.name)}** · {words(TITLE)}", width="stretch")
analysis, asked = controls.choose(shown, data, prices)
question = first.ask(analysis, asked)
details.begin()
address.check()
first.answer(analysis, question)
progress.show(shown)
details.show(shown, analysis, question)
export.show(shown, analysis, question)
address.end()
