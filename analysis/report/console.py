"""The answer as lines of a terminal, in English."""

import pandas as pd

from analysis.report.comparison_sections import summary
from analysis.report.headline import Headline, assumed, headline
from analysis.report.sections import Section, curve_sections
from analysis.report.study_analysis import Question, StudyAnalysis
from analysis.report.trust_sections import trust_sections
from tracking.forecasts import first_measure

MOST_ROWS = 12  # of a table of a study of many architectures; the HTML has them all


def print_report(analysis: StudyAnalysis, question: Question, title: str) -> None:
    """The answer, then the sections one below the other; long tables of numbers are cut."""
    print_heading(title, analysis.study.note)
    print_answer(headline(analysis, question), assumed(analysis, question))
    for section in printed(analysis, question):
        print_section(section)


def printed(analysis: StudyAnalysis, question: Question) -> list[Section]:
    """The sections that say something without a chart."""
    confidence = question.confidence
    _, *curves = curve_sections(analysis, question)  # the first is the chart
    several = len(analysis.known(confidence)) > 1
    comparison = [summary(analysis.comparison(confidence))] if several else []
    return [*curves, *comparison, *trust_sections(analysis, question)]


def print_heading(title: str, note: str) -> None:
    print(*filter(None, [title, note]), sep="\n", end="\n\n")


def print_answer(answer: Headline, prices: str) -> None:
    lines = [answer.sentence, answer.trust, *answer.money, answer.surer, prices]
    print(*filter(None, lines), sep="\n")


def print_section(section: Section) -> None:
    print(f"\n{section.title}: {section.words}".rstrip())
    for line in section.lines:
        print(line)
    if section.table is not None:
        print_table(section.table)


def print_table(table: pd.DataFrame) -> None:
    """At most MOST_ROWS rows of numbers; remarks are never cut."""
    most = MOST_ROWS if len(table.columns) > 1 else len(table)
    print(table.head(most).to_string(index=False))
    if len(table) > most:
        print(f"… {len(table) - most} more rows on the page")


def print_forecasts(added: pd.DataFrame) -> None:
    """Forecasts that were logged before training."""
    for row in first_measure(added).itertuples():
        where = f"{row.architecture} at n={row.n:,}"
        print(f"forecast before training: {where}: {row.low:.4g} to {row.high:.4g}")
    if added.empty:
        print("nothing to forecast: it was done before, or fewer than 3 sizes are measured")
