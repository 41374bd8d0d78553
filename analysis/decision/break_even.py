"""The price per label and the months of engineering at which the choice changes."""

import math
from dataclasses import dataclass, replace

import numpy as np

from analysis.decision.decide import NOTHING, Decision
from analysis.decision.prices import Settled, times
from analysis.decision.strategies import Strategy, eligible, quantile
from analysis.diagnostics.evidence import CANNOT_SAY
from analysis.reasons import Finding, Reason


@dataclass(frozen=True)
class BreakEven:
    """Where the choice between data and engineers changes, everything else unchanged.

    Numbers are nan where it changes nowhere, or where the decision cannot say. _low, _high:
    interval, at the decision's confidence, of the value at which data and the cheapest way
    with engineers turn out to cost the same; 0 or inf where one of them never is the cheaper
    (deadline and wanted probability play no part in it).

    label_price, label_price_low, label_price_high: money per label; data is chosen below and
        engineers above.
    months, months_low, months_high: of engineering for the same gain; engineers are chosen
        below and data above.
    prices: of the decision.
    reason: why there is none, or None.
    """

    label_price: float
    label_price_low: float
    label_price_high: float
    months: float
    months_low: float
    months_high: float
    prices: Settled
    reason: Finding | None = None


def break_even(decision: Decision) -> BreakEven:
    """Where the prices of the strategies, which are straight lines, cross.

    They are those of the decision's own scenarios. Next to the model alone, with `more` the
    examples that data needs, the price per label is

        (engineer_price people months - fixed_cost - gpu_price gpu_hours more / n) / more
    """
    reason = _nothing_to_balance(decision)
    if reason is not None:
        unknown = (math.nan, math.nan, math.nan)
        return BreakEven(*unknown, *unknown, decision.prices, reason)
    return BreakEven(
        *_with_interval(_price(decision), _equal_price(decision), decision),
        *_with_interval(_months(decision), _equal_months(decision), decision),
        decision.prices,
    )


def _nothing_to_balance(decision: Decision) -> Finding | None:
    """Why there is no break-even to speak of, or None."""
    if decision.choice == NOTHING:
        return Reason.TARGET_MET()
    if decision.recommended == CANNOT_SAY:
        return Reason.CHOICE_UNKNOWN(why=decision.reason)
    at_no_cost = replace(decision.prices, label_price=0.0, months=0.0)
    data, *engineers = (eligible(strategy, at_no_cost) for strategy in decision.strategies)
    if not data:
        return Reason.DATA_NEVER_ENOUGH()
    return None if any(engineers) else Reason.ENGINEERS_NEVER_ENOUGH()


def _with_interval(
    value: float, all_values: np.ndarray, decision: Decision
) -> tuple[float, float, float]:
    """A break-even and its interval, which holds it."""
    if math.isnan(value):
        return math.nan, math.nan, math.nan
    low, high = (quantile(np.sort(all_values), level) for level in decision.asked.levels)
    return value, min(low, value), max(high, value)


def _price(decision: Decision) -> float:
    """Price per label up to which data are chosen; nan where none changes that."""
    free = replace(decision.prices, label_price=0.0)
    data, *engineers = decision.strategies
    found = math.inf
    for other in engineers:
        fewer = data.enough(free) - other.enough(free)
        if eligible(other, free):
            saved = other.price(free) - data.price(free)
            found = min(found, saved / fewer if fewer else math.copysign(math.inf, saved))
    return found if 0 < found < math.inf else math.nan


def _months(decision: Decision) -> float:
    """Months up to which engineers are chosen; nan where none change that."""
    prices = decision.prices
    at_once = replace(prices, months=0.0)
    data, *engineers = decision.strategies
    found = -math.inf
    for other in engineers:
        if eligible(other, at_once):
            late = prices.deadline - other.enough(at_once) / prices.capacity
            found = max(found, min(_room(other, data.price(prices), at_once), late))
    return found if 0 < found < math.inf else math.nan


def _room(other: Strategy, most: float, at_once: Settled) -> float:
    """Months that may be paid for until a way with engineers costs `most`."""
    rate = float(times(at_once.engineer_price, at_once.people))
    room = most - other.price(at_once)
    return room / rate if rate else math.copysign(math.inf, room)


# --- in every scenario -----------------------------------------------------------------------


def _equal_price(decision: Decision) -> np.ndarray:
    """Price per label at which data and the cheapest other strategy cost the same: (size,)."""
    free = replace(decision.prices, label_price=0.0)
    data, *others = decision.strategies
    lowest = np.full(len(data.more), np.inf)
    for strategy in others:
        with np.errstate(invalid="ignore", divide="ignore"):
            price = (strategy.cost(free) - data.cost(free)) / (data.more - strategy.more)
        price = np.where(data.more > strategy.more, price, np.inf)
        price = np.where(np.isinf(data.more), 0.0, price)
        price = np.where(np.isinf(strategy.more), np.inf, np.maximum(price, 0.0))
        lowest = np.minimum(lowest, price)
    return lowest


def _equal_months(decision: Decision) -> np.ndarray:
    """Months at which data and the cheapest other strategy cost the same: (size,)."""
    prices = decision.prices
    at_once = replace(prices, months=0.0)
    rate = float(times(prices.engineer_price, prices.people))
    data, *others = decision.strategies
    most = np.zeros(len(data.more))
    for strategy in others:
        with np.errstate(invalid="ignore", divide="ignore"):
            room = data.cost(prices) - strategy.cost(at_once)
            months = np.where(room > 0, room / rate, 0.0)
        months = np.where(strategy.met | np.isinf(strategy.more), 0.0, months)
        most = np.maximum(most, months)
    return most
