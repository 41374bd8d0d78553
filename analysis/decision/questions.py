"""Three questions; the answers are numbers and codes from one decision's scenarios.

What does more data bring? · How much for a target? · What does my budget buy?
analysis/report/answer_words.py says them.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

from analysis.curves.forecast import lawless
from analysis.decision.decide import NONE, NOTHING, Decision
from analysis.decision.gains import ForBudget, MoreData, more_data
from analysis.decision.next_step import Do, NextStep, collect, engineers, nothing, train
from analysis.decision.rounds import plan_rounds
from analysis.diagnostics.evidence import Sureness, floor_above
from analysis.reasons import Finding, Reason


class Asks(StrEnum):
    """What can be asked."""

    MORE_DATA = "more data"
    TARGET = "target"
    BUDGET = "budget"


@dataclass(frozen=True)
class ForTarget:
    """How much a target takes.

    target: a value.
    n_now: examples now.
    now: the value now.
    choice: data, model, both, nothing, none or cannot say.
    n: examples in all that reach the target with probability `chance`; inf for none.
    n_low, n_high: interval of how many turn out to be needed.
    price: money that reaches it with probability `chance`.
    chance: at least the wanted one.
    months: it takes.
    sure: how sure that is.
    step: what to do next.
    reason: why it cannot be answered, or None.
    instead: what can be promised where the target cannot: twice the data; else None.
    """

    target: float
    n_now: float
    now: float
    choice: str
    n: float
    n_low: float
    n_high: float
    price: float
    chance: float
    months: float
    sure: Sureness
    step: NextStep
    reason: Finding | None
    instead: MoreData | None


Answer = MoreData | ForTarget | ForBudget


def for_target(decision: Decision) -> ForTarget:
    """How much the decision's target takes."""
    prices = decision.prices
    met = decision.recommended == NOTHING
    answered = met or decision.chosen is not None
    taken = decision.chosen or decision.outcome("data")
    return ForTarget(
        target=prices.target,
        n_now=prices.n,
        now=prices.now,
        choice=decision.recommended,
        n=prices.n + taken.more if answered else math.inf,
        n_low=prices.n + taken.more_low,
        n_high=prices.n + taken.more_high,
        price=taken.cost if answered else math.inf,
        chance=decision.p_met if met else taken.chance if answered else math.nan,
        months=taken.duration if answered else math.inf,
        sure=decision.sure,
        step=_next_step(decision),
        reason=None if answered else decision.reason or taken.shortfall,
        instead=None if answered else more_data(decision),
    )


def _next_step(decision: Decision) -> NextStep:
    prices = decision.prices
    if decision.recommended == NOTHING:
        return train(prices, Do.TRAIN_AGAIN) if decision.missed else nothing(prices)
    if decision.chosen is None:
        unsuited = _never(decision)
        return engineers(prices, Do.BETTER_MODEL) if unsuited else more_data(decision).step
    if decision.chosen.name != "data":
        return engineers(prices, Do.ENGINEERS)
    return collect(prices, float(plan_rounds(decision).sizes[0]))


def _never(decision: Decision) -> bool:
    """Whether more of the same data are known, or likely, not to do."""
    today = decision.scenarios.today
    if decision.recommended == NONE or floor_above(today.curve, decision.prices.target):
        return lawless(today) is None
    return decision.reason is not None and decision.reason.reason is Reason.OUT_OF_REACH
