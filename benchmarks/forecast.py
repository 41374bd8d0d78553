"""How well do forecasts hold? Ours against published methods, on curves whose ends were held out.

    python benchmarks/forecast.py CURVES.csv

CURVES.csv: family, curve, n, error, se, is_train (1: seen, 0: held out). RMSLE of a curve: square root of the mean
squared ln(predicted / measured) over its held-out points (Alabdulmohsin et al. 2022); a family's is the mean.
"""

import sys
import time

import numpy as np
import pandas as pd
from calibrate import progress, read_cases, report
from scipy.stats import norm

from analysis import data_needed, forecast
from analysis.fits.forms import BROKEN, M1, M2, M3, M4, MMF4, POW4
from analysis.fits.predictive import thinned
from analysis.fits.projection import NEAR, fit_shape

LEVELS = (0.8, 0.9, 0.95)
RESAMPLES = 60
FAR = 1e4  # times the data: a target not reached by then counts as never
SEEN = """
Seen data: the forms, their odds, ERRORS and the interval's four constants were chosen on these same curves, and two of
the constants (spread, backtest) were then raised by hand, so ours has an advantage that no peer has. Of the learned
constants alone, how well they transfer (the other choices are not cross-validated):"""


def last_value(curve):
    return lambda n: np.full(len(n), curve.loss[-1])


def log_linear(curve):
    """loss = p + q ln n by relative least squares, kept above a thousandth of the smallest loss."""
    weight = 1 / (_error(curve) * curve.loss)
    columns = np.stack([np.ones(len(curve)), np.log(curve.n)], 1)
    p, q = np.linalg.lstsq(columns * weight[:, None], curve.loss * weight, rcond=None)[0]
    return lambda n: np.maximum(p + q * np.log(n), NEAR * curve.loss.min())


def fitted(form):
    """The form's best fit alone, by variable projection, grid and zoom, Huber loss summed."""

    def fit(curve):
        top = curve.n[-1]
        parameters, scale, floor, _ = _fit(form, curve)
        return lambda n: scale * form.shape(n / top, *parameters[:, None, None])[0] + floor

    return fit


def _error(curve):
    return np.hypot(0.01, curve.error)


def _fit(form, curve):
    x = curve.n / curve.n[-1]
    return fit_shape(lambda *p: form.shape(x, *(q[:, None] for q in p)), form.axes(x[0]), curve.loss,
                     _error(curve), floor=form.floored, zooms=4)  # fmt: skip


PEERS = {"last value": last_value, "log-linear": log_linear} | {
    form.name: fitted(form) for form in (M1, M2, M3, M4, POW4, MMF4, BROKEN)
}


def residual_bootstrap(curve, n, levels):
    """M2 refitted to its fit plus resampled relative residuals; quantiles of the refits with a residual added."""
    random, middle = np.random.default_rng(0), fitted(M2)(curve)
    base = middle(curve.n)
    residual = curve.loss / base - 1
    draws = []
    for _ in range(RESAMPLES):
        loss = base * (1 + random.choice(residual, len(base)))
        again = type(curve)(curve.n, np.maximum(loss, NEAR * base), curve.error, curve.count)
        draws.append(fitted(M2)(again)(n) * (1 + random.choice(residual)))
    return [np.quantile(draws, [0.5 - q / 2, 0.5 + q / 2], axis=0) for q in levels]


def delta_method(curve, n, levels):
    """M2 linearised in (ln b, a, c) at its fit: normal intervals from the residual variance."""
    top = curve.n[-1]
    (b,), a, c, _ = _fit(M2, curve)

    def gradient(sizes):
        power = (sizes / top) ** -b
        return np.stack([-a * b * power * np.log(sizes / top), power, np.ones(len(sizes))], 1)

    middle, base = a * (n / top) ** -b + c, a * (curve.n / top) ** -b + c
    weight = 1 / base
    variance = (((curve.loss - base) * weight) ** 2).sum() / max(len(curve) - 3, 1)
    inside = gradient(curve.n) * weight[:, None]
    covariance = variance * np.linalg.pinv(inside.T @ inside, rcond=1e-10)
    outer = gradient(n)
    deviation = np.sqrt(np.einsum("ij,jk,ik->i", outer, covariance, outer) + variance * middle**2)
    low = NEAR * curve.loss.min()
    return [np.maximum(middle + norm.ppf(0.5 + q / 2) * deviation * np.array([[-1], [1]]), low) for q in levels]


def score(case):
    """Rows (method, family, what, value) for one curve."""
    (n, loss, se), at, truth = case.seen, case.n, case.loss
    start = time.process_time()
    ours = forecast(n, loss, at, se=se)
    seconds = time.process_time() - start
    dense = thinned(case.found.curve, 128)  # peers get every point of the shared curves
    continued = {name: fit(dense) for name, fit in PEERS.items()}
    points = {"ours": ours.median} | {name: law(at) for name, law in continued.items()}
    bands = {
        "ours": [np.stack([ours.predictive.quantile(at, 0.5 - q / 2), ours.predictive.quantile(at, 0.5 + q / 2)])
                 for q in LEVELS],
        "residual bootstrap": residual_bootstrap(dense, at, LEVELS),
        "delta method": delta_method(dense, at, LEVELS),
    }  # fmt: skip
    rows = [(name, "rmsle", np.sqrt(np.mean(np.log(guess / truth) ** 2))) for name, guess in points.items()]
    for name, pairs in bands.items():
        for level, (low, high) in zip(LEVELS, pairs, strict=True):
            inside, width = (low <= truth) & (truth <= high), np.log(high / low)
            values = {"all": inside.mean(), "last": inside[-1], "width all": np.median(width), "width last": width[-1]}
            rows += [(name, f"{level} {what}", float(value)) for what, value in values.items()]
    rows += [("ours", "seconds", seconds)] + list(_needed(case, continued))
    return [(case.family, *row) for row in rows]


