"""How well every curve of one form agrees with the measurements: a posterior on a grid that narrows itself."""

from dataclasses import dataclass

import numpy as np

from analysis.fits.projection import NEAR

FLOORS = 17  # values of the floor per shape
PASSES = 4  # grids per form, each spanning what the last one left plausible
CURVES = 400  # curves kept per form
KEEP = 9.0  # nats below the best cell at which a cell is dropped from the next grid


@dataclass(frozen=True)
class Posterior:
    """Curves scale * shape(x, *parameters) + floor of one form and their probabilities (sum 1)."""

    form: object
    parameters: np.ndarray  # (parameters, curves)
    scale: np.ndarray  # (curves,)
    floor: np.ndarray  # (curves,)
    weight: np.ndarray  # (curves,)
    evidence: float  # ln of the likelihood averaged over the prior: uniform in ln parameters and in the floor

    def loss(self, x, curves=slice(None)):
        """Losses (curves, sizes) at sizes x = n / n_max."""
        parameters = self.parameters[:, curves, None]
        return self.scale[curves, None] * self.form.shape(x, *parameters) + self.floor[curves, None]


def posterior(form, x, loss, error) -> Posterior:
    """Posterior of `form` given losses (points,) at x with relative standard errors `error`, their scale unknown.

    With one pseudo-measurement of that scale the likelihood is Student's: (1 + squares) ** -((points + 1) / 2).
    """
    axes, limit = list(form.axes(x[0])), (1 - NEAR) * loss.min()
    floors = np.linspace(0, limit, FLOORS) if form.floored else np.zeros(1)
    prior = _volume(axes, floors)
    for left in reversed(range(PASSES)):
        cells = np.stack([grid.ravel() for grid in np.meshgrid(*axes, indexing="ij")])
        scale, squares = _best_scale(form.shape(x, *cells[:, :, None]), loss, error, floors)
        logs = -(len(x) + 1) / 2 * np.log1p(squares)
        if left:
            near = logs > logs.max() - KEEP
            axes = _narrow_axes(axes, near.any(1))
            floors = _narrow(floors, near.any(0), np.linspace) if form.floored else floors
    weight = np.exp(logs - logs.max())
    evidence = logs.max() + np.log(weight.mean()) + _volume(axes, floors) - prior
    k, j = np.nonzero(weight > 1e-4)
    k, j, kept = _sample(k, j, weight[k, j] / weight[k, j].sum())
    return Posterior(form, cells[:, k], scale[k, j], floors[j], kept, float(evidence))


def _sample(k, j, weight):
    """At most CURVES of the cells, every (1 / CURVES)th of the probability one of them: no random numbers."""
    if len(weight) <= CURVES:
        return k, j, weight
    picked = np.searchsorted(weight.cumsum(), (np.arange(CURVES) + 0.5) / CURVES * weight.sum())
    picked, times = np.unique(np.minimum(picked, len(weight) - 1), return_counts=True)
    return k[picked], j[picked], times / CURVES


def _best_scale(shapes, loss, error, floors):
    """The scale >= 0 that fits best and its squared relative residuals: two arrays (shapes, floors)."""
    weight = 1 / (error * loss)
    shapes, rest = shapes * weight, (loss - floors[:, None]) * weight
    along = np.maximum(shapes @ rest.T, 0)
    scale = along / (shapes**2).sum(1)[:, None]
    return scale, np.maximum((rest**2).sum(1) - scale * along, 0)


def _narrow_axes(axes, near):
    box = near.reshape([len(axis) for axis in axes])
    others = [tuple(j for j in range(len(axes)) if j != i) for i in range(len(axes))]
    return [_narrow(axis, box.any(other), np.geomspace) for axis, other in zip(axes, others, strict=True)]


def _narrow(axis, inside, space):
    """As many values between the neighbours of the outermost ones inside; an axis of three is a choice, and stays."""
    if len(axis) <= 3:
        return axis
    first, last = np.flatnonzero(inside)[[0, -1]]
    return space(axis[max(first - 1, 0)], axis[min(last + 1, len(axis) - 1)], len(axis))


def _volume(axes, floors):
    """ln of the volume a grid spans: in ln parameters and in the floor, axes of choices left out."""
    lengths = [np.log(axis[-1] / axis[0]) for axis in axes if len(axis) > 3]
    return np.log(lengths + [np.ptp(floors)] * (len(floors) > 1)).sum()
