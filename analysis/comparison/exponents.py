"""Is there one exponent for the dataset, or does each architecture have its own?"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from analysis.comparison.nested import Nested
from analysis.comparison.profile import Profile, profile
from analysis.curves.curve import check_confidence, known_of, read_points, thinned
from analysis.curves.power_law import PowerLaw, fit_power_law, head_length
from analysis.reasons import Finding, Reason

LEVEL = 0.05  # chance of calling equal exponents different
# sizes in the power-law region: for scale, exponent and floor, and two that tell the scatter
LEAST_SIZES = 5
SHARED = "shared"  # the row of the exponent that all architectures share
PAIRS = ["first", "second", "difference", "low", "high", "p_cut", "p_whole"]


@dataclass(frozen=True)
class Exponents:
    """Exponents b of value = a n^-b + c: each architecture's own, and the one all may share.

    architectures: those tested.
    b: (architectures,) from fit_power_law.
    low: (architectures,) lower ends of their intervals.
    high: (architectures,) upper ends.
    shared: the exponent that serves all.
    shared_low: lower end of its interval.
    shared_high: upper end.
    p_cut: of the test that one exponent is enough, heads near the best guess left out; with
        the three before it nan where fewer than two architectures can be tested.
    p_whole: the same with the heads kept; p_cut where no curve has one.
    pairs: for each pair its difference first - second, low, high (with `confidence` the
        intervals of all pairs hold at once: Bonferroni, since the largest is told; where heads
        are left out, low to high holds those with and without them), p_cut and p_whole, p (the
        larger of the two), p_holm (corrected for the number of pairs) and differ (whether
        p_holm is below LEVEL).
    confidence: probability that an interval holds the exponent.
    left_out: who has too few sizes.
    """

    architectures: tuple[str, ...]
    b: np.ndarray
    low: np.ndarray
    high: np.ndarray
    shared: float
    shared_low: float
    shared_high: float
    p_cut: float
    p_whole: float
    pairs: pd.DataFrame
    confidence: float
    left_out: tuple[Finding, ...]

    @property
    def p(self) -> float:
        """Of the test, the larger of the two: a head chosen by the data makes it too small."""
        return max(self.p_cut, self.p_whole)

    @property
    def hangs_on_head(self) -> bool:
        """Whether one of the two finds a difference and the other does not."""
        return self.tested and (self.p_cut < LEVEL) != (self.p_whole < LEVEL)

    @property
    def tested(self) -> bool:
        """Whether there were two architectures to compare."""
        return not np.isnan(self.p)

    @property
    def agree(self) -> bool:
        """Whether there was a test and it found no difference."""
        return bool(self.p >= LEVEL)

    @property
    def table(self) -> pd.DataFrame:
        """architecture, b, low, high; the last row is the exponent shared by all."""
        rows = list(zip(self.architectures, self.b, self.low, self.high))
        if self.tested:
            rows.append((SHARED, self.shared, self.shared_low, self.shared_high))
        return pd.DataFrame(rows, columns=["architecture", "b", "low", "high"])


def compare_exponents(
    table: pd.DataFrame, *, confidence: float = 0.9, seed: int = 0
) -> Exponents:
    """Test whether one exponent serves all architectures of a table of points.

    a_i n^-b_i + c_i against a_i n^-b + c_i over each architecture's power-law region. The
    floors stay free in both: a floor flattens a curve as a smaller exponent does, and is not
    taken for one. The statistic is the rise of the sum of S_i / v_i, S_i the weighted squares
    and v_i their variance in standard errors of the replicates (at least 1, more where the law
    fits worse than they scatter). With few points and floors at their bound F does not hold
    its level, so its distribution is a parametric bootstrap of the shared model (Davison &
    Hinkley 1997, section 4.2), and a second one of the first (nested.Nested.p). Pairs are
    tested likewise and corrected by Holm (1979).

    Where points near the best guess are left out, the test is made without and with them, and
    finds a difference only where both do: which points are head is chosen on the same data,
    and that choice alone can make equal exponents look different (METHOD.md).

    table: points of learning curves, as analysis/selection.py gives them.
    Raises FitError for a wrong value; who has too few sizes is named in left_out.
    """
    check_confidence(confidence)
    laws: dict[str, PowerLaw] = {}
    cut: dict[str, Profile] = {}
    whole: dict[str, Profile] = {}
    left_out = []
    for name, part in table.groupby("architecture", sort=True):
        curve = read_points(part, at_least=1)
        used = curve.cut(slice(head_length(curve), None))
        if len(used) < LEAST_SIZES:
            few = {"name": name, "count": len(used), "least": LEAST_SIZES}
            left_out.append(Reason.TOO_FEW_SIZES_FOR_EXPONENTS(**few))
            continue
        laws[str(name)] = fit_power_law(
            part["n"], part["value"], confidence=confidence, **known_of(part)
        )
        cut[str(name)] = profile(thinned(used))
        kept = len(used) == len(curve)
        whole[str(name)] = cut[str(name)] if kept else profile(thinned(curve))
    shared, shared_low, shared_high, p_cut = _shared(cut, confidence, seed)
    headless = all(whole[name] is cut[name] for name in cut)
    p_whole = p_cut if headless else _shared(whole, confidence, seed)[-1]
    pairs = _pairs(cut, whole, laws, confidence, seed)
    pairs["differ"] = (pairs["p_holm"] < LEVEL) & (max(p_cut, p_whole) < LEVEL)
    return Exponents(
        architectures=tuple(laws),
        b=np.array([law.b for law in laws.values()]),
        low=np.array([law.b_low for law in laws.values()]),
        high=np.array([law.b_high for law in laws.values()]),
        shared=shared,
        shared_low=shared_low,
        shared_high=shared_high,
        p_cut=p_cut,
        p_whole=p_whole,
        pairs=pairs,
        confidence=float(confidence),
        left_out=tuple(left_out),
    )


def _shared(
    profiles: dict[str, Profile], confidence: float, seed: int
) -> tuple[float, float, float, float]:
    """The exponent shared by all, the ends of its interval, and p of the test that it is."""
    if len(profiles) < 2:
        return np.nan, np.nan, np.nan, np.nan
    nested = Nested(list(profiles.values()), seed)
    low, high = nested.interval(confidence)
    return float(nested.b[nested.best]), low, high, nested.p


def _pairs(
    cut: dict[str, Profile],
    whole: dict[str, Profile],
    laws: dict[str, PowerLaw],
    confidence: float,
    seed: int,
) -> pd.DataFrame:
    """PAIRS and p_holm, a row for each pair of architectures."""
    rows = []
    every = list(combinations(cut, 2))
    each = 1 - (1 - confidence) / max(len(every), 1)
    for first, second in every:
        low, high, p_cut = _pair([cut[first], cut[second]], each, seed)
        p_whole = p_cut
        if whole[first] is not cut[first] or whole[second] is not cut[second]:
            low_whole, high_whole, p_whole = _pair([whole[first], whole[second]], each, seed)
            low = min(low, low_whole)
            high = max(high, high_whole)
        difference = laws[first].b - laws[second].b
        rows.append((first, second, difference, low, high, p_cut, p_whole))
    table = pd.DataFrame(rows, columns=PAIRS)
    table = table.assign(p=table[["p_cut", "p_whole"]].max(axis=1))
    return table.assign(p_holm=_holm(table["p"].to_numpy(dtype=float)))


def _pair(two: list[Profile], confidence: float, seed: int) -> tuple[float, float, float]:
    """Interval of the difference of their exponents, and p of the test that it is 0."""
    nested = Nested(two, seed)
    return *nested.difference(confidence), nested.p


def _holm(p: np.ndarray) -> np.ndarray:
    """p-values corrected for their number."""
    order = np.argsort(p)
    corrected = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1)
    return corrected[np.argsort(order)]
