"""Can the answer be trusted? Past forecasts, noise, the search, and how the study was done."""

import math
from functools import partial
from typing import Any

import pandas as pd

from analysis.diagnostics.diagnosis import Diagnosis
from analysis.diagnostics.noise import SOURCES
from analysis.report import trust_charts
from analysis.report.examples_section import examples_sections
from analysis.report.failure_words import missing_words
from analysis.report.numbers import best_of, in_units, interval, said_of
from analysis.report.protocol import protocol
from analysis.report.sections import Section, for_engineers
from analysis.report.study_analysis import Question, StudyAnalysis
from analysis.report.warning_table import warning_table
from tracking.measures import find_measure
from tracking.text import Text, counted, joined, template

WARNINGS = Text("Warnings")
STILL_FALLING = template("{gain:.1%} still falling")
STILL_RISING = template("{gain:.1%} still rising")
AHEAD = (Text("next size"), Text("two sizes ahead"), Text("three sizes ahead"))
SOURCE_NAMES = {
    "data draw": Text("data draw"),
    "initialisation": Text("initialisation"),
    "search": Text("search"),
}


def trust_sections(analysis: StudyAnalysis, question: Question) -> list[Section]:
    """All that speaks for or against the answer; what nothing is known about is left out."""
    measure = analysis.measure
    past = analysis.backtests(question.confidence)
    diagnosis = analysis.diagnosis(question.confidence)
    parts = [backtests(past, measure)] if len(past) else []
    parts += examples_sections(analysis, question)
    if diagnosis is not None:
        parts += _diagnosed(diagnosis, measure, analysis.chooser)
    details = [remarks(analysis, question), *protocol(analysis)]
    return [*parts, *map(for_engineers, details)]


def _diagnosed(diagnosis: Diagnosis, measure: str, chooser: str) -> list[Section]:
    parts = []
    if len(diagnosis.held_out):
        parts.append(held_out(diagnosis, measure))
    if len(diagnosis.noise):
        parts.append(for_engineers(noise(diagnosis, measure)))
    if len(diagnosis.adequacy):
        parts.append(for_engineers(search(diagnosis, chooser)))
    if len(diagnosis.exponents):
        parts.append(for_engineers(draws(diagnosis)))
    return parts


def backtests(past: pd.DataFrame, measure: str) -> Section:
    """Each size, predicted from the smaller ones."""
    said = []
    for steps, ahead in enumerate(AHEAD, 1):
        part = past[past["steps"] == steps]
        if len(part):
            said.append(
                Text(
                    "{ahead}: {inside} of {count} inside, typical miss {miss:.1%}",
                    ahead=ahead,
                    inside=int(part["inside"].sum()),
                    count=len(part),
                    miss=part["miss"].abs().median(),
                )
            )
    words = joined(
        [
            Text(
                "Each larger size predicted from the smaller ones alone. {said}.",
                said=joined(said, by="; "),
            ),
            *_of_the_gap(measure),
        ]
    )
    newest = past[past["steps"] == 1]
    newest = newest.sort_values(["n", "architecture"], ascending=[False, True])
    chart = partial(trust_charts.past_forecasts, newest, measure)
    return Section(Text("Its own past forecasts"), words, _compared(newest, measure), chart)


def held_out(diagnosis: Diagnosis, measure: str) -> Section:
    """Forecasts logged before training, and what came out."""
    table = diagnosis.held_out
    known = table[table["measured"].notna()]
    when = table["made"].iloc[0][:16].replace("T", " ")
    made = Text("Logged to MLflow on {made}, before these sizes were trained.", made=when)
    inside = Text("They have not been trained yet.")
    if len(known):
        inside = counted(
            "{inside} of {count} measurement fell inside.",
            "{inside} of {count} measurements fell inside.",
            inside=int(known["inside"].sum()),
            count=len(known),
        )
    title = Text("Forecasts made before training")
    chart = partial(trust_charts.past_forecasts, table, measure)
    words = joined([made, inside, *_of_the_gap(measure)])
    return Section(title, words, _compared(table, measure), chart)


def _of_the_gap(measure: str) -> list[Text]:
    """What a miss is a share of, where that is not the value itself."""
    if not find_measure(measure).is_score:
        return []
    return [Text("A miss is a share of the gap to {best}.", best=best_of(measure))]


