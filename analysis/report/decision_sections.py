"""Engineers or data in words, tables and charts, and what to do next."""

import math
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd

from analysis.decision.decide import Decision
from analysis.decision.outcomes import Outcome
from analysis.diagnostics.evidence import CANNOT_SAY
from analysis.report import decision_charts
from analysis.report.amounts import count, duration, money
from analysis.report.answer_words import Subject, answer_words, plain
from analysis.report.decision_words import INPUTS, NAMES, decision_words
from analysis.report.numbers import chance, in_units, interval, said_of
from analysis.report.plan_words import (
    break_even_words,
    next_trials_words,
    plan_words,
    step_words,
)
from analysis.report.sections import Section
from analysis.report.slices_section import slices
from analysis.report.study_analysis import Question, StudyAnalysis
from tracking.text import Text

EVERY = 3  # every third target of the chart stands in the table


def decision_sections(analysis: StudyAnalysis, question: Question) -> list[Section]:
    """The strategies, what the choice hangs on, a plan in rounds, and what to run next.

    None without a law.
    """
    if analysis.asked(question) is None:
        return []
    parts: list[Callable[[StudyAnalysis, Question], Section | None]] = [
        strategies,
        plan,
        costs,
        break_even,
        tornado,
        doublings,
        slices,
        next_trials,
    ]
    if question.budget is not None:
        parts.append(budget)
    if analysis.decision(question).recommended == CANNOT_SAY:
        # both would only say once more why
        parts = [part for part in parts if part not in (plan, break_even)]
    found = [part(analysis, question) for part in parts]
    return [section for section in found if section is not None]


def subject(analysis: StudyAnalysis, question: Question) -> Subject:
    """What the answers are about."""
    asked = analysis.asked(question)
    assert asked is not None, "nothing can be answered without a law"
    return Subject(asked.architecture, analysis.measure, question.prices.currency)


def strategies(analysis: StudyAnalysis, question: Question) -> Section:
    """What each strategy takes."""
    found = analysis.decision(question)
    wanted = chance(found.prices.wanted)
    head = [
        Text("strategy"),
        Text("more examples"),
        Text("price for {wanted} probability", wanted=wanted),
        Text("may be needed"),
        Text("time"),
        Text("ever reaches the target"),
        Text("turns out the cheapest"),
        Text("because"),
    ]
    words = Text(
        "What brings the {measure} from {now} to {target} with {wanted} probability, from the "
        "{n:,.0f} examples at hand.",
        measure=said_of(found.measure),
        now=in_units(found.prices.now, found.measure),
        target=in_units(found.prices.target, found.measure),
        wanted=wanted,
        n=found.prices.n,
    )
    rows = [_strategy(one, found) for one in found.outcomes]
    if found.p_none > 0:
        rows.append([Text("none of them is in time"), *["–"] * 5, chance(found.p_none), ""])
    table = pd.DataFrame(rows, columns=head)
    # where nothing can be said, the table says why, once for each
    lines = () if found.recommended == CANNOT_SAY else decision_words(found)
    return Section(Text("Engineers or data?"), words, table, lines=lines)


def _strategy(one: Outcome, found: Decision) -> list[str]:
    currency = found.prices.currency
    known = one.reason is None and math.isfinite(one.cost)
    low = money(one.cost_low, currency)
    needed = Text("{low} to {high}", low=low, high=money(one.cost_high, currency))
    why = one.reason or one.shortfall
    return [
        NAMES[one.name],
        count(one.more) if known else "–",
        money(one.cost, currency) if known else "–",
        needed if known else "–",
        duration(one.duration) if known else "–",
        "–" if one.reason else chance(one.p_reached),
        "–" if math.isnan(one.p_cheapest) else chance(one.p_cheapest),
        Text("trust: {grade}", grade=one.grade) if why is None else plain(why, found.measure),
    ]


def costs(analysis: StudyAnalysis, question: Question) -> Section | None:
    """What other targets would cost."""
    found = analysis.decision(question)
    table = analysis.costs(question)
    if not np.isfinite(table["cost"]).any():
        return None
    currency = found.prices.currency
    wide = table.pivot(index="target", columns="strategy", values="cost")
    wide = wide.sort_index(ascending=False)
    shown = np.arange(len(wide)) % EVERY == 0
    wide = wide[shown | (wide.index == found.prices.target)]
    text = pd.DataFrame({Text("target"): [in_units(one, found.measure) for one in wide.index]})
    for name, label in NAMES.items():
        text[label] = [
            money(cost, currency) if math.isfinite(cost) else "–" for cost in wide[name]
        ]
    words = Text(
        "The price of each {measure} by each option, for {wanted} probability; the vertical "
        "line is the target. An option is left out where it does not reach the {measure} in "
        "time as surely.",
        measure=said_of(found.measure),
        wanted=chance(found.prices.wanted),
    )
    chart = partial(decision_charts.costs, table, found.measure, currency, found.prices.target)
    return Section(Text("Cost against target"), words, text, chart)


