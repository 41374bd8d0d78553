"""How well do comparisons of architectures hold?

Exponents, multipliers and crossovers are compared with a truth that is known.

    python benchmarks/compare.py [studies per row, 40] [first seed, 0]     synthetic curves
    python benchmarks/compare.py CURVES.csv            published curves, their ends held out

CURVES.csv: family, curve, n, error, se, is_train as in benchmarks/forecast.py. It does not say
which curves are of one dataset: SAME_DATA takes neighbours whose sizes, errors and order look
so. The truth is then what was measured.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise, permutations
from typing import Any

import numpy as np
import pandas as pd
from calibrate import Case, read_cases
from scipy.stats import norm
from truths import wandering

from analysis import predictive
from analysis.comparison.crossover import crossover
from analysis.comparison.data_multiplier import data_multiplier
from analysis.comparison.exponents import LEVEL, Exponents, compare_exponents
from analysis.curves.drawn_curves import first_below
from analysis.curves.predictive import Predictive
from analysis.curves.tabulated import tabulated

TIMES = np.array([1, 2, 4, 8])  # the data: where multipliers are scored
# shares of the last loss of both architectures: none with a floor, one, two
FLOORS = ((0, 0), (0, 0.4), (0.4, 0.4), (0.3, 0.8))
STUDIES = (  # sizes, replicates, relative noise of one run
    (5, 1, 0.05),
    (6, 1, 0.08),
    (6, 3, 0.05),
    (7, 1, 0.02),
    (7, 2, 0.02),
    (9, 1, 0.01),
    (9, 3, 0.03),
)
DIFFERENCES = (0.1, 0.2)  # of exponents, to be found
FAMILIES = ("one exponent", "two exponents", "floors", "wandering")
SAME_DATA = np.concatenate(  # numbers of the first curve of each dataset
    [
        [0, 6, 12, 18, 21, 25, 29],
        np.arange(33, 78, 4),
        [79],
        np.arange(83, 112, 4),
        np.arange(112, 149, 4),
    ]
)

Law = Callable[[Any], Any]  # n -> loss


def law(a: float, b: float, floor: float, last: float) -> Law:
    """Loss a at n = last, of which `floor` is a share that stays."""
    return lambda n: a * (floor + (1 - floor) * (np.asarray(n) / last) ** -b)


def measured(
    loss: Law, n: np.ndarray, replicates: int, noise: float, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """n, loss (points,) of a learning curve; relative noise, independent between runs."""
    n = np.repeat(n, replicates)
    return n, loss(n) * np.exp(noise * random.standard_normal(len(n)))


def sizes(count: int) -> np.ndarray:
    """Powers of two from 200 on."""
    return 200 * 2.0 ** np.arange(count)


# --- exponents -------------------------------------------------------------------------------


def exponents(studies: int, first: int) -> Iterator[dict[str, Any]]:
    """Yield a row per kind of study.

    It says how often one exponent is rejected, where it holds and where it does not, and how
    often the intervals hold the truth.
    """
    for count, replicates, noise in STUDIES:
        for floors in FLOORS:
            cases = [
                _exponents(count, replicates, noise, floors, seed)
                for seed in range(first, first + studies)
            ]
            kind = {"sizes": count, "replicates": replicates, "noise": noise}
            kind |= {"with a floor": np.count_nonzero(floors), "floors": f"{floors}"}
            yield kind | dict(pd.DataFrame(cases).mean())


def _exponents(
    count: int, replicates: int, noise: float, floors: tuple[float, float], seed: int
) -> dict[str, Any]:
    random = np.random.default_rng([seed, count, replicates])
    n = sizes(count)
    b = random.uniform(0.15, 0.6)

    def compared(second: float) -> Exponents:
        curves = {"a": law(1, b, floors[0], n[-1]), "b": law(1.3, second, floors[1], n[-1])}
        parts = []
        for name, loss in curves.items():
            x, y = measured(loss, n, replicates, noise, random)
            parts.append(pd.DataFrame({"architecture": name, "n": x, "value": y}))
        return compare_exponents(pd.concat(parts))

    same = compared(b)
    if same.pairs.empty:  # fewer than two curves with enough sizes once their head is left out
        return {}
    pair = same.pairs.iloc[0]
    found = {f"found {by:g}": not compared(b + by).agree for by in DIFFERENCES}
    return {
        "rejected": not same.agree,
        "holds b": same.shared_low <= b <= same.shared_high,
        "holds difference": pair["low"] <= 0 <= pair["high"],
        "width": pair["high"] - pair["low"],
        **found,
    }


# --- multipliers and crossovers --------------------------------------------------------------


def multipliers(studies: int, first: int) -> Iterator[dict[str, Any]]:
    """Yield a row per family and kind of study: how often the intervals hold the truth."""
    for family in FAMILIES:
        for count, replicates, noise in STUDIES[2:6]:
            cases = [
                _multiplier(family, count, replicates, noise, seed)
                for seed in range(first, first + studies)
            ]
            table = pd.DataFrame(cases)
            row = {"family": family, "sizes": count, "replicates": replicates, "noise": noise}
            held = [name for name in table if name.startswith("holds")]
            others = [name for name in table if name not in held]
            row |= {name: table[name].mean() for name in held}
            yield row | {name: table[name].median() for name in others}


def _multiplier(
    family: str, count: int, replicates: int, noise: float, seed: int
) -> dict[str, Any]:
    random = np.random.default_rng([seed, count, replicates, len(family)])
    n = sizes(count)
    curves = _two_curves(family, n, random)
    first, other = (
        tabulated(predictive(*measured(loss, n, replicates, noise, random))) for loss in curves
    )
    at = n[-1] * TIMES[:3]
    found = data_multiplier(first, other, at)
    true = _true_multiplier(*curves, n, at)
    values: dict[str, Any] = {}
    for times, k, low, median, high in zip(TIMES, true, found.low, found.median, found.high):
        values[f"holds {times}n"] = low <= k * 1.001 and k * 0.999 <= high
        values[f"ln width {times}n"] = _ln(high, low)
        values[f"miss {times}n"] = abs(_ln(median, k))
    crossing = _true_crossing(*curves, n)
    told = crossover(first, other, n[-1])
    values["holds crossover"] = told.low <= crossing * 1.01 and crossing * 0.99 <= told.high
    return values


def _two_curves(family: str, n: np.ndarray, random: np.random.Generator) -> tuple[Law, Law]:
    """The true curves of two architectures."""
    b = random.uniform(0.15, 0.6)
    second = b if family == "one exponent" else b * random.uniform(0.7, 1.4)
    floors = random.uniform(0, 0.7, 2) if family == "floors" else (0, 0)
    scale = random.uniform(0.7, 1.3)
    if family == "wandering":
        return wandering(random, n, 1.0, b, 0), wandering(random, n, scale, b, 0)
    return law(1, b, floors[0], n[-1]), law(scale, second, floors[1], n[-1])


def _true_multiplier(a: Law, b: Law, n: np.ndarray, at: np.ndarray) -> np.ndarray:
    grid = np.geomspace(n[0] / 10, n[-1] * 1e4, 20_000)
    return np.exp(first_below(np.log(grid), a(grid)[None], b(at)[None])[0]) / at


def _true_crossing(a: Law, b: Law, n: np.ndarray) -> float:
    """The size from which on B stays better: the first where it always is, inf for none."""
    grid = np.geomspace(n[0], 10 * n[-1], 4000)
    better = b(grid) < a(grid)
    if not better[-1]:
        return np.inf
    if better.all():
        return grid[0]
    return grid[len(grid) - better[::-1].argmin()]


def _ln(high: float, low: float) -> float:
    """ln(high / low), inf where one of them is out of reach."""
    return float(np.log(high / low)) if low > 0 and high < np.inf else np.inf


# --- published curves ------------------------------------------------------------------------


def published(cases: Sequence[Case]) -> Iterator[str]:
    """Yield, for each family of curves, two texts.

    The first is the correlation of forecast errors between curves of one dataset, the second
    how often intervals of k hold what was measured, at each distance.
    """
    cases = sorted(cases, key=lambda case: case.curve)
    known = [tabulated(case.found) for case in cases]
    errors = np.array([_last_error(case) for case in cases])
    pairs = [pair for i, j in pairwise(SAME_DATA) for pair in permutations(range(i, j), 2)]
    for family in sorted({case.family for case in cases}):
        inside = [pair for pair in pairs if cases[pair[0]].family == family]
        told = np.corrcoef(*errors[np.array(inside)].T)[0, 1]
        yield (
            f"{family}: errors at the last size held out correlate {told:.2f} "
            f"over {len(inside) // 2} pairs"
        )
        rows: list[dict[str, Any]] = []
        for i, j in inside:
            rows += _measured_multipliers(cases[i], cases[j], known[i], known[j])
        yield _by_distance(pd.DataFrame(rows))


def _by_distance(rows: pd.DataFrame) -> str:
    table = rows.groupby("times").agg(
        pairs=("holds", "size"),
        holds=("holds", "mean"),
        known=("known", "sum"),
        holds_known=("holds_known", "mean"),
        ln_width=("ln width", "median"),
        miss=("miss", "median"),
    )
    return table.round(2).to_string()


def _last_error(case: Case) -> float:
    """Error of the forecast of the last size in standard deviations, as a normal variable."""
    (chance,) = case.found.reached(case.n[-1:], case.value[-1])
    return float(norm.ppf(chance))


def _measured_multipliers(
    a: Case, b: Case, known_a: Predictive, known_b: Predictive
) -> Iterator[dict[str, Any]]:
    """Yield a row per distance: the multiplier from A to B, and what was measured.

    Where the measured points end, the truth is known from one side only.
    """
    n_a, ln_a = _measured(a)
    n_b, ln_b = _measured(b)
    at = min(a.found.curve.n[-1], b.found.curve.n[-1]) * TIMES
    at = at[at <= n_b[-1] * 1.001]
    told = data_multiplier(known_a, known_b, at, size=1000)
    target = np.interp(np.log(at), np.log(n_b), ln_b)
    true = np.exp(first_below(np.log(n_a), ln_a[None], target[None])[0]) / at
    for i, k in enumerate(true):
        low = told.low[i]
        high = told.high[i]
        most = max(k, n_a[0] / at[i])
        least = min(k, n_a[-1] / at[i])
        holds = low <= most * 1.001 and least * 0.999 <= high
        row = {"times": TIMES[i], "holds": holds, "known": 0 < k < np.inf}
        if row["known"]:
            row["holds_known"] = holds
            row["ln width"] = _ln(high, low)
            row["miss"] = abs(_ln(told.median[i], k))
        yield row


def _measured(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """n and the smallest ln value up to it, training part and held-out part."""
    n = np.concatenate([case.found.curve.n, case.n])
    value = np.concatenate([case.found.curve.value, case.value])
    return n, np.minimum.accumulate(np.log(value))


# --- the command -----------------------------------------------------------------------------


def main(source: str = "40", first: str = "0") -> None:
    if not source.isdigit():
        for line in published(read_cases([source])):
            print(line, flush=True)
        return
    print_exponents(int(source), int(first))
    print_multipliers(int(source), int(first))


def print_exponents(studies: int, first: int) -> None:
    print(
        f"One exponent rejected at {LEVEL:.0%} where it holds (rejected) "
        "and where exponents differ (found)"
    )
    table = pd.DataFrame(exponents(5 * studies, first))
    print(table.round(3).to_string(index=False))
    kept = [name for name in table if name.startswith(("rejected", "holds", "found"))]
    print_means(table.groupby("with a floor")[kept].mean())


def print_multipliers(studies: int, first: int) -> None:
    print(
        "\n90 % intervals that hold the true multiplier and crossover; "
        "medians of ln(high / low) and of |ln miss|"
    )
    table = pd.DataFrame(multipliers(studies, first))
    print(table.round(2).to_string(index=False))
    held = [name for name in table if name.startswith("holds")]
    print_means(table.groupby("family", sort=False)[held].mean())


def print_means(means: pd.Series | pd.DataFrame) -> None:
    print(f"\n{means.map('{:.0%}'.format).to_string()}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
