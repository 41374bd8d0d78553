"""How well do comparisons of architectures hold? Exponents, multipliers and crossovers whose truth is known.

    python benchmarks/compare.py [studies per row, 40] [first seed, 0]     synthetic curves
    python benchmarks/compare.py CURVES.csv                                published curves, their ends held out

CURVES.csv: family, curve, n, error, se, is_train as in benchmarks/forecast.py. It does not say which curves are of one
dataset: SAME_DATA takes neighbours whose sizes, errors and order look so. The truth is then what was measured.
"""

import sys
from itertools import pairwise, permutations

import numpy as np
import pandas as pd
from calibrate import read_cases
from scipy.stats import norm
from scipy.stats import t as student
from truths import wandering

from analysis import predictive
from analysis.comparison.crossover import crossover
from analysis.comparison.exponents import LEVEL, compare_exponents
from analysis.comparison.multiplier import first_below, worth
from analysis.costs.futures import tabulated
from analysis.fits.predictive import FREEDOM

TIMES = np.array([1, 2, 4, 8])  # the data: where multipliers are scored
FLOORS = 0, 0.4  # share of the last loss, of the second architecture
STUDIES = ((5, 1, 0.05), (6, 1, 0.08), (6, 3, 0.05), (7, 1, 0.02), (7, 2, 0.02), (9, 1, 0.01), (9, 3, 0.03))
# (sizes, replicates, relative noise of one run)
DIFFERENCES = 0.1, 0.2  # of exponents, to be found
SAME_DATA = (0, 6, 12, 18, 21, 25, 29, *range(33, 78, 4), 79, *range(83, 112, 4), *range(112, 149, 4))


def law(a, b, floor, last):
    """Loss a at n = last, of which `floor` is a share that stays."""
    return lambda n: a * (floor + (1 - floor) * (np.asarray(n) / last) ** -b)


def measure(loss, n, replicates, noise, random):
    """n, loss (points,) of a learning curve; relative noise, independent between runs."""
    n = np.repeat(n, replicates)
    return n, loss(n) * np.exp(noise * random.standard_normal(len(n)))


def sizes(count):
    return 200 * 2.0 ** np.arange(count)


# --- exponents ---------------------------------------------------------------------------------------


def exponents(studies, first):
    """Yield a row per kind of study: how often one exponent is rejected, if it holds and if not, and what intervals
    hold."""
    for count, replicates, noise in STUDIES:
        for floor in FLOORS:
            cases = [_exponents(count, replicates, noise, floor, seed) for seed in range(first, first + studies)]
            yield {"sizes": count, "replicates": replicates, "noise": noise, "floor": floor} | dict(
                pd.DataFrame(cases).mean()
            )


def _exponents(count, replicates, noise, floor, seed):
    random = np.random.default_rng([seed, count, replicates])
    n, b = sizes(count), random.uniform(0.15, 0.6)

    def compared(second):
        curves = law(1, b, 0, n[-1]), law(1.3, second, floor, n[-1])
        points = [measure(loss, n, replicates, noise, random) for loss in curves]
        parts = [pd.DataFrame({"architecture": k, "n": x, "loss": y}) for k, (x, y) in zip("ab", points)]
        return compare_exponents(pd.concat(parts))

    same = compared(b)
    if same.pairs.empty:  # fewer than two curves with enough sizes once their head is left out
        return {}
    pair = same.pairs.iloc[0]
    found = {f"found {by:g}": not compared(b + by).agree for by in DIFFERENCES}
    return {
        "rejected": same.p < LEVEL,
        "holds b": same.shared_low <= b <= same.shared_high,
        "holds difference": pair["low"] <= 0 <= pair["high"],
        "width": pair["high"] - pair["low"],
        **found,
    }


# --- multipliers and crossovers ----------------------------------------------------------------------


def multipliers(studies, first):
    """Yield a row per family and kind of study: share of intervals of k and of the crossover that hold the truth."""
    for family in ("one exponent", "two exponents", "floors", "wandering"):
        for count, replicates, noise in STUDIES[2:6]:
            cases = [_multiplier(family, count, replicates, noise, seed) for seed in range(first, first + studies)]
            table = pd.DataFrame(cases)
            rows = {"family": family, "sizes": count, "replicates": replicates, "noise": noise}
            held = {name: table[name].mean() for name in table if name.startswith("holds")}
            yield rows | held | {name: table[name].median() for name in table if not name.startswith("holds")}


