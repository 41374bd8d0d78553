"""How things are shown: words in the reader's language, sections with chart, table and downloads."""

import re
from collections.abc import Callable, Mapping
from urllib.parse import quote

import streamlit as st

from analysis.language import translate
from analysis.presentation.html_report import NUMBERS, alt_text, said
from analysis.presentation.look import Look, picture
from analysis.presentation.sections import Section
from analysis.presentation.wording import Link

MARKDOWN = re.compile(r"([!-/:-@\[-`{-~])")  # ASCII punctuation


def look() -> Look:
    return Look(st.session_state["language"], st.context.theme.type == "dark")


def say(text: str) -> str:
    """Plain text in the reader's language, for labels of widgets and charts."""
    return translate(text, st.session_state["language"])


def labels(names: Mapping) -> Callable:
    """What a choice is called, for a widget's format_func: by its name here, else as it is."""
    known = {key: say(name) for key, name in names.items()}
    return lambda value: known.get(value) or (f"{value:,}" if isinstance(value, int) else str(value))


def words(text: str) -> str:
    """The same for places that read Markdown: no name or reason is ever taken for markup, mathematics or a link."""
    return MARKDOWN.sub(r"\\\1", say(text))


def stop(message: str, what_to_do: str = "", command: str = "") -> None:
    """A plain box instead of the page."""
    st.info(words(message), icon=":material/info:")
    if what_to_do:
        st.markdown(words(what_to_do))
    if command:
        st.code(command, language="bash")
    st.stop()


def show(section: Section, key: str) -> None:
    """A section; its numbers stand under the chart, where a screen reader finds them."""
    st.subheader(words(section.title))
    if section.words:
        st.markdown(words(section.words))
    if section.lines:
        st.markdown("\n".join(f"- {words(line)}" for line in section.lines))
    if section.chart is not None:
        st.altair_chart(section.chart(look=look()), alt=say(alt_text(section)), key=f"chart-{key}")
        with st.expander(say(NUMBERS)):
            table(section)
            downloads(section, key)
    elif section.table is not None:
        table(section)
        downloads(section, key)
    if section.command:
        st.code(section.command, language="bash", wrap_lines=True)


def table(section: Section) -> None:
    text = said(section.table, look())
    st.table(text.map(_cell), hide_index=True, border="horizontal")


def _cell(cell) -> str:
    text = MARKDOWN.sub(r"\\\1", str(cell))
    return f"[{text}]({quote(cell.address, safe=':/#')})" if isinstance(cell, Link) else text


def downloads(section: Section, key: str) -> None:
    """Made when clicked."""
    name = re.sub(r"\W+", "_", section.title.lower()).strip("_")
    english = Look()
    with st.container(horizontal=True, gap="small"):
        for kind in ("csv", *(("svg", "png") if section.chart is not None else ())):
            file = make(section, kind, english)
            st.download_button(
                kind.upper(),
                file,
                f"{name}.{kind}",
                type="tertiary",
                key=f"{kind}-{key}",
                icon=":material/download:",
                on_click="ignore",
            )


def make(section: Section, kind: str, look: Look):
    def file() -> bytes:
        if kind == "csv":
            return section.table.to_csv(index=False).encode()
        return picture(section.chart(look=look), kind)

    return file
