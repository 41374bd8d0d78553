"""The reverse question: with so much money, what is the best loss in reach, and how to split it?"""

import math
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from analysis.costs.advice import amount, value
from analysis.costs.futures import futures
from analysis.costs.prices import Prices
from analysis.fits.curve import check_confidence
from analysis.fits.predictive import NEVER, Predictive
from analysis.forecast import WIDTHS
from analysis.language import Text

SPLITS = 13  # shares of the engineering tried, as far as the money goes


@dataclass(frozen=True)
class Split:
    """The best split of a budget. Money in Prices.currency.

    months: of engineering; engineers, labels, gpu: money for each, left: what cannot be spent to any use; n: examples
    then at hand; loss, low, high: median and interval of what one training then measures, in units of `metric`; grade:
    of that forecast, as in analysis/forecast.py. table: all splits, in the same columns.
    """

    months: float
    engineers: float
    labels: float
    gpu: float
    left: float
    n: float
    loss: float
    low: float
    high: float
    grade: str
    prices: Prices
    metric: str
    table: pd.DataFrame = field(repr=False)

    @property
    def words(self) -> tuple[Text, ...]:
        """The answer in sentences."""
        known = {name: amount(getattr(self, name)) for name in ("engineers", "labels", "gpu", "n")}
        losses = {name: value(getattr(self, name), self.metric) for name in ("loss", "low", "high")}
        split = Text(
            "The money brings the {metric} to about {loss} ({low} to {high}): {labels} {currency} for labels, "
            "{n} examples in all, {engineers} {currency} for {months} months of engineering and {gpu} {currency} "
            "for training.",
            metric=self.metric, currency=self.prices.currency, months=f"{self.months:.2g}", **known, **losses,
        )  # fmt: skip
        return (split, Text("Trust in that forecast: {grade}.", grade=self.grade))


def best_for_budget(
    today: Predictive,
    prices: Prices,
    budget: float,
    *,
    better: Predictive | None = None,
    metric: str = "loss",
    confidence: float = 0.9,
    size: int = 4000,
    seed: int = 0,
) -> Split:
    """The split of `budget` (money, 0 or more) between engineers, labels and training with the smallest median loss.

    For engineering share s the rest buys (budget - s engineers - gpu - fixed_cost) / (label_price + gpu / n) examples,
    gpu = gpu_price gpu_hours, as far as the capacity labels them by the deadline. Arguments as in `decide`; the target
    plays no part. ValueError for a wrong budget.
    """
    check_confidence(confidence)
    if isinstance(budget, bool) or not isinstance(budget, int | float | np.number) or not 0 <= budget < math.inf:
        raise ValueError(f"budget must be a number 0 or more and finite, got {budget!r}")
    prices = prices.settled(today)
    drawn = futures(today, better, size, seed)
    levels = 0.5, 0.5 - confidence / 2, 0.5 + confidence / 2
    rows = []
    for share in _shares(prices, budget, better):
        more = _bought(prices, budget, share, drawn.today.curve.n[-1] * NEVER)
        losses = np.quantile(drawn.loss(prices.n + more, share, prices.engineering), levels)
        rows.append((share * prices.months, *_spent(prices, budget, share, more), prices.n + more, *losses))
    columns = ["months", "engineers", "labels", "gpu", "left", "n", "loss", "low", "high"]
    table = pd.DataFrame(rows, columns=columns).astype(float)
    first = table.loc[table["loss"].idxmin()]
    grade = next((grade for grade, limit in WIDTHS.items() if first["high"] / first["low"] - 1 <= limit), "poor")
    return Split(**first.to_dict(), grade=grade, prices=prices, metric=metric, table=table)


def _shares(prices, budget, better):
    """Shares of the engineering that the money and the deadline allow, a training with it included; 0 always is one."""
    rest = budget - float(prices.training(0.0))
    if rest < 0:
        return [0.0]
    most = 1.0 if prices.team <= rest else rest / prices.team
    if prices.months > prices.deadline:
        most = min(most, prices.deadline / prices.months)
    if better is not None:  # comes whole or not at all
        return [0.0, 1.0] if most == 1 else [0.0]
    return np.unique(np.linspace(0, most, SPLITS))


def _bought(prices, budget, share, most):
    """Examples that what is left after the engineering buys."""
    rest = budget - float(prices.cost(share, 0.0)) - prices.fixed_cost
    each = prices.label_price + float(prices.training(0.0)) / prices.n
    if rest < 0 or math.isinf(each):
        return 0.0
    more = rest / each if each else math.inf
    return max(min(more, prices.collected(share, prices.deadline), most - prices.n), 0.0)


def _spent(prices, budget, share, more):
    """Money for engineers, labels and training, and what is left; nothing is trained where nothing is new."""
    engineers, labels = float(prices.team * share) if share else 0.0, float(prices.labels(more))
    gpu = float(prices.training(more)) if share or more else 0.0
    return engineers, labels, gpu, max(budget - engineers - labels - gpu, 0.0)
