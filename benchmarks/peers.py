"""What our forecasts are measured against: published forms and plain rules, each fitted alone.

A method takes a Curve and gives a function of sizes n (sizes,) -> values (sizes,).
"""

from dataclasses import replace

import numpy as np
from scipy.stats import norm

from analysis.curves.forms import BROKEN, M1, M2, M3, M4, MMF4, POW4, Form
from analysis.curves.projection import NEAR, fit_shape

RESAMPLES = 60


def _stretched(x, d, h):
    return np.exp(-np.clip((x / h) ** d, 0, 300))


# a exp(-(n/h)^d) + c: exp4 of Viering & Loog 2022, table 1
EXP4 = Form(
    "exp4",
    _stretched,
    lambda first: (np.geomspace(0.05, 3, 24), np.geomspace(first / 10, 30, 24)),
)


def last_value(curve):
    return lambda n: np.full(len(n), curve.value[-1])


def log_linear(curve):
    """value = p + q ln n by relative least squares, kept above NEAR times the least value."""
    weight = 1 / (_error(curve) * curve.value)
    columns = np.stack([np.ones(len(curve)), np.log(curve.n)], 1)
    p, q = np.linalg.lstsq(columns * weight[:, None], curve.value * weight, rcond=None)[0]
    return lambda n: np.maximum(p + q * np.log(n), NEAR * curve.value.min())


def straight(points):
    """A power law through the last `points` points, by least squares in logs."""

    def fit(curve):
        end = curve.cut(slice(-points, None))
        slope, level = np.polyfit(np.log(end.n), np.log(end.value), 1)
        return lambda n: np.exp(level + slope * np.log(n))

    return fit


def fitted(form):
    """The form's best fit alone, by variable projection, grid and zoom, Huber loss summed."""

    def fit(curve):
        top = curve.n[-1]
        parameters, scale, floor, _ = _fit(form, curve)
        return lambda n: scale * form.shape(n / top, *parameters[:, None, None])[0] + floor

    return fit


def of_last_half(method):
    """The method, shown only the later half of the sizes, and three at least."""

    def fit(curve):
        return method(curve.cut(slice(min(len(curve) // 2, len(curve) - 3), None)))

    return fit


def _error(curve):
    return np.hypot(0.01, curve.error)


def _fit(form, curve):
    x = curve.n / curve.n[-1]
    return fit_shape(
        lambda *p: form.shape(x, *(q[:, None] for q in p)),
        form.axes(x[0]),
        curve.value,
        _error(curve),
        floor=form.floored,
        zooms=4,
    )


FORMS = (M1, M2, M3, M4, POW4, MMF4, EXP4, BROKEN)
WHOLE = {"last value": last_value, "log-linear": log_linear}
WHOLE |= {f"last {points}": straight(points) for points in (2, 3, 4)}
WHOLE |= {form.name: fitted(form) for form in FORMS}
PEERS = WHOLE | {f"{name}, half": of_last_half(method) for name, method in WHOLE.items()}


def residual_bootstrap(curve, n, confidence):
    """(low, high) of M2 refitted to its fit plus resampled relative residuals.

    Quantiles of the refits with a residual added.
    """
    random = np.random.default_rng(0)
    base = fitted(M2)(curve)(curve.n)
    residual = curve.value / base - 1
    draws = []
    for _ in range(RESAMPLES):
        drawn = base * (1 + random.choice(residual, len(base)))
        again = replace(curve, value=np.maximum(drawn, NEAR * base))
        draws.append(fitted(M2)(again)(n) * (1 + random.choice(residual)))
    return np.quantile(draws, [0.5 - confidence / 2, 0.5 + confidence / 2], axis=0)


def delta_method(curve, n, confidence):
    """(low, high) of M2 linearised in (ln b, a, c) at its fit, normal, residual variance."""
    top = curve.n[-1]
    (b,), a, c, _ = _fit(M2, curve)

    def gradient(sizes):
        power = (sizes / top) ** -b
        return np.stack([-a * b * power * np.log(sizes / top), power, np.ones(len(sizes))], 1)

    middle = a * (n / top) ** -b + c
    base = a * (curve.n / top) ** -b + c
    weight = 1 / base
    variance = (((curve.value - base) * weight) ** 2).sum() / max(len(curve) - 3, 1)
    inside = gradient(curve.n) * weight[:, None]
    covariance = variance * np.linalg.pinv(inside.T @ inside, rcond=1e-10)
    outer = gradient(n)
    squares = np.einsum("ij,jk,ik->i", outer, covariance, outer) + variance * middle**2
    half = norm.ppf(0.5 + confidence / 2) * np.sqrt(squares)
    return np.maximum(np.stack([middle - half, middle + half]), NEAR * curve.value.min())
