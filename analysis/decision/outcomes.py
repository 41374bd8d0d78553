"""What each strategy comes to: examples, money and time, with their chance and grade."""

import math
from dataclasses import dataclass

import numpy as np

from analysis.curves.data_needed import DataNeeded, needed_from
from analysis.curves.predictive import Predictive
from analysis.decision.prices import Settled
from analysis.decision.scenarios import Scenarios
from analysis.decision.strategies import Strategy, eligible, quantile
from analysis.diagnostics.evidence import (
    CANNOT_SAY,
    Past,
    Sureness,
    floor_above,
    sure_of_foretold,
    sureness,
)
from analysis.reasons import Finding, Reason

SIZES = {"good": 2.0, "fair": 10.0}  # grade of a number of examples, by high / low


@dataclass(frozen=True)
class Outcome:
    """What one strategy comes to.

    Money is in Prices.currency, times are in months. more, cost and duration reach the target
    in time with the wanted probability, and are inf where nothing does; their intervals are of
    what turns out to be needed.

    name: data, model or both.
    chance: probability that `cost` reaches the target in time: at least the wanted one, or as
        much as there is.
    p_reached: probability that the target is ever reached.
    more, more_low, more_high: examples to be collected.
    cost, cost_low, cost_high: money.
    duration, duration_low, duration_high: months.
    net_value: mean of what the better value is worth less what is spent, where collecting ends
        with the target, or with `more`; nan without value_per_point.
    p_cheapest: probability that it is in time and cheaper than the others, ties shared; nan
        where the evidence allows no such number.
    sure: grade of the forecast it rests on, with the evidence.
    reason: why that forecast cannot say, or None.
    shortfall: why the strategy is out of the running although its forecast may be trusted, or
        None.
    """

    name: str
    chance: float
    p_reached: float
    more: float
    more_low: float
    more_high: float
    cost: float
    cost_low: float
    cost_high: float
    duration: float
    duration_low: float
    duration_high: float
    net_value: float
    p_cheapest: float
    sure: Sureness
    reason: Finding | None
    shortfall: Finding | None

    @property
    def grade(self) -> str:
        """Of the forecast it rests on."""
        return self.sure.grade


@dataclass(frozen=True)
class Asked:
    """What the outcomes are found from.

    drawn: the scenarios.
    prices: and the target.
    confidence: of the intervals.
    past, better_past: how well today's curve, and the better model's, foretold themselves.
    """

    drawn: Scenarios
    prices: Settled
    confidence: float
    past: Past | None
    better_past: Past | None

    @property
    def levels(self) -> tuple[float, float]:
        """Quantiles at the ends of the intervals."""
        return 0.5 - self.confidence / 2, 0.5 + self.confidence / 2


def outcomes_of(every: list[Strategy], asked: Asked) -> tuple[Outcome, ...]:
    """One for each strategy."""
    shares = cheapest(every, asked.prices)
    return tuple(_outcome(one, asked, float(p)) for one, p in zip(every, shares))


def cheapest(every: list[Strategy], prices: Settled) -> np.ndarray:
    """Probability of each that it is in time and the cheapest: (strategies,).

    Ties are shared; what is missing to 1 is the probability that none is in time.
    """
    costs = np.stack(
        [np.where(one.in_time(prices), one.cost(prices), np.inf) for one in every]
    )
    first = np.isfinite(costs) & (costs == costs.min(0))
    return (first / np.maximum(first.sum(0), 1)).mean(1)


