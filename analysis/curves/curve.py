"""A learning curve as the fits see it: checked, sorted, one point per size."""

import math
from collections.abc import Callable
from dataclasses import astuple, dataclass, replace
from threading import Lock
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from cachetools import LRUCache, cached
from numpy.typing import ArrayLike

from analysis.curves.scatter import relative_spread
from analysis.reasons import FitError, Reason

MISFIT = 0.002  # relative: no form is closer than this to a real curve, however small its se
MOST = 40  # points kept of a dense curve
PER_OCTAVE = 2  # points of a curve that are enough for its back-tests
LEAST_CELLS = 8  # points are not thinned below this number
# data seeds, from which on leaving one out tells how far whole subsets move the fit
LEAST_SEEDS = 3
REMEMBERED = 256  # curves of which a result is kept

Found = TypeVar("Found")


@dataclass(frozen=True)
class Curve:
    """Increasing sizes and the mean value of the chosen measure at each.

    n: (points,) sizes, in examples.
    value: (points,) mean over replicates: a loss in nats or an error as a fraction.
    error: (points,) relative standard error of `value`: MISFIT, replicates and test set.
    count: (points,) replicates.
    test: (points,) the share of `error` that the test set brings, which replicates do not
        average out; 0 where it is not known.
    best_guess: what a model reaches that knows nothing, in units of `value`; nan if unknown.
    """

    n: np.ndarray
    value: np.ndarray
    error: np.ndarray
    count: np.ndarray
    test: np.ndarray
    best_guess: float = math.nan

    def __len__(self) -> int:
        return len(self.n)

    @property
    def apart(self) -> np.ndarray:
        """(points,) relative standard deviation of one training, its test set aside."""
        known = self.error**2 - self.test**2 - MISFIT**2
        return np.sqrt(np.maximum(known * self.count, 0))

    def meets(self, target: float, n: float) -> bool:
        """Whether the largest size measured of up to n examples is at or below the target."""
        return bool((self.value[self.n <= n][-1:] <= target).any())

    def cut(self, keep: slice | np.ndarray) -> "Curve":
        """The curve restricted to `keep`, a slice or a mask."""
        columns = ("n", "value", "error", "count", "test")
        return replace(self, **{name: getattr(self, name)[keep] for name in columns})

    def cut_back(self, step: float, reach: float, most: int) -> "list[tuple[Curve, Curve]]":
        """The curve cut at earlier sizes: what was known then, and what came next.

        step: ln n between the cuts, the first of which lies that far before the end.
        reach: how far what came next goes, in ln n; a cut with nothing within it is none.
        most: cuts; at least three points are known at each.
        """
        place = np.log(self.n)
        last = place[-1]
        cuts: list[tuple[Curve, Curve]] = []
        for known in range(len(self) - 1, 2, -1):
            end = int(np.searchsorted(place, place[known - 1] + reach))
            if last - place[known - 1] < step or len(cuts) == most or known >= end:
                continue
            last = place[known - 1]
            cuts.append((self.cut(slice(0, known)), self.cut(slice(known, end))))
        return cuts


def remembered(function: Callable[[Curve], Found]) -> Callable[[Curve], Found]:
    """Memoise by the curve's contents."""
    return cached(LRUCache(REMEMBERED), key=_contents, lock=Lock())(function)


def _contents(curve: Curve) -> tuple[bytes, ...]:
    return tuple(np.asarray(values, dtype=float).tobytes() for values in astuple(curve))


def read_curve(
    n: ArrayLike,
    value: ArrayLike,
    se: ArrayLike | None = None,
    at_least: int = 3,
    *,
    test_se: ArrayLike | None = None,
    best_guess: float | None = None,
) -> Curve:
    """Check a caller's numbers and pool replicates.

    n, value, se, test_se, best_guess: as in `forecast`.
    at_least: how many distinct sizes.

    Raises FitError for a wrong value, and with TOO_FEW_SIZES or NOT_ABOVE_ZERO.
    """
    n = _numbers("n", n)
    value = _numbers("value", value, zero=True)
    _check_length("value", value, n)
    se = _standard_errors("se", se, n)
    test_se = _standard_errors("test_se", test_se, n)
    guess = math.nan if best_guess is None else float(best_guess)
    sizes, index, count = np.unique(n, return_inverse=True, return_counts=True)
    if len(sizes) < at_least:
        raise FitError(Reason.TOO_FEW_SIZES(least=at_least, count=len(sizes)))
    mean = np.bincount(index, value) / count
    if not mean.all():
        raise FitError(Reason.NOT_ABOVE_ZERO(n=float(sizes[mean.argmin()]), value=0.0))
    whole = np.where(value > 0, value, mean[index])  # one of several replicates may be 0
    if se is None:
        share = np.nan_to_num(relative_spread(np.zeros(len(n)), n, value))
    else:
        share = _known_share(se / whole)
    apart = np.bincount(index, share**2) / count**2
    test = np.zeros(len(sizes))
    if test_se is not None:  # all replicates meet the same test set
        test = np.sqrt(np.bincount(index, _known_share(test_se / whole) ** 2) / count)
    error = np.sqrt(MISFIT**2 + apart + test**2)
    return Curve(sizes, mean, error, count, test, guess)


