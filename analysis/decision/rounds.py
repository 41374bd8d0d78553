"""How much to collect now, if one may measure and decide again: a plan in rounds.

Mahmood et al. 2022 (How Much More Data Do I Need?, CVPR) collect in rounds and correct what
the fitted curve says by what earlier curves taught; Mahmood et al. 2025 (Optimizing Data
Collection for Machine Learning, JMLR) choose the rounds by the least expected cost, with a
penalty for having collected too little in the end.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from analysis.decision.decide import NOTHING, Decision
from analysis.decision.prices import Settled
from analysis.decision.strategies import STRATEGIES, Strategy
from analysis.reasons import Finding

CANDIDATES = 300  # for the end of a round, evenly spaced in ln n
# Added to the log odds of having reached the target, before the rounds are chosen: below 0, as
# a measurement that reaches it by luck is no end. `python benchmarks/rounds.py --learn` finds
# it on curves whose truth is known: -2 loses 10 % less than 0, and 9 % on curves that it was
# not found on.
CORRECTION = -2.0


@dataclass(frozen=True)
class Plan:
    """Rounds to collect in; after each one measures, and goes on only if the target is missed.

    The arrays are empty where there is nothing to collect, or no plan. Without a penalty the
    last round ends at the examples and the price of the decision.

    target: a value.
    n_now: examples at hand.
    engineered: whether the engineers come first.
    n: (rounds,) examples that there will be after each round.
    cost: (rounds,) money that is spent by the end of each, with one training.
    months: (rounds,) that have passed by the end of each.
    chance: (rounds,) probability that the target is reached by the end of each.
    expected_cost: mean of what is spent, with a training after each round; rounds that are not
        needed cost nothing.
    reached: whether the examples at hand reach the target.
    reason: why there is no plan, or None.
    """

    target: float
    n_now: float
    engineered: bool
    n: np.ndarray
    cost: np.ndarray
    months: np.ndarray
    chance: np.ndarray
    expected_cost: float
    reached: bool
    reason: Finding | None

    @property
    def sizes(self) -> np.ndarray:
        """Examples to collect in each round (rounds,)."""
        return np.diff(self.n, prepend=self.n_now)


def plan_rounds(
    decision: Decision,
    rounds: int = 3,
    penalty: float = np.inf,
    correction: float = CORRECTION,
) -> Plan:
    """Rounds that reach the decision's target at the least expected cost.

    With F the distribution of n(target) over the decision's scenarios, given n(target) > n_0,

        sum over rounds t of (1 - F(n_(t-1))) cost(n_(t-1), n_t)  +  penalty (1 - F(n_last))

    is minimised over n_1 < n_2 < ... up to the examples that reach the target with the wanted
    probability, by dynamic programming; cost is of labels and of a training. What a round will
    teach is not foreseen: after each, refit, and ask again with one round less. ValueError for
    a wrong value.

    rounds: the most that there may be.
    penalty: money, what missing the target in the end costs; infinite for one that makes the
        wanted probability the best.
    correction: as CORRECTION.
    """
    if not (isinstance(rounds, int | np.integer) and rounds >= 1):
        raise ValueError(f"rounds must be a whole number above 0, got {rounds!r}")
    if not penalty >= 0:
        raise ValueError(f"penalty must be zero or positive, got {penalty!r}")
    strategy = (
        decision.strategies[STRATEGIES.index(decision.choice)] if decision.chosen else None
    )
    prices = decision.prices
    if strategy is None or strategy.enough(prices) < 1:
        return _nothing(decision)
    sizes = _candidates(prices.n, strategy.enough(prices))
    chance = np.array([strategy.p_with(n - prices.n) for n in sizes])
    path = _cheapest(sizes, _believed(chance, correction), prices, rounds, penalty)
    return _plan(decision, strategy, sizes, chance, path)


def _candidates(n_now: float, enough: float) -> np.ndarray:
    """Sizes at which a round may end, from today's to the promised one."""
    sizes = np.geomspace(n_now, n_now + enough, CANDIDATES)
    sizes = np.unique(np.ceil(sizes[1:-1]))
    inside = (sizes > n_now) & (sizes < n_now + enough)
    return np.concatenate([[n_now], sizes[inside], [n_now + enough]])


def _believed(chance: np.ndarray, correction: float) -> np.ndarray:
    """The corrected probability, given that the examples at hand do not reach the target."""
    given = (chance - chance[0]) / (1 - chance[0])
    return expit(logit(given) + correction)


def _cheapest(
    sizes: np.ndarray, chance: np.ndarray, prices: Settled, rounds: int, penalty: float
) -> list[int]:
    """Indices of the sizes after each of at most so many rounds."""
    step = prices.label_price * (sizes - sizes[:, None])
    step = step + prices.training(sizes - prices.n)
    step = np.where(np.triu(np.ones_like(step), 1) > 0, (1 - chance[:, None]) * step, np.inf)
    if np.isinf(penalty):
        left = np.where(np.arange(len(sizes)) == len(sizes) - 1, 0.0, np.inf)
    else:
        left = penalty * (1 - chance)
    choices = []
    for _ in range(rounds):
        total = step + left
        best = total.argmin(1)
        ends = left <= total.min(1)  # no further round
        choices.append(np.where(ends, -1, best))
        left = np.minimum(left, total.min(1))
    path = [0]
    for choice in choices[::-1]:
        if choice[path[-1]] >= 0:
            path.append(int(choice[path[-1]]))
    return path[1:]


def _plan(
    decision: Decision,
    strategy: Strategy,
    sizes: np.ndarray,
    chance: np.ndarray,
    path: list[int],
) -> Plan:
    prices = decision.prices
    n = sizes[path]
    more = n - prices.n
    missed = 1 - np.append(0.0, chance[path][:-1])  # a round is needed
    each = np.diff(prices.cost(strategy.engineered, more), prepend=0.0)
    between = np.append(0.0, prices.training(more)[:-1]) if path else np.empty(0)
    return Plan(
        target=prices.target,
        n_now=prices.n,
        engineered=strategy.engineered,
        n=n,
        cost=prices.cost(strategy.engineered, more),
        months=prices.duration(strategy.engineered, more),
        chance=chance[path],
        expected_cost=float((missed * (each + between)).sum()),
        reached=False,
        reason=None,
    )


def _nothing(decision: Decision) -> Plan:
    """No rounds: there is nothing to collect, or no plan."""
    none = np.empty(0)
    chosen = decision.chosen
    reason = decision.reason
    if chosen is None and decision.choice != NOTHING and reason is None:
        reason = decision.outcome("data").shortfall
    return Plan(
        target=decision.prices.target,
        n_now=decision.prices.n,
        engineered=chosen is not None,
        n=none,
        cost=none,
        months=none,
        chance=none,
        expected_cost=0.0,
        reached=decision.choice == NOTHING,
        reason=reason,
    )
