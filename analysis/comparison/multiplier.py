"""Worth k times the data: switching from A to B at size n lowers the loss as much as k times the data does for A."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from analysis.fits.curve import check_confidence, check_positive
from analysis.fits.predictive import NEVER, Predictive
from analysis.forecast import FAR, MISS, NARROW, lawless
from analysis.language import Text

BELOW = 10.0  # times smaller than the smallest size measured: what A has there already counts as no data at all
CELLS = 96  # sizes at which a curve is drawn, even in ln n; between them it is a power law
GRADES = {"good": 2.0, "fair": 10.0}  # by the largest high / low of the interval of k; wider ones are poor


@dataclass(frozen=True)
class Worth:
    """k(n) = n' / n with L_A(n') = L_B(n): by what factor B at size n saves data, next to A.

    draws (size, sizes): k of each pair of drawn curves. inf where A does not reach the loss by NEVER times its data, 0
    where it had it a factor BELOW under its smallest size; below 1 where B is worse. median, low, high (sizes,): of
    the draws, the interval at `confidence`. p_better (sizes,): probability that k > 1, that is that B is better at n.
    grade (sizes,): good, fair, poor or cannot say; reason (sizes,): why it cannot be said, else "". bound (sizes,):
    "least" where the median lies so far beyond A's data that only `low` can be told, "most" where it lies below them
    and only `high` can, else "".
    """

    n: np.ndarray
    draws: np.ndarray
    median: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p_better: np.ndarray
    confidence: float
    grade: tuple[str, ...]
    reason: tuple[str, ...]
    bound: tuple[str, ...]


def worth(a: Predictive, b: Predictive, n, *, confidence=0.9, size=2000, seed=0, names=("A", "B")) -> Worth:
    """What switching from A to B is worth at sizes n (a number or (sizes,)), in multiples of the data.

    Row i of the draws comes from the i-th of `drawn_curves` of A (seed, 0) and B (seed, 1), which are independent. A
    loss counts as reached from the smallest size on at which a curve is at or below it (running minimum), since data
    can be left out. names: of A and B, for the reasons. FitError for a size or confidence out of range.

    Measured by benchmarks/compare.py: on published curves forecasts of two architectures on one dataset miss nearly
    independently (correlation 0.13 tabular, -0.12 vision), and 90 % intervals hold 93-97 % of the multipliers, 80-95 %
    of those up to 2 n whose truth is known on both sides. On synthetic power laws they are too wide (95-100 %): those
    bend less than real curves.

    k is the horizontal distance of the two learning curves. For pure power laws with one exponent, a_A n^-b and
    a_B n^-b (as Hestness et al. 2017 find: a better model shifts the curve and leaves b), it is (a_A / a_B)^(1/b) at
    every n.
    """
    check_confidence(confidence)
    n = check_positive("n", n)
    target = _reached(b, n, size, (seed, 1))
    sizes = np.unique(np.concatenate([_grid(a, a.curve.n[-1] * NEVER), n[n > a.curve.n[0] / BELOW]]))
    losses = np.minimum.accumulate(drawn_curves(a, sizes, size, (seed, 0)), axis=1)
    draws = np.exp(first_below(np.log(sizes), losses, target)) / n
    low, median, high = (quantile(draws, q) for q in (0.5 - confidence / 2, 0.5, 0.5 + confidence / 2))
    reason = tuple(_reason(a, b, names, *row) for row in zip(n, low, median, high))
    grade = tuple("cannot say" if why else _grade(a, *row) for why, *row in zip(reason, n, low, high))
    bound = tuple(_bound(a, *row) for row in zip(n, low, median, high))
    return Worth(n, draws, median, low, high, (draws > 1).mean(0), float(confidence), grade, reason, bound)


def drawn_curves(found: Predictive, n, size, seed):
    """ln loss of `size` random curves at n (sizes,): (size, sizes). seed: whole numbers, a tuple.

    Predictive.draw, and each whole curve moved by the scatter of a measurement (normal, independent of the rest): even
    within the data the level of a curve is hardly known better than one point of it. Without this, 90 % intervals hold
    67-88 % of the multipliers of published curves that are known on both sides.
    """
    chance = (np.random.default_rng((*seed, 1)).permutation(size) + 0.5) / size  # stratified
    return np.log(found.draw(n, size, (*seed, 0))) + found.scatter * norm.ppf(chance)[:, None]


def _reached(found, n, size, seed):
    """Smallest ln loss up to each of n (sizes,) on each of `size` drawn curves: (size, sizes)."""
    sizes = np.unique(np.concatenate([_grid(found, n.max()), n]))
    return np.minimum.accumulate(drawn_curves(found, sizes, size, seed), axis=1)[:, np.searchsorted(sizes, n)]


def first_below(place, losses, target):
    """Place at which each falling curve first is at or below each target: (curves, targets).

    place (points,): increasing, ln n; losses (curves, points): falling, ln loss; target (curves, targets). Linear
    between points; -inf where the first point is below the target already, inf where none is.
    """
    after = (losses[:, None, :] > target[:, :, None]).sum(2)  # index of the first point at or below
    inside = np.clip(after, 1, len(place) - 1)
    row = np.arange(len(losses))[:, None]
    above, below = losses[row, inside - 1], losses[row, inside]
    share = (above - target) / np.maximum(above - below, 1e-300)
    found = place[inside - 1] + np.clip(share, 0, 1) * (place[inside] - place[inside - 1])
    return np.where(after == 0, -np.inf, np.where(after == len(place), np.inf, found))


def _grid(found, largest):
    """CELLS sizes from a factor BELOW under the data to `largest`; also the end of the data, where s has a kink."""
    smallest, end = found.curve.n[0] / BELOW, found.curve.n[-1]
    grid = np.geomspace(min(smallest, largest), largest, CELLS)
    return np.append(grid, end) if end < largest else grid


def quantile(draws, q):
    """Quantile along the first axis; never the mean of two draws, which may be infinite."""
    return np.sort(draws, axis=0)[max(int(np.ceil(q * len(draws))) - 1, 0)]


def _reason(a, b, names, n, low, median, high):
    """Why k(n) cannot be said, or ""."""
    for found, name in zip((a, b), names):
        times = n / found.curve.n[-1]
        if why := lawless(found):
            return Text("{name}: {why}", name=name, why=why)
        if times > FAR:
            return Text("n lies {times:.0f} times beyond the data of {name}, more than 10", times=times, name=name)
    if high <= NARROW * low or _beyond(a, n, low, high):
        return ""
    for found, name, at in zip((a, b), names, (max(n, median * n), n)):
        if found.backtest.miss > MISS and at > found.curve.n[-1]:
            miss = np.expm1(found.backtest.miss)
            return Text(
                "the back-test of {name} misses by {miss:.0%} (root mean square), more than 15%", name=name, miss=miss
            )
    if low >= 1:
        return ""  # that much can be told
    if np.isinf(median):
        return Text("more likely than not no amount of data takes {name} there", name=names[0])
    times = median * n / a.curve.n[-1]
    if times > FAR:
        return Text("{name} gets there {times:.0f} times beyond its data, more than 10", name=names[0], times=times)
    return ""


def _bound(a, n, low, median, high):
    """The end of the interval that alone can be told, or ""."""
    if high <= NARROW * low:
        return ""
    if median * n > FAR * a.curve.n[-1]:
        return "least"
    return "most" if median * n < a.curve.n[0] and high < 1 else ""


def _beyond(a, n, low, high):
    """Whether all of the interval lies where A's curve is not known: more than FAR times its data, or far below."""
    return low * n > FAR * a.curve.n[-1] or high * n < a.curve.n[0]


def _grade(a, n, low, high):
    """By the interval's width; "more than" or "less than" what A's data tell is fair."""
    if _beyond(a, n, low, high):
        return "fair"
    return next((grade for grade, limit in GRADES.items() if high <= limit * low), "poor")
