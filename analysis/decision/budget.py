"""The reverse question: what does a budget buy, and how is it best split?"""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from analysis.curves.curve import check_confidence
from analysis.curves.forecast import width_grade
from analysis.curves.predictive import NEVER, Predictive
from analysis.decision.prices import Prices, Settled
from analysis.decision.scenarios import scenarios

SPLITS = 13  # shares of the engineering tried, as far as the money goes


@dataclass(frozen=True)
class Split:
    """The best split of a budget. Money is in Prices.currency.

    months: of engineering.
    engineers, labels, gpu: money for each.
    left: money that cannot be spent to any use.
    n: examples then at hand.
    value, low, high: median and interval of what one training then measures, in units of
        `measure`.
    grade: of that forecast, by the width of its interval as in `forecast`.
    prices: as used, with n and target.
    measure: loss or error.
    table: all splits; columns months to high as above.
    """

    months: float
    engineers: float
    labels: float
    gpu: float
    left: float
    n: float
    value: float
    low: float
    high: float
    grade: str
    prices: Settled
    measure: str
    table: pd.DataFrame = field(repr=False)


def best_for_budget(
    today: Predictive,
    prices: Prices,
    budget: float,
    *,
    better: Predictive | None = None,
    measure: str = "loss",
    confidence: float = 0.9,
    size: int = 4000,
    seed: int = 0,
) -> Split:
    """The split between engineers, labels and training with the smallest median loss or error.

    For engineering share s the rest buys

        (budget - s engineers - gpu - fixed_cost) / (label_price + gpu / n)

    examples, gpu = gpu_price gpu_hours, as far as the capacity labels them by the deadline.
    ValueError for a wrong budget.

    budget: money, 0 or more.
    The other arguments are those of `decide`; the target plays no part.
    """
    check_confidence(confidence)
    _check_budget(budget)
    settled = prices.settled(today)
    drawn = scenarios(today, better, size, seed)
    levels = (0.5, 0.5 - confidence / 2, 0.5 + confidence / 2)
    rows = []
    for share in _shares(settled, budget, better):
        more = _bought(settled, budget, share, drawn.today.curve.n[-1] * NEVER)
        values = drawn.values(settled.n + more, share, settled.engineering)
        value, low, high = np.quantile(values, levels)
        spent = _spent(settled, budget, share, more)
        measured = {"n": settled.n + more, "value": value, "low": low, "high": high}
        rows.append({"months": share * settled.months, **spent, **measured})
    table = pd.DataFrame(rows).astype(float)
    first = table.loc[table["value"].idxmin()]
    return Split(
        **first.to_dict(),
        grade=width_grade(first["high"] / first["low"] - 1),
        prices=settled,
        measure=measure,
        table=table,
    )


def _check_budget(budget: Any) -> None:
    number = isinstance(budget, int | float | np.number) and not isinstance(budget, bool)
    if not number or not 0 <= budget < math.inf:
        raise ValueError(f"budget must be a number 0 or more and finite, got {budget!r}")


def _shares(prices: Settled, budget: float, better: Predictive | None) -> list[float]:
    """Shares of the engineering that the money and the deadline allow, with a training.

    0 always is one of them.
    """
    rest = budget - float(prices.training(0.0))
    if rest < 0:
        return [0.0]
    most = 1.0 if prices.team <= rest else rest / prices.team
    if prices.months > prices.deadline:
        most = min(most, prices.deadline / prices.months)
    if better is not None:  # comes whole or not at all
        return [0.0, 1.0] if most == 1 else [0.0]
    return np.unique(np.linspace(0, most, SPLITS)).tolist()


def _bought(prices: Settled, budget: float, share: float, most: float) -> float:
    """Examples that what is left after the engineering buys."""
    rest = budget - float(prices.cost(share, 0.0)) - prices.fixed_cost
    each = prices.label_price + float(prices.training(0.0)) / prices.n
    if rest < 0 or math.isinf(each):
        return 0.0
    more = rest / each if each else math.inf
    return max(min(more, prices.collected(share, prices.deadline), most - prices.n), 0.0)


def _spent(prices: Settled, budget: float, share: float, more: float) -> dict[str, float]:
    """Money for engineers, labels and training, and what is left.

    Nothing is trained where nothing is new.
    """
    engineers = float(prices.team * share) if share else 0.0
    labels = float(prices.labels(more))
    gpu = float(prices.training(more)) if share or more else 0.0
    left = max(budget - engineers - labels - gpu, 0.0)
    return {"engineers": engineers, "labels": labels, "gpu": gpu, "left": left}
