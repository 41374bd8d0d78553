"""A learning curve as the fits see it: checked, sorted, one point per size."""

from dataclasses import astuple, dataclass
from functools import lru_cache, wraps

import numpy as np

from analysis.fits.scatter import relative_spread
from analysis.language import Text

MISFIT = 0.002  # relative: no form is closer than this to a real curve, however small its se

MOST = 40  # points kept of a dense curve


class FitError(ValueError):
    """The measurements cannot be fitted; the message names the value or the count."""


@dataclass(frozen=True)
class Curve:
    """n, loss: increasing sizes and their mean loss; error: relative standard error of each; count: replicates."""

    n: np.ndarray  # (points,)
    loss: np.ndarray  # (points,)
    error: np.ndarray  # (points,) relative, MISFIT included
    count: np.ndarray  # (points,)

    def __len__(self):
        return len(self.n)

    def meets(self, target, n):
        """Whether the largest size measured of up to n examples is at or below the target loss."""
        return bool((self.loss[self.n <= n][-1:] <= target).any())

    def cut(self, keep):
        """The curve restricted to `keep`, a slice or a mask."""
        return Curve(self.n[keep], self.loss[keep], self.error[keep], self.count[keep])


def remembered(function):
    """Of a Curve seen before `function` says what it found then: another confidence or target asks for no other fit."""

    @lru_cache(maxsize=256)
    def find(*columns: bytes):
        return function(Curve(*map(np.frombuffer, columns)))

    @wraps(function)
    def ask(curve: Curve):
        return find(*(np.asarray(values, dtype=float).tobytes() for values in astuple(curve)))

    return ask


def read_curve(n, loss, se=None, at_least=3):
    """Check a caller's numbers and pool replicates; FitError names what is wrong."""
    n, loss = _numbers("n", n), _numbers("loss", loss, zero=True)
    se = None if se is None else _numbers("se", se, zero=True, missing=True)
    for name, values in (("loss", loss), ("se", se)):
        if values is not None and len(values) != len(n):
            raise FitError(f"n and {name} must have the same length, got {len(n)} and {len(values)}")
    sizes, index, count = np.unique(n, return_inverse=True, return_counts=True)
    if len(sizes) < at_least:
        count = len(sizes)
        raise FitError(Text("needs at least {least} distinct sizes n, got {count}", least=at_least, count=count))
    mean = np.bincount(index, loss) / count
    if not mean.all():
        zero = sizes[mean.argmin()]
        raise FitError(Text("the loss or error at n = {n:,.0f} is 0; only what is above 0 can be fitted", n=zero))
    return Curve(sizes, mean, _relative_error(n, loss, se, index, mean, count), count)


def thinned(curve, most=MOST):
    """At most `most` points: neighbours closer than the curve's length in ln n / most become their mean."""
    if len(curve) <= most:
        return curve
    place = np.log(curve.n / curve.n[0]) / np.log(curve.n[-1] / curve.n[0])
    cell = np.minimum((place * most).astype(int), most - 1)
    _, group, size = np.unique(cell, return_inverse=True, return_counts=True)

    def mean(values):
        return np.bincount(group, values) / size

    n = np.exp(mean(np.log(curve.n)))
    return Curve(
        n,
        np.exp(mean(np.log(curve.loss))),
        mean(curve.error) / np.sqrt(size),
        np.bincount(group, curve.count),
    )


def check_confidence(confidence):
    if not (np.isscalar(confidence) and 0 < confidence < 1):
        raise FitError(f"confidence must lie between 0 and 1, got {confidence!r}")


def check_positive(name, values):
    """`values` as an array of positive finite numbers."""
    return _numbers(name, values)


def _numbers(name, values, zero=False, missing=False):
    """A flat float array of positive numbers; with `zero` they may be 0, with `missing` nan."""
    try:
        values = np.atleast_1d(np.asarray(values, dtype=float))
    except (TypeError, ValueError):
        raise FitError(f"{name} must hold numbers, got {values!r}") from None
    if values.ndim != 1:
        raise FitError(f"{name} must be one-dimensional, got shape {values.shape}")
    good = ((values > 0) | zero & (values == 0)) & np.isfinite(values) | missing & np.isnan(values)
    if not good.all():
        wanted = "zero or positive" if missing else "positive and finite"
        raise FitError(f"{name} must be {wanted}, got {values[~good][0]:g} at position {np.argmin(good)}")
    return values


def _relative_error(n, loss, se, index, mean, count):
    """sqrt(MISFIT² + (se/loss)²) of each size; se as given, else from the scatter between replicates."""
    if se is not None:
        known = np.isfinite(se)
        share = se / np.where(loss > 0, loss, mean[index])  # one of several replicates may be 0
        share = np.where(known, share, np.median(share[known]) if known.any() else 0.0)  # a missing se is typical
    else:
        share = np.nan_to_num(relative_spread(np.zeros(len(n)), n, loss))
    return np.sqrt(MISFIT**2 + np.bincount(index, share**2) / count**2)
