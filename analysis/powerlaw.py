"""The power law with a floor, and its fit (Hestness et al. 2017, section 3)."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import f as f_distribution
from scipy.stats import t as student

from analysis.fits.curve import Curve, FitError, check_confidence, read_curve, remembered, thinned
from analysis.fits.projection import NEAR, fit_shape
from analysis.language import Text

EXPONENTS = np.geomspace(0.005, 5, 160)
PRIOR_SCATTER = 0.01  # relative: a first guess of the scatter about the law, worth one more measurement
FIRM = 0.1  # a floor is identified if its interval stays above this share of the smallest loss
LEAST_SEEDS = 3  # data seeds, from which on leaving one out tells how far whole subsets move the fit
DENSE = 60  # points, above which the head is looked for on a thinned curve
HEAD_GAIN = 6.0  # how many times smaller the variance must get before points are called head and left out


@dataclass(frozen=True)
class PowerLaw:
    """loss(n) = a * n**-b + c

    a: scale, in units of loss; b > 0: exponent; 0 <= c < smallest loss: floor, in units of loss.
    b_low .. c_high: profile-likelihood intervals at `confidence`. n_min, n_max, points: the sizes fitted (a head near
    the best guess is left out). residual: root mean square of ln(measured) - ln(fitted) there.
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
    warnings: tuple[str, ...] = ()

    def __call__(self, n):
        """Loss expected at n (a number or an array)."""
        return self.a * np.asarray(n, dtype=float) ** -self.b + self.c


def fit_power_law(n, loss, *, se=None, confidence=0.9, data_seed=None) -> PowerLaw:
    """Fit a * n**-b + c to a learning curve.

    n (points,): numbers of training examples; loss (points,): loss in nats or error as a fraction; both positive, in
    any order; a size may repeat (replicates). se (points,): standard error of each loss, nan where unknown.
    confidence: of the intervals of b and c. data_seed (points,): which subset each loss comes from, None if unknown.
    FitError for fewer than 3 distinct sizes or a wrong value.

    Relative errors are weighted and their Huber losses summed (Besiroglu et al. 2024 on what averaging does); a and c
    follow in closed form from b. Intervals are profile likelihoods on the F scale with one pseudo-measurement of
    scatter, so that three points, which fit exactly, do not look certain. Subsets of one data seed are nested, so the
    losses of neighbouring sizes err together, which profiles do not see: where three data seeds or more have every
    size, the intervals also hold the jackknife over whole data seeds (Efron & Tibshirani 1993, chapter 11).
    """
    check_confidence(confidence)
    curve = read_curve(n, loss, se)
    start = head_length(curve)
    used = curve.cut(slice(start, None))
    (b,), a, c, weight = _fit(used)
    middle = _middle(used.n)
    (b_low, b_high), (c_low, c_high) = _profiles(used, weight, b, c, confidence)
    if data_seed is not None:
        spread_b, spread_c = _jackknife(n, loss, se, data_seed, used.n[0], confidence)
        b_low, b_high = max(min(b_low, b - spread_b), EXPONENTS[0]), min(max(b_high, b + spread_b), EXPONENTS[-1])
        c_low, c_high = max(min(c_low, c - spread_c), 0.0), min(max(c_high, c + spread_c), used.loss.min())
    law = PowerLaw(
        a=float(a * middle**b), b=float(b), c=float(c),
        b_low=float(b_low), b_high=float(b_high), c_low=float(c_low), c_high=float(c_high),
        confidence=float(confidence), n_min=float(used.n[0]), n_max=float(used.n[-1]), points=len(used), residual=0.0,
    )  # fmt: skip
    residual = float(np.sqrt(np.mean(np.log(used.loss / law(used.n)) ** 2)))
    return PowerLaw(**{**law.__dict__, "residual": residual, "warnings": _warnings(curve, start, law, residual)})


