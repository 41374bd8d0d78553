"""A learning curve of one's own: how to bring it, and what comes of it."""

import hashlib
import io

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.uploaded_file_manager import UploadedFile

from analysis.report.answer_chart import answer_chart
from analysis.report.study_analysis import Question
from app import address, asked, cache
from app.show import draw, say, stop, theme, words
from app.shown import Source
from tracking.errors import StoreError
from tracking.study import Study, as_study
from tracking.tables.cells import SHEET
from tracking.tables.reading import Reading
from tracking.text import Text

KINDS_OF_FILE = ["csv", "tsv", "txt", "xlsx"]
# Of a file, as server.maxUploadSize says; its rows are bounded where it is read.
MOST_BYTES = 2 * 2**20
NAME = "curves.csv"
TEMPLATE = """n,loss,se,architecture
1000,0.912,0.010,cnn
2000,0.705,0.009,cnn
4000,0.548,0.007,cnn
8000,0.431,0.006,cnn
16000,0.342,0.005,cnn
"""
UPLOAD = Text("Learning curves that you measured")
WHAT = Text(
    "One row for each training run: on how many examples (n) it was trained, and how good the "
    "model was then. Five sizes or more, each twice the last, are best."
)
COLUMNS = Text(
    "Columns n and loss, error, accuracy, rmse or another measure; optional: se, "
    "architecture, seed. CSV or Excel."
)


def choose(place: DeltaGenerator) -> Source:
    """The file that was brought, else the page that says how; Asked is answered by choices."""
    address.start("tried", False, address.yes)
    brought = st.session_state.get("csv") is not None
    if brought or st.session_state["tried"]:
        with place:
            given = _uploader()
    else:
        given = _welcome()
    if given is not None:
        return _measured(given.name, given.getvalue())
    if st.session_state["tried"]:
        return _measured(NAME, TEMPLATE.encode())
    return stop(COLUMNS)


def _uploader() -> UploadedFile | None:
    return st.file_uploader(say(UPLOAD), KINDS_OF_FILE, key="csv", help=say(COLUMNS))


def _welcome() -> UploadedFile | None:
    """How a file has to look, what the page makes of it, and one to try."""
    st.subheader(words(Text("Your own learning curve")), anchor=False)
    st.markdown(words(WHAT))
    left, right = st.columns([2, 3], gap="large")
    with left:
        given = _uploader()
        with st.container(horizontal=True):
            st.button(
                say(Text("Try this one")), type="primary", key="try", on_click=_try_template
            )
            st.download_button(
                say(Text("Template")),
                TEMPLATE,
                NAME,
                "text/csv",
                icon=":material/download:",
                type="tertiary",
                on_click="ignore",
            )
        st.table(pd.read_csv(io.StringIO(TEMPLATE), dtype=str), hide_index=True)
    with right:
        source = _measured(NAME, TEMPLATE.encode())
        analysis = cache.analysis(source.key, None, "loss", source.study)
        st.caption(words(Text("What the page makes of it:")))
        with st.container(key="picture"):
            chart = answer_chart(analysis, Question(), theme=theme())
            draw(chart, "picture", say(Text("Chart: the example's curve and its forecast.")))
    return given


def _try_template() -> None:
    st.session_state["tried"] = True


def _measured(name: str, content: bytes) -> Source:
    if len(content) > MOST_BYTES:
        too_long = Text(
            "The CSV has more than {most:,} bytes; that is the most allowed.", most=MOST_BYTES
        )
        raise StoreError(too_long)
    key = hashlib.sha256(content).hexdigest()

    def load(reading: Reading) -> Study:
        return as_study(name, cache.cells(content, name, reading.only.get(SHEET)), reading)

    study, reading = asked.read(load, key)
    return Source(study, "csv", (key, str(reading)))
