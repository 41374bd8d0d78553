"""Random scenarios that every number of a decision comes from: curves of both models, luck."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from analysis.curves.drawn_curves import first_below
from analysis.curves.predictive import Predictive
from analysis.curves.tabulated import Table, tabulated
from analysis.decision.prices import Prices


@dataclass(frozen=True)
class FallingCurves:
    """Drawn learning curves: ln value(n) = m(n) + s(n) · t, one Student variable t per curve.

    m and s as in analysis/curves/predictive.py. s includes the scatter of a measurement: what
    counts is the one model that will be trained, so the sizes needed have the quantiles of
    `data_needed`. A value that is reached stays reached (running minimum), as there.

    place: (cells,) ln n.
    values: (size, cells) ln of the value, falling.
    """

    place: np.ndarray
    values: np.ndarray

    def needed(self, ln_target: np.ndarray) -> np.ndarray:
        """Examples at which each curve reaches its target: (size,), inf for never.

        ln_target: (size,).
        """
        return np.exp(first_below(self.place, self.values, ln_target[:, None]))[:, 0]

    def ln_value(self, n: ArrayLike) -> np.ndarray:
        """ln value of each curve at n, a number or one per curve: (size,)."""
        at = np.interp(np.log(n), self.place, np.arange(len(self.place)))
        before = np.minimum(at.astype(int), len(self.place) - 2)
        row = np.arange(len(self.values))
        here = self.values[row, before]
        return here + (at - before) * (self.values[row, before + 1] - here)


def _draw(found: Predictive, chance: np.ndarray) -> FallingCurves:
    """Curves of a tabulated Predictive at the quantiles `chance` (size,)."""
    assert isinstance(found.middle, Table)
    values = found.ln_quantile(np.exp(found.middle.place), chance[:, None])
    return FallingCurves(found.middle.place, np.minimum.accumulate(values, axis=1))


@dataclass(frozen=True)
class Scenarios:
    """What may become of a model, and of what engineering makes of it.

    Today's and the better curve are independent of each other.

    today: tabulated.
    better: a measured better model, tabulated; None where engineering is only expected to
        bring something (`Engineering`).
    chance: (size, 3) the quantile of today's curve; that of the better curve or else of the
        gain; engineering succeeds where the third is below its probability of success.
    """

    today: Predictive
    better: Predictive | None
    chance: np.ndarray

    @cached_property
    def curves(self) -> FallingCurves:
        """Of today's model."""
        return _draw(self.today, self.chance[:, 0])

    @cached_property
    def better_curves(self) -> FallingCurves:
        """Of the measured better model, where there is one."""
        assert self.better is not None
        return _draw(self.better, self.chance[:, 1])

    def needed(self, target: float, engineered: bool, prices: Prices) -> np.ndarray:
        """Examples with which `target` is reached: (size,), inf for never.

        engineered: after the engineering, which comes whole or not at all. Of a measured
            architecture and today's the better counts.
        """
        ln_target = np.full(len(self.chance), np.log(target))
        if not engineered:
            return self.curves.needed(ln_target)
        if self.better is None:
            return self.curves.needed(ln_target - self._gain(prices))
        today = self.curves.needed(ln_target)
        better = self.better_curves.needed(ln_target)
        return np.where(self._succeeds(prices), np.minimum(today, better), today)

    def values(self, n: ArrayLike, engineered: bool, prices: Prices) -> np.ndarray:
        """The value at n, a number or one per scenario: (size,)."""
        today = self.curves.ln_value(n)
        if not engineered:
            return np.exp(today)
        if self.better is None:
            return np.exp(today + self._gain(prices))
        better = np.minimum(today, self.better_curves.ln_value(n))
        return np.exp(np.where(self._succeeds(prices), better, today))

    def _gain(self, prices: Prices) -> np.ndarray:
        """ln of the share of the value that is left (size,), 0 or less.

        Nobody's work, or work of no months, brings nothing.
        """
        expected = prices.engineering
        gain = expected.low + (expected.high - expected.low) * self.chance[:, 1]
        works = self._succeeds(prices) & (prices.people > 0) & (prices.months > 0)
        return np.where(works, np.log1p(-gain), 0.0)

    def _succeeds(self, prices: Prices) -> np.ndarray:
        return self.chance[:, 2] < prices.engineering.success


def scenarios(today: Predictive, better: Predictive | None, size: int, seed: int) -> Scenarios:
    """`size` scenarios at a Latin hypercube.

    Each of the three chances takes the middle of every (1 / size)th once.
    """
    random = np.random.default_rng(seed)
    columns = [(random.permutation(size) + 0.5) / size for _ in range(3)]
    better = None if better is None else tabulated(better)
    return Scenarios(tabulated(today), better, np.stack(columns, axis=1))
