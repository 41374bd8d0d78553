"""Engineers or data in words, tables and charts, and what to do next."""

import math
from functools import partial

import numpy as np
import pandas as pd

from analysis.costs.advice import NAMES, amount, chance
from analysis.evidence import Evidence, Question
from analysis.language import Text
from analysis.presentation import decision_charts
from analysis.presentation.headline import METRICS
from analysis.presentation.sections import Section
from analysis.presentation.wording import size, value

MOST_STEPS = 5  # doublings of the data in the table of diminishing returns


def decision_sections(evidence: Evidence, question: Question) -> list[Section]:
    """The strategies, what the choice hangs on, a plan in rounds, and what to run next; none without a law."""
    if evidence.asked(question) is None:
        return []
    parts = [strategies, costs, break_even, tornado, plan, next_per_cent, next_trials]
    parts += [budget] if question.budget is not None else []
    return [section for section in (part(evidence, question) for part in parts) if section]


def strategies(evidence, question) -> Section:
    found = evidence.decision(question)
    currency = {"currency": found.prices.currency}
    rows = []
    for one in found.outcomes:
        known = {"low": amount(one.cost_low), "high": amount(one.cost_high)}
        cost = Text("{low} to {high}", **known) if math.isfinite(one.cost_low) else "–"
        months = "–" if math.isinf(one.duration) else f"{one.duration:.2g}"
        more = "–" if math.isinf(one.more) else amount(one.more)
        why = one.reason or one.shortfall or Text("trust: {grade}", grade=one.grade)
        cells = more, _money(one.cost), cost, months, chance(one.p_reached), chance(one.p_cheapest), why
        rows.append((NAMES[one.name], *cells))
    head = [
        *(Text("strategy"), Text("more examples"), Text("cost ({currency})", **currency), Text("between")),
        *(Text("months"), Text("ever reaches the target"), Text("is the cheapest"), Text("because")),
    ]
    words = Text(
        "What each way takes to bring the {metric} to {target} from the {n:,.0f} examples at hand.",
        metric=METRICS[found.metric], target=value(found.prices.target, found.metric), n=found.prices.n,
    )  # fmt: skip
    return Section(Text("Engineers or data?"), words, pd.DataFrame(rows, columns=head))


def costs(evidence, question) -> Section | None:
    found, table = evidence.decision(question), evidence.costs(question)
    if not np.isfinite(table["cost"]).any():
        return None
    metric, currency = found.metric, found.prices.currency
    wide = table.pivot(index="target", columns="strategy", values="cost").sort_index(ascending=False).iloc[::3]
    text = pd.DataFrame({Text("target"): [value(target, metric) for target in wide.index]})
    for name, label in NAMES.items():
        text[label] = [_money(cost) for cost in wide[name]]
    words = Text(
        "What each {metric} costs by each way, in {currency}; the vertical line is the target. A way is left out where "
        "it does not reach the {metric} in time with the wanted probability.",
        metric=METRICS[metric], currency=currency,
    )  # fmt: skip
    chart = partial(decision_charts.costs, table, metric, currency, found.prices.target)
    return Section(Text("Cost against target"), words, text, chart)


def break_even(evidence, question) -> Section:
    return Section(Text("Break-even"), lines=evidence.break_even(question).words)


def tornado(evidence, question) -> Section | None:
    found, table = evidence.decision(question), evidence.tornado(question)
    shown = table[np.isfinite(table["swing"]) & (table["swing"] > 0)]
    if shown.empty:
        return None
    rows = [
        (row.input, f"{row.low:.3g}", f"{row.high:.3g}", amount(row.at_low), amount(row.at_high))
        for row in shown.itertuples()
    ]
    head = [Text("input"), Text("low value"), Text("high value"), Text("at the low value"), Text("at the high value")]
    words = Text(
        "Cost of data less cost of engineers, as one input moves and all others stay: left of 0 data is cheaper. "
        "Prices move by half; a curve or a gain is given by its quantiles."
    )
    chart = partial(decision_charts.tornado, table, found.prices.currency)
    return Section(Text("What the choice hangs on"), words, pd.DataFrame(rows, columns=head), chart)


def plan(evidence, question) -> Section:
    found, currency = evidence.plan(question), evidence.decision(question).prices.currency
    rows = [
        (f"{i}", size(n), amount(more), f"{amount(cost)} {currency}", chance(p))
        for i, (n, more, cost, p) in enumerate(zip(found.n, found.sizes, found.cost, found.chance), 1)
    ]
    head = [Text("round"), Text("examples then"), Text("to collect"), Text("cost"), Text("target reached by then")]
    table = pd.DataFrame(rows, columns=head) if rows else None
    return Section(Text("Collect in rounds"), "", table, lines=(found.words,))


def next_per_cent(evidence, question) -> Section:
    found, table = evidence.decision(question), evidence.next_per_cent(question).head(MOST_STEPS)
    rows = [
        (
            size(row.n),
            value(row.loss, found.metric),
            "–" if math.isinf(row.more) else amount(row.more),
            _money(row.cost),
        )
        for row in table.itertuples()
    ]
    metric = Text("{metric} there", metric=METRICS[found.metric])
    cost = Text("cost ({currency})", currency=found.prices.currency)
    head = [Text("examples"), metric, Text("more for the next 1 %"), cost]
    words = Text("What the next 1 % of {metric} takes, now and at doublings of the data.", metric=METRICS[found.metric])
    return Section(Text("Diminishing returns"), words, pd.DataFrame(rows, columns=head))


def budget(evidence, question) -> Section:
    return Section(Text("What the budget can do"), lines=evidence.split(question).words)


def next_trials(evidence, question) -> Section | None:
    target = evidence.decision(question).prices.target
    found = evidence.next_trials(evidence.asked(question).architecture, target, question.confidence)
    if found is None:
        return None
    rows = [
        (row.what, f"{round(row.narrowing, 2) + 0:.0%}", f"{row.runs:,.0f}", f"{row.hours:.2g}", f"{row.per_hour:.2g}")
        for row in found.table.itertuples()
    ]
    head = [Text("trials"), Text("narrows the interval by"), Text("runs"), Text("hours"), Text("per hour")]
    table = pd.DataFrame(rows, columns=head) if rows else None
    return Section(Text("What to run next"), "", table, lines=(found.words,), command=found.command)


def _money(number):
    return "–" if not math.isfinite(number) else amount(number)
