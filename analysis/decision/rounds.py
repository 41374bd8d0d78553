"""How much to collect now, if one may measure and decide again: a plan in rounds.

One-shot estimates collect too little more often than not; a few rounds reach the target close
to the smallest cost (Mahmood et al. 2022, How Much More Data Do I Need?, CVPR). The sizes
follow Optimizing Data Collection for Machine Learning (Mahmood et al. 2022, NeurIPS, section
3): the smallest expected cost over the distribution of n(target).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.curves.curve import check_positive
from analysis.curves.forecast import FAR, needed_from
from analysis.curves.predictive import Predictive
from analysis.decision.outcomes import CANNOT_SAY
from analysis.reasons import Finding, FitError, Reason

SIZES = 400  # candidates for the end of a round, evenly spaced in ln n
HOPELESS = 0.05  # a plan with a smaller chance than this is no plan
CONFIDENCE = 0.9  # of the interval that grades the answer, see DataNeeded
REAL = (int, float, np.integer, np.floating)


@dataclass(frozen=True)
class Plan:
    """Rounds to collect in; after each one measures, and goes on only if the target is missed.

    The arrays are empty and the costs 0 where there is nothing to collect, or no plan.

    target: a loss or error.
    n_now: examples at hand.
    n: (rounds,) examples that there will be after each round.
    cost: (rounds,) of each round.
    chance: (rounds,) probability that the target is reached by the end of each, given that it
        is not with n_now.
    expected_cost: mean; rounds that are not needed cost nothing.
    at_once: cost of collecting n[-1] in one go.
    reached: whether the examples at hand reach the target.
    grade: as in DataNeeded; where that is "cannot say", n[0] is still what to try next.
    reason: why it cannot be said, or there is no plan; None where there is no need.
    """

    target: float
    n_now: float
    n: np.ndarray
    cost: np.ndarray
    chance: np.ndarray
    expected_cost: float
    at_once: float
    reached: bool
    grade: str
    reason: Finding | None

    @property
    def sizes(self) -> np.ndarray:
        """Examples to collect in each round (rounds,)."""
        return np.diff(self.n, prepend=self.n_now)


@dataclass(frozen=True)
class Paid:
    """What collecting costs, and how much there is for it.

    price: per example.
    fixed: per round.
    budget: of all rounds together, in the same unit.
    """

    price: float
    fixed: float
    budget: float

    def of(self, more: np.ndarray, rounds: int = 1) -> np.ndarray:
        """Cost of `more` examples in so many rounds."""
        with np.errstate(invalid="ignore"):  # an infinite price
            return rounds * self.fixed + self.price * more


def plan_rounds(
    found: Predictive,
    target: float,
    n_now: float,
    *,
    rounds: int = 3,
    success: float = 0.9,
    price: float = 1.0,
    fixed: float = 0.0,
    budget: float = np.inf,
) -> Plan:
    """Rounds that reach the target with probability `success` at the least expected cost.

    With F the distribution of n(target), given n(target) > n_now = n_0,

        expected cost = sum over rounds t of (1 - F(n_(t-1))) (fixed + price (n_t - n_(t-1)))

    is minimised over n_1 < n_2 < ... with F(n_last) = success, by dynamic programming, so that
    early rounds go to low quantiles of n(target) and the last to `success`. The last round is
    cut where the budget ends, and at FAR times the data, beyond which no forecast is trusted;
    `chance` says what is left. What a round will teach is not foreseen: after each, refit, and
    ask again with one round less. FitError for a wrong value.

    target: a loss or error.
    n_now: examples at hand.
    rounds: the most that there may be.
    price: per example.
    fixed: per round.
    budget: of all rounds together, in the unit of the prices: by default in examples.
    """
    _check(target, n_now, rounds, success)
    _check_paid(price=price, fixed=fixed, budget=budget)
    paid = Paid(price, fixed, budget)
    needed = needed_from(found, float(target), CONFIDENCE)
    at_hand = float(found.reached(n_now, target)[0])
    if at_hand >= success or found.curve.meets(target, n_now):
        return _nothing(target, n_now, needed.grade, needed.reason, reached=True)
    sizes, chance = _candidates(found, target, n_now, at_hand, success)
    if chance[-1] < HOPELESS:
        why = needed.reason or Reason.HARDLY_REACHED(times=FAR)
        return _nothing(target, n_now, CANNOT_SAY, why)
    path, expected = _best_path(n_now, sizes, chance, paid, rounds)
    if not path:
        return _nothing(target, n_now, CANNOT_SAY, Reason.BUDGET_TOO_SMALL(budget=budget))
    n = sizes[path]
    return Plan(
        target=float(target),
        n_now=float(n_now),
        n=n,
        cost=paid.of(np.diff(n, prepend=n_now)),
        chance=chance[path],
        expected_cost=float(expected),
        at_once=float(paid.of(n[-1] - n_now)),
        reached=False,
        grade=needed.grade,
        reason=needed.reason,
    )


def _candidates(
    found: Predictive, target: float, n_now: float, at_hand: float, success: float
) -> tuple[np.ndarray, np.ndarray]:
    """Sizes at which a round may end, and the chance that the target is reached by each."""
    largest = FAR * max(n_now, found.curve.n[-1])
    sizes = np.unique(np.ceil(np.geomspace(n_now, largest, SIZES)))
    chance = np.maximum.accumulate((found.reached(sizes, target) - at_hand) / (1 - at_hand))
    if chance[-1] < success:
        return sizes, chance
    enough = int(np.argmax(chance >= success)) + 1  # nobody goes further
    return sizes[:enough], chance[:enough]


def _best_path(
    n_now: float, sizes: np.ndarray, chance: np.ndarray, paid: Paid, rounds: int
) -> tuple[list[int], float]:
    """Of 1 to `rounds` rounds those that get furthest, the cheapest where they are equal.

    (indices of the sizes after each round, expected cost); no indices where the budget does
    not pay for one round.
    """
    plans = []
    for count in range(1, rounds + 1):
        cost = paid.of(sizes - n_now, count)
        affordable = np.flatnonzero(np.isfinite(cost) & (cost <= paid.budget))
        last = affordable[-1] if len(affordable) else 0
        if last >= count:
            plans.append(_cheapest(sizes[: last + 1], chance[: last + 1], paid, count))
    if not plans:
        return [], 0.0
    return max(plans, key=lambda plan: (chance[plan[0][-1]], -plan[1]))


def _cheapest(
    sizes: np.ndarray, chance: np.ndarray, paid: Paid, rounds: int
) -> tuple[list[int], float]:
    """Exactly `rounds` rounds from sizes[0] to sizes[-1], at the least expected cost.

    (indices of the sizes after each round, expected cost).
    """
    cost = paid.of(sizes - sizes[:, None])  # (before, after)
    cost = np.where(np.triu(np.ones_like(cost), 1) > 0, (1 - chance[:, None]) * cost, np.inf)
    left = cost[:, -1]
    choices = []  # one round goes straight to the end
    for _ in range(rounds - 1):
        total = cost + left
        choices.append(total.argmin(1))
        left = total.min(1)
    path = [0]
    for choice in choices[::-1]:
        path.append(int(choice[path[-1]]))
    return [*path[1:], len(sizes) - 1], float(left[0])


def _nothing(
    target: float, n_now: float, grade: str, reason: Finding | None, reached: bool = False
) -> Plan:
    """No rounds: there is nothing to collect, or no plan."""
    none = np.empty(0)
    return Plan(
        target=float(target),
        n_now=float(n_now),
        n=none,
        cost=none,
        chance=none,
        expected_cost=0.0,
        at_once=0.0,
        reached=reached,
        grade=grade,
        reason=reason,
    )


def _check(target: Any, n_now: Any, rounds: Any, success: Any) -> None:
    for name, value in (("target", target), ("n_now", n_now)):
        if np.size(check_positive(name, value)) != 1:
            raise FitError(f"{name} must be one number, got {value!r}")
    if not (isinstance(rounds, int | np.integer) and rounds >= 1):
        raise FitError(f"rounds must be a whole number above 0, got {rounds!r}")
    if not (isinstance(success, REAL) and 0 < success < 1):
        raise FitError(f"success must lie between 0 and 1, got {success!r}")


def _check_paid(**paid: Any) -> None:
    for name, value in paid.items():
        if not (isinstance(value, REAL) and value >= 0):
            raise FitError(f"{name} must be zero or positive, got {value!r}")
