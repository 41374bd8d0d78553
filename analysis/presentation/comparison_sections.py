"""Architectures side by side in words, tables and charts."""

from functools import partial

import numpy as np
import pandas as pd

from analysis.compare import Comparison
from analysis.evidence import Evidence, Question
from analysis.language import Text
from analysis.presentation import comparison_charts
from analysis.presentation.sections import Section
from analysis.presentation.wording import ratio, ratios, share, size, sizes


def comparison_sections(evidence: Evidence, question: Question) -> list[Section]:
    """Exponents, winners, what a switch and what tuning is worth, crossovers; what cannot be compared is left out."""
    found = evidence.comparison(question.confidence)
    parts = [summary(found)]
    if len(found.exponents.table):
        parts.append(exponents(found))
    if len(found.winners.columns) > 1:
        parts += [winners(found), worth(found), crossovers(found)]
    if len(found.tuning_table):
        parts.append(tuning(found))
    if found.left_out:
        parts.append(Section(Text("Not compared"), "", pd.DataFrame({Text("reason"): found.left_out})))
    return parts


def summary(found: Comparison) -> Section:
    """Exponents, winners and true crossovers in sentences; what the best is worth if that is one number or endless."""
    several = len(found.winners.columns) > 1
    lines = [*found.words[: 2 if several else 1]]
    lines += [one.words for pair, one in found.crossovers.items() if len(one.ranges) > 1]
    switches = [(name, found.best) for name in found.winners.columns if name != found.best]
    lines += [found.switch(*pair) for pair in switches if found.constant(*pair) or found.endless(*pair)]
    return Section(Text("In words"), lines=tuple(lines))


def exponents(found: Comparison) -> Section:
    table = found.exponents.table
    rows = [
        (Text("shared") if row.architecture == "shared" else row.architecture, f"{row.b:.3f}", _span(row.low, row.high))
        for row in table.itertuples()
    ]
    head = [Text("architecture"), Text("exponent b"), Text("interval")]
    words = Text(
        "How fast each architecture learns from data, with its interval; the last row is the exponent that all would "
        "share. Hestness et al. 2017 expect one exponent for a dataset: a better architecture shifts the curve."
    )
    chart = partial(comparison_charts.exponents, table)
    return Section(Text("Exponents side by side"), words, pd.DataFrame(rows, columns=head), chart)


def _span(low, high):
    return Text("{low:.3f} to {high:.3f}", low=low, high=high)


def winners(found: Comparison) -> Section:
    at = np.unique(np.searchsorted(found.winners.index, found.n * np.array([0.1, 0.3, 1, 3, 9])))
    at = at[at < len(found.winners)]
    table = found.winners.iloc[at].map(share).reset_index()
    table["n"] = [size(n) for n in table["n"]]
    words = Text("Probability that an architecture is the best, by number of examples. The line: today's data.")
    chart = partial(comparison_charts.winners, found.winners, found.n)
    return Section(Text("Which is best at which size?"), words, table.rename(columns={"n": Text("examples")}), chart)


def worth(found: Comparison) -> Section:
    table = found.worth_table
    now = table[table["times"] == 1]
    rows = [(row.first, row.second, *_worth(row)) for row in table.itertuples()]
    head = [
        Text("from"),
        Text("to"),
        Text("at examples"),
        Text("worth"),
        Text("between"),
        Text("trust"),
        Text("because"),
    ]
    words = Text(
        "Switching from the architecture of the row to that of the column is worth so many times the data "
        "(at {n:,.0f} examples); below 1× it is a loss, “?” where it cannot be said.",
        n=found.n,
    )
    chart = partial(comparison_charts.worth, now)
    return Section(Text("Worth k times the data"), words, pd.DataFrame(rows, columns=head), chart)


def _worth(row):
    bounds = {"least": Text("at least {low}", low=ratio(row.low)), "most": Text("at most {high}", high=ratio(row.high))}
    k = Text("cannot say") if row.grade == "cannot say" else bounds.get(row.bound, ratio(row.median))
    return size(row.n), k, ratios(row.low, row.high), row.grade, row.reason


def crossovers(found: Comparison) -> Section:
    rows = [(pair.words, *_crossing(pair), share(pair.p)) for pair in found.crossovers.values()]
    head = [Text("result"), Text("crossing at"), Text("between"), Text("chance of a crossing")]
    words = Text("From which number of examples on one architecture beats another.")
    return Section(Text("Crossovers"), words, pd.DataFrame(rows, columns=head))


def _crossing(pair):
    if not pair.n[0] < pair.median < np.inf:  # one is ahead all along in most futures
        return "–", "–"
    return size(pair.median), sizes(pair.low, pair.high)


def tuning(found: Comparison) -> Section:
    rows = [(row.architecture, *_worth(row)) for row in found.tuning_table.itertuples()]
    head = [Text("architecture"), Text("at examples"), Text("worth"), Text("between"), Text("trust"), Text("because")]
    words = Text("Tuned instead of untuned (default) hyperparameters, in multiples of the data.")
    return Section(Text("What tuning is worth"), words, pd.DataFrame(rows, columns=head))
