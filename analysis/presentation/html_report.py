"""The whole report as one HTML file that needs no network: tables, and charts that stay interactive."""

import html
import json
from functools import cache

import pandas as pd
import vl_convert

from analysis.evidence import Evidence, Question
from analysis.language import Text
from analysis.presentation.headline import Headline, headline
from analysis.presentation.look import Look
from analysis.presentation.parts import PARTS
from analysis.presentation.sections import Section

STYLE = """
:root { color-scheme: light; --ink: #1c2026; --soft: #5b616c; --line: #e3e6eb; --blue: #0a5b93; }
body { font: 16px/1.6 system-ui, "PingFang SC", "Microsoft YaHei", sans-serif; color: var(--ink); background: #fff;
  margin: 0 auto; max-width: 60rem; padding: 2rem 1.2rem 5rem; }
h1 { font-size: 1.9rem; line-height: 1.25; } h2 { margin-top: 3.5rem; border-bottom: 1px solid var(--line); }
h3 { margin-top: 2rem; } p { max-width: 46rem; } nav a { margin-right: 1.2rem; } a { color: var(--blue); }
.answer { font-size: 1.35rem; line-height: 1.5; } .soft { color: var(--soft); }
.table { overflow-x: auto; } table { border-collapse: collapse; font-size: .9rem; }
th, td { padding: .35rem .9rem .35rem 0; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--soft); font-weight: 600; } figure { margin: 1.2rem 0; } .chart { width: 100%; }
pre { white-space: pre-wrap; background: #f4f5f7; padding: .8rem; border-radius: .4rem; }
@media print { nav, .vega-embed details { display: none; } h2 { break-before: page; } }
"""
DRAW = """
for (const place of document.querySelectorAll('.chart'))
  vegaEmbed(place, JSON.parse(document.getElementById(place.dataset.spec).textContent),
            {renderer: 'svg', actions: {export: true, source: false, compiled: false, editor: false}});
"""


def as_html(evidence: Evidence, question: Question, language: str = "en") -> str:
    """The answer and all parts of the report to a question, in a language of analysis.language.LANGUAGES."""
    look = Look(language)
    study, say = evidence.study, lambda text: html.escape(look.say(text))
    title = Text("How much data is enough? {name}", name=study.name)
    links = "".join(f'<a href="#{part.key}">{say(part.title)}</a>' for part in PARTS)
    parts, charts = [], []
    for part in PARTS:
        sections = part.sections(evidence, question)
        inner = "".join(_section(section, look, charts) for section in sections)
        parts.append(f'<h2 id="{part.key}">{say(part.title)}</h2>{inner}')
    note = f"<p>{say(Text('Data: {note}', note=study.note))}</p>" if study.note else ""
    date = study.about.get("date", "")
    measured = Text("Measured on {date}, commit {commit}.", date=date, commit=study.about.get("commit", ""))
    made = f'<p class="soft">{say(measured)}</p>'
    body = f"<h1>{say(title)}</h1>{_headline(headline(evidence, question), look)}{note}{made if date else ''}"
    specs = "".join(f'<script type="application/json" id="s{i}">{spec}</script>' for i, spec in enumerate(charts))
    return (
        f'<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8"><title>{say(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>'
        f"<body><main>{body}<nav>{links}</nav>{''.join(parts)}</main>{specs}"
        f"<script>{vega()}</script><script>{DRAW}</script></body></html>"
    )


def _headline(found: Headline, look: Look) -> str:
    say = lambda text: html.escape(look.say(text))  # noqa: E731
    rows = "".join(f"<tr><th>{say(name)}</th><td>{say(text)}</td></tr>" for name, text in found.facts.items())
    trust = say(Text("Trust: {grade} – {because}", grade=found.grade, because=found.because))
    money = "".join(f"<p>{say(text)}</p>" for text in found.money)
    surer = f"<p>{say(found.surer)}</p>" if found.surer else ""
    return f'<p class="answer">{say(found.sentence)}</p><p class="soft">{trust}</p>{money}{surer}<table>{rows}</table>'


def _section(section: Section, look: Look, charts: list[str]) -> str:
    say = lambda text: html.escape(look.say(text))  # noqa: E731
    text = f"<h3>{say(section.title)}</h3>"
    text += f"<p>{say(section.words)}</p>" if section.words else ""
    text += f"<ul>{''.join(f'<li>{say(line)}</li>' for line in section.lines)}</ul>" if section.lines else ""
    if section.chart is not None:
        label = say(alt_text(section))
        text += f'<figure><div class="chart" role="img" aria-label="{label}" data-spec="s{len(charts)}"></div></figure>'
        charts.append(json.dumps(section.chart(look=look).to_dict()).replace("<", "\\u003c"))
    if section.table is not None:
        table = f'<div class="table">{said(section.table, look).to_html(index=False, border=0)}</div>'
        hidden = f"<details><summary>{say(NUMBERS)}</summary>{table}</details>"
        text += table if section.chart is None else hidden
    return text + (f"<pre>{html.escape(section.command)}</pre>" if section.command else "")


def said(table: pd.DataFrame, look: Look) -> pd.DataFrame:
    """A table in the reader's language."""
    text = table.map(lambda cell: look.say(cell) if isinstance(cell, str) else cell)
    return text.rename(columns=look.say)


NUMBERS = Text("The numbers of this chart")


def alt_text(section: Section) -> Text:
    """What a screen reader says of a chart."""
    return Text("Chart: {title}. The table with its numbers follows.", title=section.title)


@cache
def vega() -> str:
    """Vega, Vega-Lite and Vega-Embed in one script, which defines vegaEmbed."""
    return vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;").replace("</script", "<\\/script")
