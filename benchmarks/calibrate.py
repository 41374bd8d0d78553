"""Learn the constants of analysis/curves/predictive.py, and test how well they transfer.

    python benchmarks/calibrate.py CURVES.csv

CURVES.csv has the columns family, curve, n, error, se, is_train. The constants maximise
Student's likelihood of the held-out ln values, each family and each curve in it counting
alike, with a weak pull towards BEFORE.
"""

import sys
import time
from dataclasses import astuple, dataclass, replace

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.stats import t as student

from analysis.curves.predictive import (
    CALIBRATION,
    FREEDOM,
    LEAST,
    Calibration,
    Predictive,
    predictive,
)

# spread, drift, backtest, belief: guesses made on synthetic curves and then tried on the real
# ones, so not innocent
BEFORE = (0.5, 0.3, 0.6, 2.0)
PULL = 0.01  # nats per squared factor e away from BEFORE


@dataclass(frozen=True)
class Case:
    """One curve: its forecast, made on the training part, and the part held out.

    family, curve: its names.
    seen: n, value, se (points,) of the training part; se None where the file has none.
    found: the forecast.
    n, value: (held-out points,).
    """

    family: str
    curve: str
    seen: tuple
    found: Predictive
    n: np.ndarray
    value: np.ndarray


def read_cases(path):
    """One Case per curve of the file; progress on stderr."""
    groups = list(pd.read_csv(path).groupby(["family", "curve"]))
    start = time.time()
    cases = []
    for done, ((family, curve), rows) in enumerate(groups, 1):
        seen = rows[rows.is_train == 1]
        held = rows[rows.is_train == 0]
        se = None if seen.se.isna().all() else seen.se.values
        found = predictive(seen.n, seen.error, se=se)
        points = seen.n.values, seen.error.values, se
        cases.append(Case(family, curve, points, found, held.n.values, held.error.values))
        progress(done, len(groups), start)
    return cases


def progress(done, total, start):
    left = (time.time() - start) / done * (total - done)
    end = "\n" if done == total else ""
    print(f"\r{done}/{total} curves, {left:.0f} s left ", end=end, file=sys.stderr, flush=True)


def learn(cases):
    """The Calibration that makes the held-out points of the cases most likely."""
    families = [case.family for case in cases]
    shares = [1 / (len(case.n) * families.count(case.family)) for case in cases]
    share = _spread_out(cases, shares)
    terms = [case.found.terms(case.n) for case in cases]
    mean, spread, change, distance = (np.concatenate(parts) for parts in zip(*terms))
    miss = np.concatenate([np.log(case.value) for case in cases]) - mean
    cuts = _spread_out(cases, [case.found.backtest.cuts for case in cases])
    rate = _spread_out(cases, [case.found.backtest.rate for case in cases])
    noise = _spread_out(cases, [case.found.scatter**2 + LEAST**2 for case in cases])

    def badness(logs):
        a, d, b, k = np.exp(logs)
        drift = k * (d * change) ** 2 + cuts * (b * rate * distance) ** 2
        variance = (a * spread) ** 2 + drift / (k + cuts)
        deviation = np.sqrt(variance + noise)
        likelihood = student.logpdf(miss / deviation, FREEDOM) - np.log(deviation)
        return -(share @ likelihood) + PULL * ((logs - np.log(BEFORE)) ** 2).sum()

    best = minimize(badness, np.log(BEFORE), method="Nelder-Mead", options={"maxfev": 300})
    names = ("spread", "drift", "backtest", "belief")
    found = {name: round(float(value), 3) for name, value in zip(names, np.exp(best.x))}
    return Calibration(**found)


def _spread_out(cases, values):
    """A value of each case, repeated for each of its held-out points."""
    return np.repeat(np.array(values, dtype=float), [len(case.n) for case in cases])


def coverage(cases, confidence=0.9, calibration=CALIBRATION):
    """(all points covered, last ones, median ln width of all, of the last) over the cases."""
    rows = []
    for case in cases:
        found = replace(case.found, calibration=calibration)
        low = found.quantile(case.n, 0.5 - confidence / 2)
        high = found.quantile(case.n, 0.5 + confidence / 2)
        inside = (low <= case.value) & (case.value <= high)
        width = np.log(high / low)
        rows.append((inside.mean(), inside[-1], np.median(width), width[-1]))
    rows = np.array(rows, dtype=float)
    return (*rows[:, :2].mean(0), *np.median(rows[:, 2:], 0))


def folds(cases):
    """(name, learned on, tested on): families, and halves of each, against each other."""
    families = sorted({case.family for case in cases})
    for family in families:
        inside = [case for case in cases if case.family == family]
        outside = [case for case in cases if case.family != family]
        first = inside[: len(inside) // 2]
        second = inside[len(inside) // 2 :]
        if outside:
            yield f"learned on the other families, tested on {family}", outside, inside
        yield f"learned on the first half of {family}, tested on its second", first, second
        yield f"learned on the second half of {family}, tested on its first", second, first


def report(cases):
    """The lines to print."""
    yield f"learned on all {len(cases)} curves: {learn(cases)}"
    yield f"stored in analysis/curves/predictive.py:  {CALIBRATION}"
    yield (
        "90 % intervals: covered of all held-out points / of the last; "
        "median ln-width of all / of the last"
    )
    tests = [
        (f"in sample, {name}", CALIBRATION, [c for c in cases if c.family == name])
        for name in sorted({c.family for c in cases})
    ]
    tests += [(name, learn(seen), unseen) for name, seen, unseen in folds(cases)]
    for name, calibration, unseen in tests:
        all_points, last, width, last_width = coverage(unseen, calibration=calibration)
        constants = " ".join(f"{value:.2f}" for value in astuple(calibration))
        yield (
            f"  {all_points:4.0%} / {last:4.0%}  {width:.2f} / {last_width:.2f}  "
            f"{name} ({constants})"
        )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for line in report(read_cases(sys.argv[1])):
        print(line, flush=True)
