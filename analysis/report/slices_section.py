"""Which examples to collect, in words, as a table and as a chart."""

from dataclasses import replace
from functools import partial

import pandas as pd

from analysis.decision.slices import SliceAdvice
from analysis.planning.study_so_far import Trials, study_so_far
from analysis.reasons import FitError
from analysis.report import slices_chart
from analysis.report.amounts import count
from analysis.report.messages import say_error
from analysis.report.numbers import chance, in_units, interval, said_of
from analysis.report.sections import Section
from analysis.report.slices_words import MOST, advice_words
from analysis.report.study_analysis import Question, StudyAnalysis
from tracking.text import Text, Verbatim, joined

DATA_SEEDS = (0, 1, 2)
TITLE = Text("Which examples to collect")
OWN = Text(
    "How much a class or group owes to its own examples, and how much to all others, cannot "
    "be seen while all grow alike. Here every division between the two is equally probable."
)
CONFUSED = Text(
    "What it costs to train on other shares than those met later is estimated from the "
    "classes that the model confuses."
)


def slices(analysis: StudyAnalysis, question: Question) -> Section | None:
    """The section; None for a study that tells no classes or groups apart."""
    try:
        found = analysis.slice_advice(question)
    except FitError as error:
        return Section(TITLE, say_error(error, analysis.measure))
    if found is None:
        return None
    measure = analysis.measure
    target = analysis.decision(question).prices.target
    table = found.table(target)
    words = Text(
        "A curve for each class or group, in the count of its own examples, fitted with what "
        "all of them share. Furthest from {target}: {names}.",
        target=in_units(target, measure),
        names=joined(map(Verbatim, table["slice"][:MOST]), ", "),
    )
    chart = partial(slices_chart.slices, table, measure, target)
    return Section(
        TITLE,
        words,
        _text(table, found, measure),
        chart,
        slice_lines(found, measure),
        _command(analysis, question, found),
    )


def slice_lines(found: SliceAdvice, measure: str) -> tuple[Text, ...]:
    """What to buy, and whether it matters; what it rests on."""
    lines = [advice_words(found, measure), OWN]
    if found.curves.confusion.any():
        lines.append(CONFUSED)
    return tuple(lines)


def _command(analysis: StudyAnalysis, question: Question, found: SliceAdvice) -> str:
    """Tries the advice on examples that the pool has already; "" where it has too few.

    Nor where today's shares are others than the pool's, which nobody knows here.
    """
    runs = analysis.runs
    asked = analysis.asked(question)
    assert runs is not None and asked is not None, "there are slices"
    now = found.curves.now
    usual = "shares" not in runs or runs["shares"].eq("").all()
    pool = float(runs["pool"].max()) if "pool" in runs else 0.0
    fraction = (now.sum() + found.budget) / max(pool, 1.0)
    names = found.curves.names
    if not (found.matters and usual and fraction <= 1) or any("," in one for one in names):
        return ""
    weights = 1 + found.advised.more / now
    named = zip(names, weights / weights.min())
    shares = ",".join(f"{name}:{weight:.3g}" for name, weight in named)
    known = study_so_far(runs, analysis.study.name, asked.architecture, analysis.measure)
    new = replace(
        known, study=f"{known.study}-shares", settings={**known.settings, "shares": shares}
    )
    return new.command(Trials((float(f"{fraction:.4g}"),), DATA_SEEDS, known.samples))


def _text(table: pd.DataFrame, found: SliceAdvice, measure: str) -> pd.DataFrame:
    name = said_of(measure)
    return pd.DataFrame(
        {
            Text("class or group"): [Verbatim(one) for one in table["slice"]],
            Text("examples"): [count(one) for one in table["now"]],
            Text("test examples"): [f"{one:,.0f}" for one in table["tests"]],
            Text("{measure} today", measure=name): [
                in_units(one, measure) for one in table["value"]
            ],
            Text("between"): [
                interval(low, high, measure) for low, high in zip(table["low"], table["high"])
            ],
            Text("misses the target"): [chance(one) for one in table["missed"]],
            Text("to buy"): [count(one) for one in table["advised"]],
            Text("by today's shares"): [count(one) for one in table["present"]],
        }
    )
