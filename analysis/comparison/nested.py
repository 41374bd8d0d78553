"""One exponent for several learning curves against one for each: test and intervals."""

from collections.abc import Sequence

import numpy as np

from analysis.comparison.profile import Profile
from analysis.curves.power_law import EXPONENTS

RESAMPLES = 999  # bootstrap samples of a test
INVERTED = 299  # and of each exponent tried for an interval
TRIED = 15  # exponents tried for an interval
WIDE = 4.0  # up to how many times the rise that the best one allows


class Nested:
    """The nested models of profiles, over exponents.

    b: (exponents,) increasing.
    own: (profiles, exponents) squares of each profile, over their variance.
    shared: (exponents,) their sum.
    best: index of the exponent that serves all best.
    rises: (RESAMPLES,) of the smallest squares from own exponents to a shared one, where one
        exponent is the truth.
    """

    def __init__(self, profiles: Sequence[Profile], seed: int):
        self.profiles = profiles
        self.random = np.random.default_rng(seed)
        plausible = [one.around() for one in profiles]
        self.b = np.unique(np.concatenate([EXPONENTS[::2], *plausible]))
        self.own = np.stack([one.measured(self.b) for one in profiles])
        self.shared = self.own.sum(0)
        self.best = int(self.shared.argmin())
        again = self._measured_anew(self.best, RESAMPLES)
        self.rises = again.sum(0).min(1) - again.min(2).sum(0)

    @property
    def p(self) -> float:
        """Of the test that one exponent is enough."""
        rise = self.shared.min() - self.own.min(1).sum()
        return float((1 + (self.rises >= rise).sum()) / (1 + RESAMPLES))

    def interval(self, confidence: float) -> tuple[float, float]:
        """Of the shared exponent: all from which data would be measured to lie that far from
        their own best one.
        """
        rise = self.shared - self.shared.min()
        near = np.flatnonzero(rise <= WIDE * self._off(self.best, confidence))
        tried = np.unique(np.linspace(near[0], near[-1], TRIED).round().astype(int))
        offs = [self._off(at, confidence) for at in tried]
        off = np.interp(np.arange(len(self.b)), tried, offs)
        first, last = near[rise[near] <= off[near]][[0, -1]]
        low = self.b[max(first - 1, 0)]
        high = self.b[min(last + 1, len(self.b) - 1)]
        return float(low), float(high)

    def difference(self, confidence: float) -> tuple[float, float]:
        """Interval of the first profile's exponent less the second's."""
        joint = self.own[0][:, None] + self.own[1] - self.own[:2].min(1).sum()
        apart = (self.b[:, None] - self.b)[joint <= np.quantile(self.rises, confidence)]
        return float(apart.min()), float(apart.max())

    def _off(self, at: int, confidence: float) -> float:
        """Quantile of how far the squares at the true exponent b[at] are above the least."""
        again = self._measured_anew(at, INVERTED).sum(0)
        return float(np.quantile(again[:, at] - again.min(1), confidence))

    def _measured_anew(self, at: int, size: int) -> np.ndarray:
        """Squares (profiles, size, exponents) of data as they would be if b[at] were true."""
        squares = []
        for one in self.profiles:
            values = one.measured_anew(self.b[at], size, self.random)
            squares.append(one.scaled(self.b, values))
        return np.stack(squares)
