"""Random scenarios that a decision is tried on: curves of both models, and luck."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import qmc
from scipy.stats import t as student

from analysis.curves.drawn_curves import first_below
from analysis.curves.predictive import FREEDOM, Predictive
from analysis.curves.tabulated import Table, tabulated
from analysis.decision.prices import Engineering


@dataclass(frozen=True)
class FallingCurves:
    """Drawn learning curves: ln value(n) = m(n) + s(n) · t, one Student variable t per curve.

    m and s as in analysis/curves/predictive.py. s includes the scatter of a measurement: what
    counts is the one model that will be trained, so the sizes needed have the quantiles of
    `data_needed`. A value that is reached stays reached (running minimum), as there.

    place: (cells,) ln n.
    values: (size, cells) ln of the loss or error, falling.
    """

    place: np.ndarray
    values: np.ndarray

    def needed(self, ln_target: np.ndarray) -> np.ndarray:
        """Examples at which each curve reaches its targets: (size, targets), inf for never.

        ln_target: (size, targets).
        """
        return np.exp(first_below(self.place, self.values, ln_target))

    def ln_value(self, n: ArrayLike) -> np.ndarray:
        """ln value of each curve at n, a number or one per curve: (size,)."""
        at = np.interp(np.log(n), self.place, np.arange(len(self.place)))
        before = np.minimum(at.astype(int), len(self.place) - 2)
        row = np.arange(len(self.values))
        here = self.values[row, before]
        return here + (at - before) * (self.values[row, before + 1] - here)


def _draw(found: Predictive, chance: np.ndarray) -> FallingCurves:
    """Curves of a tabulated Predictive at the quantiles `chance` (size,)."""
    assert isinstance(found.average, Table)
    mean, deviation = found.moments(np.exp(found.average.place))
    values = mean + student.ppf(chance, FREEDOM)[:, None] * deviation
    return FallingCurves(found.average.place, np.minimum.accumulate(values, axis=1))


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

    def needed(self, target: float, shares: ArrayLike, engineering: Engineering) -> np.ndarray:
        """Examples with which `target` is reached after each share of the engineering.

        A gain g comes in proportion to the months: share s of them leaves (1 - g)^s of the
        value. A measured architecture comes whole (shares 0 and 1), and the better of both
        curves counts. Returns (size, shares), inf for never.
        """
        shares = np.asarray(shares, dtype=float)
        ln_target = np.log(target)
        if self.better is None:
            return self.curves.needed(ln_target - shares * self._gain(engineering)[:, None])
        of_each = np.full((len(self.chance), 1), ln_target)
        today = self.curves.needed(of_each)
        better = self.better_curves.needed(of_each)
        engineered = (shares == 1) & self._succeeds(engineering)[:, None]
        return np.where(engineered, np.minimum(today, better), today)

    def values(self, n: ArrayLike, share: float, engineering: Engineering) -> np.ndarray:
        """Loss or error at n, after that share of the engineering: (size,).

        n: a number, or one per scenario.
        """
        today = self.curves.ln_value(n)
        if self.better is None:
            return np.exp(today + share * self._gain(engineering))
        if share < 1:
            return np.exp(today)
        better = np.minimum(today, self.better_curves.ln_value(n))
        return np.exp(np.where(self._succeeds(engineering), better, today))

    def _gain(self, engineering: Engineering) -> np.ndarray:
        """ln of the share of the value that is left (size,), 0 or less."""
        gain = engineering.low + (engineering.high - engineering.low) * self.chance[:, 1]
        return np.where(self._succeeds(engineering), np.log1p(-gain), 0.0)

    def _succeeds(self, engineering: Engineering) -> np.ndarray:
        return self.chance[:, 2] < engineering.success


def scenarios(today: Predictive, better: Predictive | None, size: int, seed: int) -> Scenarios:
    """`size` scenarios at a Latin hypercube.

    Each of the three chances takes the middle of every (1 / size)th once.
    """
    chance = qmc.LatinHypercube(3, scramble=False, rng=seed).random(size)
    return Scenarios(tabulated(today), None if better is None else tabulated(better), chance)
