"""The price per label and the months of engineering at which the choice changes."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import bisect

from analysis.decision.decide import NOTHING, Decision
from analysis.decision.outcomes import CANNOT_SAY
from analysis.decision.prices import Settled, times
from analysis.decision.strategies import best, eligible, quantile
from analysis.reasons import Finding, Reason

SMALLEST = 1e-12  # the ends of the search
LARGEST = 1e15


@dataclass(frozen=True)
class BreakEven:
    """Where the choice between data and engineers changes, everything else unchanged.

    Numbers are nan where it changes nowhere, or where the decision cannot say. _low, _high:
    interval, at the decision's confidence, of the value at which data and the cheapest way
    with engineers cost the same; 0 or inf where one of them never is the cheaper (deadline and
    wanted probability play no part in it).

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
    """Solve the decision rule itself (analysis.decision.strategies.best) by bisection.

    It is asked on the decision's own scenarios. Next to the model alone, with `more` the
    examples that data needs (median), the price per label is

        (engineer_price people months - fixed_cost - gpu_price gpu_hours more / n) / more
    """
    reason = _nothing_to_balance(decision)
    if reason is not None:
        return _without(decision.prices, reason)

    def chooses_data(prices: Settled) -> bool:
        return best(decision.strategies, prices).name == "data"

    def at_price(value: float) -> bool:
        return chooses_data(replace(decision.prices, label_price=value))

    def not_at_months(value: float) -> bool:
        return not chooses_data(replace(decision.prices, months=value))

    prices = np.sort(_equal_price(decision))
    months = np.sort(_equal_months(decision))
    low = 0.5 - decision.confidence / 2
    high = 0.5 + decision.confidence / 2
    return BreakEven(
        label_price=_flip(at_price),
        label_price_low=quantile(prices, low),
        label_price_high=quantile(prices, high),
        months=_flip(not_at_months),
        months_low=quantile(months, low),
        months_high=quantile(months, high),
        prices=decision.prices,
    )


def _without(prices: Settled, reason: Finding) -> BreakEven:
    return BreakEven(
        label_price=math.nan,
        label_price_low=math.nan,
        label_price_high=math.nan,
        months=math.nan,
        months_low=math.nan,
        months_high=math.nan,
        prices=prices,
        reason=reason,
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


def _flip(holds: Callable[[float], bool]) -> float:
    """The value between SMALLEST and LARGEST up to which `holds` is true.

    nan where it is true, or false, in all of it.
    """
    if not holds(SMALLEST) or holds(LARGEST):
        return math.nan

    def sign(logarithm: float) -> int:
        return 1 if holds(math.exp(logarithm)) else -1

    return math.exp(bisect(sign, math.log(SMALLEST), math.log(LARGEST), xtol=1e-13))


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
            room = data.cost(prices) - at_once.cost(strategy.share, strategy.more)
            months = np.where(room > 0, room / (strategy.share * rate), 0.0)
        months = np.where(strategy.met | np.isinf(strategy.more), 0.0, months)
        most = np.maximum(most, months)
    return most
