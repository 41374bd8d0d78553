"""Is there one exponent for the dataset, or does each architecture have its own?"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from analysis.comparison.nested import Nested
from analysis.comparison.profile import Profile, profile
from analysis.curves.curve import Curve, check_confidence, read_curve, thinned
from analysis.curves.power_law import PowerLaw, fit_power_law, head_length
from analysis.reasons import Finding, Reason

LEVEL = 0.05  # chance of calling equal exponents different
# sizes in the power-law region: for scale, exponent and floor, and two that tell the scatter
LEAST_SIZES = 5
SHARED = "shared"  # the row of the exponent that all architectures share
PAIRS = ["first", "second", "difference", "low", "high", "p"]


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
    p: of the test that one exponent is enough; with the three before it nan where fewer than
        two architectures can be tested.
    pairs: for each pair its difference first - second, low, high (with `confidence` the
        intervals of all pairs hold at once: Bonferroni, since the largest is told), p, p_holm
        (corrected for the number of pairs) and differ (whether p_holm is below LEVEL).
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
    p: float
    pairs: pd.DataFrame
    confidence: float
    left_out: tuple[Finding, ...]

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
    of fit_power_law and v_i their variance in standard errors of the replicates (at least 1,
    more where the law fits worse than they scatter). Its distribution is a parametric
    bootstrap of the shared model with everything estimated anew (Davison & Hinkley 1997,
    section 4.2), since with few points and floors at their bound F does not hold its level.
    Pairs are tested likewise and corrected by Holm (1979).

    table: architecture, n, value, perhaps se.
    Raises FitError for a wrong value; who has too few sizes is named in left_out.
    """
    check_confidence(confidence)
    laws: dict[str, PowerLaw] = {}
    profiles: dict[str, Profile] = {}
    left_out = []
    for name, part in table.groupby("architecture", sort=True):
        se = part["se"] if "se" in part and part["se"].notna().any() else None
        used = _region(read_curve(part["n"], part["value"], se, at_least=1))
        if len(used) < LEAST_SIZES:
            few = {"name": name, "count": len(used), "least": LEAST_SIZES}
            left_out.append(Reason.TOO_FEW_SIZES_FOR_EXPONENTS(**few))
            continue
        laws[str(name)] = fit_power_law(part["n"], part["value"], se=se, confidence=confidence)
        profiles[str(name)] = profile(used)
    shared, shared_low, shared_high, p = _shared(profiles, confidence, seed)
    pairs = _pairs(profiles, laws, confidence, seed)
    pairs["differ"] = (pairs["p_holm"] < LEVEL) & (p < LEVEL)
    return Exponents(
        architectures=tuple(laws),
        b=np.array([law.b for law in laws.values()]),
        low=np.array([law.b_low for law in laws.values()]),
        high=np.array([law.b_high for law in laws.values()]),
        shared=shared,
        shared_low=shared_low,
        shared_high=shared_high,
        p=p,
        pairs=pairs,
        confidence=float(confidence),
        left_out=tuple(left_out),
    )


def _region(curve: Curve) -> Curve:
    """The part of a curve that follows a power law."""
    return thinned(curve.cut(slice(head_length(curve), None)))


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
    profiles: dict[str, Profile], laws: dict[str, PowerLaw], confidence: float, seed: int
) -> pd.DataFrame:
    """PAIRS and p_holm, a row for each pair of architectures."""
    rows = []
    every = list(combinations(profiles, 2))
    for first, second in every:
        nested = Nested([profiles[first], profiles[second]], seed)
        low, high = nested.difference(1 - (1 - confidence) / len(every))
        difference = laws[first].b - laws[second].b
        rows.append((first, second, difference, low, high, nested.p))
    table = pd.DataFrame(rows, columns=PAIRS)
    return table.assign(p_holm=_holm(table["p"].to_numpy(dtype=float)))


def _holm(p: np.ndarray) -> np.ndarray:
    """p-values corrected for their number."""
    order = np.argsort(p)
    corrected = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1)
    return corrected[np.argsort(order)]
