"""The answer as lines of a terminal, in English: short, or with every section."""

import shutil
import sys
import textwrap

import pandas as pd

from analysis.report.console_chart import chart_lines
from analysis.report.console_words import further, how_sure
from analysis.report.headline import Headline, headline
from analysis.report.study_analysis import Question, StudyAnalysis
from tracking.forecasts import first_measure

WIDTH = 100  # of lines that go to a file, and the most of a terminal


def print_report(
    analysis: StudyAnalysis, question: Question, title: str, more: str, full: bool = False
) -> None:
    """The answer, how sure it is, the next step, the chart, and a few lines.

    more: where the rest is.
    full: print every section below them; long tables of numbers are cut.
    """
    width = columns()
    answer = headline(analysis, question)
    print_wrapped([title, analysis.study.note], width)
    print()
    print_wrapped(answer_lines(answer), width)
    if analysis.asked(question) is not None:
        print("", *chart_lines(analysis, question, width), sep="\n")
    print()
    print_wrapped([*further(analysis, question), more], width)
    if full:
        from analysis.report.console_sections import print_sections  # loads altair

        print_sections(analysis, question, answer)


def columns() -> int:
    """Of the terminal, at most WIDTH; WIDTH where the output goes elsewhere."""
    if not sys.stdout.isatty():
        return WIDTH
    return min(shutil.get_terminal_size().columns, WIDTH)


def print_wrapped(lines: list[str], width: int) -> None:
    """Lines broken between words on a terminal; whole elsewhere, where they are searched."""
    for line in lines:
        if not line:
            continue
        broken = textwrap.wrap(line, width) if sys.stdout.isatty() else [line]
        print(*broken, sep="\n")


def answer_lines(answer: Headline) -> list[str]:
    """The sentence, why it is too good, how sure it is, and what to do next."""
    doubts = [answer.doubt] if answer.doubt else []
    return [answer.sentence, *doubts, how_sure(answer), answer.surer]


def print_forecasts(added: pd.DataFrame) -> None:
    """Forecasts that were logged before training."""
    for row in first_measure(added).itertuples():
        where = f"{row.architecture} at n={row.n:,}"
        print(f"forecast before training: {where}: {row.low:.4g} to {row.high:.4g}")
    if added.empty:
        print("nothing to forecast: it was done before, or fewer than 3 sizes are measured")