@remembered
def head_length(curve: Curve) -> int:
    """How many of the first points belong to the head near the best guess, which no power law describes.

    Points are head if a law through the rest is far closer to the rest (HEAD_GAIN in variance) and the points lie
    below its continuation: losses near the best guess saturate. At most half, and five points always remain.
    """
    few = thinned(curve, DENSE)
    if len(few) < len(curve):
        head = head_length(few)
        return int((curve.n < np.sqrt(few.n[head - 1] * few.n[head])).sum()) if head else 0
    scatter, head = _scatter(curve)[0], 0
    for start in range(1, min(len(curve) // 2, len(curve) - 5) + 1):
        rest = curve.cut(slice(start, None))
        variance, (b, a, c) = _scatter(rest)
        continued = a * (curve.n[:start] / _middle(rest.n)) ** -b + c
        if scatter > HEAD_GAIN * variance and (curve.loss[:start] < continued).all():
            scatter, head = variance, start
    return head


def _middle(n):
    return np.exp(np.log(n).mean())


def _fit(curve):
    x = curve.n / _middle(curve.n)
    return fit_shape(lambda b: x ** -b[:, None], [EXPONENTS], curve.loss, curve.error)


def _scatter(curve):
    """Variance of the residuals in standard errors, with one pseudo-measurement; and the fit (b, a, c)."""
    (b,), a, c, weight = _fit(curve)
    fitted = a * (curve.n / _middle(curve.n)) ** -b + c
    squares = (((curve.loss - fitted) * weight) ** 2).sum()
    return (squares + _prior(curve)) / (max(len(curve) - 3, 0) + 1), (b, a, c)


def _prior(curve):
    """PRIOR_SCATTER squared, in standard errors of the points."""
    return PRIOR_SCATTER**2 / np.median(curve.error) ** 2


def _profiles(curve, weight, b, c, confidence):
    """Intervals of b and c: where the sum of squares, minimal over the others, stays within the F threshold."""
    grid_b = np.union1d(EXPONENTS, np.clip(b * np.exp(np.linspace(-0.3, 0.3, 121)), EXPONENTS[0], EXPONENTS[-1]))
    limit = (1 - NEAR) * curve.loss.min()
    grid_c = np.union1d(np.linspace(0, limit, 201), np.clip(c + limit * np.linspace(-0.05, 0.05, 41), 0, limit))
    squares = _squares(curve, weight, grid_b, grid_c)
    # points, those that the Huber loss plays down in part
    counted = (weight * curve.error * curve.loss).sum()
    free = max(counted - 3, 1)
    variance = (squares.min() + _prior(curve)) / free
    threshold = squares.min() + variance * f_distribution.ppf(confidence, 1, free)
    return _span(grid_b, squares.min(1) <= threshold, b), _span(grid_c, squares.min(0) <= threshold, c)


def _jackknife(n, loss, se, data_seed, n_min, confidence):
    """Half widths of the intervals of b and c from leaving out one data seed at a time; 0 where they cannot tell."""
    n, loss, data_seed = (np.asarray(values) for values in (n, loss, data_seed))
    se = np.full(len(n), np.nan) if se is None else np.asarray(se, dtype=float)
    used = n >= n_min
    seeds = np.unique(data_seed[used])
    complete = all(set(n[used & (data_seed == seed)]) == set(n[used]) for seed in seeds)
    if len(seeds) < LEAST_SEEDS or not complete:
        return 0.0, 0.0
    fits = []
    for seed in seeds:
        rest = used & (data_seed != seed)
        (b,), _, c, _ = _fit(read_curve(n[rest], loss[rest], se[rest]))
        fits.append((b, c))
    variance = (len(seeds) - 1) * np.var(fits, axis=0)
    return student.ppf(0.5 + confidence / 2, len(seeds) - 1) * np.sqrt(variance)


def _squares(curve, weight, grid_b, grid_c):
    """Weighted sum of squares for each (b, c), the scale at its best: (len(grid_b), len(grid_c))."""
    w = weight**2
    shapes = (curve.n / _middle(curve.n)) ** -grid_b[:, None]
    rest = curve.loss - grid_c[:, None]  # (c, points)
    gg, gr = shapes**2 @ w, shapes @ (w * rest).T
    return np.maximum((rest**2 @ w)[None, :] - np.maximum(gr, 0) ** 2 / gg[:, None], 0)


def _span(grid, inside, best):
    kept = np.append(grid[inside], best)
    return float(kept.min()), float(kept.max())


def _warnings(curve, start, law, residual):
    notes = []
    if start:
        notes.append(
            Text(
                "sizes up to n = {n:,.0f} are left out: the power law begins where the curve bends",
                n=curve.n[start - 1],
            )
        )
    if law.points == 3:
        notes.append(Text("3 points fit any power law exactly: the intervals rest on an assumed scatter"))
    if law.c_low <= FIRM * curve.loss.min():
        span = {"low": law.c_low, "high": law.c_high}
        notes.append(Text("the floor is not identified: anything from {low:.3g} to {high:.3g} fits", **span))
    if law.b_low <= EXPONENTS[0] or law.b_high >= EXPONENTS[-1]:
        span = {"low": EXPONENTS[0], "high": EXPONENTS[-1]}
        notes.append(Text("the exponent's interval reaches the end of the search, {low:g} to {high:g}", **span))
    if residual > 0.1:
        notes.append(Text("ill-behaved: points lie {residual:.0%} off the law on average", residual=residual))
    return tuple(notes)


__all__ = ["FitError", "PowerLaw", "fit_power_law", "head_length"]
