"""One exponent for several learning curves against one for each: test and intervals."""

from collections.abc import Sequence

import numpy as np

from analysis.comparison.profile import Profile
from analysis.curves.power_law import EXPONENTS

RESAMPLES = 999  # bootstrap samples of a test
LEAST_P = 1 / (1 + RESAMPLES)  # the smallest p that they can give
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
        exponent is the truth and scale, floor and scatter are those estimated.
    further: (RESAMPLES,) the same where what was estimated from each of those is the truth.
    """

    def __init__(self, profiles: Sequence[Profile], seed: int):
        self.profiles = profiles
        self.random = np.random.default_rng(seed)
        plausible = [one.around() for one in profiles]
        self.b = np.unique(np.concatenate([EXPONENTS[::2], *plausible]))
        self.own = np.stack([one.measured(self.b) for one in profiles])
        self.shared = self.own.sum(0)
        self.best = int(self.shared.argmin())
        first = self._measured_anew(self.best, RESAMPLES)
        self.rises, at = self._rises(first)
        self.further, _ = self._rises(self._again(self.b[at], first))

    @property
    def p(self) -> float:
        """Of the test that one exponent is enough; at least LEAST_P.

        The fast double bootstrap (Davidson & MacKinnon 2007): floors that the data hardly tell
        are estimated wrongly, and a bootstrap that takes them for true rejects too often. How
        much too often a second one, of the first one's data, measures.
        """
        rise = self.shared.min() - self.own.min(1).sum()
        single = _tail(self.rises, rise)
        return _tail(self.rises, float(np.quantile(self.further, 1 - single)))

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
        apart = (self.b[:, None] - self.b)[joint <= self._threshold(confidence)]
        return float(apart.min()), float(apart.max())

    def _threshold(self, confidence: float) -> float:
        """The rise whose p is 1 - confidence."""
        single = np.quantile(self.rises, confidence)
        return float(np.quantile(self.rises, (self.further <= single).mean()))

    def _off(self, at: int, confidence: float) -> float:
        """Quantile of how far the squares at the true exponent b[at] are above the least."""
        again = self._squares(self._measured_anew(at, INVERTED)).sum(0)
        return float(np.quantile(again[:, at] - again.min(1), confidence))

    def _rises(self, values: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """From own exponents to a shared one, and the index of that: two arrays (curves,)."""
        squares = self._squares(values)
        shared = squares.sum(0)
        return shared.min(1) - squares.min(2).sum(0), shared.argmin(1)

    def _squares(self, values: Sequence[np.ndarray]) -> np.ndarray:
        """Over their variance: (profiles, curves, exponents)."""
        return np.stack([one.scaled(self.b, each) for one, each in zip(self.profiles, values)])

    def _measured_anew(self, at: int, size: int) -> list[np.ndarray]:
        """The data of each profile (size, points) as they would be if b[at] were true."""
        values = [np.tile(one.curve.value, (size, 1)) for one in self.profiles]
        return self._again(np.full(size, self.b[at]), values)

    def _again(self, b: np.ndarray, values: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Data (curves, points) of each profile, measured again where each one's b is true."""
        return [
            one.measured_anew(b, each, self.random) for one, each in zip(self.profiles, values)
        ]


def _tail(drawn: np.ndarray, value: float) -> float:
    """Share of what was drawn that is as large as the value; the value itself counts."""
    return float((1 + (drawn >= value).sum()) / (1 + len(drawn)))
