"""Can the answer be trusted? Past forecasts, noise, the search, and how the study was done."""

import math
from functools import partial

import pandas as pd

from analysis.evidence import Evidence, Question
from analysis.language import Text, joined
from analysis.presentation import trust_charts
from analysis.presentation.headline import METRICS
from analysis.presentation.sections import Section, warnings_of
from analysis.presentation.wording import interval, value
from analysis.runs import is_diverged
from analysis.trust.failures import missing_lines
from analysis.trust.noise import SOURCES

AHEAD = (Text("next size"), Text("two sizes ahead"), Text("three sizes ahead"))
SOURCE_NAMES = {
    "data draw": Text("data draw"),
    "initialisation": Text("initialisation"),
    "search": Text("search"),
}
SETTINGS = {
    "date": Text("date"),
    "commit": Text("commit"),
    "hardware": Text("hardware"),
    "search_space": Text("search space"),
    "samples": Text("samples"),
    "pruning": Text("pruning"),
    "max_steps": Text("most steps"),
    "patience": Text("patience"),
    "data_seed": Text("data seeds"),
    "seed": Text("seeds"),
    "precision": Text("precision"),
    "device": Text("device"),
}


def trust_sections(evidence: Evidence, question: Question) -> list[Section]:
    """All that speaks for the answer or against it; what nothing is known about is left out."""
    found, metric = evidence.conclusions(question.confidence), evidence.metric
    past, diagnosis = evidence.backtests(question.confidence), evidence.diagnosis(question.confidence)
    parts = [backtests(past, metric)] if len(past) else []
    if diagnosis is not None:
        about = (held_out, diagnosis.held_out), (noise, diagnosis.noise), (search, diagnosis.adequacy)
        parts += [part(diagnosis, metric) for part, table in (*about, (draws, diagnosis.exponents)) if len(table)]
    lines = [] if evidence.runs is None else missing_lines(evidence.runs)
    searched = diagnosis is not None and len(diagnosis.adequacy) > 0
    return [*parts, remarks([*lines, *warnings_of(found, diagnosis)], searched), *protocol(evidence)]


def backtests(past: pd.DataFrame, metric: str) -> Section:
    said = []
    for steps, words in enumerate(AHEAD, 1):
        part = past[past["steps"] == steps]
        if len(part):
            found = {"inside": int(part["inside"].sum()), "count": len(part), "miss": part["miss"].abs().median()}
            said.append(Text("{ahead}: {inside} of {count} inside, typical miss {miss:.1%}", ahead=words, **found))
    words = Text("Each larger size predicted from the smaller ones alone. {said}.", said=joined(said, by="; "))
    newest = past[past["steps"] == 1].sort_values(["n", "architecture"], ascending=[False, True])
    chart = partial(trust_charts.past_forecasts, newest, metric)
    return Section(Text("Its own past forecasts"), words, _compared(newest, metric), chart)


def held_out(diagnosis, metric: str) -> Section:
    table = diagnosis.held_out
    known = table[table["measured"].notna()]
    when = table["made"].iloc[0][:16].replace("T", " ")
    made = Text("Logged to MLflow on {made}, before these sizes were trained.", made=when)
    inside = Text("{inside} of {count} measurements fell inside.", inside=int(known["inside"].sum()), count=len(known))
    words = joined([made, inside if len(known) else Text("They have not been trained yet.")])
    chart = partial(trust_charts.past_forecasts, table, metric)
    return Section(Text("Forecasts made before training"), words, _compared(table, metric), chart)


def _compared(table, metric):
    rows = [
        (f"{row.n:,.0f}", row.architecture, f"{row.from_n:,.0f}", value(row.predicted, metric))
        + (interval(row.low, row.high, metric), value(row.measured, metric), *_verdict(row))
        for row in table.itertuples()
    ]
    head = [Text("examples"), Text("architecture"), Text("seen up to"), Text("predicted"), Text("between")]
    return pd.DataFrame(rows, columns=[*head, Text("measured"), Text("inside"), Text("miss")])


