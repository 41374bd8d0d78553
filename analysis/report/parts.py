"""The whole report in its parts, in the order in which it is read."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from analysis.report.comparison_sections import comparison_sections
from analysis.report.decision_sections import decision_sections
from analysis.report.model_size_section import model_size_sections
from analysis.report.numbers import said_of
from analysis.report.run_table import headings, runs_table
from analysis.report.sections import Section, curve_sections
from analysis.report.study_analysis import Question, StudyAnalysis
from analysis.report.trust_sections import trust_sections
from tracking.measures import find_measure
from tracking.text import Text, counted

MOST_RUNS = 1000  # of the table in a report


@dataclass(frozen=True)
class Part:
    """A part of the report, a tab of the page.

    key: its name in addresses.
    title: its heading.
    sections: what it says of an analysis and a question; computed when it is shown.
    """

    key: str
    title: Text
    sections: Callable[..., list[Section]]


def models_sections(
    analysis: StudyAnalysis, question: Question, curves: list[Section] | None = None
) -> list[Section]:
    """The curves, and the models side by side where one has a law.

    curves: their sections, where they are drawn in some other way.
    """
    found = curve_sections(analysis, question) if curves is None else curves
    if analysis.asked(question) is None:
        return found
    first, *more = found
    compared = comparison_sections(analysis, question)
    return [first, *compared, *more, *model_size_sections(analysis)]


def runs_sections(analysis: StudyAnalysis, question: Question) -> list[Section]:
    """The runs behind the curves, the best first; the points themselves of a CSV."""
    title = Text("The runs behind each point")
    if analysis.runs is None:
        return [Section(title, "", points(analysis))]
    table = runs_table(analysis.runs).head(MOST_RUNS)
    words = counted(
        "{shown} of {count} run, the best validation {measure} first.",
        "{shown:,} of {count:,} runs, the best validation {measure} first.",
        shown=len(table),
        count=len(analysis.runs),
        measure=said_of(analysis.chooser),
    )
    shown = table.map(_cell).rename(columns=headings(analysis.runs))
    return [Section(title, words, shown)]


def points(analysis: StudyAnalysis) -> pd.DataFrame:
    """The points of the curves, by the name of their measure and as its reader knows it."""
    found = find_measure(analysis.measure)
    shown = analysis.table.assign(value=found.shown(analysis.table["value"]))
    return shown.rename(columns={"value": found.name})


def _cell(value: object) -> object:
    if pd.isna(value):
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else value


PARTS = (
    Part("decision", Text("Data or model"), decision_sections),
    Part("models", Text("Which model"), models_sections),
    Part("trust", Text("Can I trust it?"), trust_sections),
    Part("runs", Text("Runs"), runs_sections),
)
