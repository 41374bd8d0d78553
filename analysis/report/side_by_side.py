"""Studies, datasets or prices side by side: what each answers, as one table."""

import math
from dataclasses import dataclass

import pandas as pd

from analysis.decision.decide import NOTHING
from analysis.decision.questions import ForTarget, for_target
from analysis.report.amounts import money
from analysis.report.answer_words import Subject
from analysis.report.decision_words import NAMES
from analysis.report.numbers import in_units, said_of
from analysis.report.sections import Section
from analysis.report.study_analysis import Question, StudyAnalysis
from tracking.text import Text, Verbatim, joined


@dataclass(frozen=True)
class Entry:
    """One of those that stand side by side.

    name: what its row is called.
    analysis, question: what is asked of what.
    """

    name: str
    analysis: StudyAnalysis
    question: Question


def side_by_side(entries: list[Entry]) -> Section:
    """What twice the data and the target take in each case."""
    head = [
        Text("case"),
        Text("model"),
        Text("today"),
        Text("with twice the data"),
        Text("price"),
        Text("target"),
        Text("best way there"),
        Text("price there"),
        Text("trust"),
    ]
    table = pd.DataFrame([_row(one) for one in entries], columns=head)
    return Section(Text("Side by side"), "", table)


def _row(entry: Entry) -> list[str]:
    analysis = entry.analysis
    measure = analysis.measure
    asked = analysis.asked(entry.question)
    if asked is None:
        return [Verbatim(entry.name), *["–"] * 7, "cannot say"]
    decision = analysis.decision(entry.question)
    twice = analysis.doublings(entry.question)[0]
    found = for_target(decision)
    currency = decision.prices.currency
    about = Subject(asked.architecture, measure, currency)
    value, low, high = about.values([twice.value], twice.low, twice.high)
    between = Text("{value} ({low} to {high})", value=value, low=low, high=high)
    named = [said_of(measure), in_units(found.target, measure)]
    return [
        Verbatim(entry.name),
        Verbatim(asked.architecture),
        joined([said_of(measure), in_units(found.now, measure)]),
        between,
        money(twice.price, currency) if math.isfinite(twice.price) else "–",
        joined(named),
        _way(found),
        money(found.price, currency) if math.isfinite(found.price) else "–",
        twice.sure.grade,
    ]


def _way(found: ForTarget) -> str:
    if found.choice == NOTHING:
        return Text("nothing to do")
    return NAMES.get(found.choice, Text("cannot be promised"))
