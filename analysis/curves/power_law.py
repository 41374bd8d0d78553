"""The power law with a floor, and its fit (Hestness et al. 2017, section 3)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import fdtri, stdtrit

from analysis.curves.curve import (
    Curve,
    check_confidence,
    read_curve,
    remembered,
    thinned,
    without_each_seed,
)
from analysis.curves.projection import NEAR, fit_shape
from analysis.reasons import Finding, Reason

EXPONENTS = np.geomspace(0.005, 5, 160)
# relative: a first guess of the scatter about the law, worth one more measurement
PRIOR_SCATTER = 0.01
FIRM = 0.1  # a floor is identified if its interval stays above this share of the least value
DENSE = 60  # points, above which the head is looked for on a thinned curve
# how many times smaller the variance must get before points are called head and left out
HEAD_GAIN = 6.0
# a head lies above this share of the way from the floor to the best guess: there the curve is
# as far from the law as from the guess, if (value - floor) / (guess - value) falls as a power
NEAR_GUESS = 0.5
# where the best guess is unknown, only a plateau is a head: above this share of the largest
# value
PLATEAU = 0.9
PARAMETERS = 3  # of a law; as many points fit exactly
ILL_RESIDUAL = 0.1  # relative: points further off the law on average are ill-behaved

Span = tuple[float, float]


@dataclass(frozen=True)
class PowerLaw:
    """value(n) = a * n**-b + c

    a: scale, in units of the value.
    b: exponent, above 0.
    c: floor, in units of the value; 0 or more, below the smallest value measured.
    b_low, b_high, c_low, c_high: profile-likelihood intervals at `confidence`.
    confidence: as asked for.
    n_min, n_max: the sizes fitted; a head near the best guess is left out.
    points: how many they are.
    residual: root mean square of ln(measured) - ln(fitted) there.
    warnings: remarks, each a Finding.
    """

    a: float
    b: float
    c: float
    b_low: float
    b_high: float
    c_low: float
    c_high: float
    confidence: float
    n_min: float
    n_max: float
    points: int
    residual: float
    warnings: tuple[Finding, ...] = ()

    def __call__(self, n: ArrayLike) -> np.ndarray:
        """Value expected at n, a number or an array."""
        return self.a * np.asarray(n, dtype=float) ** -self.b + self.c


@dataclass(frozen=True)
class _Fit:
    """value = a * (n / middle)**-b + c; weight (points,) of the errors."""

    b: float
    a: float
    c: float
    middle: float
    weight: np.ndarray

    def __call__(self, n: np.ndarray) -> np.ndarray:
        return self.a * (n / self.middle) ** -self.b + self.c


def fit_power_law(
    n: ArrayLike,
    value: ArrayLike,
    *,
    se: ArrayLike | None = None,
    test_se: ArrayLike | None = None,
    best_guess: float | None = None,
    confidence: float = 0.9,
    data_seed: ArrayLike | None = None,
) -> PowerLaw:
    """Fit a * n**-b + c to a learning curve.

    n: (points,) numbers of training examples, in any order; a size may repeat (replicates).
    value: (points,) loss in nats or error as a fraction, positive.
    se: (points,) standard error of each value, nan where unknown.
    test_se: (points,) the same over test examples, which replicates share; nan where unknown.
    best_guess: the value without learning, ln(classes) nats say; None if unknown.
    confidence: of the intervals of b and c.
    data_seed: (points,) which subset each value comes from, None if unknown.

    Raises FitError for fewer than 3 distinct sizes or a wrong value.

    Relative errors are weighted and their Huber losses summed (Besiroglu et al. 2024 on what
    averaging does); a and c follow in closed form from b. Intervals are profile likelihoods on
    the F scale with one pseudo-measurement of scatter, so that three points, which fit
    exactly, do not look certain. Subsets of one data seed are nested, so the values of
    neighbouring sizes err together, which profiles do not see: where three data seeds or more
    have every size, the intervals also hold the jackknife over whole data seeds (Efron &
    Tibshirani 1993, chapter 11).
    """
    check_confidence(confidence)
    known: dict[str, Any] = {"se": se, "test_se": test_se, "best_guess": best_guess}
    curve = read_curve(n, value, **known)
    used = curve.cut(slice(head_length(curve), None))
    columns = {"n": n, "value": value, "data_seed": data_seed, **known}
    arrays = {name: np.asarray(one) for name, one in columns.items() if one is not None}
    others = without_each_seed(pd.DataFrame(arrays), used.n[0])
    return fit_curve(curve, used, others, confidence)


def fit_curve(
    curve: Curve, used: Curve, others: Sequence[Curve], confidence: float
) -> PowerLaw:
    """fit_power_law for a checked curve whose head is known.

    used: the curve without its head.
    others: the same without each of the data seeds; empty where they cannot tell.
    """
    fit = _fit(used)
    (b_low, b_high), (c_low, c_high) = _profiles(used, fit, confidence)
    if others:
        spread_b, spread_c = _jackknife(others, confidence)
        b_low = max(min(b_low, fit.b - spread_b), EXPONENTS[0])
        b_high = min(max(b_high, fit.b + spread_b), EXPONENTS[-1])
        c_low = max(min(c_low, fit.c - spread_c), 0.0)
        c_high = min(max(c_high, fit.c + spread_c), used.value.min())
    law = PowerLaw(
        a=float(fit.a * fit.middle**fit.b),
        b=float(fit.b),
        c=float(fit.c),
        b_low=float(b_low),
        b_high=float(b_high),
        c_low=float(c_low),
        c_high=float(c_high),
        confidence=float(confidence),
        n_min=float(used.n[0]),
        n_max=float(used.n[-1]),
        points=len(used),
        residual=0.0,
    )
    misses = np.log(used.value / law(used.n))
    law = replace(law, residual=float(np.sqrt(np.mean(misses**2))))
    return replace(law, warnings=_warnings(curve, len(curve) - len(used), law))


@remembered
def head_length(curve: Curve) -> int:
    """How many of the first points belong to the head near the best guess.

    No power law describes them: values near the best guess saturate. Points are head if they
    lie near it (NEAR_GUESS, or PLATEAU where it is unknown), a law through the rest is far
    closer to the rest (HEAD_GAIN in variance) and the points lie below its continuation. At
    most half, and five points always remain.
    """
    few = thinned(curve, DENSE)
    head = 0
    least, _ = _scatter(few)
    for start in range(1, min(len(few) // 2, len(few) - 5) + 1):
        scatter, law = _scatter(few.cut(slice(start, None)))
        first = few.cut(slice(start))
        if least > HEAD_GAIN * scatter and _saturates(first, law):
            head = start
            least = scatter
    return int((curve.n < np.sqrt(few.n[head - 1] * few.n[head])).sum()) if head else 0


def _saturates(first: Curve, law: _Fit) -> bool:
    """Whether all these points lie below the law of the others, and near the best guess."""
    if (first.value >= law(first.n)).any():
        return False
    if np.isnan(first.best_guess):
        return bool((first.value >= PLATEAU * first.value.max()).all())
    excess = first.value - law.c
    return bool((excess >= NEAR_GUESS * (first.best_guess - law.c)).all())


def _fit(curve: Curve) -> _Fit:
    middle = np.exp(np.log(curve.n).mean())
    x = curve.n / middle
    parameters, a, c, weight = fit_shape(
        lambda b: x ** -b[:, None], [EXPONENTS], curve.value, curve.error
    )
    return _Fit(parameters[0], a, c, middle, weight)


def _scatter(curve: Curve) -> tuple[float, _Fit]:
    """Variance of the residuals in standard errors, one pseudo-measurement added; the fit."""
    fit = _fit(curve)
    squares = (((curve.value - fit(curve.n)) * fit.weight) ** 2).sum()
    return (squares + _prior(curve)) / (max(len(curve) - PARAMETERS, 0) + 1), fit


def _prior(curve: Curve) -> float:
    """PRIOR_SCATTER squared, in standard errors of the points."""
    return PRIOR_SCATTER**2 / np.median(curve.error) ** 2


def _profiles(curve: Curve, fit: _Fit, confidence: float) -> tuple[Span, Span]:
    """Intervals of b and c.

    Where the sum of squares, minimal over the others, stays within the F threshold.
    """
    near = fit.b * np.exp(np.linspace(-0.3, 0.3, 121))
    grid_b = np.union1d(EXPONENTS, np.clip(near, EXPONENTS[0], EXPONENTS[-1]))
    limit = (1 - NEAR) * curve.value.min()
    near = fit.c + limit * np.linspace(-0.05, 0.05, 41)
    grid_c = np.union1d(np.linspace(0, limit, 201), np.clip(near, 0, limit))
    squares = _squares(curve, fit, grid_b, grid_c)
    # points, those that the Huber loss plays down in part
    counted = (fit.weight * curve.error * curve.value).sum()
    free = max(counted - PARAMETERS, 1)
    variance = (squares.min() + _prior(curve)) / free
    threshold = squares.min() + variance * fdtri(1, free, confidence)
    span_b = _span(grid_b, squares.min(1) <= threshold, fit.b)
    span_c = _span(grid_c, squares.min(0) <= threshold, fit.c)
    return span_b, span_c


def _jackknife(others: Sequence[Curve], confidence: float) -> Span:
    """Half widths of the intervals of b and c from leaving out one data seed at a time."""
    fits = [_fit(curve) for curve in others]
    variance = (len(fits) - 1) * np.var([(fit.b, fit.c) for fit in fits], axis=0)
    spread_b, spread_c = stdtrit(len(fits) - 1, 0.5 + confidence / 2) * np.sqrt(variance)
    return spread_b, spread_c


def _squares(curve: Curve, fit: _Fit, grid_b: np.ndarray, grid_c: np.ndarray) -> np.ndarray:
    """Weighted sums of squares at the best scale: (len(grid_b), len(grid_c))."""
    w = fit.weight**2
    shapes = (curve.n / fit.middle) ** -grid_b[:, None]
    rest = curve.value - grid_c[:, None]  # (c, points)
    gg = shapes**2 @ w
    gr = shapes @ (w * rest).T
    return np.maximum((rest**2 @ w)[None, :] - np.maximum(gr, 0) ** 2 / gg[:, None], 0)


def _span(grid: np.ndarray, inside: np.ndarray, best: float) -> Span:
    kept = np.append(grid[inside], best)
    return float(kept.min()), float(kept.max())


def _warnings(curve: Curve, start: int, law: PowerLaw) -> tuple[Finding, ...]:
    notes = []
    if start:
        notes.append(Reason.HEAD_LEFT_OUT(n=float(curve.n[start - 1])))
    if law.points == PARAMETERS:
        notes.append(Reason.FITS_EXACTLY(count=law.points))
    if law.c_low <= FIRM * curve.value.min():
        notes.append(Reason.FLOOR_NOT_IDENTIFIED(low=law.c_low, high=law.c_high))
    if law.b_low <= EXPONENTS[0] or law.b_high >= EXPONENTS[-1]:
        limits = {"low": float(EXPONENTS[0]), "high": float(EXPONENTS[-1])}
        notes.append(Reason.EXPONENT_AT_LIMIT(**limits))
    if law.residual > ILL_RESIDUAL:
        notes.append(Reason.OFF_THE_LAW(residual=law.residual))
    return tuple(notes)
