"""How well each curve of one form agrees with the measurements.

A posterior on a grid that narrows itself.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from analysis.curves.forms import Form
from analysis.curves.projection import NEAR

FLOORS = 17  # values of the floor per shape
PASSES = 4  # grids per form, each spanning what the last one left plausible
CURVES = 400  # curves kept per form
KEEP = 9.0  # nats below the best cell at which a cell is dropped from the next grid

# Exponents before the data: ln b is Student's t with FREEDOM degrees about ln EXPONENT, with
# scale SMALLER below and LARGER above. Hestness et al. 2017 report 0.07 to 0.49; the tails let
# the curves of language models (0.04) and of steep tables (above 1) be.
EXPONENT = 0.45
SMALLER = 0.5
LARGER = 0.8
FREEDOM = 4
# log density of Student's t at 0
AT_ZERO = gammaln((FREEDOM + 1) / 2) - gammaln(FREEDOM / 2) - np.log(FREEDOM * np.pi) / 2
PEAK = AT_ZERO - np.log((SMALLER + LARGER) / 2)

Grid = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Posterior:
    """Curves scale * shape(x, *parameters) + floor of one form, and their probabilities.

    form: the form.
    parameters: (parameters, curves).
    scale, floor: (curves,).
    weight: (curves,) probability, sum 1.
    evidence: ln of the likelihood averaged over the prior, which is uniform in the floor and
        in ln parameters, but for the exponent in the end.
    """

    form: Form
    parameters: np.ndarray
    scale: np.ndarray
    floor: np.ndarray
    weight: np.ndarray
    evidence: float

    def values(self, x: np.ndarray, curves: slice | np.ndarray = slice(None)) -> np.ndarray:
        """Values (curves, sizes) at sizes x = n / n_max."""
        shapes = self.form.shape(x, *self.parameters[:, curves, None])
        return self.scale[curves, None] * shapes + self.floor[curves, None]


def posterior(form: Form, x: np.ndarray, value: np.ndarray, error: np.ndarray) -> Posterior:
    """Posterior of `form` given measurements whose scale of error is unknown.

    x: (points,) n / n_max.
    value, error: (points,) measured, and its relative standard error.

    With one pseudo-measurement of that scale the likelihood is Student's:
    (1 + squares) ** -((points + 1) / 2).
    """
    axes = list(form.axes(x[0]))
    limit = (1 - NEAR) * value.min()
    floors = np.linspace(0, limit, FLOORS) if form.floored else np.zeros(1)
    whole = _volume(axes, floors)
    exponents = np.log(axes[0][-1] / axes[0][0])  # uniform over them without _exponent_prior
    for left in reversed(range(PASSES)):
        scale, squares = _best_scale(_shapes(form, x, axes), value, error, floors)
        prior = _prior(form, axes) + np.log(exponents)
        logs = prior[:, None] - (len(x) + 1) / 2 * np.log1p(squares)
        if left:
            near = logs > logs.max() - KEEP
            axes = _narrow_axes(axes, near.any(1))
            floors = _narrow(floors, near.any(0)) if form.floored else floors
    weight = np.exp(logs - logs.max())
    evidence = logs.max() + np.log(weight.mean()) + _volume(axes, floors) - whole
    k, j = np.nonzero(weight > 1e-4)
    k, j, kept = _sample(k, j, weight[k, j] / weight[k, j].sum())
    places = np.unravel_index(k, [len(axis) for axis in axes])
    parameters = np.stack([axis[place] for axis, place in zip(axes, places)])
    return Posterior(form, parameters, scale[k, j], floors[j], kept, float(evidence))


# A cell is one combination of values of the axes. What few parameters decide is computed once.


def _shapes(form: Form, x: np.ndarray, axes: list[np.ndarray]) -> np.ndarray:
    """(cells, points)."""
    shapes = form.shape(x, *(grid[..., None] for grid in np.ix_(*axes)))
    whole = (*(len(axis) for axis in axes), len(x))
    return np.broadcast_to(shapes, whole).reshape(-1, len(x))


def _prior(form: Form, axes: list[np.ndarray]) -> np.ndarray:
    """(cells,) ln of the density over ln exponent."""
    prior = _exponent_prior(form.late(*np.ix_(*axes)))
    return np.broadcast_to(prior, [len(axis) for axis in axes]).ravel()


def _exponent_prior(exponent: np.ndarray) -> np.ndarray:
    """ln of the density over ln exponent."""
    away = np.log(exponent / EXPONENT)
    t = away / np.where(away < 0, SMALLER, LARGER)
    return PEAK - (FREEDOM + 1) / 2 * np.log1p(t**2 / FREEDOM)


def _sample(k: np.ndarray, j: np.ndarray, weight: np.ndarray) -> Grid:
    """At most CURVES of the cells, one for each (1 / CURVES)th of the probability.

    No random numbers are drawn.
    """
    if len(weight) <= CURVES:
        return k, j, weight
    places = (np.arange(CURVES) + 0.5) / CURVES * weight.sum()
    picked = np.minimum(np.searchsorted(weight.cumsum(), places), len(weight) - 1)
    picked, times = np.unique(picked, return_counts=True)
    return k[picked], j[picked], times / CURVES


def _best_scale(
    shapes: np.ndarray, value: np.ndarray, error: np.ndarray, floors: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The best scale >= 0 and its squared relative residuals: two arrays (shapes, floors)."""
    weight = 1 / (error * value)
    shapes = shapes * weight
    rest = (value - floors[:, None]) * weight
    along = np.maximum(shapes @ rest.T, 0)
    scale = along / (shapes**2).sum(1)[:, None]
    return scale, np.maximum((rest**2).sum(1) - scale * along, 0)


def _narrow_axes(axes: list[np.ndarray], near: np.ndarray) -> list[np.ndarray]:
    box = near.reshape([len(axis) for axis in axes])
    narrowed = []
    for i, axis in enumerate(axes):
        others = tuple(j for j in range(len(axes)) if j != i)
        narrowed.append(np.exp(_narrow(np.log(axis), box.any(others))))
    return narrowed


def _narrow(axis: np.ndarray, inside: np.ndarray | np.bool_) -> np.ndarray:
    """As many even values between the neighbours of the outermost ones inside.

    An axis of three is a choice, and stays.
    """
    if len(axis) <= 3:
        return axis
    first, last = np.flatnonzero(inside)[[0, -1]]
    low = axis[max(first - 1, 0)]
    high = axis[min(last + 1, len(axis) - 1)]
    return low + (high - low) * np.arange(len(axis)) / (len(axis) - 1)


def _volume(axes: list[np.ndarray], floors: np.ndarray) -> float:
    """ln of the volume a grid spans: in ln parameters and in the floor, without choices."""
    lengths = [np.log(axis[-1] / axis[0]) for axis in axes if len(axis) > 3]
    if len(floors) > 1:
        lengths.append(np.ptp(floors))
    return np.log(lengths).sum()