def break_even(analysis: StudyAnalysis, question: Question) -> Section:
    """Where the choice changes."""
    lines = break_even_words(analysis.break_even(question), analysis.measure)
    return Section(Text("Break-even"), lines=lines)


def tornado(analysis: StudyAnalysis, question: Question) -> Section | None:
    """What the choice depends on."""
    found = analysis.decision(question)
    currency = found.prices.currency
    table = analysis.tornado(question)
    shown = table[np.isfinite(table["swing"]) & (table["swing"] > 0)]
    if shown.empty:
        return None
    text = pd.DataFrame(
        {
            Text("input"): [INPUTS[name] for name in shown["input"]],
            Text("low value"): [_three_digits(low) for low in shown["low"]],
            Text("high value"): [_three_digits(high) for high in shown["high"]],
            Text("at the low value"): [
                decision_charts.saved(cost, currency) for cost in shown["at_low"]
            ],
            Text("at the high value"): [
                decision_charts.saved(cost, currency) for cost in shown["at_high"]
            ],
        }
    )
    words = Text(
        "What data save against engineers, or cost more, as one input moves and all others "
        "stay. Prices move by half; a curve or a gain by as much as it is uncertain."
    )
    chart = partial(decision_charts.tornado, table, currency)
    return Section(Text("What the choice depends on"), words, text, chart)


def _three_digits(value: float) -> str:
    return f"{float(f'{value:.3g}'):,g}"


def plan(analysis: StudyAnalysis, question: Question) -> Section:
    """How much to collect, measure and collect again."""
    found = analysis.plan(question)
    currency = analysis.decision(question).prices.currency
    table = pd.DataFrame(
        {
            Text("round"): [str(i) for i in range(1, len(found.n) + 1)],
            Text("to collect"): [count(more) for more in found.sizes],
            Text("examples then"): [count(n) for n in found.n],
            Text("spent by then"): [money(cost, currency) for cost in found.cost],
            Text("time by then"): [duration(months) for months in found.months],
            Text("target reached by then"): [chance(p) for p in found.chance],
        }
    )
    shown = None if table.empty else table
    lines = (plan_words(found, currency, analysis.measure),)
    return Section(Text("Collect in rounds"), "", shown, lines=lines)


def doublings(analysis: StudyAnalysis, question: Question) -> Section:
    """What each doubling of the data brings."""
    found = analysis.doublings(question)
    measure = said_of(analysis.measure)
    currency = question.prices.currency
    text = pd.DataFrame(
        {
            Text("examples"): [count(one.n) for one in found],
            Text("{measure} there", measure=measure): [
                in_units(one.value, analysis.measure) for one in found
            ],
            Text("between"): [interval(one.low, one.high, analysis.measure) for one in found],
            Text("price"): [money(one.price, currency) for one in found],
            Text("time"): [duration(one.months) for one in found],
            Text("trust"): [one.sure.grade for one in found],
        }
    )
    words = Text("What each doubling of the data would bring, and cost.")
    return Section(Text("Diminishing returns"), words, text)


def budget(analysis: StudyAnalysis, question: Question) -> Section:
    """What the budget reaches."""
    lines = (answer_words(analysis.for_budget(question), subject(analysis, question)),)
    return Section(Text("What the budget can do"), lines=lines)


def next_trials(analysis: StudyAnalysis, question: Question) -> Section | None:
    """What to train next; None for a CSV."""
    asked = analysis.asked(question)
    assert asked is not None, "nothing can be decided without a law"
    target = analysis.decision(question).prices.target
    found = analysis.next_trials(asked.architecture, target, question.confidence)
    if found is None:
        return None
    rows = found.table
    table = pd.DataFrame(
        {
            Text("trials"): [step_words(step) for step in rows["step"]],
            Text("narrows the interval by"): [_per_cent(by) for by in rows["narrowing"]],
            Text("runs"): [f"{runs:,.0f}" for runs in rows["runs"]],
            Text("hours"): [f"{hours:.2g}" for hours in rows["hours"]],
            Text("per hour"): [f"{by:.2g}" for by in rows["per_hour"]],
        }
    )
    return Section(
        Text("What to run next"),
        "",
        None if table.empty else table,
        lines=(next_trials_words(found),),
        command=found.command,
        engineers=True,
    )


def _per_cent(share: float) -> str:
    return f"{round(share, 2) + 0:.0%}"  # never -0%
