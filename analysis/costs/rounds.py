"""How much to collect now, if one may measure and decide again: a plan in rounds.

One-shot estimates collect too little more often than not; a few rounds reach the target close to the smallest cost
(Mahmood et al. 2022, How Much More Data Do I Need?, CVPR). The sizes follow Optimizing Data Collection for Machine
Learning (Mahmood et al. 2022, NeurIPS, section 3): the smallest expected cost over the distribution of n(target).
"""

from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np

from analysis.costs.advice import amount
from analysis.fits.curve import FitError, check_positive
from analysis.fits.predictive import Predictive
from analysis.forecast import FAR, needed_from
from analysis.language import Text

SIZES = 400  # candidates for the end of a round, evenly spaced in ln n
HOPELESS = 0.05  # a plan with a smaller chance than this is no plan
CONFIDENCE = 0.9  # of the interval that grades the answer, see DataNeeded


@dataclass(frozen=True)
class Plan:
    """Rounds to collect in; after each one measures, and goes on only if the target is not reached.

    n: (rounds,) examples there will be after each round; cost: (rounds,) of each round; chance: (rounds,) probability
    that the target is reached by the end of each, given that it is not with n_now. expected_cost: rounds that are not
    needed cost nothing; at_once: cost of collecting n[-1] in one go. All are empty or 0 where there is nothing to
    collect. grade and reason as in DataNeeded: where that is "cannot say", n[0] is still what to try next.
    """

    target: float
    n_now: float
    n: np.ndarray
    cost: np.ndarray
    chance: np.ndarray
    expected_cost: float
    at_once: float
    grade: str
    reason: str
    words: Text

    @property
    def sizes(self) -> np.ndarray:
        """Examples to collect in each round (rounds,)."""
        return np.diff(self.n, prepend=self.n_now)


def plan_rounds(
    found: Predictive, target, n_now, *, rounds=3, success=0.9, price=1.0, fixed=0.0, budget=np.inf
) -> Plan:
    """Sizes of up to `rounds` rounds that reach the target loss with probability `success` at the least expected cost.

    n_now: examples at hand. price: per example; fixed: per round; budget: of all rounds together, in the same unit
    (by default costs are numbers of examples). With F the distribution of n(target), given n(target) > n_now = n_0,

        expected cost = sum over rounds t of (1 - F(n_(t-1))) (fixed + price (n_t - n_(t-1))),   F(n_last) = success

    is minimised over n_1 < n_2 < ... by dynamic programming, so that early rounds go to low quantiles of n(target) and
    the last to `success`. The last round is cut where the budget ends, and at FAR times the data, beyond which no
    forecast is trusted; `chance` says what is left. What a round will teach is not foreseen: after each, refit, and
    ask again with one round less. FitError for a wrong value.
    """
    _check(target, n_now, rounds, success, price, fixed, budget)
    needed = needed_from(found, float(target), CONFIDENCE)
    at_hand = float(found.reached(n_now, target)[0])
    if at_hand >= success or found.curve.meets(target, n_now):
        words = Text("the target is reached with the {n:,.0f} examples at hand", n=n_now)
        return _nothing(target, n_now, needed.grade, needed.reason, words)
    sizes = np.unique(np.ceil(np.geomspace(n_now, FAR * max(n_now, found.curve.n[-1]), SIZES)))
    chance = np.maximum.accumulate((found.reached(sizes, target) - at_hand) / (1 - at_hand))
    end = int(np.argmax(chance >= success)) if chance[-1] >= success else len(sizes) - 1
    if chance[end] < HOPELESS:
        reason = needed.reason or Text("{far:.0f} times the data hardly reach the target", far=FAR)
        return _nothing(target, n_now, "cannot say", reason, Text("no plan: {reason}", reason=reason))
    plans = []
    for count in range(1, rounds + 1):
        with np.errstate(invalid="ignore"):  # an infinite price
            paid = count * fixed + price * (sizes - n_now)
        affordable = np.flatnonzero(np.isfinite(paid) & (paid <= budget))[-1:]
        last = min(end, *affordable) if len(affordable) else 0
        if last >= count:
            plans.append(_cheapest(sizes[: last + 1], chance[: last + 1], price, fixed, count))
    if not plans:
        reason = Text("the budget of {budget:,.6g} does not pay for one round", budget=budget)
        return _nothing(target, n_now, "cannot say", reason, Text("no plan: {reason}", reason=reason))
    path, expected = max(plans, key=lambda plan: (chance[plan[0][-1]], -plan[1]))
    n, steps = sizes[path], np.diff(sizes[path], prepend=n_now)
    at_once = fixed + price * (n[-1] - n_now)
    words = _words(needed, n, chance[path], expected, at_once)
    return Plan(
        float(target), float(n_now), n, fixed + price * steps, chance[path], float(expected), float(at_once),
        needed.grade, needed.reason, words,
    )  # fmt: skip


def _cheapest(sizes, chance, price, fixed, rounds):
    """(indices of the sizes after each round, expected cost) of exactly `rounds` rounds from sizes[0] to sizes[-1]."""
    cost = fixed + price * (sizes - sizes[:, None])  # (before, after)
    cost = np.where(np.triu(np.ones_like(cost), 1) > 0, (1 - chance[:, None]) * cost, np.inf)
    left, choices = cost[:, -1], []  # one round goes straight to the end
    for _ in range(rounds - 1):
        total = cost + left
        choices.append(total.argmin(1))
        left = total.min(1)
    path = [0]
    for choice in choices[::-1]:
        path.append(int(choice[path[-1]]))
    return [*path[1:], len(sizes) - 1], left[0]


def _words(needed, n, chance, expected, at_once):
    values = {"n": amount(n[0]), "expected": amount(expected), "at_once": amount(at_once)}
    values |= {"rounds": len(n), "chance": chance[-1]}
    if needed.reason:
        return Text(
            "cannot say how much is needed: {reason}; collecting up to {n} examples reaches the target with a "
            "chance of {first:.0%}; then measure and ask again",
            reason=needed.reason, first=chance[0], **values,
        )  # fmt: skip
    if len(n) == 1:
        return Text("collect up to {n} examples; that reaches the target with a chance of {chance:.0%}", **values)
    return Text(
        "collect up to {n} examples, measure, and ask again; up to {rounds} rounds reach the target with a chance "
        "of {chance:.0%} and cost {expected} on average instead of {at_once} at once",
        **values,
    )


def _nothing(target, n_now, grade, reason, words):
    none = np.empty(0)
    return Plan(float(target), float(n_now), none, none, none, 0.0, 0.0, grade, reason, words)


def _check(target, n_now, rounds, success, price, fixed, budget):
    for name, value in (("target", target), ("n_now", n_now)):
        if np.size(check_positive(name, value)) != 1:
            raise FitError(f"{name} must be one number, got {value!r}")
    if not (isinstance(rounds, Integral) and rounds >= 1):
        raise FitError(f"rounds must be a whole number above 0, got {rounds!r}")
    if not (isinstance(success, Real) and 0 < success < 1):
        raise FitError(f"success must lie between 0 and 1, got {success!r}")
    for name, value in (("price", price), ("fixed", fixed), ("budget", budget)):
        if not (isinstance(value, Real) and value >= 0):
            raise FitError(f"{name} must be zero or positive, got {value!r}")
