"""How well each exponent explains a learning curve, and curves as they would be measured anew.

This is what the tests of exponents need.
"""

from dataclasses import dataclass

import numpy as np

from analysis.curves.curve import Curve
from analysis.curves.power_law import EXPONENTS, PRIOR_SCATTER
from analysis.curves.projection import NEAR

FINE = 41  # exponents tried around the best one
# rise of the squares, in variances, up to which an exponent is around the best one
PLAUSIBLE = 9.0


@dataclass(frozen=True)
class Profile:
    """A curve's power-law region, for fits of a x^-b + c with b given.

    curve: its points.
    x: (points,) n over its geometric mean.
    weight: (points,) 1 / standard error in units of the value. Outliers are not played down
        as in fit_power_law: weights found on the data would have to be found anew in each
        resampling, or the test rejects too often.
    """

    curve: Curve
    x: np.ndarray
    weight: np.ndarray

    @property
    def free(self) -> float:
        """Degrees of freedom left by scale, exponent and floor."""
        return max(len(self.x) - 3, 1)

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
        y1 = (values @ w)[:, None]
        gy = (values * w) @ shapes.T
        most = (1 - NEAR) * values.min(1)[:, None]
        return _scale_and_floor(shapes**2 @ w, shapes @ w, gy, y1, w.sum(), most)

    def fit_each(self, b: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The best scale and floor of each curve at its own exponent: two arrays (curves,).

        b: (curves,).
        """
        w = self.weight**2
        shapes = self._shapes(b)
        gy = (values * w * shapes).sum(1)
        most = (1 - NEAR) * values.min(1)
        return _scale_and_floor(shapes**2 @ w, shapes @ w, gy, values @ w, w.sum(), most)

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

    def measured_anew(
        self, b: np.ndarray, values: np.ndarray, random: np.random.Generator
    ) -> np.ndarray:
        """Each curve (curves, points) as it would be measured again.

        b: (curves,) the exponent that is taken for each one's truth.
        values: (curves, points) whose scale, floor and scatter are taken for true, too.
        """
        scale, floor = self.fit_each(b, values)
        variance = self.variance(self.squares(EXPONENTS, values))
        noise = random.standard_normal(values.shape) * np.sqrt(variance)[:, None] / self.weight
        law = scale[:, None] * self._shapes(b) + floor[:, None]
        return np.maximum(law + noise, NEAR * self.curve.value.min())

    def _shapes(self, b: np.ndarray) -> np.ndarray:
        return self.x ** -np.asarray(b)[:, None]


def _scale_and_floor(
    gg: np.ndarray,
    g1: np.ndarray,
    gy: np.ndarray,
    y1: np.ndarray,
    ones: float,
    most: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """By the normal equations of y = scale * g + floor, weighted; 0 <= floor <= most."""
    free = (gg * y1 - g1 * gy) / np.maximum(gg * ones - g1**2, 1e-300)
    floor = np.clip(free, 0, most)
    return np.maximum(gy - floor * g1, 0) / gg, floor


def profile(curve: Curve) -> Profile:
    """Profile of a curve, its head near the best guess cut off or kept."""
    x = curve.n / np.exp(np.log(curve.n).mean())
    return Profile(curve, x, 1 / (curve.error * curve.value))
