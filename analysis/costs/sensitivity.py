"""What a decision hangs on: the inputs that matter most, the next per cent of loss, other targets."""

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.costs.futures import Futures, futures
from analysis.costs.prices import MOST
from analysis.costs.strategies import STRATEGIES, best, eligible, quantile, strategies
from analysis.decision import Decision
from analysis.forecast import FAR
from analysis.language import Text

STEP = 0.01  # the next per cent
PRICES = {  # inputs that move the costs, as the tornado calls them
    "label_price": Text("price per label"),
    "fixed_cost": Text("fixed cost of collecting"),
    "engineer_price": Text("engineer's price per month"),
    "months": Text("engineering months"),
    "gpu_price": Text("GPU price per hour"),
}


def tornado(decision: Decision, ranges: Mapping[str, tuple[float, float]] | None = None) -> pd.DataFrame:
    """Which input matters most: each moved alone from low to high, in the future where all others are in the middle.

    Columns: input; low, high: its values (for a curve or a gain: the median, low and high quantile at the decision's
    confidence); at_low, at_high: cost of data less that of the cheapest way with engineers, money; swing: their
    distance, by which the rows are sorted. ranges: {field of Prices: (low, high)} instead of ± 50 %. Deadlines and
    wanted probabilities play no part. attrs["difference"]: with everything in the middle. ValueError for a wrong range.
    """
    prices, middle, ranges = decision.prices, np.array([0.5, 0.5, 0.5]), _checked(ranges or {})
    tails = 0.5 - decision.confidence / 2, 0.5 + decision.confidence / 2

    def difference(chance=middle, prices=prices):
        future = Futures(decision.futures.today, decision.futures.better, chance[None])
        data, *engineers = (strategy.cost(prices)[0] for strategy in strategies(future, prices))
        return float(data - min(engineers)) if math.isfinite(data) or math.isfinite(min(engineers)) else math.nan

    rows = []
    for column, name in enumerate(_uncertain(decision)):
        at = [difference(np.where(np.arange(3) == column, q, middle)) for q in tails]
        rows.append((name, *tails, *at))
    success = prices.engineering.success
    if 0 < success < 1:
        rows.append((Text("engineering succeeds"), 0.0, 1.0, *(difference(middle + [0, 0, s]) for s in (0.5, -0.5))))
    for field, name in PRICES.items():
        now = getattr(prices, field)
        low, high = ranges.get(field, (now / 2, min(now * 1.5, MOST)))
        if low < high <= MOST:
            at = [difference(prices=replace(prices, **{field: value})) for value in (low, high)]
            rows.append((name, low, high, *at))
    table = pd.DataFrame(rows, columns=["input", "low", "high", "at_low", "at_high"])
    swing = [0.0 if a == b else abs(a - b) for a, b in zip(table["at_low"], table["at_high"])]
    table = table.assign(swing=swing).sort_values("swing", ascending=False, ignore_index=True)
    table.attrs["difference"] = difference()
    return table


def _checked(ranges):
    for field, ends in ranges.items():
        if field not in PRICES:
            raise ValueError(f"ranges must be of {', '.join(PRICES)}, got {field!r}")
        if not ends[0] < ends[1]:
            raise ValueError(f"the range of {field} must rise, got {ends[0]:g} to {ends[1]:g}")
    return ranges


def _uncertain(decision):
    """Names of the first two chances of a future."""
    yield Text("curve of today's model")
    if decision.futures.better is not None:
        yield Text("curve of the better model")
    elif decision.prices.engineering.low < decision.prices.engineering.high:
        yield Text("what engineering brings")


def diminishing_returns(decision: Decision, steps: int = 8) -> pd.DataFrame:
    """What the next 1 % of loss, relative, costs in labels and training, at n and at `steps` doublings of it.

    Columns: n; loss (median, of today's model); more: examples that the next STEP of it needs, inf for never; cost,
    low, high: their price with the interval, money, no fixed cost. On a power law without floor `more` is
    n ((1 - STEP)^(-1/b) - 1), so the next per cent costs in proportion to n.
    """
    prices, curves = replace(decision.prices, fixed_cost=0.0), decision.futures.curves
    levels = 0.5 - decision.confidence / 2, 0.5 + decision.confidence / 2
    rows = []
    for n in prices.n * 2.0 ** np.arange(steps + 1):
        here = curves.ln_loss(n)
        more = np.sort(curves.needed(here[:, None] + np.log1p(-STEP))[:, 0] - n)
        middle, low, high = (quantile(more, q) for q in (0.5, *levels))
        cost = prices.cost(0.0, np.array([middle, low, high])) - prices.training(0.0)
        rows.append((n, float(np.exp(np.median(here))), middle, *cost))
    return pd.DataFrame(rows, columns=["n", "loss", "more", "cost", "low", "high"])


def costs_by_target(decision: Decision, targets=None, size: int = 1000, seed: int = 0) -> pd.DataFrame:
    """Cost of each strategy over targets: one row for each target and strategy, for a chart.

    targets: losses or errors; None for 20 from today's down to what the engineered model may reach with FAR times the
    data. Columns: target, strategy, cost (median), low, high, money; inf where the target is not reached in time with
    the wanted probability. From `size` futures of their own, to be quick.
    """
    prices, confidence = decision.prices, decision.confidence
    drawn = futures(decision.futures.today, decision.futures.better, size, seed)
    if targets is None:
        first = np.median(drawn.loss(prices.n, 0.0, prices.engineering))
        last = np.median(drawn.loss(FAR * drawn.today.curve.n[-1], 1.0, prices.engineering))
        targets = np.geomspace(first, min(last, 0.9 * first), 20)
    rows = []
    for target in targets:
        asked = replace(prices, target=float(target))
        every = strategies(drawn, asked)
        for name in STRATEGIES:
            strategy = best([strategy for strategy in every if strategy.name == name], asked)
            cost = np.sort(strategy.cost(asked)) if eligible(strategy, asked) else np.array([math.inf])
            levels = (quantile(cost, q) for q in (0.5, 0.5 - confidence / 2, 0.5 + confidence / 2))
            rows.append((float(target), name, *levels))
    return pd.DataFrame(rows, columns=["target", "strategy", "cost", "low", "high"])
