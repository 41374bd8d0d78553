"""How well each exponent explains a learning curve, and curves as they would be measured anew: what tests need."""

from dataclasses import dataclass

import numpy as np

from analysis.fits.curve import Curve
from analysis.fits.projection import NEAR, fit_shape
from analysis.powerlaw import EXPONENTS, PRIOR_SCATTER

FINE = 41  # exponents tried around the best one
PLAUSIBLE = 9.0  # rise of the squares, in variances, up to which an exponent is around the best one


@dataclass(frozen=True)
class Profile:
    """A curve's power-law region and the weights of its points, for fits of a x^-b + c with b given.

    weight (points,): 1 / standard error in units of loss, outliers played down as in fit_power_law. x = n / middle.
    """

    curve: Curve
    x: np.ndarray
    weight: np.ndarray

    @property
    def free(self):
        """Degrees of freedom left; outliers count in part."""
        return max((self.weight * self.curve.error * self.curve.loss).sum() - 3, 1)

    def squares(self, b, losses):
        """Weighted sum of squares (curves, exponents) of the best scale >= 0 and floor >= 0 for exponents b.

        losses (curves, points). The floor stays below each curve's smallest loss; for a given b the squares are convex
        in it, so the best floor allowed is the best of all, clipped.
        """
        a, c = self.fit(b, losses)
        w = self.weight**2
        gg, ones, y1 = self._shapes(b) ** 2 @ w, w.sum(), (losses @ w)[:, None]
        return np.maximum(((losses**2) @ w)[:, None] - 2 * c * y1 + c**2 * ones - a**2 * gg, 0)

    def fit(self, b, losses):
        """The best scale and floor: two arrays (curves, exponents)."""
        w, shapes = self.weight**2, self._shapes(b)
        gg, g1, ones = shapes**2 @ w, shapes @ w, w.sum()
        gy, y1 = (losses * w) @ shapes.T, (losses @ w)[:, None]
        free = (gg * y1 - g1 * gy) / np.maximum(gg * ones - g1**2, 1e-300)
        c = np.clip(free, 0, (1 - NEAR) * losses.min(1)[:, None])
        return np.maximum(gy - c * g1, 0) / gg, c

    def variance(self, squares, least=0.0):
        """Variance of a point in squared standard errors, from the squares (curves, exponents): (curves,).

        What the replicates say is 1; it is more where even the best exponent leaves more.
        """
        return np.maximum(squares.min(1) / self.free, max(least, 1))

    def measured(self, b):
        """Squares over their variance of the curve itself: (exponents,).

        As in fit_power_law one pseudo-measurement of PRIOR_SCATTER keeps a curve that happens to be fitted exactly from
        looking certain.
        """
        squares = self.squares(b, self.curve.loss[None])
        prior = PRIOR_SCATTER**2 / np.median(self.curve.error) ** 2
        return squares[0] / self.variance(squares, prior / (self.free + 1))[0]

    def scaled(self, b, losses):
        """Squares over their variance: (curves, exponents)."""
        squares = self.squares(b, losses)
        return squares / self.variance(squares)[:, None]

    def around(self):
        """FINE exponents that span the plausible ones."""
        rise = self.scaled(EXPONENTS, self.curve.loss[None])[0]
        first, last = np.flatnonzero(rise <= rise.min() + PLAUSIBLE)[[0, -1]]
        return np.geomspace(EXPONENTS[max(first - 1, 0)], EXPONENTS[min(last + 1, len(EXPONENTS) - 1)], FINE)

    def measured_anew(self, b, size, random):
        """`size` curves (size, points) as they would be measured if the exponent were b."""
        (a,), (c,) = (values[0] for values in self.fit(np.array([b]), self.curve.loss[None]))
        (variance,) = self.variance(self.squares(EXPONENTS, self.curve.loss[None]))
        noise = random.standard_normal((size, len(self.x))) * np.sqrt(variance) / self.weight
        return np.maximum(a * self.x**-b + c + noise, NEAR * self.curve.loss.min())

    def _shapes(self, b):
        return self.x ** -np.asarray(b)[:, None]


def profile(curve: Curve) -> Profile:
    """Profile of a curve whose head near the best guess is cut off already."""
    x = curve.n / np.exp(np.log(curve.n).mean())
    *_, weight = fit_shape(lambda b: x ** -b[:, None], [EXPONENTS], curve.loss, curve.error)
    return Profile(curve, x, weight)
