"""Architectures side by side: exponents, what a switch equals in data, who is best when."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import Any

import numpy as np
import pandas as pd

from analysis.comparison.crossover import Crossover, crossover, winners
from analysis.comparison.data_multiplier import TIMES, DataMultiplier, data_multiplier
from analysis.comparison.exponents import Exponents, compare_exponents
from analysis.comparison.fairness import fair_cells
from analysis.comparison.predictives import predictives
from analysis.comparison.tuning import tuning_multipliers
from analysis.curves.conclusion import Conclusion
from analysis.curves.forecast import FAR
from analysis.curves.predictive import Predictive
from analysis.reasons import Finding, FitError, Reason
from analysis.selection import best_runs, points

SIZES = 60  # at which winners are named
MULTIPLIER = ["n", "times", "median", "low", "high", "p_better", "grade", "reason", "bound"]


@dataclass(frozen=True)
class Comparison:
    """What can be said of several architectures on one dataset.

    n: the size that more than half of them have reached; the others are forecast there.
    exponents: whether one exponent serves all.
    data_multipliers: (A, B) -> that of switching from A to B, at TIMES n.
    crossovers: (A, B) -> Crossover, B the one ahead at the end, up to FAR times the data that
        both have.
    winners: probability of being the best by size (rows, n) and architecture
        (columns), of those whose data reach n / FAR.
    tuning: architecture -> that of tuned instead of untuned, at TIMES its own largest size.
    left_out: what is not compared, and why.
    confidence: of all intervals.
    """

    n: float
    exponents: Exponents
    data_multipliers: dict[tuple[str, str], DataMultiplier]
    crossovers: dict[tuple[str, str], Crossover]
    winners: pd.DataFrame
    tuning: dict[str, DataMultiplier]
    left_out: tuple[Finding, ...]
    confidence: float

    def constant(self, a: str, b: str) -> bool:
        """Whether the multiplier from A to B is one number.

        That takes one exponent, today's k in the interval at every size, and no crossing.
        """
        found = self.data_multipliers[a, b]
        same = (found.low <= found.median[0]) & (found.median[0] <= found.high)
        known = found.grade[0] != "cannot say" and 0 < found.low[0] <= found.high[0] < np.inf
        one_ahead = all(
            len(one.ranges) < 2 for pair, one in self.crossovers.items() if {a, b} == set(pair)
        )
        return bool(self.exponents.agree and known and one_ahead and same.all())

    def endless(self, a: str, b: str) -> bool:
        """Whether no amount of data takes A to where B is, at every size, with confidence."""
        found = self.data_multipliers[a, b]
        return "cannot say" not in found.grade and bool(np.isinf(found.low).all())

    @property
    def multiplier_table(self) -> pd.DataFrame:
        """first, second (instead of it), the columns MULTIPLIER, constant."""
        rows = []
        for (a, b), found in self.data_multipliers.items():
            constant = self.constant(a, b)
            for row in _rows(found):
                rows.append({"first": a, "second": b, **row, "constant": constant})
        return pd.DataFrame(rows, columns=["first", "second", *MULTIPLIER, "constant"])

    @property
    def tuning_table(self) -> pd.DataFrame:
        """architecture and the columns MULTIPLIER, of tuned instead of untuned."""
        rows = []
        for name, found in self.tuning.items():
            rows += [{"architecture": name, **row} for row in _rows(found)]
        return pd.DataFrame(rows, columns=["architecture", *MULTIPLIER])

    @property
    def best(self) -> str | None:
        """Most likely the best at n; None where nothing can be compared."""
        if self.winners.empty:
            return None
        at = np.abs(np.log(self.winners.index.to_numpy() / self.n)).argmin()
        return str(self.winners.columns[self.winners.iloc[at].to_numpy().argmax()])


def compare(
    table: pd.DataFrame | None,
    *,
    runs: pd.DataFrame | None = None,
    measure: str = "loss",
    confidence: float = 0.9,
    conclusions: Iterable[Conclusion] | None = None,
) -> Comparison:
    """Compare the architectures of a table of points.

    table: architecture, n, value, perhaps se; not read where there are runs.
    runs: of the study (load_runs); with them only fair cells are compared
        (analysis/comparison/fairness.py), and tuning is valued.
    measure: of the runs, its text.
    conclusions: of the same table (analysis/curves/conclusion.py), whose forecasts are then
        not made twice.
    Raises FitError for a wrong value.
    """
    left_out: list[Finding] = []
    if runs is not None:
        runs, left_out = fair_cells(runs)
        table = points(best_runs(runs), measure)
    if table is None:
        raise FitError("compare needs a table of points or runs")
    known = {
        one.architecture: one.forecast.predictive for one in conclusions or () if one.forecast
    }
    found, without_law = predictives(table, known)
    n = _reached_by_most(found)
    exponents = compare_exponents(table, confidence=confidence)
    crossovers, apart = _crossovers(found, confidence)
    chances, behind = _winners(found, n)
    tuning: dict[str, DataMultiplier] = {}
    not_valued: list[Finding] = []
    if runs is not None:
        tuning, not_valued = tuning_multipliers(runs, measure, confidence, found)
    return Comparison(
        n=n,
        exponents=exponents,
        data_multipliers=_data_multipliers(found, n, confidence),
        crossovers=crossovers,
        winners=chances,
        tuning=tuning,
        left_out=(
            *left_out,
            *without_law,
            *apart,
            *behind,
            *not_valued,
            *exponents.left_out,
        ),
        confidence=float(confidence),
    )


def _reached_by_most(found: dict[str, Predictive]) -> float:
    """The largest size that more than half have reached; nan where there is none."""
    largest = sorted(one.curve.n[-1] for one in found.values())
    return float(largest[(len(largest) - 1) // 2]) if largest else np.nan


def _data_multipliers(
    found: dict[str, Predictive], n: float, confidence: float
) -> dict[tuple[str, str], DataMultiplier]:
    at = n * np.array(TIMES)
    return {
        (a, b): data_multiplier(found[a], found[b], at, confidence=confidence, names=(a, b))
        for a, b in permutations(found, 2)
    }


def _crossovers(
    found: dict[str, Predictive], confidence: float
) -> tuple[dict[tuple[str, str], Crossover], list[Finding]]:
    """Of each pair, and which pairs have sizes too far apart."""
    crossovers = {}
    apart = []
    for a, b in combinations(found, 2):
        n = min(found[a].curve.n[-1], found[b].curve.n[-1])
        if n * FAR <= max(found[a].curve.n[0], found[b].curve.n[0]):
            apart.append(Reason.SIZES_TOO_FAR_APART(a=a, b=b, allowed=FAR))
            continue
        one = crossover(found[a], found[b], n, confidence=confidence, names=(a, b))
        if one.p_better[-1] < 0.5:
            one = crossover(found[b], found[a], n, confidence=confidence, names=(b, a))
        crossovers[one.names] = one
    return crossovers, apart


def _winners(found: dict[str, Predictive], n: float) -> tuple[pd.DataFrame, list[Finding]]:
    """Chances up to FAR times the data of all that have a forecast at n, and who has none."""
    reach = {name: FAR * one.curve.n[-1] for name, one in found.items()}
    behind = [Reason.TOO_LITTLE_DATA(name=name, n=n) for name in found if reach[name] < n]
    near = {name: one for name, one in found.items() if reach[name] >= n}
    if not near:
        return pd.DataFrame(), behind
    first = max(one.curve.n[0] for one in near.values())
    most = min(reach[name] for name in near)
    if first >= most:
        return pd.DataFrame(), behind  # _crossovers names the pairs too far apart
    return winners(near, np.geomspace(first, most, SIZES)), behind


def _rows(found: DataMultiplier) -> list[dict[str, Any]]:
    """One row of the columns MULTIPLIER for each size."""
    rows = []
    for i, times in enumerate(TIMES):
        row = {"n": found.n[i], "times": times}
        row |= {name: getattr(found, name)[i] for name in MULTIPLIER[2:]}
        rows.append(row)
    return rows
