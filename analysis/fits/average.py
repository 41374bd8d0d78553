"""Bayesian model average of the forms over one curve, in ln loss.

Points count less the further they lie before the last size (drift): no form holds over the whole range, and the
points near the end say most about what follows. On the tabular development curves this takes the mean RMSLE of the
power law with floor from 0.25 to 0.16.
"""

from dataclasses import dataclass

import numpy as np

from analysis.fits.curve import Curve, thinned
from analysis.fits.forms import BROKEN, M1, M2, M3, M4, POW4
from analysis.fits.posterior import posterior

FORMS = (M1, M2, M3, M4, BROKEN)
PRIOR = (15, 4, 1, 1, 1)  # odds before the data: few or noisy points fall back on the plain power law
SCOUTS = (M2, POW4)  # quick forms that choose between the errors below
# (scatter of a measurement, drift of the curve from any form per factor e in n before the last size): relative. The
# last two let a curve that one law describes over its whole range, as of language models, keep all of its points.
ERRORS = ((0.004, 0.02), (0.005, 0.08), (0.02, 0.03), (0.05, 0.05), (0.004, 0.003), (0.02, 0.004))


@dataclass(frozen=True)
class Average:
    """Weighted curves: ln loss is averaged over forms by evidence, and within each by posterior probability."""

    n_max: float
    posteriors: tuple
    weights: np.ndarray  # (forms,) sum 1

    def moments(self, n):
        """Mean and standard deviation of ln loss at sizes n: two arrays (sizes,)."""
        pairs = zip(self.weights, self.posteriors, strict=True)
        parts = [(w, p.weight, np.log(p.loss(n / self.n_max))) for w, p in pairs]
        mean = sum(w * (inner @ logs) for w, inner, logs in parts)
        return mean, np.sqrt(sum(w * (inner @ (logs - mean) ** 2) for w, inner, logs in parts))


def average(curve: Curve) -> Average:
    """Posterior of every form and its weight; dense curves are thinned first."""
    curve = thinned(curve)
    x = curve.n / curve.n[-1]
    error = _error(x, curve, *_choose_errors(x, curve))
    parts = tuple(posterior(form, x, curve.loss, error) for form in FORMS)
    evidence = np.array([part.evidence for part in parts])
    weights = np.exp(evidence - evidence.max()) * PRIOR
    return Average(float(curve.n[-1]), parts, weights / weights.sum())


def _error(x, curve, scatter, drift):
    return np.sqrt(scatter**2 + curve.error**2 + (drift * np.log(x)) ** 2)


def _choose_errors(x, curve):
    """Scatter and drift: the mean of ERRORS in logs, each weighted by what it lets the scouts explain."""
    evidence = []
    for pair in ERRORS:
        error = _error(x, curve, *pair)
        parts = [posterior(form, x, curve.loss, error).evidence for form in SCOUTS]
        evidence.append(np.logaddexp.reduce(parts) - np.log(error).sum())
    weights = np.exp(np.array(evidence) - max(evidence))
    return np.exp(weights @ np.log(ERRORS) / weights.sum())
