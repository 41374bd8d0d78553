"""How things are shown: words in the reader's language, sections with chart and downloads."""

import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn
from urllib.parse import quote

import altair as alt
import streamlit as st

from analysis.report.html_report import NUMBERS, alt_text, said
from analysis.report.language import translate
from analysis.report.numbers import Link
from analysis.report.sections import Section
from analysis.report.theme import Theme, picture
from tracking.csv_cells import as_csv
from tracking.text import Text, Verbatim

START, END = "\x02", "\x03"  # around what stands out
MARKDOWN = re.compile(r"([!-/:-@\[-`{-~])")  # ASCII punctuation


def theme() -> Theme:
    """The reader's language, and whether the page is dark."""
    return Theme(st.session_state["language"], st.context.theme.type == "dark")


def say(text: str) -> str:
    """Plain text in the reader's language, for labels of widgets and charts."""
    return translate(text, st.session_state["language"])


def labels(names: Mapping[Any, str]) -> Callable[[Any], str]:
    """What a choice is called, for a widget's format_func: by its name here, else as it is."""
    known = {key: say(name) for key, name in names.items()}

    def called(value: Any) -> str:
        other = f"{value:,}" if isinstance(value, int) else str(value)
        return known.get(value) or other

    return called


def label(text: str) -> str:
    """Plain text for the label of a field, which reads Markdown but is read out as it is."""
    said = say(text)
    risky = said.count("$") > 1 or any(sign in said for sign in "*_[]`:~<\\")
    return _escaped(said) if risky else said


def words(text: str) -> str:
    """The same for places that read Markdown.

    No name or reason is ever taken for markup, mathematics or a link.
    """
    return _escaped(say(text))


def _escaped(text: str) -> str:
    return MARKDOWN.sub(r"\\\1", text)


def inform(message: str) -> None:
    """A plain box."""
    st.info(words(message), icon=":material/info:")


def stop(message: str, what_to_do: str = "", command: str = "") -> NoReturn:
    """A plain box instead of the page."""
    inform(message)
    if what_to_do:
        st.markdown(words(what_to_do))
    if command:
        st.code(command, language="bash")
    st.stop()
    raise AssertionError("the page has ended")


def emphasised(text: Text, name: str) -> str:
    """`words` of a sentence in which the value called `name` stands out."""
    return words(_marked(text, name)).replace(START, ":primary[").replace(END, "]")


def _marked(text: Text, name: str) -> Text:
    language = st.session_state["language"]
    values = dict(text.values)
    if name in values:
        values[name] = Verbatim(START + translate(values[name], language) + END)
    elif isinstance(values.get("t0"), Text):  # several sentences; the first is the answer
        values["t0"] = _marked(values["t0"], name)
    return Text(text.template, text.plural, **values)


def draw(chart: alt.LayerChart, key: str, alternative: str) -> None:
    """A chart as high as its container.

    Its datasets are called by their place, so that the browser only moves what has changed
    where nothing else has.
    """
    spec = chart.properties(height="container").to_dict(validate=False)
    for number, name in enumerate(list(spec["datasets"])):
        spec = _renamed(spec, name, f"data{number}")
    st.vega_lite_chart(None, spec, alt=alternative, key=key, height="stretch")


def _renamed(spec: dict[str, Any], name: str, to: str) -> dict[str, Any]:
    layers = [
        layer | {"data": {"name": to}} if layer.get("data", {}).get("name") == name else layer
        for layer in spec["layer"]
    ]
    datasets = {to if one == name else one: rows for one, rows in spec["datasets"].items()}
    return spec | {"layer": layers, "datasets": datasets}


def show(section: Section, key: str) -> None:
    """A section; its numbers stand under the chart, where a screen reader finds them."""
    st.subheader(words(section.title))
    if section.words:
        st.markdown(words(section.words))
    if section.lines:
        st.markdown("\n".join(f"- {words(line)}" for line in section.lines))
    if section.chart is not None:
        # else Streamlit shows what a mark is drawn by: the gap of a score, untranslated
        chart = section.chart(theme=theme()).configure_mark(tooltip=None, aria=False)
        st.altair_chart(chart, alt=say(alt_text(section)), key=f"chart-{key}")
        with st.expander(say(NUMBERS)):
            _table(section, key)
    else:
        _table(section, key)
    if section.command:
        st.code(section.command, language="bash", wrap_lines=True)


def _table(section: Section, key: str) -> None:
    if section.table is None:
        return
    text = said(section.table, theme())
    st.table(text.map(_cell), hide_index=True, border="horizontal")
    _downloads(section, key)


def _cell(cell: object) -> str:
    text = _escaped(str(cell))
    if not isinstance(cell, Link):
        return text
    return f"[{text}]({quote(cell.address, safe=':/#?=&')})"


def _downloads(section: Section, key: str) -> None:
    """Made when clicked."""
    name = re.sub(r"\W+", "_", section.title.lower()).strip("_")
    kinds = ["csv"] if section.chart is None else ["csv", "svg", "png"]
    with st.container(horizontal=True, gap="small"):
        for kind in kinds:
            st.download_button(
                kind.upper(),
                _maker(section, kind),
                f"{name}.{kind}",
                type="tertiary",
                key=f"{kind}-{key}",
                icon=":material/download:",
                on_click="ignore",
            )


def _maker(section: Section, kind: str) -> Callable[[], bytes]:
    """Makes the table or the chart as a file, in English."""

    def make() -> bytes:
        if kind == "csv":
            assert section.table is not None
            return as_csv(section.table).encode()
        assert section.chart is not None
        return picture(section.chart(theme=Theme()), kind)

    return make
