"""The report as HTML that needs no network: a summary of one page, and the full report.

summary.html.jinja is the summary: it is printed or mailed. report.html.jinja adds everything
else below it; its charts stay interactive.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import vl_convert
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from analysis.diagnostics.evidence import GRADES
from analysis.report.answer_chart import answer_chart
from analysis.report.decision_sections import doublings, strategies
from analysis.report.headline import headline
from analysis.report.parts import PARTS, Part
from analysis.report.sections import Section, curve_sections
from analysis.report.study_analysis import Question, StudyAnalysis
from analysis.report.theme import Theme, picture
from tracking.study import Study
from tracking.text import Text

NUMBERS = Text("The numbers of this chart")
CONTENTS = Text("Contents")
WIDTH, HEIGHT = 720, 300  # pixels of the picture in the summary


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
    """The full report: the summary, a table of contents, and all parts.

    language: one of LANGUAGES.
    """
    theme = Theme(language)
    return _template("report").render(
        **_summary(analysis, question, theme),
        parts=[(part, _sections(part, analysis, question, theme)) for part in PARTS],
        contents=CONTENTS,
        numbers=NUMBERS,
        vega=Markup(vega()),
    )


def summary_html(analysis: StudyAnalysis, question: Question, language: str = "en") -> str:
    """One page to mail: the sentence, how sure, the next step, the chart, the options.

    It holds no script, and its chart is a picture.
    """
    return _template("summary").render(**_summary(analysis, question, Theme(language)))


def _summary(analysis: StudyAnalysis, question: Question, theme: Theme) -> dict[str, Any]:
    """What the template of the summary needs."""
    study = analysis.study
    answer = headline(analysis, question)
    return {
        "say": theme.say,
        "language": theme.language,
        "title": Text("How much data is enough? {name}", name=study.name),
        "answer": answer,
        "steps": sure_bar(answer.grade),
        "trust": Text(
            "Trust: {grade} – {because}", grade=answer.grade, because=answer.because
        ),
        "label": Text("Chart of the answer: {sentence}", sentence=answer.sentence),
        "picture": _picture(analysis, question, theme),
        "options": [
            (section.words, _as_table(_telling(section.table), theme))
            for section in _options(analysis, question)
            if section.table is not None
        ],
        "note": Text("Data: {note}", note=study.note) if study.note else "",
        "made": _made(study),
    }


def _options(analysis: StudyAnalysis, question: Question) -> list[Section]:
    """What more data bring, and what the target takes; none without a law."""
    if analysis.asked(question) is None:
        return []
    return [doublings(analysis, question), strategies(analysis, question)]


def _telling(table: pd.DataFrame) -> pd.DataFrame:
    """Without the columns that say nothing about any row."""
    return table.loc[:, [not table[name].isin(["–", ""]).all() for name in table]]


def sure_bar(grade: str) -> str:
    """A grade as three steps."""
    steps = GRADES[::-1].index(grade)
    return "●" * steps + "○" * (3 - steps)


def _picture(analysis: StudyAnalysis, question: Question, theme: Theme) -> Markup:
    """The chart of the answer; of the curves where no law can be fitted."""
    if analysis.asked(question) is None:
        drawn = curve_sections(analysis, question)[0].chart
        assert drawn is not None
        chart = drawn(theme=theme)
    else:
        chart = answer_chart(analysis, question, theme=theme)
    svg = picture(chart.properties(height=HEIGHT), "svg", WIDTH).decode()
    return Markup(svg[svg.index("<svg") :])


def _as_table(table: pd.DataFrame, theme: Theme) -> Markup:
    return Markup(said(table, theme).to_html(index=False, border=0))


@cache
def _template(name: str) -> Template:
    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(
        loader=loader,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    return environment.get_template(f"{name}.html.jinja")


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
        table = _as_table(section.table, theme)
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
