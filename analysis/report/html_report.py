"""The whole report as one HTML file that needs no network.

Its tables are HTML, its charts stay interactive. The page itself is report.html.jinja.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd
import vl_convert
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from analysis.report.headline import headline
from analysis.report.parts import PARTS, Part
from analysis.report.sections import Section
from analysis.report.study_analysis import Question, StudyAnalysis
from analysis.report.theme import Theme
from tracking.study import Study
from tracking.text import Text

NUMBERS = Text("The numbers of this chart")


@dataclass(frozen=True)
class Drawn:
    """A section as the template needs it.

    id: of its chart in the page.
    spec: of its chart, as JSON; "" where there is none.
    table: as HTML; "" where there is none.
    label: what a screen reader says of the chart.
    """

    section: Section
    id: str
    spec: str
    table: str
    label: Text


def as_html(analysis: StudyAnalysis, question: Question, language: str = "en") -> str:
    """The answer to a question and all parts of the report, in a language of LANGUAGES."""
    theme = Theme(language)
    study = analysis.study
    answer = headline(analysis, question)
    return _template().render(
        say=theme.say,
        language=language,
        title=Text("How much data is enough? {name}", name=study.name),
        answer=answer,
        trust=Text("Trust: {grade} – {because}", grade=answer.grade, because=answer.because),
        note=Text("Data: {note}", note=study.note) if study.note else "",
        made=_made(study),
        parts=[(part, _sections(part, analysis, question, theme)) for part in PARTS],
        numbers=NUMBERS,
        vega=Markup(vega()),
    )


@cache
def _template() -> Template:
    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(
        loader=loader,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    return environment.get_template("report.html.jinja")


def _made(study: Study) -> Text | str:
    """When and with which code the study was run; "" where it does not say."""
    date = study.about.get("date", "")
    if not date:
        return ""
    commit = study.about.get("commit", "")
    return Text("Measured on {date}, commit {commit}.", date=date, commit=commit)


def _sections(
    part: Part, analysis: StudyAnalysis, question: Question, theme: Theme
) -> list[Drawn]:
    sections = part.sections(analysis, question)
    return [_drawn(one, f"{part.key}-{i}", theme) for i, one in enumerate(sections, start=1)]


def _drawn(section: Section, name: str, theme: Theme) -> Drawn:
    spec = table = ""
    if section.chart is not None:
        chart = json.dumps(section.chart(theme=theme).to_dict())
        spec = Markup(chart.replace("<", "\\u003c"))
    if section.table is not None:
        table = Markup(said(section.table, theme).to_html(index=False, border=0))
    return Drawn(section, name, spec, table, alt_text(section))


def said(table: pd.DataFrame, theme: Theme) -> pd.DataFrame:
    """A table in the reader's language."""
    text = table.map(lambda cell: theme.say(cell) if isinstance(cell, str) else cell)
    return text.rename(columns=theme.say)


def alt_text(section: Section) -> Text:
    """What a screen reader says of a chart."""
    return Text("Chart: {title}. The table with its numbers follows.", title=section.title)


@cache
def vega() -> str:
    """Vega, Vega-Lite and Vega-Embed in one script, which defines vegaEmbed."""
    script = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return script.replace("</script", "<\\/script")
