"""Learn the constants of analysis/curves/predictive.py, and test how well they transfer.

    python benchmarks/calibrate.py CURVES.csv [MORE.csv ...]

The files have columns family, curve, n, error or loss, se, is_train (1: seen, 0: held out).
The constants maximise Student's likelihood of the held-out ln values, with a weak pull (PULL).
Two synthetic families (benchmarks/synthetic.py: few noisy sizes, wandering exponents) are
learned from as well; each family and each curve in it counts alike. Judged by the interval
score of 90 % intervals in ln value (Winkler 1972), learned on the other families: neither
width nor missing pays.
"""

import sys
import time
from dataclasses import astuple, dataclass, replace
from functools import cache

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from synthetic import noisy_curves, wandering_curves

from analysis.curves.predictive import (
    CALIBRATION,
    FREEDOM,
    Calibration,
    Predictive,
    predictive,
)

# where the search begins, and PULL nats per squared factor e away from it: the likelihood is
# nearly flat, and one lucky back-test shall not be taken for a rule
START = (0.5, 0.8, 0.6)
PULL = 0.003


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


def read_cases(paths):
    """One Case per curve of the files; progress on stderr."""
    tables = [pd.read_csv(path) for path in paths]
    named = [table.rename(columns={"error": "value", "loss": "value"}) for table in tables]
    groups = list(pd.concat(named).groupby(["family", "curve"]))
    start = time.time()
    cases = []
    for done, ((family, curve), rows) in enumerate(groups, 1):
        seen = rows[rows.is_train == 1]
        held = rows[rows.is_train == 0]
        se = None if seen.se.isna().all() else seen.se.values
        found = predictive(seen.n, seen.value, se=se)
        points = seen.n.values, seen.value.values, se
        cases.append(Case(family, curve, points, found, held.n.values, held.value.values))
        progress(done, len(groups), start)
    return cases


def progress(done, total, start):
    left = (time.time() - start) / done * (total - done)
    end = "\n" if done == total else ""
    print(f"\r{done}/{total} curves, {left:.0f} s left ", end=end, file=sys.stderr, flush=True)


def learn(cases):
    """The Calibration that makes the held-out points of the cases most likely."""
    known = [*cases, *synthetic_cases()]
    families = [case.family for case in known]
    shares = [1 / (families.count(family) * len(set(families))) for family in families]
    quick = [_quick(case) for case in known]

    def badness(logs):
        by = Calibration(*np.exp(logs))
        likely = sum(share * _likelihood(case, by) for share, case in zip(shares, quick))
        return PULL * ((logs - np.log(START)) ** 2).sum() - likely

    options = {"maxfev": 250, "xatol": 0.01, "fatol": 1e-4}
    best = minimize(badness, np.log(START), method="Nelder-Mead", options=options)
    return _rounded(Calibration(*np.exp(best.x)))


@cache
def synthetic_cases():
    """Cases of two families whose truth is known."""
    makers = {"noisy": noisy_curves, "wandering": wandering_curves}
    return [
        Case(family, str(number), (n, value, None), predictive(n, value), at, truth)
        for family, make in makers.items()
        for number, (n, value, at, truth) in enumerate(make())
    ]


class Known:
    """Moments of an average at the sizes that are asked for again and again."""

    def __init__(self, average, *sizes):
        self.known = {n.tobytes(): average.moments(n) for n in sizes}

    def moments(self, n):
        return self.known[n.tobytes()]


def _quick(case):
    """The case with its sizes as floats, and what is known there."""
    n = np.asarray(case.n, dtype=float)
    found = case.found
    average = Known(found.middle, n, found.curve.n[-1:])
    return replace(case, n=n, found=replace(found, middle=average))


def _likelihood(case, by):
    """Mean ln density of the held-out ln values, a constant aside."""
    mean, below, above = replace(case.found, calibration=by).scales(case.n)
    miss = np.log(case.value) - mean
    scale = np.where(miss < 0, below, above)
    tail = (FREEDOM + 1) / 2 * np.log1p((miss / scale) ** 2 / FREEDOM)
    return float(-np.mean(tail + np.log(scale)))


def _rounded(by):
    return Calibration(*(round(float(value), 2) for value in astuple(by)))


def intervals(cases, calibration, confidence=0.9):
    """A row for each case.

    covered: share of its held-out points; last: whether the last one; below: share under the
    interval; width: mean ln(high / low); score: mean interval score; miss: its back-test's.
    """
    rows = []
    for case in cases:
        found = replace(case.found, calibration=calibration)
        low = np.log(found.quantile(case.n, 0.5 - confidence / 2))
        high = np.log(found.quantile(case.n, 0.5 + confidence / 2))
        at = np.log(case.value)
        beyond = np.maximum(low - at, 0) + np.maximum(at - high, 0)
        inside = beyond == 0
        score = (high - low) + 2 / (1 - confidence) * beyond
        row = (case.family, inside.mean(), inside[-1], (at < low).mean(), (high - low).mean())
        rows.append((*row, score.mean(), found.backtest.miss))
    columns = ["family", "covered", "last", "below", "width", "score", "miss"]
    return pd.DataFrame(rows, columns=columns).astype({"last": float})


def across(cases):
    """`intervals` of each family, with the constants that the other families teach."""
    parts = []
    for family in sorted({case.family for case in cases}):
        outside = [case for case in cases if case.family != family]
        inside = [case for case in cases if case.family == family]
        parts.append(intervals(inside, learn(outside) if outside else CALIBRATION))
    return pd.concat(parts, ignore_index=True)


def by_family(table):
    """Means of the rows of `intervals`; the median of the width."""
    means = dict.fromkeys(("covered", "last", "below", "score"), "mean")
    return table.groupby("family").agg({**means, "width": "median"})


def report(cases):
    """The lines to print."""
    yield f"learned on all {len(cases)} curves: {learn(cases)}"
    yield f"stored in analysis/curves/predictive.py: {CALIBRATION}"
    for title, table in (
        ("with the stored constants", intervals(cases, CALIBRATION)),
        ("each family with the constants that the others teach", across(cases)),
    ):
        yield f"90 % intervals, {title}:"
        yield by_family(table).round(3).to_string()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    for line in report(read_cases(sys.argv[1:])):
        print(line, flush=True)
