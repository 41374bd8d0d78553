"""How well each exponent explains a learning curve, and curves as they would be measured anew.

This is what the tests of exponents need.
"""

from dataclasses import dataclass

import numpy as np

from analysis.curves.curve import Curve
from analysis.curves.power_law import EXPONENTS, PRIOR_SCATTER
from analysis.curves.projection import NEAR, fit_shape

FINE = 41  # exponents tried around the best one
# rise of the squares, in variances, up to which an exponent is around the best one
PLAUSIBLE = 9.0


@dataclass(frozen=True)
class Profile:
    """A curve's power-law region, for fits of a x^-b + c with b given.

    curve: its points.
    x: (points,) n over its geometric mean.
    weight: (points,) 1 / standard error in units of the value, outliers played down as in
        fit_power_law.
    """

    curve: Curve
    x: np.ndarray
    weight: np.ndarray

    @property
    def free(self) -> float:
        """Degrees of freedom left; outliers count in part."""
        return max((self.weight * self.curve.error * self.curve.value).sum() - 3, 1)

    def squares(self, b: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Weighted sum of squares of the best scale >= 0 and floor >= 0: (curves, exponents).

        b: (exponents,).
        values: (curves, points).

        The floor stays below each curve's smallest value; for a given b the squares are convex
        in it, so the best floor allowed is the best of all, clipped.
        """
        a, c = self.fit(b, values)
        w = self.weight**2
        gg = self._shapes(b) ** 2 @ w
        ones = w.sum()
        y1 = (values @ w)[:, None]
        yy = ((values**2) @ w)[:, None]
        return np.maximum(yy - 2 * c * y1 + c**2 * ones - a**2 * gg, 0)

    def fit(self, b: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The best scale and floor: two arrays (curves, exponents)."""
        w = self.weight**2
        shapes = self._shapes(b)
        gg = shapes**2 @ w
        g1 = shapes @ w
        ones = w.sum()
        gy = (values * w) @ shapes.T
        y1 = (values @ w)[:, None]
        free = (gg * y1 - g1 * gy) / np.maximum(gg * ones - g1**2, 1e-300)
        c = np.clip(free, 0, (1 - NEAR) * values.min(1)[:, None])
        return np.maximum(gy - c * g1, 0) / gg, c

    def variance(self, squares: np.ndarray, least: float = 0.0) -> np.ndarray:
        """Variance of a point in squared standard errors: (curves,).

        squares: (curves, exponents).

        What the replicates say is 1; it is more where even the best exponent leaves more.
        """
        return np.maximum(squares.min(1) / self.free, max(least, 1))

    def measured(self, b: np.ndarray) -> np.ndarray:
        """Squares over their variance of the curve itself: (exponents,).

        As in fit_power_law one pseudo-measurement of PRIOR_SCATTER keeps a curve that happens
        to be fitted exactly from looking certain.
        """
        squares = self.squares(b, self.curve.value[None])
        prior = PRIOR_SCATTER**2 / np.median(self.curve.error) ** 2
        return squares[0] / self.variance(squares, prior / (self.free + 1))[0]

    def scaled(self, b: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Squares over their variance: (curves, exponents)."""
        squares = self.squares(b, values)
        return squares / self.variance(squares)[:, None]

    def around(self) -> np.ndarray:
        """FINE exponents that span the plausible ones."""
        rise = self.scaled(EXPONENTS, self.curve.value[None])[0]
        first, last = np.flatnonzero(rise <= rise.min() + PLAUSIBLE)[[0, -1]]
        least = EXPONENTS[max(first - 1, 0)]
        most = EXPONENTS[min(last + 1, len(EXPONENTS) - 1)]
        return np.geomspace(least, most, FINE)

    def measured_anew(self, b: float, size: int, random: np.random.Generator) -> np.ndarray:
        """`size` curves (size, points) as they would be measured if the exponent were b."""
        value = self.curve.value
        scale, floor = self.fit(np.array([b]), value[None])
        (variance,) = self.variance(self.squares(EXPONENTS, value[None]))
        noise = random.standard_normal((size, len(self.x))) * np.sqrt(variance) / self.weight
        law = scale[0, 0] * self.x**-b + floor[0, 0]
        return np.maximum(law + noise, NEAR * value.min())

    def _shapes(self, b: np.ndarray) -> np.ndarray:
        return self.x ** -np.asarray(b)[:, None]


def profile(curve: Curve) -> Profile:
    """Profile of a curve whose head near the best guess is cut off already."""
    x = curve.n / np.exp(np.log(curve.n).mean())
    *_, weight = fit_shape(lambda b: x ** -b[:, None], [EXPONENTS], curve.value, curve.error)
    return Profile(curve, x, weight)
