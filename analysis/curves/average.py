"""Bayesian model average of the forms over one curve, in ln value.

Points count less the further they lie before the last size (drift): no form holds over the
whole range, and the points near the end say most about what follows. On the tabular
development curves this takes the mean RMSLE of the power law with floor from 0.25 to 0.16.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from analysis.curves.curve import Curve
from analysis.curves.forms import BROKEN, M1, M2, M4, POW4
from analysis.curves.posterior import Posterior, posterior

FORMS = (M1, M2, M4, BROKEN)
PRIOR = np.array([4, 4, 1, 4]) / 13  # before the data; M4 bends most freely, so least likely
# No form is right, and many points make the least wrong one look certain: each keeps this
# share of its prior probability. So their disagreement stays a part of the width.
HEDGE = 0.15
SCOUTS = (M2, POW4)  # quick forms that choose between the errors below
# (scatter of a measurement, drift of the curve from any form per factor e in n before the last
# size): relative. The last two let a curve that one law describes over its whole range, as of
# language models, keep all of its points.
ERRORS = (
    (0.004, 0.02),
    (0.005, 0.08),
    (0.02, 0.03),
    (0.05, 0.05),
    (0.004, 0.003),
    (0.02, 0.004),
)

Errors = tuple[float, float]  # one of these, or between them


class Moments(Protocol):
    """What tells a curve's mean and standard deviation."""

    def moments(self, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of ln value at sizes n: two arrays (sizes,)."""


@dataclass(frozen=True)
class Average:
    """Weighted curves: ln value is averaged over the forms and within each.

    n_max: the largest size of the curve.
    posteriors: of each form, with the probability of each of its curves.
    weights: (forms,) by evidence, sum 1.
    """

    n_max: float
    posteriors: tuple[Posterior, ...]
    weights: np.ndarray

    def moments(self, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of ln value at sizes n: two arrays (sizes,)."""
        parts = [
            (weight, part.weight, np.log(part.values(n / self.n_max)))
            for weight, part in zip(self.weights, self.posteriors)
        ]
        mean = sum(w * (inner @ logs) for w, inner, logs in parts)
        variance = sum(w * (inner @ (logs - mean) ** 2) for w, inner, logs in parts)
        return mean, np.sqrt(variance)


def average(curve: Curve, errors: Errors) -> Average:
    """Posterior of every form and its weight; curve: thinned, if it was dense."""
    x = curve.n / curve.n[-1]
    error = _error(x, curve, errors)
    parts = tuple(posterior(form, x, curve.value, error) for form in FORMS)
    evidence = np.array([part.evidence for part in parts])
    weights = np.exp(evidence - evidence.max()) * PRIOR
    weights = HEDGE * PRIOR + (1 - HEDGE) * weights / weights.sum()
    return Average(float(curve.n[-1]), parts, weights)


def choose_errors(curve: Curve) -> Errors:
    """The mean of ERRORS in logs, weighted by what the scouts explain."""
    x = curve.n / curve.n[-1]
    evidence = []
    for errors in ERRORS:
        error = _error(x, curve, errors)
        parts = [posterior(form, x, curve.value, error).evidence for form in SCOUTS]
        evidence.append(np.logaddexp.reduce(parts) - np.log(error).sum())
    weights = np.exp(np.array(evidence) - max(evidence))
    scatter, drift = np.exp(weights @ np.log(ERRORS) / weights.sum())
    return float(scatter), float(drift)


def _error(x: np.ndarray, curve: Curve, errors: Errors) -> np.ndarray:
    scatter, drift = errors
    return np.sqrt(scatter**2 + curve.error**2 + (drift * np.log(x)) ** 2)