def _outcome(strategy: Strategy, asked: Asked, p_cheapest: float) -> Outcome:
    prices = asked.prices
    enough = strategy.enough(prices)
    met = enough < 0
    more = max(enough, 0.0)
    months = 0.0 if met else float(prices.duration(strategy.engineered, more))
    spent, gained = _until_enough(strategy, asked, enough)
    worth = math.nan if prices.value_per_point is None else 100 * prices.value_per_point
    sure, reason = sure_of_strategy(strategy, asked)
    return Outcome(
        name=strategy.name,
        chance=min(strategy.p_with(enough), strategy.p_in_time(prices)),
        p_reached=strategy.p_reached,
        **_spread("more", more, strategy.more, asked),
        **_spread("cost", strategy.price(prices), strategy.cost(prices), asked),
        **_spread("duration", months, strategy.duration(prices), asked),
        net_value=float((worth * gained - spent).mean()),
        p_cheapest=p_cheapest,
        sure=sure,
        reason=reason,
        shortfall=_shortfall(strategy, prices),
    )


def _spread(name: str, value: float, all_values: np.ndarray, asked: Asked) -> dict[str, float]:
    """A promised value and the interval of all (size,), by the names of Outcome's fields."""
    ordered = np.sort(all_values)
    low, high = (quantile(ordered, level) for level in asked.levels)
    return {name: value, f"{name}_low": min(low, value), f"{name}_high": max(high, value)}


def _until_enough(
    strategy: Strategy, asked: Asked, enough: float
) -> tuple[np.ndarray, np.ndarray]:
    """Money spent and value gained, where at most `enough` is collected: (size,) each."""
    prices = asked.prices
    if math.isinf(enough):
        return np.array([math.nan]), np.array([math.nan])
    more = np.minimum(strategy.more, max(enough, 0.0))
    spent = np.where(strategy.met, 0.0, prices.cost(strategy.engineered, more))
    before = asked.drawn.values(prices.n, False, prices)
    gained = before - asked.drawn.values(prices.n + more, strategy.engineered, prices)
    return spent, np.where(strategy.met, 0.0, gained)


def _shortfall(strategy: Strategy, prices: Settled) -> Finding | None:
    """Why a strategy is not eligible, or None."""
    if eligible(strategy, prices):
        return None
    if strategy.p_reached < prices.wanted:
        return Reason.SELDOM_REACHED(probability=strategy.p_reached)
    p = strategy.p_in_time(prices)
    return (
        Reason.SELDOM_IN_TIME(probability=p) if p < prices.wanted else Reason.NO_FINITE_PRICE()
    )


# --- how far it can be trusted ---------------------------------------------------------------


def sure_of_strategy(strategy: Strategy, asked: Asked) -> tuple[Sureness, Finding | None]:
    """Grade and reason of the forecast that a strategy rests on."""
    drawn = asked.drawn
    prices = asked.prices
    if strategy.name == "model":
        return sure_of_value(asked, prices.n, engineered=True), None
    if strategy.name == "data":
        return sure_of_size(drawn.today, prices.target, asked.past, asked.confidence)
    if drawn.better is not None:
        return sure_of_size(drawn.better, prices.target, asked.better_past, asked.confidence)
    gain = (prices.engineering.low + prices.engineering.high) / 2
    return sure_of_size(drawn.today, prices.target / (1 - gain), asked.past, asked.confidence)


def sure_of_size(
    found: Predictive, target: float, past: Past | None, confidence: float
) -> tuple[Sureness, Finding | None]:
    """Of the number of examples that a target takes; and why it cannot be said, or None."""
    needed = needed_from(found, target, confidence)
    reason = needed.reason or floor_above(found.curve, target)
    if reason is None and past is not None and past.missed:
        reason = past.finding
    grade = CANNOT_SAY if reason is not None else _size_grade(needed)
    return sureness(grade, past), reason


def _size_grade(needed: DataNeeded) -> str:
    times = needed.high / needed.low
    return next((grade for grade, most in SIZES.items() if times <= most), "poor")


def sure_of_value(asked: Asked, n: float, engineered: bool) -> Sureness:
    """Of the value with n examples, by the width of its interval as in `forecast`."""
    values = asked.drawn.values(n, engineered, asked.prices)
    low, high = np.quantile(values, asked.levels)
    return sure_of_foretold(high / low - 1, n / asked.drawn.today.curve.n[-1], asked.past)
