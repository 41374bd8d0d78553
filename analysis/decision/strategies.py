"""The ways to a target: data alone, the model alone, or engineering first and then data."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from analysis.decision.prices import Prices, Settled
from analysis.decision.scenarios import Scenarios

STRATEGIES = ("data", "model", "both")
SHARES = np.arange(1, 13) / 12  # of the engineering, tried for the best mix


@dataclass(frozen=True, eq=False)
class Strategy:
    """One strategy in every scenario, before it is priced.

    name: data, model or both.
    share: of the engineering effort.
    more: (size,) examples that must then still be collected to reach the target, inf where it
        is never reached.
    met: (size,) whether today's model meets the target with today's data, so that nothing is
        spent.
    """

    name: str
    share: float
    more: np.ndarray
    met: np.ndarray

    def cost(self, prices: Prices) -> np.ndarray:
        """Money until the target is reached (size,); inf where it never is."""
        return np.where(self.met, 0.0, prices.cost(self.share, self.more))

    def duration(self, prices: Prices) -> np.ndarray:
        """Months until the target is reached (size,); inf where it never is."""
        return np.where(self.met, 0.0, prices.duration(self.share, self.more))

    def in_time(self, prices: Prices) -> np.ndarray:
        """Whether the target is reached by the deadline: bool (size,)."""
        return self.met | (self.more <= self._most(prices))

    def p_in_time(self, prices: Prices) -> float:
        """Probability that the target is reached by the deadline."""
        most = max(self._most(prices), -0.5)
        return float(np.searchsorted(self._ordered, most, side="right") / len(self.more))

    @property
    def p_reached(self) -> float:
        """Probability that the target is ever reached."""
        return float(np.isfinite(self.more).mean())

    def median_cost(self, prices: Prices) -> float:
        """The median of `cost`: as costs rise with `more`, the cost of its median."""
        if self.median_more < 0:
            return 0.0
        return float(prices.cost(self.share, self.median_more))

    @cached_property
    def median_more(self) -> float:
        """Median of the examples still to be collected; -1 where nothing is spent."""
        return quantile(self._ordered, 0.5)

    def _most(self, prices: Prices) -> float:
        return min(prices.collected(self.share, prices.deadline), np.finfo(float).max)

    @cached_property
    def _ordered(self) -> np.ndarray:
        """more in rising order, -1 where nothing is spent."""
        return np.sort(np.where(self.met, -1.0, self.more))


def strategies(drawn: Scenarios, prices: Settled) -> list[Strategy]:
    """Data, model, and both at each share of the engineering, in this order."""
    shares = SHARES if drawn.better is None else np.ones(1)
    needed = drawn.needed(prices.target, np.append(0, shares), prices.engineering)
    more = np.maximum(needed - prices.n, 0)
    met = more[:, 0] == 0
    more[met] = 0
    enough = np.where(more[:, -1] == 0, 0, np.inf)
    mixes = [
        Strategy("both", float(share), column, met)
        for share, column in zip(shares, more.T[1:])
    ]
    data = Strategy("data", 0.0, more[:, 0], met)
    return [data, Strategy("model", 1.0, enough, met), *mixes]


def eligible(strategy: Strategy, prices: Prices) -> bool:
    """Whether it reaches the target in time as surely as wanted, for a finite amount."""
    if strategy.p_in_time(prices) < prices.wanted:
        return False
    return math.isfinite(strategy.median_cost(prices))


def best(among: list[Strategy], prices: Prices) -> Strategy:
    """The decision rule: of the eligible strategies the one with the smallest median cost.

    The first where they are equal; where none is eligible, the likeliest to be in time. The
    median cost of data rises at least as fast with the price of labels as that of any mix,
    which needs no more of them, and only engineering's rises with its months: so along either
    there is one point at which the rule changes between data and engineers
    (analysis/decision/break_even.py).
    """
    p = np.array([strategy.p_in_time(prices) for strategy in among])
    more = np.array([strategy.median_more for strategy in among])
    shares = np.array([strategy.share for strategy in among])
    costs = np.where(more < 0, 0.0, prices.cost(shares, more))
    allowed = (p >= prices.wanted) & np.isfinite(costs)
    if allowed.any():
        return among[int(np.argmin(np.where(allowed, costs, np.inf)))]
    return among[int(np.lexsort((costs, -p))[0])]


def quantile(ordered: np.ndarray, q: float) -> float:
    """The smallest of the rising values (size,) that at least a share q lie at or below.

    It is one of the values, which may be inf.
    """
    return float(ordered[max(math.ceil(q * len(ordered) - 1e-9) - 1, 0)])