def _compared(table: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Forecasts beside measurements, as text."""
    head = [
        Text("examples"),
        Text("architecture"),
        Text("seen up to"),
        Text("predicted"),
        Text("between"),
        Text("measured"),
        Text("inside"),
        Text("miss"),
    ]
    rows = [_compared_row(row, measure) for row in table.itertuples()]
    return pd.DataFrame(rows, columns=head)


def _compared_row(row: Any, measure: str) -> tuple:
    inside = "–"
    miss = "–"
    if not math.isnan(row.measured):
        inside = Text("yes") if row.inside else Text("no")
        miss = f"{row.miss:+.1%}"
    return (
        f"{row.n:,.0f}",
        row.architecture,
        f"{row.from_n:,.0f}",
        in_units(row.predicted, measure),
        interval(row.low, row.high, measure),
        in_units(row.measured, measure),
        inside,
        miss,
    )


def noise(diagnosis: Diagnosis, measure: str) -> Section:
    """Where the scatter of a point comes from."""
    wide = diagnosis.noise.pivot(index="source", columns="architecture", values="spread")
    text = wide.loc[list(SOURCES)].map(_spread).reset_index()
    text["source"] = [SOURCE_NAMES[name] for name in text["source"]]
    words = Text(
        "Standard deviation of one point's test {measure}, by what differs between two runs "
        "of the same size.",
        measure=said_of(measure),
    )
    if find_measure(measure).is_score:
        words = Text(
            "Standard deviation of the gap of one point's test {measure} to {best}, by what "
            "differs between two runs of the same size.",
            measure=said_of(measure),
            best=best_of(measure),
        )
    return Section(Text("Noise of a single point"), words, _named(text, source=Text("source")))


def _spread(number: float) -> str:
    return Text("unknown") if math.isnan(number) else f"{number:.1%}"


def search(diagnosis: Diagnosis, measure: str = "loss") -> Section:
    """Whether more random draws would have found better hyperparameters.

    measure: that which chooses.
    """
    table = diagnosis.adequacy
    is_score = find_measure(measure).is_score
    still = STILL_RISING if is_score else STILL_FALLING
    cell = [
        Text(still, gain=row.gain) if row.falling else f"{row.gain:.1%}"
        for row in table.itertuples()
    ]
    text = _wide(table.assign(cell=cell), "n")
    text["n"] = text["n"].map("{:,}".format)
    words = Text(
        "How much the last doubling of random draws (to {most}) lowered the expected best "
        "validation {measure}. The chart shows the largest size, with the range of nine "
        "searches in ten.",
        most=table["draws"].max(),
        measure=said_of(measure),
    )
    if is_score:
        words = Text(
            "How much of its gap to {best} the expected best validation {measure} lost by the "
            "last doubling of random draws (to {most}). The chart shows the largest size, "
            "with the range of nine searches in ten.",
            best=best_of(measure),
            most=table["draws"].max(),
            measure=said_of(measure),
        )
    title = Text("Was the search long enough?")
    chart = partial(trust_charts.expected_best, diagnosis.expected_best, measure)
    return Section(title, words, _named(text, n=Text("examples")), chart)


def draws(diagnosis: Diagnosis) -> Section:
    """The exponent by the number of random draws."""
    table = diagnosis.exponents
    cell = [
        Text("{b:.3f} ({low:.2f} to {high:.2f})", b=row.exponent, low=row.low, high=row.high)
        for row in table.itertuples()
    ]
    text = _wide(table.assign(cell=cell), "k")
    words = Text(
        "The exponent that the study would have found with fewer random draws at every size."
    )
    title = Text("The exponent and the search")
    chart = partial(trust_charts.exponents, table)
    return Section(title, words, _named(text, k=Text("draws")), chart)


def _wide(table: pd.DataFrame, index: str) -> pd.DataFrame:
    """The text in `cell`, a column for each architecture."""
    wide = table.pivot(index=index, columns="architecture", values="cell")
    return wide.fillna("–").reset_index()


def _named(table: pd.DataFrame, **names: Text) -> pd.DataFrame:
    return table.rename(columns=names).rename_axis(None, axis=1)


def remarks(analysis: StudyAnalysis, question: Question) -> Section:
    """What failed, is ill-behaved or not known about the curves."""
    title = WARNINGS
    diagnosis = analysis.diagnosis(question.confidence)
    lines = [] if analysis.runs is None else missing_words(analysis.runs)
    conclusions = analysis.conclusions(question.confidence)
    table = warning_table(conclusions, diagnosis, analysis.measure)
    if lines or len(table):
        words = Text("What is ill-behaved or not known, by architecture.")
        shown = table if len(table) else None
        return Section(title, words if len(table) else "", shown, lines=tuple(lines))
    if diagnosis is not None and len(diagnosis.adequacy):
        words = Text("None: the curves are well-behaved and the search was long enough.")
    else:
        words = Text("None about the curves. Whether the search was long enough is not known.")
    return Section(title, words)
