"""Was the search for hyperparameters long enough?

Expected best of k draws (Dodge et al. 2019, Show Your Work), by the estimator without
replacement: that with replacement is biased, and understates what the last doubling brought
(Tang et al. 2020, Showing Your Work Doesn't Always Work, section 3).
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.special import comb

from analysis.curves.power_law import fit_power_law
from analysis.reasons import FitError
from analysis.selection import drawn, test_gaps, with_sizes
from tracking.measures import find_measure
from tracking.runs import declared, is_ended_early, is_replica, validation

# relative: a search was too short whose last doubling lowered the expected best by more
FALLS = 0.02
BAND = (0.05, 0.95)  # of the best of k
MOST_K = 12  # values of k for which the law is fitted
VALIDATION = "validation"  # the column of what chose, as a gap
BEST = ["architecture", "n", "k", "expected", "low", "high"]
ADEQUACY = ["architecture", "n", "draws", "half", "full", "low", "high", "gain", "falling"]
EXPONENTS = ["architecture", "k", "exponent", "low", "high", "residual"]


def chances(count: int, k: int) -> np.ndarray:
    """Probability (count,) that the best of k of `count` draws is the 1st, 2nd, … best of all.

    Without replacement: the i-th best leads where the other k - 1 come from the worse ones.
    """
    worse = np.arange(count - 1, -1, -1)
    return comb(worse, k - 1) / comb(count, k)


def chances_drawn_anew(count: int) -> np.ndarray:
    """Probability (count,) that the best of `count` new draws is the 1st, 2nd, … best of all.

    With replacement, as if as many were drawn anew from those there are (bootstrap).
    """
    left = np.arange(count, -1, -1) / count
    return left[:-1] ** count - left[1:] ** count


def draws(runs: pd.DataFrame) -> Iterator[tuple[tuple[str, int], pd.DataFrame]]:
    """Yield ((architecture, n), its random draws, the best in validation first).

    Of each its validation and, by each measure, its test as gaps: VALIDATION and
    test_<measure>. Sample 0 is not random. Runs of one sample that differ in a seed become
    their mean. A diverged draw counts as the worst of its cell. A study with pruning has no
    say: what its pruned draws would have reached is unknown.
    """
    if is_ended_early(runs).any():
        return
    table = with_sizes(runs[(runs["sample"] > 0) & ~is_replica(runs)])
    table = table[drawn(table)]
    gaps = {VALIDATION: validation(table)}
    gaps |= {test_of(measure): test_gaps(table, measure) for measure in declared(runs)}
    cells = table.assign(**gaps).groupby(["architecture", "n_train"], sort=True)
    for (name, n), cell in cells:
        known = cell.groupby("sample")[list(gaps)].mean().sort_values(VALIDATION)
        if known[VALIDATION].notna().any():
            yield (name, int(n)), known.fillna(known.max())


def test_of(measure: str) -> str:
    """The column of the test by a measure, as a gap."""
    return f"test_{find_measure(measure).name}"


def expected_best(runs: pd.DataFrame) -> pd.DataFrame:
    """What validation says of the best of k draws, for each cell and k. All are gaps.

    Columns:
    architecture, n, k.
    expected, low, high: in validation, by the measure that chooses; the interval is BAND.
    test_<measure>: expected of the draw chosen by it.
    """
    tests = [test_of(measure) for measure in declared(runs)]
    rows = []
    for (name, n), cell in draws(runs):
        gaps = cell[VALIDATION].to_numpy()
        for k in range(1, len(cell) + 1):
            weight = chances(len(cell), k)
            places = np.searchsorted(weight.cumsum(), BAND).clip(max=len(gaps) - 1)
            low, high = gaps[places]
            expected = [weight @ cell[test] for test in tests]
            rows.append((name, n, k, weight @ gaps, low, high, *expected))
    return pd.DataFrame(rows, columns=[*BEST, *tests])


def adequacy(best: pd.DataFrame) -> pd.DataFrame:
    """Whether the search was long enough: one row per cell of expected_best.

    Columns:
    architecture, n.
    draws: how many there were, K.
    half, full: expected best of K/2 and K.
    low, high: of the best of K.
    gain: of the last doubling, relative.
    falling: whether that exceeds FALLS.
    """
    rows = []
    for (name, n), cell in best.groupby(["architecture", "n"], sort=True):
        cell = cell.set_index("k")
        most = int(cell.index.max())
        if most < 2:
            continue
        half = float(cell["expected"][most // 2])
        full = float(cell["expected"][most])
        gain = max(1 - full / half, 0.0)  # more draws are never worse
        interval = (cell["low"][most], cell["high"][most])
        rows.append((name, n, most, half, full, *interval, gain, gain > FALLS))
    return pd.DataFrame(rows, columns=ADEQUACY)


def exponents(
    best: pd.DataFrame, measure: str = "loss", confidence: float = 0.9
) -> pd.DataFrame:
    """The law as it would have been with k draws at every size.

    It is fitted to the expected test value of the best of k; only k that every size of the
    architecture reaches.

    Columns:
    architecture, k.
    exponent, low, high, residual: of the law.
    """
    rows = []
    for name, part in best.groupby("architecture", sort=True):
        most = int(part.groupby("n")["k"].max().min())
        for k in np.unique(np.geomspace(1, most, MOST_K).round().astype(int)):
            curve = part[part["k"] == k]
            values = curve[test_of(measure)]
            try:
                law = fit_power_law(curve["n"], values, confidence=confidence)
            except FitError:
                continue
            rows.append((name, int(k), law.b, law.b_low, law.b_high, law.residual))
    return pd.DataFrame(rows, columns=EXPONENTS)
