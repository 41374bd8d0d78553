"""The ways to a target: data alone, engineers alone, or engineers first and then data."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from analysis.decision.prices import Prices, Settled
from analysis.decision.scenarios import Scenarios

STRATEGIES = ("data", "model", "both")


@dataclass(frozen=True, eq=False)
class Strategy:
    """One strategy in every scenario, before it is priced.

    name: data, model or both.
    engineered: whether the engineers are paid.
    more: (size,) examples that must then still be collected to reach the target, inf where it
        is never reached.
    met: (size,) whether today's model meets the target with today's data, so that nothing is
        spent.
    """

    name: str
    engineered: bool
    more: np.ndarray
    met: np.ndarray

    # --- in every scenario -------------------------------------------------------------------

    def cost(self, prices: Prices) -> np.ndarray:
        """Money until the target is reached (size,); inf where it never is."""
        return np.where(self.met, 0.0, prices.cost(self.engineered, self.more))

    def duration(self, prices: Prices) -> np.ndarray:
        """Months until the target is reached (size,); inf where it never is."""
        return np.where(self.met, 0.0, prices.duration(self.engineered, self.more))

    def in_time(self, prices: Prices) -> np.ndarray:
        """Whether the target is reached by the deadline: bool (size,)."""
        return self.met | (self.more <= self._most(prices))

    # --- what is promised --------------------------------------------------------------------

    def enough(self, prices: Prices) -> float:
        """Examples that reach the target with the wanted probability.

        inf where no number of them does, or none that can be had by the deadline; -1 where
        nothing need be spent.
        """
        found = quantile(self.ordered, prices.wanted)
        return found if found <= self._most(prices) else math.inf

    def price(self, prices: Prices) -> float:
        """Money that reaches the target in time with the wanted probability; inf for none."""
        enough = self.enough(prices)
        return 0.0 if enough < 0 else float(prices.cost(self.engineered, enough))

    def p_with(self, more: float) -> float:
        """Probability that so many more examples reach the target."""
        return float(np.searchsorted(self.ordered, more, side="right") / len(self.ordered))

    def p_in_time(self, prices: Prices) -> float:
        """Probability that the target is reached by the deadline."""
        return self.p_with(self._most(prices))

    @property
    def p_reached(self) -> float:
        """Probability that the target is ever reached."""
        return float(np.isfinite(self.more).mean())

    @cached_property
    def ordered(self) -> np.ndarray:
        """more in rising order (size,), -1 where nothing is spent."""
        return np.sort(np.where(self.met, -1.0, self.more))

    def _most(self, prices: Prices) -> float:
        """Examples that can be had by the deadline; -1 where the engineers are late."""
        most = prices.collected(self.engineered, prices.deadline)
        return min(max(most, -1.0), np.finfo(float).max)


def strategies(drawn: Scenarios, prices: Settled) -> list[Strategy]:
    """Data, model and both, in this order."""
    data, both = (
        np.maximum(drawn.needed(prices.target, engineered, prices) - prices.n, 0)
        for engineered in (False, True)
    )
    met = data == 0
    if drawn.today.curve.meets(prices.target, prices.n):  # it was measured
        met = np.full(len(data), True)
    data, both = (np.where(met, 0.0, more) for more in (data, both))
    model = np.where(both == 0, 0.0, np.inf)
    return [
        Strategy("data", False, data, met),
        Strategy("model", True, model, met),
        Strategy("both", True, both, met),
    ]


def eligible(strategy: Strategy, prices: Prices) -> bool:
    """Whether it reaches the target in time as surely as wanted, for a finite price."""
    return math.isfinite(strategy.price(prices))


def best(among: list[Strategy], prices: Prices) -> Strategy:
    """The decision rule: the smallest price that reaches the target as surely as wanted.

    The first where they are equal; where none is eligible, the likeliest to be in time.
    """
    possible = [strategy for strategy in among if eligible(strategy, prices)]
    if possible:
        return min(possible, key=lambda strategy: strategy.price(prices))
    return max(among, key=lambda strategy: strategy.p_in_time(prices))


def quantile(ordered: np.ndarray, q: float) -> float:
    """The smallest of the rising values (size,) that at least a share q lie at or below.

    It is one of the values, which may be inf.
    """
    return float(ordered[max(math.ceil(q * len(ordered) - 1e-9) - 1, 0)])
