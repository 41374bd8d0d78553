"""Engineers or data in words, tables and charts, and what to do next."""

import math
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd

from analysis.decision.outcomes import Outcome
from analysis.report import decision_charts
from analysis.report.decision_words import INPUTS, NAMES
from analysis.report.messages import say
from analysis.report.numbers import MEASURE_NAMES, amount, chance, in_units, size
from analysis.report.plan_words import (
    break_even_words,
    budget_words,
    next_trials_words,
    plan_words,
    step_words,
)
from analysis.report.sections import Section
from analysis.report.study_analysis import Question, StudyAnalysis
from tracking.text import Text

MOST_STEPS = 5  # doublings of the data in the table of diminishing returns
EVERY = 3  # every third target of the chart stands in the table


def decision_sections(analysis: StudyAnalysis, question: Question) -> list[Section]:
    """The strategies, what the choice hangs on, a plan in rounds, and what to run next.

    None without a law.
    """
    if analysis.asked(question) is None:
        return []
    parts: list[Callable[[StudyAnalysis, Question], Section | None]] = [
        strategies,
        costs,
        break_even,
        tornado,
        plan,
        next_per_cent,
        next_trials,
    ]
    if question.budget is not None:
        parts.append(budget)
    found = [part(analysis, question) for part in parts]
    return [section for section in found if section is not None]


def strategies(analysis: StudyAnalysis, question: Question) -> Section:
    """What each strategy takes."""
    found = analysis.decision(question)
    head = [
        Text("strategy"),
        Text("more examples"),
        Text("cost ({currency})", currency=found.prices.currency),
        Text("between"),
        Text("months"),
        Text("ever reaches the target"),
        Text("is the cheapest"),
        Text("because"),
    ]
    words = Text(
        "What each option takes to bring the {measure} to {target} from the {n:,.0f} examples "
        "at hand.",
        measure=MEASURE_NAMES[found.measure],
        target=in_units(found.prices.target, found.measure),
        n=found.prices.n,
    )
    table = pd.DataFrame([_strategy(one) for one in found.outcomes], columns=head)
    return Section(Text("Engineers or data?"), words, table)


def _strategy(one: Outcome) -> list[str]:
    between: str = "–"
    if math.isfinite(one.cost_low):
        low = amount(one.cost_low)
        between = Text("{low} to {high}", low=low, high=amount(one.cost_high))
    why = one.reason or one.shortfall
    return [
        NAMES[one.name],
        _finite(one.more),
        _finite(one.cost),
        between,
        "–" if math.isinf(one.duration) else f"{one.duration:.2g}",
        chance(one.p_reached),
        chance(one.p_cheapest),
        Text("trust: {grade}", grade=one.grade) if why is None else say(why),
    ]


def costs(analysis: StudyAnalysis, question: Question) -> Section | None:
    """What other targets would cost."""
    found = analysis.decision(question)
    table = analysis.costs(question)
    if not np.isfinite(table["cost"]).any():
        return None
    wide = table.pivot(index="target", columns="strategy", values="cost")
    wide = wide.sort_index(ascending=False).iloc[::EVERY]
    targets = [in_units(target, found.measure) for target in wide.index]
    text = pd.DataFrame({Text("target"): targets})
    for name, label in NAMES.items():
        text[label] = [_finite(cost) for cost in wide[name]]
    words = Text(
        "What each {measure} costs by each option, in {currency}; the vertical line is the "
        "target. An option is left out where it does not reach the {measure} in time with the "
        "required probability.",
        measure=MEASURE_NAMES[found.measure],
        currency=found.prices.currency,
    )
    chart = partial(
        decision_charts.costs,
        table,
        found.measure,
        found.prices.currency,
        found.prices.target,
    )
    return Section(Text("Cost against target"), words, text, chart)


def break_even(analysis: StudyAnalysis, question: Question) -> Section:
    """Where the choice changes."""
    found = analysis.break_even(question)
    return Section(Text("Break-even"), lines=break_even_words(found))


def tornado(analysis: StudyAnalysis, question: Question) -> Section | None:
    """Which input matters most."""
    found = analysis.decision(question)
    table = analysis.tornado(question)
    shown = table[np.isfinite(table["swing"]) & (table["swing"] > 0)]
    if shown.empty:
        return None
    text = pd.DataFrame(
        {
            Text("input"): [INPUTS[name] for name in shown["input"]],
            Text("low value"): [f"{low:.3g}" for low in shown["low"]],
            Text("high value"): [f"{high:.3g}" for high in shown["high"]],
            Text("at the low value"): [amount(cost) for cost in shown["at_low"]],
            Text("at the high value"): [amount(cost) for cost in shown["at_high"]],
        }
    )
    words = Text(
        "Cost of data less cost of engineers, as one input moves and all others stay: left of "
        "0 data is cheaper. Prices move by half; a curve or a gain is given by its quantiles."
    )
    chart = partial(decision_charts.tornado, table, found.prices.currency)
    return Section(Text("What the choice depends on"), words, text, chart)


def plan(analysis: StudyAnalysis, question: Question) -> Section:
    """How much to collect, measure and collect again."""
    found = analysis.plan(question)
    currency = analysis.decision(question).prices.currency
    table = pd.DataFrame(
        {
            Text("round"): [str(i) for i in range(1, len(found.n) + 1)],
            Text("examples then"): [size(n) for n in found.n],
            Text("to collect"): [amount(more) for more in found.sizes],
            Text("cost"): [f"{amount(cost)} {currency}" for cost in found.cost],
            Text("target reached by then"): [chance(p) for p in found.chance],
        }
    )
    shown = None if table.empty else table
    return Section(Text("Collect in rounds"), "", shown, lines=(plan_words(found),))


def next_per_cent(analysis: StudyAnalysis, question: Question) -> Section:
    """What the next 1 % of the measure takes."""
    found = analysis.decision(question)
    measure = MEASURE_NAMES[found.measure]
    table = analysis.next_per_cent(question).head(MOST_STEPS)
    values = [in_units(value, found.measure) for value in table["value"]]
    cost = Text("cost ({currency})", currency=found.prices.currency)
    text = pd.DataFrame(
        {
            Text("examples"): [size(n) for n in table["n"]],
            Text("{measure} there", measure=measure): values,
            Text("more for the next 1 %"): [_finite(more) for more in table["more"]],
            cost: [_finite(paid) for paid in table["cost"]],
        }
    )
    words = Text(
        "What the next 1 % of {measure} takes, now and at doublings of the data.",
        measure=measure,
    )
    return Section(Text("Diminishing returns"), words, text)


def budget(analysis: StudyAnalysis, question: Question) -> Section:
    """What the budget reaches."""
    lines = budget_words(analysis.split(question))
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
    )


def _per_cent(share: float) -> str:
    return f"{round(share, 2) + 0:.0%}"  # never -0%


def _finite(number: float) -> str:
    """An amount of money or examples, where there is one."""
    return amount(number) if math.isfinite(number) else "–"
