"""The functional forms of learning curves: value(n) = scale * shape(n) + floor.

Sizes enter as x = n / n_max, so every form and every search range moves with the units of n.
Each shape falls from its value at x = 0 towards 0; scale and floor are found in closed form
(analysis/curves/projection.py).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np


@dataclass(frozen=True)
class Form:
    """value(n) = scale * shape(n / n_max, *parameters) + floor.

    name: as in the sources.
    shape: x (points,), *parameters (..., 1), which broadcast -> (..., points).
    axes: smallest x -> one increasing, geometric array per parameter.
    floored: whether the floor may be above 0.
    late: *parameters (k,) -> (k,) the exponent with which the shape falls in the end.
    """

    name: str
    shape: Callable[..., np.ndarray]
    axes: Callable[[float], tuple[np.ndarray, ...]]
    floored: bool = True
    late: Callable[..., np.ndarray] = lambda first, *_: first


def _raised(x: np.ndarray, exponent: np.ndarray) -> np.ndarray:
    """x ** exponent, kept between e^-300 and e^300 so that its square is a number."""
    return np.exp(np.clip(exponent * np.log(x), -300, 300))


def _power(x: np.ndarray, b: np.ndarray) -> np.ndarray:
    return _raised(x, -b)


def _shifted_power(x: np.ndarray, b: np.ndarray, d: np.ndarray) -> np.ndarray:
    return _raised((x + d) / (1 + d), -b)


def _bounded_power(x: np.ndarray, b: np.ndarray, d: np.ndarray) -> np.ndarray:
    return _raised((1 / x + d) / (1 + d), b)


def _hill(x: np.ndarray, d: np.ndarray, h: np.ndarray) -> np.ndarray:
    return 1 / (1 + _raised(x / h, d))


def _broken(
    x: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray, f: np.ndarray
) -> np.ndarray:
    bend = (1 + _raised(x / d, 1 / f)) / (1 + _raised(1 / d, 1 / f))
    return _raised(x, -b) * _raised(bend, -c * f)


LOGIT = 60 * np.sinh(np.linspace(-5, 5, 2001)) / np.sinh(5)  # dense at 0, where ln u bends
LN_U = -np.logaddexp(0, -LOGIT)
LN_REST = -np.logaddexp(0, LOGIT)  # ln(1 - u)


def _saturating(x: np.ndarray, c: np.ndarray, alpha: np.ndarray, h: np.ndarray) -> np.ndarray:
    """u in (0, 1) with u / (1 - u)**alpha = (x / h)**-c.

    Read from a table of logit u for each alpha.
    """
    ln_v, alpha = np.broadcast_arrays(-c * np.log(x / h), alpha)
    u = np.empty(ln_v.shape)
    for value in np.unique(alpha[..., 0]):
        these = alpha == value
        # ln u - alpha ln(1 - u) increases
        u[these] = np.interp(ln_v[these], LN_U - value * LN_REST, LN_U)
    return np.exp(u)


@lru_cache
def _span(low: float, high: float, count: int) -> np.ndarray:
    return np.geomspace(low, high, count)


# a n^-b: power law; Alabdulmohsin et al. 2022, table 1
M1 = Form("M1", _power, lambda first: (_span(0.004, 5, 60),), floored=False)

# a n^-b + c: power law with floor; Hestness et al. 2017
M2 = Form("M2", _power, lambda first: (_span(0.004, 5, 60),))

# a (1/n + d)^b + c: Alabdulmohsin et al. 2022, M3
M3 = Form(
    "M3",
    _bounded_power,
    lambda first: (_span(0.02, 5, 24), _span(0.01, 10 / first, 16)),
)

# a (n + d)^-b + c: Viering & Loog 2022, table 1
POW4 = Form(
    "pow4",
    _shifted_power,
    lambda first: (_span(0.02, 20, 26), _span(first / 10, 10, 18)),
)

# a / (1 + (n/h)^d) + c: Morgan-Mercer-Flodin; Viering & Loog 2022; M4 with alpha = 1
MMF4 = Form(
    "MMF4",
    _hill,
    lambda first: (_span(0.05, 5, 24), _span(first / 30, 30, 24)),
)

# (value - c) / (e0 - value)^alpha = k n^-b: Alabdulmohsin et al. 2022, M4
M4 = Form(
    "M4",
    _saturating,
    lambda first: (_span(0.03, 5, 14), _span(0.15, 6, 6), _span(first / 30, 30, 12)),
)

# a n^-b (1 + (n/d)^(1/f))^(-c f) + floor: one break; Caballero et al. 2023, equation 1
BROKEN = Form(
    "BNSL",
    _broken,
    lambda first: (
        _span(0.005, 3, 11),
        _span(0.01, 3, 9),
        _span(min(first * 1.5, 0.5), 0.7, 8),
        np.array([0.1, 0.3, 1.0]),
    ),
    late=lambda b, c, *_: b + c,
)