def _verdict(row):
    if math.isnan(row.measured):
        return "–", "–"
    return Text("yes") if row.inside else Text("no"), f"{row.miss:+.1%}"


def noise(diagnosis, metric: str) -> Section:
    table = diagnosis.noise.pivot(index="source", columns="architecture", values="spread").loc[list(SOURCES)]
    text = table.map(lambda spread: Text("unknown") if math.isnan(spread) else f"{spread:.1%}").reset_index()
    text["source"] = [SOURCE_NAMES[name] for name in text["source"]]
    words = Text(
        "Standard deviation of one point's test {metric}, by what differs between two runs of the same size.",
        metric=METRICS[metric],
    )
    return Section(Text("Noise of a single point"), words, _named(text, source=Text("source")))


def search(diagnosis, metric: str) -> Section:
    table = diagnosis.adequacy
    cell = [
        Text("{gain:.1%} still falling", gain=row.gain) if row.falling else f"{row.gain:.1%}"
        for row in table.itertuples()
    ]
    text = table.assign(cell=cell).pivot(index="n", columns="architecture", values="cell").fillna("–").reset_index()
    text["n"] = text["n"].map("{:,}".format)
    words = Text(
        "How much the last doubling of random draws (to {most}) lowered the expected best validation loss. "
        "The chart shows the largest size, with the range of nine searches in ten.",
        most=table["draws"].max(),
    )
    chart = partial(trust_charts.expected_best, diagnosis.expected_best)
    return Section(Text("Was the search long enough?"), words, _named(text, n=Text("examples")), chart)


def draws(diagnosis, metric: str) -> Section:
    table = diagnosis.exponents
    cell = [
        Text("{b:.3f} ({low:.2f} to {high:.2f})", b=row.exponent, low=row.low, high=row.high)
        for row in table.itertuples()
    ]
    text = table.assign(cell=cell).pivot(index="k", columns="architecture", values="cell").fillna("–").reset_index()
    words = Text("The exponent that the study would have found with fewer random draws at every size.")
    chart = partial(trust_charts.exponents, table)
    return Section(Text("The exponent and the search"), words, _named(text, k=Text("draws")), chart)


def _named(table, **names):
    return table.rename(columns=names).rename_axis(None, axis=1)


def remarks(lines: list[Text], searched: bool) -> Section:
    """What failed, is ill-behaved or not known about the curves. searched: whether it is known how long was enough."""
    title = Text("Warnings")
    if lines:
        return Section(title, "", pd.DataFrame({Text("remark"): lines}))
    if searched:
        return Section(title, Text("None: the curves are well-behaved and the search was long enough."))
    return Section(title, Text("None about the curves. Whether the search was long enough is not known."))


def protocol(evidence: Evidence) -> list[Section]:
    """How the study was done, in plain words; nothing is known about a CSV."""
    runs = evidence.runs
    if runs is None:
        return []
    done = runs[runs["status"] == "FINISHED"]
    counts = {
        "runs": len(done),
        "diverged": int(is_diverged(runs).sum()),
        "architectures": done["architecture"].nunique(),
        "sizes": done["n_train"].nunique(),
    }
    counts |= {"samples": int(done["sample"].max()), "seeds": done["data_seed"].nunique()}
    words = joined(
        [
            Text(
                "Training runs: {runs:,}, {diverged:,} more diverged; architectures: {architectures}; sizes: {sizes}; "
                "random samples of the hyperparameters: up to {samples}; data seeds: {seeds}.",
                **counts,
            ),
            Text(
                "The training pool was shuffled once per data seed; every size is a prefix of that order, without "
                "repetition and with every class in its share. One validation set, the same for all sizes, chose the "
                "best step and the best sample; the test set was looked at once, with the chosen weights. "
                "The budget is in optimiser steps with patience. Runs that diverged count as failed."
            ),
        ]
    )
    known = [(SETTINGS[name], text) for name, text in evidence.study.about.items() if name in SETTINGS and text]
    table = pd.DataFrame(known, columns=[Text("setting"), Text("value")]) if known else None
    return [Section(Text("How the study was done"), words, table)]
