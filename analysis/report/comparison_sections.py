"""Architectures side by side in words, tables and charts."""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from analysis.comparison.compare import Comparison
from analysis.comparison.exponents import SHARED
from analysis.report import comparison_charts
from analysis.report.comparison_words import endless_words, exponents_words, switch_words
from analysis.report.crossover_words import crossover_words, where_ahead, winners_words
from analysis.report.messages import say
from analysis.report.numbers import ratio, ratios, share, size
from analysis.report.sections import Section, for_engineers
from analysis.report.study_analysis import Question, StudyAnalysis
from tracking.text import Text

SHOWN = np.array([0.1, 0.3, 1, 3, 9])  # times the data: the rows of the table of winners
MOST_LINES = 3  # of one kind; tables and charts have them all
MULTIPLIER = (
    Text("at examples"),
    Text("times the data"),
    Text("between"),
    Text("trust"),
    Text("because"),
)


def comparison_sections(analysis: StudyAnalysis, question: Question) -> list[Section]:
    """Exponents, winners, what switching and tuning are worth, crossovers, what is omitted."""
    found = analysis.comparison(question.confidence)
    parts = [for_engineers(summary(found))]
    if len(found.exponents.table):
        parts.append(for_engineers(exponents(found)))
    if len(found.winners.columns) > 1:
        parts += [winners(found), switches(found, analysis.measure)]
        parts.append(for_engineers(crossovers(found)))
    if found.tuning:
        parts.append(for_engineers(tuning(found, analysis.measure)))
    if found.left_out:
        parts.append(for_engineers(left_out(found, analysis.measure)))
    return parts


def summary(found: Comparison) -> Section:
    """Exponents, winners, curves that cross, and switches worth one number or any amount."""
    lines = [exponents_words(found.exponents)]
    names = list(found.winners.columns)
    if len(names) > 1:
        lines.append(winners_words(found))
    best = found.best
    crossing = [one for one in found.crossovers.values() if len(one.ranges) > 1]
    crossing.sort(key=lambda one: best not in one.names)
    lines += [crossover_words(one) for one in crossing[:MOST_LINES]]
    if best is not None:
        others = [name for name in names if name != best]
        same = [name for name in others if found.constant(name, best)]
        lines += [switch_words(found, name, best) for name in same[:MOST_LINES]]
        never = [name for name in others if found.endless(name, best) and name not in same]
        lines += [endless_words(never, best)] if never else []
    return Section(Text("In words"), lines=tuple(lines))


def exponents(found: Comparison) -> Section:
    """The exponent of each architecture, and the shared one."""
    table = found.exponents.table
    rows = []
    for row in table.itertuples():
        name = Text("shared") if row.architecture == SHARED else row.architecture
        span = Text("{low:.3f} to {high:.3f}", low=row.low, high=row.high)
        rows.append((name, f"{row.b:.3f}", span))
    head = [Text("architecture"), Text("exponent b"), Text("interval")]
    words = Text(
        "How fast each architecture learns from data, with its interval; the last row is the "
        "exponent that all would share. Hestness et al. 2017 expect one exponent for a "
        "dataset: a better architecture shifts the curve."
    )
    return Section(
        Text("Exponents side by side"),
        words,
        pd.DataFrame(rows, columns=head),
        partial(comparison_charts.exponents, table),
    )


def winners(found: Comparison) -> Section:
    """How likely each architecture is the best at a few sizes."""
    at = np.unique(np.searchsorted(found.winners.index, found.n * SHOWN))
    at = at[at < len(found.winners)]
    table = found.winners.iloc[at].map(share).reset_index()
    table["n"] = [size(n) for n in table["n"]]
    words = Text(
        "Probability that an architecture is the best, by number of examples. "
        "The dashed line: today's data."
    )
    return Section(
        Text("Which is best at which size?"),
        words,
        table.rename(columns={"n": Text("examples")}),
        partial(comparison_charts.winners, found.winners, found.n),
    )


def switches(found: Comparison, measure: str = "loss") -> Section:
    """What switching from each architecture to each other one equals in data."""
    table = found.multiplier_table
    rows = [(row.first, row.second, *_multiplier(row, measure)) for row in table.itertuples()]
    words = Text(
        "How many times the data a switch from the architecture of the row to that of the "
        "column equals, at {n:,.0f} examples. Below 1× the switch is a loss; “?”: not enough "
        "data to tell.",
        n=found.n,
    )
    return Section(
        Text("What switching is worth"),
        words,
        pd.DataFrame(rows, columns=[Text("from"), Text("to"), *MULTIPLIER]),
        partial(comparison_charts.multipliers, table[table["times"] == 1]),
    )


def _multiplier(row: Any, measure: str) -> tuple[str, ...]:
    """The cells MULTIPLIER of a row of multiplier_table or tuning_table."""
    k = ratio(row.median)
    if row.grade == "cannot say":
        k = Text("cannot say")
    elif row.bound == "least":
        k = Text("at least {low}", low=ratio(row.low))
    elif row.bound == "most":
        k = Text("at most {high}", high=ratio(row.high))
    because = "" if row.reason is None else say(row.reason, measure)
    return size(row.n), k, ratios(row.low, row.high), row.grade, because


def crossovers(found: Comparison) -> Section:
    """Where each pair of architectures crosses."""
    names = list(found.winners.columns)
    names += [name for pair in found.crossovers for name in pair if name not in names]
    names = list(dict.fromkeys(names))
    cells: dict[str, dict[str, str]] = {name: dict.fromkeys(names, "–") for name in names}
    for one in found.crossovers.values():
        a, b = one.names
        for ahead, behind in ((a, b), (b, a)):
            cells[ahead][behind] = where_ahead(one, ahead)
    rows = [(name, *cells[name].values()) for name in names]
    head = [Text("which beats which"), *names]
    words = Text(
        "The numbers of examples at which the architecture of the row is ahead of that of the "
        "column; “?”: neither is clearly ahead anywhere."
    )
    return Section(Text("Crossovers"), words, pd.DataFrame(rows, columns=head))


def tuning(found: Comparison, measure: str = "loss") -> Section:
    """What tuning each architecture equals in data."""
    table = found.tuning_table
    rows = [(row.architecture, *_multiplier(row, measure)) for row in table.itertuples()]
    words = Text("How many times the data tuning equals, instead of default hyperparameters.")
    return Section(
        Text("What tuning is worth"),
        words,
        pd.DataFrame(rows, columns=[Text("architecture"), *MULTIPLIER]),
    )


def left_out(found: Comparison, measure: str = "loss") -> Section:
    """What is not compared, and why."""
    reasons = [say(finding, measure) for finding in found.left_out]
    return Section(Text("Not compared"), "", pd.DataFrame({Text("reason"): reasons}))
