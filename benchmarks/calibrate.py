"""Learn the constants of analysis/fits/predictive.py from learning curves, and test how well they transfer.

    python benchmarks/calibrate.py CURVES.csv

CURVES.csv has the columns family, curve, n, error, se, is_train. The constants maximise Student's likelihood of the
held-out ln losses, each family and each curve in it counting alike, with a weak pull towards BEFORE.
"""

import sys
import time
from dataclasses import astuple, dataclass, replace

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.stats import t as student

from analysis.fits.predictive import CALIBRATION, FREEDOM, LEAST, Calibration, Predictive, predictive

# spread, drift, backtest, belief: guesses made on synthetic curves and then tried on the real ones, so not innocent
BEFORE = (0.5, 0.3, 0.6, 2.0)
PULL = 0.01  # nats per squared factor e away from BEFORE


@dataclass(frozen=True)
class Case:
    """One curve: its forecast, made on the training part, and the part held out."""

    family: str
    curve: str
    seen: tuple  # n, loss, se (points,) of the training part; se None where the file has none
    found: Predictive
    n: np.ndarray  # (held-out points,)
    loss: np.ndarray  # (held-out points,)


def read_cases(path):
    """One Case per curve of the file; progress on stderr."""
    groups = list(pd.read_csv(path).groupby(["family", "curve"]))
    start, cases = time.time(), []
    for done, ((family, curve), rows) in enumerate(groups, 1):
        seen, held = rows[rows.is_train == 1], rows[rows.is_train == 0]
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
    share = np.concatenate([np.full(len(c.n), 1 / (len(c.n) * families.count(c.family))) for c in cases])
    rows = [(c.found, np.log(c.loss), *c.found.terms(c.n)) for c in cases]
    miss = np.concatenate([truth - mean for _, truth, mean, *_ in rows])
    spread, change, distance = (np.concatenate([row[i] for row in rows]) for i in (3, 4, 5))
    cuts, rate, noise = (
        np.concatenate([np.full(len(row[1]), value(row[0])) for row in rows])
        for value in (lambda f: f.backtest.cuts, lambda f: f.backtest.rate, lambda f: f.scatter**2 + LEAST**2)
    )

    def badness(logs):
        a, d, b, k = np.exp(logs)
        variance = (a * spread) ** 2 + (k * (d * change) ** 2 + cuts * (b * rate * distance) ** 2) / (k + cuts)
        deviation = np.sqrt(variance + noise)
        likelihood = student.logpdf(miss / deviation, FREEDOM) - np.log(deviation)
        return -(share @ likelihood) + PULL * ((logs - np.log(BEFORE)) ** 2).sum()

    best = minimize(badness, np.log(BEFORE), method="Nelder-Mead", options={"maxfev": 300})
    return Calibration(*(round(float(value), 3) for value in np.exp(best.x)))


def coverage(cases, confidence=0.9, calibration=CALIBRATION):
    """Shares covered (all held-out points, last one) and median ln widths (all, last), over the cases."""
    rows = []
    for case in cases:
        found = replace(case.found, calibration=calibration)
        low, high = (found.quantile(case.n, 0.5 + side * confidence / 2) for side in (-1, 1))
        inside, width = (low <= case.loss) & (case.loss <= high), np.log(high / low)
        rows.append((inside.mean(), inside[-1], np.median(width), width[-1]))
    rows = np.array(rows, dtype=float)
    return (*rows[:, :2].mean(0), *np.median(rows[:, 2:], 0))


def folds(cases):
    """(name, learned on, tested on): families against each other, and each family's first and second half."""
    families = sorted({case.family for case in cases})
    for family in families:
        inside = [case for case in cases if case.family == family]
        outside = [case for case in cases if case.family != family]
        halves = inside[: len(inside) // 2], inside[len(inside) // 2 :]
        if outside:
            yield f"learned on the other families, tested on {family}", outside, inside
        yield f"learned on the first half of {family}, tested on its second", *halves
        yield f"learned on the second half of {family}, tested on its first", *halves[::-1]


def report(cases):
    yield f"learned on all {len(cases)} curves: {learn(cases)}"
    yield f"stored in analysis/fits/predictive.py:  {CALIBRATION}"
    yield "90 % intervals: covered of all held-out points / of the last; median ln-width of all / of the last"
    tests = [(f"in sample, {name}", CALIBRATION, [c for c in cases if c.family == name])
             for name in sorted({c.family for c in cases})]  # fmt: skip
    tests += [(name, learn(seen), unseen) for name, seen, unseen in folds(cases)]
    for name, calibration, unseen in tests:
        all_points, last, width, last_width = coverage(unseen, calibration=calibration)
        constants = " ".join(f"{value:.2f}" for value in astuple(calibration))
        yield f"  {all_points:4.0%} / {last:4.0%}  {width:.2f} / {last_width:.2f}  {name} ({constants})"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for line in report(read_cases(sys.argv[1])):
        print(line, flush=True)
