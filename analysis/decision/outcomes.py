"""What each strategy comes to: examples, money and time, with their intervals and grade."""

import math
from dataclasses import dataclass

import numpy as np

from analysis.curves.forecast import needed_from, width_grade
from analysis.decision.prices import Settled
from analysis.decision.scenarios import Scenarios
from analysis.decision.strategies import Strategy, quantile
from analysis.reasons import Finding, Reason

CANNOT_SAY = "cannot say"
GRADES = ("good", "fair", "poor", CANNOT_SAY)  # from best to worst


@dataclass(frozen=True)
class Outcome:
    """What one strategy comes to; for "both", the best mix.

    Money is in Prices.currency, times are in months. more, cost and duration are medians, with
    their intervals, and inf where the target is not reached.

    name: data, model or both.
    share: of the engineering effort paid for.
    p_reached: probability of reaching the target.
    p_in_time: probability of reaching it by the deadline.
    more, more_low, more_high: examples still to be collected.
    cost, cost_low, cost_high: money.
    duration, duration_low, duration_high: until the target is reached.
    expected_cost: mean of what is spent where collecting is given up once a share (1 +
        confidence) / 2 of the scenarios that reach the target have reached it, or at the
        deadline; nan where none does.
    net_value: mean of what the better value is worth by the deadline less what is spent; nan
        without value_per_point.
    p_cheapest: probability that it is in time and no other strategy is cheaper.
    grade: of the forecast it rests on.
    reason: why that forecast cannot say, or None.
    shortfall: why the strategy is out of the running although its forecast may be trusted, or
        None.
    """

    name: str
    share: float
    p_reached: float
    p_in_time: float
    more: float
    more_low: float
    more_high: float
    cost: float
    cost_low: float
    cost_high: float
    duration: float
    duration_low: float
    duration_high: float
    expected_cost: float
    net_value: float
    p_cheapest: float
    grade: str
    reason: Finding | None
    shortfall: Finding | None


def outcomes_of(
    compared: list[Strategy], drawn: Scenarios, prices: Settled, confidence: float
) -> tuple[Outcome, ...]:
    chances = _p_cheapest(compared, prices)
    return tuple(
        _outcome(strategy, drawn, prices, confidence, p_cheapest)
        for strategy, p_cheapest in zip(compared, chances)
    )


def _p_cheapest(compared: list[Strategy], prices: Settled) -> np.ndarray:
    """Probability of each that it is in time and none is cheaper: (strategies,)."""
    costs = np.stack(
        [
            np.where(strategy.in_time(prices), strategy.cost(prices), np.inf)
            for strategy in compared
        ]
    )
    return (np.isfinite(costs) & (costs <= costs.min(0))).mean(1)


def _outcome(
    strategy: Strategy,
    drawn: Scenarios,
    prices: Settled,
    confidence: float,
    p_cheapest: float,
) -> Outcome:
    spent, gained = _until_given_up(strategy, drawn, prices, confidence)
    value = math.nan if prices.value_per_point is None else prices.value_per_point
    grade, reason = _grade(strategy, drawn, prices, confidence)
    return Outcome(
        name=strategy.name,
        share=strategy.share,
        p_reached=strategy.p_reached,
        p_in_time=strategy.p_in_time(prices),
        **_spread("more", strategy.more, confidence),
        **_spread("cost", strategy.cost(prices), confidence),
        **_spread("duration", strategy.duration(prices), confidence),
        expected_cost=float(spent.mean()),
        net_value=float((100 * value * gained - spent).mean()),
        p_cheapest=float(p_cheapest),
        grade=grade,
        reason=reason,
        shortfall=_shortfall(strategy, prices),
    )


def _spread(name: str, values: np.ndarray, confidence: float) -> dict[str, float]:
    """Median and interval of the values (size,), by the names of Outcome's fields."""
    ordered = np.sort(values)
    return {
        name: quantile(ordered, 0.5),
        f"{name}_low": quantile(ordered, 0.5 - confidence / 2),
        f"{name}_high": quantile(ordered, 0.5 + confidence / 2),
    }


def _until_given_up(
    strategy: Strategy, drawn: Scenarios, prices: Settled, confidence: float
) -> tuple[np.ndarray, np.ndarray]:
    """Money spent, and loss or error gained, by the deadline: (size,) each."""
    reached = np.sort(strategy.more[np.isfinite(strategy.more)])
    if not len(reached):
        return np.array([math.nan]), np.array([math.nan])
    n = prices.n
    engineering = prices.engineering
    most = prices.collected(strategy.share, prices.deadline)
    enough = min(quantile(reached, 0.5 + confidence / 2), max(most, 0))
    more = np.minimum(strategy.more, enough)
    spent = np.where(strategy.met, 0.0, prices.cost(strategy.share, more))
    share = strategy.share if most >= 0 else 0.0
    before = drawn.values(n, 0.0, engineering)
    gained = before - drawn.values(n + more, share, engineering)
    return spent, np.where(strategy.met, 0.0, gained)


def _shortfall(strategy: Strategy, prices: Settled) -> Finding | None:
    """Why a strategy is not eligible, or None."""
    if strategy.p_reached < prices.wanted:
        return Reason.SELDOM_REACHED(probability=strategy.p_reached)
    p = strategy.p_in_time(prices)
    if p < prices.wanted:
        return Reason.SELDOM_IN_TIME(probability=p)
    return None if math.isfinite(strategy.median_cost(prices)) else Reason.NO_FINITE_PRICE()


# --- how far it can be trusted ---------------------------------------------------------------


def _grade(
    strategy: Strategy, drawn: Scenarios, prices: Settled, confidence: float
) -> tuple[str, Finding | None]:
    """Grade and reason of the forecast that a strategy rests on."""
    if strategy.name == "model":
        return grade_at(drawn, prices, confidence, share=1.0), None
    if strategy.name == "both" and drawn.better is not None:
        needed = needed_from(drawn.better, prices.target, confidence)
    else:
        gain = (prices.engineering.low + prices.engineering.high) / 2
        left = (1 - gain) ** strategy.share
        needed = needed_from(drawn.today, prices.target / left, confidence)
    return needed.grade, needed.reason


def grade_at(drawn: Scenarios, prices: Settled, confidence: float, share: float) -> str:
    """Grade of the value with today's data, by the width of its interval as in `forecast`."""
    values = drawn.values(prices.n, share, prices.engineering)
    low, high = np.quantile(values, (0.5 - confidence / 2, 0.5 + confidence / 2))
    return width_grade(high / low - 1)
