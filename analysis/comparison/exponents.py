"""Is there one exponent for the dataset, or does each architecture have its own? A test of nested models."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from analysis.comparison.profile import Profile, profile
from analysis.fits.curve import check_confidence, read_curve, thinned
from analysis.language import Text
from analysis.powerlaw import EXPONENTS, fit_power_law, head_length

LEVEL = 0.05  # chance of calling equal exponents different
LEAST_SIZES = 5  # in the power-law region: for scale, exponent and floor, and two that tell the scatter about them
RESAMPLES, INVERTED = 999, 299  # bootstrap samples of a test, and of each exponent tried for an interval
TRIED, WIDE = 15, 4.0  # how many are, and up to how many times the rise that the best one allows
PAIRS = ["first", "second", "difference", "low", "high", "p"]


@dataclass(frozen=True)
class Exponents:
    """Exponents b of loss = a n^-b + c: each architecture's own, and the one that all share if they do.

    architectures, b, low, high (architectures,): of those tested, from fit_power_law. shared, shared_low, shared_high:
    one b for all, each with its own scale and floor; p: of the test that it is enough; all four nan where fewer than
    two architectures can be tested. pairs: for each pair first - second, its interval (with `confidence` all of them
    hold at once: Bonferroni, since the largest is told), p, p corrected by Holm, and whether the two differ (at LEVEL).
    left_out: who has too few sizes.
    """

    architectures: tuple[str, ...]
    b: np.ndarray
    low: np.ndarray
    high: np.ndarray
    shared: float
    shared_low: float
    shared_high: float
    p: float
    pairs: pd.DataFrame
    confidence: float
    left_out: tuple[Text, ...]

    @property
    def agree(self) -> bool:
        """Whether there was a test and it found no difference."""
        return bool(self.p >= LEVEL)

    @property
    def table(self) -> pd.DataFrame:
        """architecture, b, low, high; the last row is the exponent shared by all."""
        rows = list(zip(self.architectures, self.b, self.low, self.high))
        if not np.isnan(self.p):
            rows.append(("shared", self.shared, self.shared_low, self.shared_high))
        return pd.DataFrame(rows, columns=["architecture", "b", "low", "high"])

    @property
    def verdict(self) -> Text:
        """The answer in a sentence."""
        if np.isnan(self.p):
            return Text(
                "whether there is one exponent cannot be said: that takes two architectures with {least} sizes each "
                "in the power-law region",
                least=LEAST_SIZES,
            )
        if not self.agree:
            return self._difference()
        return Text(
            "no evidence against one exponent, b = {b:.2f} [{low:.2f}, {high:.2f}] (p = {p:.2f}); "
            "differences of up to {most:.2f} could have been missed",
            b=self.shared, low=self.shared_low, high=self.shared_high, p=self.p,
            most=self.pairs[["low", "high"]].abs().to_numpy().max(),
        )  # fmt: skip

    def _difference(self):
        found = self.pairs[self.pairs["differ"]]
        if found.empty:
            return Text("the exponents are not all equal (p = {p:.3f}), but no pair differs clearly", p=self.p)
        most = found.loc[found["difference"].abs().idxmax()]
        up = most["difference"] > 0
        values = {"by": abs(most["difference"]), "count": len(found), "pairs": len(self.pairs)}
        values["fast"], values["slow"] = (most["first"], most["second"])[:: 1 if up else -1]
        values["low"], values["high"] = (most["low"], most["high"]) if up else (-most["high"], -most["low"])
        if len(found) == 1:
            return Text(
                "{fast} nears its floor faster than {slow}: b is larger by {by:.2f} [{low:.2f}, {high:.2f}]", **values
            )
        return Text(
            "{fast} nears its floor faster than {slow}: b is larger by {by:.2f} [{low:.2f}, {high:.2f}]; "
            "it is the largest of {count} clear differences among {pairs} pairs",
            **values,
        )


def compare_exponents(table: pd.DataFrame, *, confidence=0.9, seed=0) -> Exponents:
    """Test whether one exponent serves all architectures of a table of points (architecture, n, loss, perhaps se).

    a_i n^-b_i + c_i against a_i n^-b + c_i over each architecture's power-law region. The floors stay free in both: a
    floor flattens a curve as a smaller exponent does, and is not taken for one. The statistic is the rise of the sum
    of S_i / v_i, S_i the weighted squares of fit_power_law and v_i their variance in standard errors of the replicates
    (at least 1, more where the law fits worse than they scatter). Its distribution is a parametric bootstrap of the
    shared model with everything estimated anew (Davison & Hinkley 1997, section 4.2), since with few points and floors
    at their bound F does not hold its level. Pairs are tested likewise and corrected by Holm (1979).

    FitError for a wrong value; who has too few sizes is named in left_out.
    """
    check_confidence(confidence)
    laws, profiles, left_out = {}, {}, []
    for name, part in table.groupby("architecture", sort=True):
        se = part["se"] if "se" in part and part["se"].notna().any() else None
        curve = read_curve(part["n"], part["loss"], se, at_least=1)
        used = thinned(curve.cut(slice(head_length(curve), None)))
        if len(used) < LEAST_SIZES:
            few = "{name} has {count} sizes in its power-law region; the test of exponents takes {least}"
            left_out.append(Text(few, name=name, count=len(used), least=LEAST_SIZES))
            continue
        laws[name] = fit_power_law(part["n"], part["loss"], se=se, confidence=confidence)
        profiles[name] = profile(used)
    shared = (np.nan,) * 4
    if len(profiles) > 1:
        nested = _Nested(list(profiles.values()), seed)
        shared = float(nested.b[nested.best]), *nested.interval(confidence), nested.p
    pairs = _pairs(profiles, laws, confidence, seed)
    pairs["differ"] = (pairs["p_holm"] < LEVEL) & (shared[-1] < LEVEL)
    own = (np.array([getattr(law, what) for law in laws.values()]) for what in ("b", "b_low", "b_high"))
    return Exponents(tuple(laws), *own, *shared, pairs, float(confidence), tuple(left_out))


class _Nested:
    """One exponent for several profiles against one for each, over exponents b; `own`, their squares (profiles, b)."""

    def __init__(self, profiles: list[Profile], seed):
        self.profiles, self.random = profiles, np.random.default_rng(seed)
        self.b = np.unique(np.concatenate([EXPONENTS[::2], *(one.around() for one in profiles)]))
        self.own = np.stack([one.measured(self.b) for one in profiles])
        self.shared = self.own.sum(0)
        self.best = int(self.shared.argmin())
        again = self._measured_anew(self.best, RESAMPLES)
        self.rises = again.sum(0).min(1) - again.min(2).sum(0)  # of the squares, where one exponent is the truth
        self.p = float((1 + (self.rises >= self.shared.min() - self.own.min(1).sum()).sum()) / (1 + RESAMPLES))

    def interval(self, confidence):
        """Of the shared exponent: all from which data would be measured to lie that far from their own best one."""
        rise = self.shared - self.shared.min()
        near = np.flatnonzero(rise <= WIDE * self._off(self.best, confidence))
        tried = np.unique(np.linspace(near[0], near[-1], TRIED).round().astype(int))
        off = np.interp(np.arange(len(self.b)), tried, [self._off(at, confidence) for at in tried])
        first, last = near[rise[near] <= off[near]][[0, -1]]
        return float(self.b[max(first - 1, 0)]), float(self.b[min(last + 1, len(self.b) - 1)])

    def difference(self, confidence):
        """Interval of the first exponent less the second."""
        joint = self.own[0][:, None] + self.own[1] - self.own[:2].min(1).sum()
        apart = (self.b[:, None] - self.b)[joint <= np.quantile(self.rises, confidence)]
        return float(apart.min()), float(apart.max())

    def _off(self, at, confidence):
        """How far the squares at the true exponent b[at] lie above the smallest: a quantile."""
        again = self._measured_anew(at, INVERTED).sum(0)
        return np.quantile(again[:, at] - again.min(1), confidence)

    def _measured_anew(self, at, size):
        """Squares (profiles, size, b) of data as they would be with the exponent b[at]."""
        curves = (one.measured_anew(self.b[at], size, self.random) for one in self.profiles)
        return np.stack([one.scaled(self.b, losses) for one, losses in zip(self.profiles, curves)])


def _pairs(profiles, laws, confidence, seed):
    rows, every = [], list(combinations(profiles, 2))
    for first, second in every:
        nested = _Nested([profiles[first], profiles[second]], seed)
        span = nested.difference(1 - (1 - confidence) / len(every))
        rows.append((first, second, laws[first].b - laws[second].b, *span, nested.p))
    table = pd.DataFrame(rows, columns=PAIRS)
    return table.assign(p_holm=_holm(table["p"].to_numpy(dtype=float)))


def _holm(p):
    """p-values corrected for their number."""
    order = np.argsort(p)
    corrected = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1)
    return corrected[np.argsort(order)]
