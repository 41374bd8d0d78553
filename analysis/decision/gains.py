"""What more data bring, and what a budget buys: answers from a decision's scenarios."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.curves.forecast import lawless
from analysis.curves.predictive import NEVER
from analysis.decision.decide import Decision
from analysis.decision.next_step import Do, NextStep, engineers, more_or_measure
from analysis.decision.outcomes import sure_of_value
from analysis.diagnostics.evidence import CANNOT_SAY, Sureness
from analysis.reasons import Finding

TIMES = 2.0  # the data, where nothing else is asked
STEPS = 24  # sizes of a path
HARDLY = 0.02  # a share of today's value: a smaller gain is hardly one


@dataclass(frozen=True)
class Gain:
    """What more examples, maybe with engineers, bring.

    n_now, n: examples now and then.
    engineered: whether the engineers are paid.
    now: the value now.
    value, low, high: median and interval of what one training then measures.
    price: money for all of it; inf where there is none.
    months: it takes.
    sure: how sure the value is.
    step: what to do next.
    reason: why the curve shows no law, or None.
    """

    n_now: float
    n: float
    engineered: bool
    now: float
    value: float
    low: float
    high: float
    price: float
    months: float
    sure: Sureness
    step: NextStep
    reason: Finding | None

    @property
    def more(self) -> float:
        """Examples to be collected."""
        return self.n - self.n_now

    @property
    def hardly(self) -> bool:
        """Whether that is hardly any gain."""
        return self.value > (1 - HARDLY) * self.now


@dataclass(frozen=True)
class MoreData(Gain):
    """What `times` today's data bring."""

    times: float


@dataclass(frozen=True)
class ForBudget(Gain):
    """What a budget buys, at its best use; what is left of it cannot be spent to any."""

    budget: float


def more_data(decision: Decision, times: float = TIMES) -> MoreData:
    """What `times` the data bring. ValueError for less than there are."""
    if not 1 < times < math.inf:
        raise ValueError(f"times must be above 1 and finite, got {times!r}")
    return MoreData(**_gain(decision, (times - 1) * decision.prices.n, False), times=times)


def doublings(decision: Decision, count: int = 4) -> list[MoreData]:
    """What the next doublings of the data bring, one after the other."""
    return [more_data(decision, 2.0**i) for i in range(1, count + 1)]


def path(decision: Decision, most: float) -> pd.DataFrame:
    """What more examples bring, from the end of the data to `most`: n, value, low, high.

    The values that more_data gives, one row for each of STEPS sizes.
    """
    sizes = np.geomspace(decision.scenarios.today.curve.n[-1], most, STEPS)
    low, high = decision.asked.levels
    levels = (0.5, low, high)
    rows = [np.quantile(decision.values(n, False), levels) for n in sizes]
    table = pd.DataFrame(rows, columns=["value", "low", "high"])
    return table.assign(n=sizes)


def for_budget(decision: Decision, budget: float) -> ForBudget:
    """What a budget buys: the smallest median value, with the engineers or without.

    What the engineers leave, or all of it, buys

        (budget - engineers - gpu - fixed_cost) / (label_price + gpu / n)

    examples, gpu = gpu_price gpu_hours, as far as the capacity labels them by the deadline.
    ValueError for a wrong budget.
    """
    number = isinstance(budget, int | float | np.number) and not isinstance(budget, bool)
    if not number or not 0 <= budget < math.inf:
        raise ValueError(f"budget must be a number 0 or more and finite, got {budget!r}")
    prices = decision.prices
    ways = [_gain(decision, _bought(decision, budget, False), False)]
    paid = float(prices.cost(True, 0.0))
    if paid <= budget and prices.months <= prices.deadline:
        ways.append(_gain(decision, _bought(decision, budget, True), True))
    return ForBudget(**min(ways, key=lambda way: way["value"]), budget=float(budget))


def _gain(decision: Decision, more: float, engineered: bool) -> dict[str, Any]:
    """The fields of Gain."""
    prices = decision.prices
    n = prices.n + more
    values = decision.values(n, engineered)
    low, high = np.quantile(values, decision.asked.levels)
    value = float(np.median(values))
    sure = sure_of_value(decision.asked, n, engineered)
    reason = lawless(decision.scenarios.today)
    if reason is not None:
        sure = Sureness(CANNOT_SAY, sure.evidence[:-1])
    if reason is None and value > (1 - HARDLY) * prices.now:
        step = engineers(prices, Do.BETTER_MODEL)
    elif engineered:
        step = engineers(prices, Do.ENGINEERS)
    else:
        step = more_or_measure(decision, more, reason is not None)
    spent = float(prices.cost(engineered, more)) if engineered or more else 0.0
    return {
        "n_now": prices.n,
        "n": n,
        "engineered": engineered,
        "now": prices.now,
        "value": value,
        "low": float(low),
        "high": float(high),
        "price": spent,
        "months": float(prices.duration(engineered, more)),
        "sure": sure,
        "step": step,
        "reason": reason,
    }


def _bought(decision: Decision, budget: float, engineered: bool) -> float:
    """Examples that what is left after the engineers buys."""
    prices = decision.prices
    rest = budget - float(prices.cost(engineered, 0.0)) - prices.fixed_cost
    each = prices.label_price + float(prices.training(0.0)) / prices.n
    if rest < 0 or math.isinf(each):
        return 0.0
    more = rest / each if each else math.inf
    most = decision.scenarios.today.curve.n[-1] * NEVER - prices.n
    return max(min(more, prices.collected(engineered, prices.deadline), most), 0.0)
