"""The one thing to do next, with its price and its time."""

import math
from dataclasses import dataclass
from enum import StrEnum

from analysis.decision.decide import Decision
from analysis.decision.prices import Settled

HOURS = 730.0  # of a month


class Do(StrEnum):
    """What can be done next."""

    COLLECT = "collect"  # examples, then train with them
    ENGINEERS = "engineers"  # pay them, as the recommendation says
    BETTER_MODEL = "better model"  # pay engineers, or choose another target
    TRAIN_ON_ALL = "train on all"  # examples at hand
    TRAIN_AGAIN = "train again"  # with other data seeds
    MEASURE_SIZES = "measure sizes"  # up to n examples, with several data seeds
    NOTHING = "nothing"


@dataclass(frozen=True)
class NextStep:
    """The one thing to do next.

    do: what.
    examples: to be collected; 0 where none are.
    n: examples at hand afterwards.
    price: money; inf where there is no price.
    months: it takes.
    """

    do: Do
    examples: float
    n: float
    price: float
    months: float


def collect(prices: Settled, more: float) -> NextStep:
    """Examples, and one training with them."""
    price = float(prices.cost(False, more))
    months = float(prices.duration(False, more))
    return NextStep(Do.COLLECT, more, prices.n + more, price, months)


def engineers(prices: Settled, do: Do) -> NextStep:
    """Their months are paid whole."""
    return NextStep(do, 0.0, prices.n, prices.team, prices.months)


def train(prices: Settled, do: Do) -> NextStep:
    """One training with the examples at hand."""
    return NextStep(do, 0.0, prices.n, float(prices.training(0.0)), prices.gpu_hours / HOURS)


def nothing(prices: Settled) -> NextStep:
    """Nothing need be done."""
    return NextStep(Do.NOTHING, 0.0, prices.n, 0.0, 0.0)


def more_or_measure(decision: Decision, more: float, lawless: bool) -> NextStep:
    """Collect, unless what is at hand must be measured first or labels have no price."""
    prices = decision.prices
    if prices.n > decision.scenarios.today.curve.n[-1]:
        return train(prices, Do.TRAIN_ON_ALL)
    if lawless or math.isinf(prices.label_price):
        return train(prices, Do.MEASURE_SIZES)
    return collect(prices, more)