def _needed(case, continued):
    """n(target) for the lowest loss held out, where it is new: within a factor 2, and never."""
    (n, loss, se), last = case.seen, case.found.curve.n[-1]
    best = int(np.argmin(case.loss))
    target, true = case.loss[best], case.n[best]
    if target >= loss.min():
        return
    ours = data_needed(n, loss, target, se=se)
    said = ours.grade != "cannot say"
    yield from (("ours", "answered", float(said)), ("ours", "p never", ours.p_never))
    sizes = np.geomspace(last, last * FAR, 4000)
    answers = {"ours": ours.median}
    for name, law in continued.items():
        below = law(sizes) <= target
        answers[name] = sizes[np.argmax(below)] if below.any() else np.inf
    for name, answer in answers.items():
        close = bool(true / 2 <= answer <= true * 2)
        yield from ((name, "within 2", float(close)), (name, "never", float(np.isinf(answer))))
        if name == "ours" and said:
            yield name, "within 2 where answered", float(close)


def tables(scores):
    """The lines to print."""
    families = sorted(scores.family.unique())
    mean = scores.groupby(["what", "method", "family"]).value.mean().unstack()
    median = scores.groupby(["what", "method", "family"]).value.median().unstack()
    mean["overall"], median["overall"] = mean[families].mean(1), median[families].mean(1)
    yield "RMSLE of the held-out points, mean (median) over curves; overall: mean over families"
    yield from _grid(mean.loc["rmsle"].sort_values("overall"), median.loc["rmsle"], "{:.4f} ({:.4f})")
    yield "\nIntervals: coverage of all held-out points / of the last one; median ln-width of all / of the last"
    for level in LEVELS:
        for method in mean.loc[f"{level} all"].index:
            cells = [f"{mean.loc[f'{level} all', method][f]:4.0%} /{mean.loc[f'{level} last', method][f]:4.0%}"
                     f" {median.loc[f'{level} width all', method][f]:6.2f} /"
                     f"{median.loc[f'{level} width last', method][f]:5.2f}" for f in mean.columns]  # fmt: skip
            yield f"{level:4.0%} {method:18s}" + "".join(f"{c:>28s}" for c in cells)
    yield "\nn(target): share of answers within a factor 2 of the truth / share that says never"
    for method in mean.loc["within 2"].sort_values("overall").index[::-1]:
        cells = [f"{mean.loc['within 2', method][f]:.0%} / {mean.loc['never', method][f]:.0%}" for f in mean.columns]
        yield f"{method:18s}" + "".join(f"{c:>18s}" for c in cells)
    for what in ("answered", "within 2 where answered", "p never"):
        yield f"ours, {what:24s}" + "".join(f"{mean.loc[what, 'ours'][f]:>12.0%}" for f in mean.columns)
    yield from goals(mean, median, families)


def _grid(first, second, text):
    yield " " * 18 + "".join(f"{f:>20s}" for f in first.columns)
    for method in first.index:
        yield f"{method:18s}" + "".join(
            f"{text.format(first.loc[method, f], second.loc[method, f]):>20s}" for f in first.columns
        )


def goals(mean, median, families):
    yield "\nGoals"
    rmsle = mean.loc["rmsle"]
    ratio = rmsle.loc["ours", families] / rmsle.drop("ours")[families].min()
    yield f"RMSLE over the best peer's, geometric mean over families: {_geometric(ratio):.2f}  (goal 1.25)"
    simple = rmsle.loc["ours", families] / rmsle.loc[["last value", "M1"], families].min()
    yield f"RMSLE over the better of last value and M1, worst family: {simple.max():.2f}  (goal 2)"
    for where in ("all", "last"):
        cover, width = mean.loc[f"0.9 {where}", "ours"], median.loc[f"0.9 width {where}", "ours"]
        yield (
            f"90 % interval, {where:4s} held-out points: covers {cover[families].mean():.1%} (goal 88-93 %), worst "
            f"family {cover[families].min():.1%} (goal 85 %), median ln-width {width[families].mean():.2f} (goal 0.30)"
        )
    seconds = median.loc["seconds", "ours"][families]
    yield f"seconds per forecast, median, slowest family: {seconds.max():.2f}  (goal 0.5)"


def _geometric(values):
    return float(np.exp(np.log(values).mean()))


def main(path):
    cases = read_cases(path)
    start, rows = time.time(), []
    for done, case in enumerate(cases, 1):
        rows += score(case)
        progress(done, len(cases), start)
    for line in tables(pd.DataFrame(rows, columns=["family", "method", "what", "value"])):
        print(line)
    print(SEEN)
    for line in report(cases):
        print(line)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
