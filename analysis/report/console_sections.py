"""Every section of the report that says something without a chart, on a terminal."""

import pandas as pd

from analysis.report.comparison_sections import summary
from analysis.report.headline import Headline, assumed
from analysis.report.model_size_section import model_size_sections
from analysis.report.sections import Section, curve_sections
from analysis.report.slices_section import slices
from analysis.report.study_analysis import Question, StudyAnalysis
from analysis.report.trust_sections import WARNINGS, trust_sections

MOST_ROWS = 12  # of a table of a study of many architectures; the HTML has them all


def print_sections(analysis: StudyAnalysis, question: Question, answer: Headline) -> None:
    """One below the other; long tables of numbers are cut."""
    print("", *filter(None, [*answer.money, assumed(analysis, question)]), sep="\n")
    for section in printed(analysis, question):
        print_section(section)


def printed(analysis: StudyAnalysis, question: Question) -> list[Section]:
    """The sections that say something without a chart."""
    confidence = question.confidence
    _, *curves = curve_sections(analysis, question)  # the first is the chart
    several = len(analysis.known(confidence)) > 1
    comparison = [summary(analysis.comparison(confidence))] if several else []
    sizes = model_size_sections(analysis)
    which = slices(analysis, question)
    examples = [] if which is None else [which]
    return [*curves, *comparison, *sizes, *examples, *trust_sections(analysis, question)]


def print_section(section: Section) -> None:
    """Tables of numbers are cut after MOST_ROWS; remarks never."""
    print(f"\n{section.title}: {section.words}".rstrip())
    for line in section.lines:
        print(line)
    if section.table is not None:
        whole = section.title == WARNINGS
        print_table(section.table, len(section.table) if whole else MOST_ROWS)


def print_table(table: pd.DataFrame, most: int) -> None:
    """At most `most` rows."""
    print(table.head(most).to_string(index=False))
    if len(table) > most:
        print(f"… {len(table) - most} more rows on the page")