def read_points(points: pd.DataFrame, at_least: int = 3) -> Curve:
    """The curve of one architecture's points, as analysis/selection.py gives them."""
    return read_curve(points["n"], points["value"], at_least=at_least, **known_of(points))


def known_of(points: pd.DataFrame) -> dict[str, Any]:
    """What the points of one architecture tell beside n and value: arguments of `forecast`."""
    known: dict[str, Any] = {name: points.get(name) for name in ("se", "test_se")}
    if "best_guess" in points and len(points):
        known["best_guess"] = float(points["best_guess"].iloc[0])
    return known


def without_each_seed(points: pd.DataFrame, n_min: float) -> list[Curve]:
    """The curve from n_min on, as it would be without each of its data seeds.

    points: of one architecture (analysis/selection.py).

    Empty where data_seed is unknown, has fewer than LEAST_SEEDS values, or where one lacks a
    size. Raises FitError with NOT_ABOVE_ZERO.
    """
    if "data_seed" not in points:
        return []
    points = points[points["n"] >= n_min]
    sizes = points.groupby("data_seed")["n"].agg(set)
    if len(sizes) < LEAST_SEEDS or any(one != set(points["n"]) for one in sizes):
        return []
    return [read_points(points[points["data_seed"] != seed]) for seed in sizes.index]


def thinned(curve: Curve, most: int = MOST) -> Curve:
    """At most `most` points: those that share a cell of the grid in ln n become their mean."""
    if len(curve) <= most:
        return curve
    place = np.log(curve.n / curve.n[0]) / np.log(curve.n[-1] / curve.n[0])
    cell = np.minimum((place * most).astype(int), most - 1)
    _, group, size = np.unique(cell, return_inverse=True, return_counts=True)

    def mean(values: np.ndarray) -> np.ndarray:
        return np.bincount(group, values) / size

    return Curve(
        n=np.exp(mean(np.log(curve.n))),
        value=np.exp(mean(np.log(curve.value))),
        error=mean(curve.error) / np.sqrt(size),
        count=np.bincount(group, curve.count),
        test=mean(curve.test),
        best_guess=curve.best_guess,
    )


def octaves(curve: Curve) -> Curve:
    """At most about PER_OCTAVE points each time n doubles."""
    cells = np.ceil(PER_OCTAVE * np.log2(curve.n[-1] / curve.n[0]))
    return thinned(curve, max(int(cells), LEAST_CELLS))


def check_confidence(confidence: Any) -> None:
    """Raises FitError outside 0 to 1."""
    if not (np.isscalar(confidence) and 0 < confidence < 1):  # type: ignore[operator]
        raise FitError(f"confidence must lie between 0 and 1, got {confidence!r}")


def check_positive(name: str, values: ArrayLike) -> np.ndarray:
    """`values` as an array of positive finite numbers; raises FitError."""
    return _numbers(name, values)


def _numbers(
    name: str, values: ArrayLike, zero: bool = False, missing: bool = False
) -> np.ndarray:
    """A flat array of positive numbers; with `zero` they may be 0, with `missing` nan."""
    try:
        array = np.atleast_1d(np.asarray(values, dtype=float))
    except (TypeError, ValueError):
        raise FitError(f"{name} must hold numbers, got {values!r}") from None
    if array.ndim != 1:
        raise FitError(f"{name} must be one-dimensional, got shape {array.shape}")
    allowed = array >= 0 if zero else array > 0
    good = allowed & np.isfinite(array) | missing & np.isnan(array)
    if not good.all():
        wanted = "zero or positive" if missing else "positive and finite"
        place = int(np.argmin(good))
        raise FitError(f"{name} must be {wanted}, got {array[place]:g} at position {place}")
    return array


def _check_length(name: str, values: np.ndarray, n: np.ndarray) -> None:
    if len(values) != len(n):
        lengths = f"{len(n)} and {len(values)}"
        raise FitError(f"n and {name} must have the same length, got {lengths}")


def _standard_errors(name: str, values: ArrayLike | None, n: np.ndarray) -> np.ndarray | None:
    """None where none is known."""
    if values is None:
        return None
    values = _numbers(name, values, zero=True, missing=True)
    _check_length(name, values, n)
    return None if np.isnan(values).all() else values


def _known_share(share: np.ndarray) -> np.ndarray:
    """Shares in which one that is missing is typical."""
    known = np.isfinite(share)
    typical = np.median(share[known]) if known.any() else 0.0
    return np.where(known, share, typical)