def _multiplier(family, count, replicates, noise, seed):
    random = np.random.default_rng([seed, count, replicates, len(family)])
    n, b = sizes(count), random.uniform(0.15, 0.6)
    second = b if family == "one exponent" else b * random.uniform(0.7, 1.4)
    floors = random.uniform(0, 0.7, 2) if family == "floors" else (0, 0)
    scale = random.uniform(0.7, 1.3)
    if family == "wandering":
        curves = wandering(random, n, 1.0, b, 0), wandering(random, n, scale, b, 0)
    else:
        curves = law(1, b, floors[0], n[-1]), law(scale, second, floors[1], n[-1])
    first, other = (tabulated(predictive(*measure(loss, n, replicates, noise, random))) for loss in curves)
    at = n[-1] * TIMES[:3]
    found, true = worth(first, other, at), _true_multiplier(*curves, n, at)
    values = {}
    for times, k, low, median, high in zip(TIMES, true, found.low, found.median, found.high):
        values |= {f"holds {times}n": low <= k * 1.001 and k * 0.999 <= high, f"ln width {times}n": _ln(high, low)}
        values |= {f"miss {times}n": abs(_ln(median, k))}
    grid = np.geomspace(n[0], 10 * n[-1], 4000)
    better = curves[1](grid) < curves[0](grid)
    crossing = np.inf if not better[-1] else grid[0] if better.all() else grid[len(grid) - better[::-1].argmin()]
    told = crossover(first, other, n[-1])
    return values | {"holds crossover": told.low <= crossing * 1.01 and crossing * 0.99 <= told.high}


def _true_multiplier(a, b, n, at):
    grid = np.geomspace(n[0] / 10, n[-1] * 1e4, 20_000)
    return np.exp(first_below(np.log(grid), a(grid)[None], b(at)[None])[0]) / at


def _ln(high, low):
    """ln(high / low), inf where one of them is out of reach."""
    return float(np.log(high / low)) if low > 0 and high < np.inf else np.inf


# --- published curves --------------------------------------------------------------------------------


def published(cases):
    """Yield the correlation of forecast errors between curves of one dataset, and a row per family and distance: how
    often intervals of k hold what was measured."""
    cases = sorted(cases, key=lambda case: case.curve)
    known = [tabulated(case.found) for case in cases]
    pairs = [pair for i, j in pairwise(SAME_DATA) for pair in permutations(range(i, j), 2)]
    for family in sorted({case.family for case in cases}):
        inside = [pair for pair in pairs if cases[pair[0]].family == family]
        errors = np.array([_last_error(case) for case in cases])
        told = np.corrcoef(*errors[np.array(inside)].T)[0, 1]
        yield f"{family}: errors at the last size held out correlate {told:.2f} over {len(inside) // 2} pairs"
        rows = [row for i, j in inside for row in _measured_multipliers(cases[i], cases[j], known[i], known[j])]
        table = pd.DataFrame(rows).groupby("times")
        yield table.agg(
            pairs=("holds", "size"), holds=("holds", "mean"), known=("known", "sum"),
            holds_known=("holds_known", "mean"), ln_width=("ln width", "median"), miss=("miss", "median"),
        ).round(2).to_string()  # fmt: skip


def _last_error(case):
    """Error of the forecast of the last size in standard deviations, as a normal variable."""
    mean, deviation = case.found.moments(case.n[-1:])
    chance = student.cdf((np.log(case.loss[-1]) - mean[0]) / deviation[0], FREEDOM)
    return norm.ppf(chance)


def _measured_multipliers(a, b, known_a, known_b):
    """Multipliers from B to A with the truth read off all measured points; where these end it is known one-sidedly."""
    (n_a, ln_a), (n_b, ln_b) = (_measured(case) for case in (a, b))
    at = min(a.found.curve.n[-1], b.found.curve.n[-1]) * TIMES
    at = at[at <= n_b[-1] * 1.001]
    told = worth(known_a, known_b, at, size=1000)
    target = np.interp(np.log(at), np.log(n_b), ln_b)
    true = np.exp(first_below(np.log(n_a), ln_a[None], target[None])[0]) / at
    for i, k in enumerate(true):
        low, high, both = told.low[i], told.high[i], 0 < k < np.inf
        holds = low <= max(k, n_a[0] / at[i]) * 1.001 and min(k, n_a[-1] / at[i]) * 0.999 <= high
        row = {"times": TIMES[i], "holds": holds, "known": both}
        if both:
            row |= {"holds_known": holds, "ln width": _ln(high, low), "miss": abs(_ln(told.median[i], k))}
        yield row


def _measured(case):
    """n and the smallest ln loss up to it, training part and held-out part."""
    n = np.concatenate([case.found.curve.n, case.n])
    return n, np.minimum.accumulate(np.log(np.concatenate([case.found.curve.loss, case.loss])))


# --- the command -------------------------------------------------------------------------------------


def main(source: str = "40", first: str = "0") -> None:
    if not source.isdigit():
        for line in published(read_cases(source)):
            print(line, flush=True)
        return
    print(f"One exponent rejected at {LEVEL:.0%} where it holds (rejected) and where exponents differ (found)")
    table = pd.DataFrame(exponents(5 * int(source), int(first)))
    print(table.round(3).to_string(index=False))
    print(f"\n{table[['rejected', 'holds b', 'holds difference']].mean().map('{:.0%}'.format).to_string()}", flush=True)
    print("\n90 % intervals that hold the true multiplier and crossover; medians of ln(high / low) and of |ln miss|")
    table = pd.DataFrame(multipliers(int(source), int(first)))
    print(table.round(2).to_string(index=False))
    held = [name for name in table if name.startswith("holds")]
    print(f"\n{table.groupby('family', sort=False)[held].mean().map('{:.0%}'.format).to_string()}")


if __name__ == "__main__":
    main(*sys.argv[1:])
