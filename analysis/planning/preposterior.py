"""What measurements would bring before they are made: how wide an interval would then be.

Preposterior analysis (Raiffa & Schlaifer 1961, Applied Statistical Decision Theory, chapter
4): outcomes are drawn from the predictive distribution, the curve is refitted with each, and
the widths of the intervals are averaged.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.curves.curve import read_points
from analysis.curves.predictive import NEVER, Predictive, predict_curve

# quantiles of a measurement that stand for all of its outcomes
OUTCOMES = (1 / 2, 1 / 6, 5 / 6)
LEAST = 0.02  # a narrowing below this share is within the error of its estimate
SIZES = 150  # at which the chance of having reached a target is asked for

Width = Callable[[Predictive], float]


@dataclass(frozen=True)
class Measurements:
    """What would be measured.

    sizes: (sizes,) examples, rising.
    replicates: trainings of each size.
    longer: whether it is a second search as long as the first, of which the better result
        counts, instead of one more point for each training.
    """

    sizes: np.ndarray
    replicates: int = 1
    longer: bool = False


def width_at(sizes: np.ndarray, confidence: float) -> Width:
    """ln(high / low) of the value, the mean over `sizes`."""
    low = 0.5 - confidence / 2
    high = 0.5 + confidence / 2

    def width(found: Predictive) -> float:
        return float(np.log(found.quantile(sizes, high) / found.quantile(sizes, low)).mean())

    return width


def width_of_target(now: Predictive, target: float, confidence: float) -> Width:
    """ln(high / low) of the examples that reach the target, up to NEVER times the data now."""
    sizes = np.geomspace(now.curve.n[0], now.curve.n[-1] * NEVER, SIZES)
    levels = [0.5 - confidence / 2, 0.5 + confidence / 2]

    def width(found: Predictive) -> float:
        chance = np.maximum.accumulate(found.reached(sizes, target))
        ends = np.interp(levels, chance, np.log(sizes))
        return float(ends[1] - ends[0])

    return width


def asked_width(
    now: Predictive, at: np.ndarray, target: float | None, confidence: float
) -> Width:
    """Of the examples that reach the target, or without one of the value at sizes `at`."""
    if target is None:
        return width_at(at, confidence)
    return width_of_target(now, target, confidence)


def expected_width(
    points: pd.DataFrame, now: Predictive, new: Measurements, width: Width
) -> float:
    """Mean of the width over the outcomes.

    Of the middle one alone, if that already hardly changes it.

    points: of the curve, as analysis/selection.py gives them.
    now: its predictive distribution.
    """
    before = width(now)
    first = width(_after(points, now, new, 0))
    if abs(first - before) < LEAST * before:
        return first
    others = [width(_after(points, now, new, i)) for i in range(1, len(OUTCOMES))]
    return float(np.mean([first, *others]))


def _after(
    points: pd.DataFrame, now: Predictive, new: Measurements, outcome: int
) -> Predictive:
    """The predictive distribution after one outcome, 0 to len(OUTCOMES) - 1.

    A measurement is the predicted value with its uncertainty and the scatter of one training
    on top.
    """
    sizes = new.sizes.astype(float)
    chance = np.array(OUTCOMES)[(outcome + np.arange(len(sizes))) % len(OUTCOMES)]
    middle = now.ln_quantile(sizes, chance, replicates=new.replicates)
    if new.longer:
        fresh = np.exp(middle)[np.searchsorted(sizes, points["n"])]
        better = points.assign(value=np.minimum(points["value"], fresh))
        return predict_curve(read_points(better))
    each = np.exp(middle[:, None] + now.scatter_of_one * _apart(new.replicates))
    added = pd.DataFrame({"n": np.repeat(sizes, new.replicates), "value": each.ravel()})
    return predict_curve(read_points(pd.concat([points, _with_errors(added, points)])))


def _with_errors(added: pd.DataFrame, points: pd.DataFrame) -> pd.DataFrame:
    """The new points with relative standard errors as those of the last ones."""
    last = points.iloc[-1]
    known = {
        name: added["value"] * last[name] / last["value"]
        for name in ("se", "test_se")
        if name in points
    }
    return added.assign(**known)


def _apart(count: int) -> np.ndarray:
    """So many replicates, evenly apart, with mean 0 and standard deviation 1 (count,)."""
    if count == 1:
        return np.zeros(1)
    even = np.linspace(-1, 1, count)
    return even / np.std(even, ddof=1)
