"""Is there one exponent for the dataset, or does each architecture have its own? A test of nested models."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from analysis.curve import check_confidence, read_curve, thinned
from analysis.language import Text
from analysis.powerlaw import EXPONENTS, fit_power_law, head_length
from analysis.profile import Profile, profile

LEVEL = 0.05  # chance of calling equal exponents different
LEAST_SIZES = 5  # in the power-law region: for scale, exponent and floor, and two that tell the scatter about them
RESAMPLES = 999
PAIRS = ["first", "second", "difference", "low", "high", "p"]


@dataclass(frozen=True)
class Exponents:
    """Exponents b of loss = a n^-b + c: each architecture's own, and the one that all share if they do.

    architectures, b, low, high (architectures,): of those tested, from fit_power_law. shared, shared_low, shared_high:
    one b for all, each with its own scale and floor; p: of the test that it is enough; all four nan where fewer than
    two architectures can be tested. pairs: for each pair first - second, its interval, p, p corrected by Holm, and
    whether the two differ (at LEVEL). left_out: who has too few sizes.
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
        values = {"by": abs(most["difference"]), "count": len(found)}
        values["fast"], values["slow"] = (most["first"], most["second"])[:: 1 if up else -1]
        values["low"], values["high"] = (most["low"], most["high"]) if up else (-most["high"], -most["low"])
        if len(found) == 1:
            return Text(
                "{fast} learns faster from data than {slow}: b is larger by {by:.2f} [{low:.2f}, {high:.2f}]", **values
            )
        return Text(
            "{fast} learns faster from data than {slow}: b is larger by {by:.2f} [{low:.2f}, {high:.2f}]; "
            "it is the largest of {count} differences",
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
    tested = _test(list(profiles.values()), confidence, seed) if len(profiles) > 1 else _Tested()
    pairs = _pairs(profiles, laws, confidence, seed).assign(differ=lambda t: (t["p_holm"] < LEVEL) & (tested.p < LEVEL))
    own = (np.array([getattr(law, what) for law in laws.values()]) for what in ("b", "b_low", "b_high"))
    shared = tested.shared, tested.low, tested.high, tested.p
    return Exponents(tuple(laws), *own, *shared, pairs, float(confidence), tuple(left_out))


@dataclass(frozen=True)
class _Tested:
    """One exponent for several profiles with its interval, p of the test, interval of the first two's difference."""

    shared: float = np.nan
    low: float = np.nan
    high: float = np.nan
    p: float = np.nan
    difference: tuple[float, float] = (np.nan, np.nan)


def _test(profiles: list[Profile], confidence, seed) -> _Tested:
    random = np.random.default_rng(seed)
    b = np.unique(np.concatenate([EXPONENTS[::2], *(one.around() for one in profiles)]))
    parts = np.stack([one.scaled(b, one.curve.loss[None]) for one in profiles])  # (profiles, 1, exponents)
    total = parts.sum(0)[0]
    best = int(total.argmin())
    again = np.stack([one.scaled(b, one.measured_anew(b[best], RESAMPLES, random)) for one in profiles])
    rise, rises = _rise(parts)[0], _rise(again)
    p = (1 + (rises >= rise).sum()) / (1 + RESAMPLES)
    off = np.quantile(again.sum(0)[:, best] - again.sum(0).min(1), confidence)  # rise at the true exponent
    inside = b[total <= total[best] + off]
    joint = parts[0, 0][:, None] + parts[1, 0] - parts[:2, 0].min(1).sum()
    apart = (b[:, None] - b)[joint <= np.quantile(rises, confidence)]
    return _Tested(float(b[best]), float(inside[0]), float(inside[-1]), float(p), (apart.min(), apart.max()))


def _rise(parts):
    """By how much the squares (profiles, curves, exponents) rise when all have to share an exponent: (curves,)."""
    return parts.sum(0).min(1) - parts.min(2).sum(0)


def _pairs(profiles, laws, confidence, seed):
    rows = []
    for first, second in combinations(profiles, 2):
        tested = _test([profiles[first], profiles[second]], confidence, seed)
        rows.append((first, second, laws[first].b - laws[second].b, *tested.difference, tested.p))
    table = pd.DataFrame(rows, columns=PAIRS)
    return table.assign(p_holm=_holm(table["p"].to_numpy(dtype=float)))


def _holm(p):
    """p-values corrected for their number."""
    order = np.argsort(p)
    corrected = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1)
    return corrected[np.argsort(order)]
