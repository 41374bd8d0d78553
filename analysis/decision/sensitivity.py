"""What a decision hangs on: its inputs, the next per cent of loss, and other targets."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from enum import StrEnum

import numpy as np
import pandas as pd

from analysis.curves.forecast import FAR
from analysis.decision.decide import Decision
from analysis.decision.prices import MOST, Settled
from analysis.decision.scenarios import Scenarios, scenarios
from analysis.decision.strategies import STRATEGIES, best, eligible, quantile, strategies

STEP = 0.01  # the next per cent
TARGETS = 20  # at which costs are drawn
MIDDLE = np.array([0.5, 0.5, 0.5])  # the chances of the scenario in the middle


class Input(StrEnum):
    """What moves the costs."""

    TODAY = "today"  # the curve of today's model
    BETTER = "better"  # the curve of the better model
    GAIN = "gain"  # what engineering brings
    SUCCESS = "success"  # whether it does
    LABEL_PRICE = "label_price"  # this and the rest: fields of Prices
    FIXED_COST = "fixed_cost"
    ENGINEER_PRICE = "engineer_price"
    MONTHS = "months"
    GPU_PRICE = "gpu_price"


PRICES = (
    Input.LABEL_PRICE,
    Input.FIXED_COST,
    Input.ENGINEER_PRICE,
    Input.MONTHS,
    Input.GPU_PRICE,
)


def tornado(
    decision: Decision, ranges: Mapping[str, tuple[float, float]] | None = None
) -> pd.DataFrame:
    """Which input matters most: each is moved alone from low to high.

    All others stay in the middle. Deadlines and wanted probabilities play no part.
    attrs["difference"]: with everything in the middle. ValueError for a wrong range.

    ranges: {field of Prices: (low, high)} instead of ± 50 %.

    Columns, sorted by swing:
    input: an Input.
    low, high: its values; of a curve or a gain, the quantiles at the decision's confidence.
    at_low, at_high: cost of data less that of the cheapest way with engineers, money.
    swing: their distance.
    """
    rows = [*_chances(decision), *_prices(decision, _checked(ranges or {}))]
    table = pd.DataFrame(rows, columns=["input", "low", "high", "at_low", "at_high"])
    swing = [0.0 if a == b else abs(a - b) for a, b in zip(table["at_low"], table["at_high"])]
    table = table.assign(swing=swing).sort_values("swing", ascending=False, ignore_index=True)
    table.attrs["difference"] = _difference(decision, MIDDLE, decision.prices)
    return table


def _difference(decision: Decision, chance: np.ndarray, prices: Settled) -> float:
    """Cost of data less that of the cheapest way with engineers, in one scenario.

    nan where neither reaches the target.
    """
    one = Scenarios(decision.scenarios.today, decision.scenarios.better, chance[None])
    data, *engineers = (strategy.cost(prices)[0] for strategy in strategies(one, prices))
    if math.isinf(data) and math.isinf(min(engineers)):
        return math.nan
    return float(data - min(engineers))


def _row(name: Input, ends: tuple[float, float], at: Iterable[float]) -> dict[str, object]:
    at_low, at_high = at
    return {
        "input": name,
        "low": ends[0],
        "high": ends[1],
        "at_low": at_low,
        "at_high": at_high,
    }


def _chances(decision: Decision) -> list[dict[str, object]]:
    """Rows of what is uncertain: the curves, the gain, and whether engineering succeeds."""
    tails = (0.5 - decision.confidence / 2, 0.5 + decision.confidence / 2)
    rows = []

    def at(column: int, chance: float) -> float:
        moved = np.where(np.arange(3) == column, chance, MIDDLE)
        return _difference(decision, moved, decision.prices)

    for column, name in enumerate(_uncertain(decision)):
        rows.append(_row(name, tails, [at(column, tail) for tail in tails]))
    if 0 < decision.prices.engineering.success < 1:  # the highest chance is a failure
        rows.append(_row(Input.SUCCESS, (0.0, 1.0), [at(2, 1.0), at(2, 0.0)]))
    return rows


def _uncertain(decision: Decision) -> list[Input]:
    """What the first two chances of a scenario decide."""
    if decision.scenarios.better is not None:
        return [Input.TODAY, Input.BETTER]
    if decision.prices.engineering.low < decision.prices.engineering.high:
        return [Input.TODAY, Input.GAIN]
    return [Input.TODAY]


def _prices(
    decision: Decision, ranges: Mapping[str, tuple[float, float]]
) -> list[dict[str, object]]:
    """Rows of the prices that have a range."""
    rows = []
    for name in PRICES:
        now = getattr(decision.prices, name)
        ends = ranges.get(name, (now / 2, min(now * 1.5, MOST)))
        if ends[0] < ends[1] <= MOST:
            moved = [replace(decision.prices, **{name: value}) for value in ends]
            rows.append(
                _row(name, ends, [_difference(decision, MIDDLE, prices) for prices in moved])
            )
    return rows


def _checked(
    ranges: Mapping[str, tuple[float, float]],
) -> Mapping[str, tuple[float, float]]:
    for name, (low, high) in ranges.items():
        if name not in PRICES:
            raise ValueError(f"ranges must be of {', '.join(PRICES)}, got {name!r}")
        if not low < high:
            raise ValueError(f"the range of {name} must rise, got {low:g} to {high:g}")
    return ranges


def diminishing_returns(decision: Decision, steps: int = 8) -> pd.DataFrame:
    """What the next 1 % of loss or error, relative, costs at n and at `steps` doublings of it.

    On a power law without floor `more` is n ((1 - STEP)^(-1/b) - 1), so the next per cent
    costs in proportion to n.

    Columns:
    n: examples.
    value: median, of today's model.
    more: examples that the next STEP of it needs, inf for never.
    cost, low, high: their labels and training with the interval, money, no fixed cost.
    """
    prices = replace(decision.prices, fixed_cost=0.0)
    curves = decision.scenarios.curves
    rows = []
    for n in prices.n * 2.0 ** np.arange(steps + 1):
        here = curves.ln_value(n)
        more = np.sort(curves.needed(here[:, None] + np.log1p(-STEP))[:, 0] - n)
        levels = np.array(_levels(more, decision.confidence))
        cost, low, high = prices.cost(0.0, levels) - prices.training(0.0)
        value = float(np.exp(np.median(here)))
        paid = {"cost": cost, "low": low, "high": high}
        rows.append({"n": n, "value": value, "more": levels[0], **paid})
    return pd.DataFrame(rows)


def _levels(ordered: np.ndarray, confidence: float) -> list[float]:
    """Median, low and high of rising values (size,)."""
    levels = (0.5, 0.5 - confidence / 2, 0.5 + confidence / 2)
    return [quantile(ordered, q) for q in levels]


def costs_by_target(
    decision: Decision,
    targets: Iterable[float] | None = None,
    size: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Cost of each strategy over targets: one row for each target and strategy, for a chart.

    From `size` scenarios of their own, to be quick.

    targets: losses or errors; None for TARGETS from today's down to what the engineered model
        may reach with FAR times the data.

    Columns:
    target, strategy.
    cost, low, high: median and interval, money; inf where the target is not reached in time
        with the wanted probability.
    """
    drawn = scenarios(decision.scenarios.today, decision.scenarios.better, size, seed)
    if targets is None:
        targets = _targets(drawn, decision.prices)
    rows = []
    for target in targets:
        asked = replace(decision.prices, target=float(target))
        every = strategies(drawn, asked)
        for name in STRATEGIES:
            strategy = best([strategy for strategy in every if strategy.name == name], asked)
            reached = eligible(strategy, asked)
            costs = np.sort(strategy.cost(asked)) if reached else np.array([math.inf])
            cost, low, high = _levels(costs, decision.confidence)
            paid = {"cost": cost, "low": low, "high": high}
            rows.append({"target": asked.target, "strategy": name, **paid})
    return pd.DataFrame(rows)


def _targets(drawn: Scenarios, prices: Settled) -> np.ndarray:
    largest = FAR * drawn.today.curve.n[-1]
    first = np.median(drawn.values(prices.n, 0.0, prices.engineering))
    last = np.median(drawn.values(largest, 1.0, prices.engineering))
    return np.geomspace(first, min(last, 0.9 * first), TARGETS)
