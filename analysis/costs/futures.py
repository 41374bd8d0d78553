"""Random futures that a decision is tried on: learning curves of today's and the better model, and luck."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.stats import qmc
from scipy.stats import t as student

from analysis.comparison.multiplier import first_below
from analysis.costs.prices import Engineering
from analysis.fits.predictive import FREEDOM, NEVER, Predictive

BELOW = 10.0  # times under the smallest size measured, where curves begin
CELLS = 48, 96  # sizes in the table within the data and beyond


@dataclass(frozen=True)
class Table:
    """Moments of ln loss as `Average` gives them, read from a table over ln n: a hundred times faster to ask again."""

    place: np.ndarray  # (cells,) increasing, ln n
    values: PchipInterpolator  # of (cells, 2): mean and standard deviation

    def moments(self, n):
        """Mean and standard deviation of ln loss at sizes n: two arrays (sizes,)."""
        mean, deviation = self.values(np.clip(np.log(n), *self.place[[0, -1]])).T
        return mean, deviation


def tabulated(found: Predictive) -> Predictive:
    """`found` with its moments in a Table from BELOW times under its sizes to NEVER times beyond."""
    if isinstance(found.average, Table):
        return found
    place = _place(found)
    values = PchipInterpolator(place, np.stack(found.average.moments(np.exp(place)), 1))
    return replace(found, average=Table(place, values))


def _place(found):
    first, last = np.log(found.curve.n[[0, -1]])
    inside = np.linspace(first - np.log(BELOW), last, CELLS[0], endpoint=False)
    return np.append(inside, np.linspace(last, last + np.log(NEVER), CELLS[1]))


@dataclass(frozen=True)
class Curves:
    """Drawn learning curves: ln loss(n) = m(n) + s(n) · t, t one Student variable per curve.

    As in analysis/fits/predictive.py. s includes the scatter of a measurement: what counts is the one model that will
    be trained, so the sizes needed have the quantiles of `data_needed`. A loss that is reached stays reached (running
    minimum), as there.
    """

    place: np.ndarray  # (cells,) ln n
    losses: np.ndarray  # (size, cells) ln loss, falling

    def needed(self, target):
        """Examples at which each curve reaches targets (size, targets), in ln loss: (size, targets), inf for never."""
        return np.exp(first_below(self.place, self.losses, target))

    def ln_loss(self, n):
        """ln loss of each curve at n, a number or one per curve: (size,)."""
        at = np.interp(np.log(n), self.place, np.arange(len(self.place)))
        before = np.minimum(at.astype(int), len(self.place) - 2)
        row = np.arange(len(self.losses))
        return self.losses[row, before] + (at - before) * (self.losses[row, before + 1] - self.losses[row, before])


def _draw(found, chance):
    """Curves of a tabulated Predictive at the quantiles `chance` (size,)."""
    mean, deviation = found.moments(np.exp(found.average.place))
    losses = mean + student.ppf(chance, FREEDOM)[:, None] * deviation
    return Curves(found.average.place, np.minimum.accumulate(losses, axis=1))


@dataclass(frozen=True)
class Futures:
    """Futures of a model and of what engineering makes of it.

    today, better: tabulated; better None where engineering is only expected to bring something (`Engineering`).
    chance (size, 3): quantile of today's curve; of the better curve or else of the gain; engineering succeeds where
    the third is below its probability of success. Today's and the better curve are independent of each other.
    """

    today: Predictive
    better: Predictive | None
    chance: np.ndarray

    @cached_property
    def curves(self) -> Curves:
        """Of today's model."""
        return _draw(self.today, self.chance[:, 0])

    @cached_property
    def better_curves(self) -> Curves:
        """Of the measured better model."""
        return _draw(self.better, self.chance[:, 1])

    def needed(self, target, shares, engineering: Engineering):
        """Examples with which `target` is reached after each share of the engineering: (size, shares), inf for never.

        A gain g comes in proportion to the months: share s of them leaves (1 - g)^s of the loss. A measured
        architecture comes whole (shares 0 and 1), and the better of both curves counts.
        """
        shares, ln_target = np.asarray(shares, dtype=float), np.log(target)
        if self.better is None:
            return self.curves.needed(ln_target - shares * self._gain(engineering)[:, None])
        target = np.full((len(self.chance), 1), ln_target)
        today, better = self.curves.needed(target), self.better_curves.needed(target)
        engineered = (shares == 1) & self._success(engineering)[:, None]
        return np.where(engineered, np.minimum(today, better), today)

    def loss(self, n, share, engineering: Engineering):
        """Loss at n, a number or one per future, after that share of the engineering: (size,)."""
        today = self.curves.ln_loss(n)
        if self.better is None:
            return np.exp(today + share * self._gain(engineering))
        if share < 1:
            return np.exp(today)
        better = np.minimum(today, self.better_curves.ln_loss(n))
        return np.exp(np.where(self._success(engineering), better, today))

    def _gain(self, engineering):
        """ln of the share of the loss that is left (size,), 0 or less."""
        gain = engineering.low + (engineering.high - engineering.low) * self.chance[:, 1]
        return np.where(self._success(engineering), np.log1p(-gain), 0.0)

    def _success(self, engineering):
        return self.chance[:, 2] < engineering.success


def futures(today: Predictive, better: Predictive | None, size: int, seed: int) -> Futures:
    """`size` futures at a Latin hypercube: each of the three chances takes the middle of every (1 / size)th once."""
    chance = qmc.LatinHypercube(3, scramble=False, rng=seed).random(size)
    return Futures(tabulated(today), None if better is None else tabulated(better), chance)
