"""What a decision hangs on: its inputs, more data, and other targets."""

import math
from dataclasses import replace
from enum import StrEnum

import numpy as np
import pandas as pd

from analysis.curves.forecast import FAR
from analysis.decision.decide import Decision
from analysis.decision.outcomes import sure_of_strategy
from analysis.decision.prices import MOST, Settled
from analysis.decision.scenarios import Scenarios
from analysis.decision.strategies import quantile, strategies

TARGETS = 16  # at which costs are drawn


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


def tornado(decision: Decision) -> pd.DataFrame:
    """Which input matters most: each is moved alone from low to high, on the same scenarios.

    All others stay as they are; prices move by half. attrs["difference"]: with nothing moved.

    Columns, sorted by swing:
    input: an Input.
    low, high: its values; of a curve or a gain, the quantiles at the decision's confidence.
    at_low, at_high: price of data less that of the cheapest way with engineers, money; inf or
        -inf where only one side reaches the target as surely as wanted, nan where neither.
    swing: their distance.
    """
    rows = [*_chances(decision), *_prices(decision)]
    table = pd.DataFrame(rows, columns=["input", "low", "high", "at_low", "at_high"])
    swing = [0.0 if a == b else abs(a - b) for a, b in zip(table["at_low"], table["at_high"])]
    table = table.assign(swing=swing).sort_values("swing", ascending=False, ignore_index=True)
    table.attrs["difference"] = difference(decision.scenarios, decision.prices)
    return table


def difference(drawn: Scenarios, prices: Settled) -> float:
    """Price of data less that of the cheapest way with engineers; nan where neither does."""
    data, *engineers = (strategy.price(prices) for strategy in strategies(drawn, prices))
    if math.isinf(data) and math.isinf(min(engineers)):
        return math.nan
    return float(data - min(engineers))


def _chances(decision: Decision) -> list[dict[str, object]]:
    """Rows of what is uncertain: the curves, the gain, and whether engineering succeeds."""
    drawn = decision.scenarios
    rows = []

    def at(column: int, chance: float) -> float:
        moved = np.where(np.arange(3) == column, chance, drawn.chance)
        return difference(replace(drawn, chance=moved), decision.prices)

    low, high = decision.asked.levels
    for column, name in enumerate(_uncertain(decision)):
        rows.append(_row(name, (low, high), [at(column, low), at(column, high)]))
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


def _prices(decision: Decision) -> list[dict[str, object]]:
    """Rows of the prices that can move."""
    rows = []
    for name in PRICES:
        now = getattr(decision.prices, name)
        ends = (now / 2, min(now * 1.5, MOST))
        if ends[0] < ends[1] <= MOST:
            moved = [replace(decision.prices, **{name: value}) for value in ends]
            found = [difference(decision.scenarios, prices) for prices in moved]
            rows.append(_row(name, ends, found))
    return rows


def _row(name: Input, ends: tuple[float, float], at: list[float]) -> dict[str, object]:
    return {"input": name, "low": ends[0], "high": ends[1], "at_low": at[0], "at_high": at[1]}


def costs_by_target(decision: Decision) -> pd.DataFrame:
    """Price of each strategy over targets: one row for each target and strategy, for a chart.

    The targets are TARGETS from today's value down to what the engineered model may reach with
    FAR times the data, and the decision's own.

    Columns:
    target, strategy.
    cost, low, high: money that reaches the target in time with the wanted probability, and the
        interval of what turns out to be needed; inf where nothing does, or it cannot be said.
    """
    rows = []
    for target in _targets(decision):
        prices = replace(decision.prices, target=float(target))
        asked = replace(decision.asked, prices=prices)
        for strategy in strategies(decision.scenarios, prices):
            unknown = sure_of_strategy(strategy, asked)[1] is not None
            price = math.inf if unknown else strategy.price(prices)
            ordered = np.sort(strategy.cost(prices))
            low, high = (quantile(ordered, level) for level in decision.asked.levels)
            ends = (min(low, price), max(high, price)) if price < math.inf else (price, price)
            row = {"target": prices.target, "strategy": strategy.name, "cost": price}
            rows.append({**row, "low": ends[0], "high": ends[1]})
    return pd.DataFrame(rows)


def _targets(decision: Decision) -> np.ndarray:
    drawn = decision.scenarios
    prices = decision.prices
    largest = FAR * drawn.today.curve.n[-1]
    last = np.median(drawn.values(largest, True, prices))
    spread = np.geomspace(prices.now, min(last, 0.9 * prices.now), TARGETS)
    return np.unique(np.append(spread, prices.target))[::-1]
