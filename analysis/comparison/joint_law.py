"""The law of data and model size together (Rosenfeld et al. 2020, arXiv 1909.12673)."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.optimize import least_squares

from analysis.curves.curve import check_confidence, check_positive
from analysis.reasons import FitError, Reason
from analysis.selection import is_finished, test_gaps
from tracking.runs import is_budget_bound, is_ended_early

# Weight of a sample above the law; below it 1 less. Most samples were drawn with poor learning
# rates, and the law describes well tuned models: an expectile near the lower edge.
ABOVE = 0.1
LEAST = 3  # sizes of the data, and of the model, that a fit takes
PARAMETERS = 5
OUTLIER = 0.1  # relative miss from which a sample counts less (soft L1)
STARTS = (0.2, 0.5, 1.0)  # of both exponents
RESAMPLES = 100
# ln of: a, alpha, b, beta, floor
LOWEST = np.log([1e-6, 0.02, 1e-6, 0.02, 1e-6])
HIGHEST = np.log([1e4, 3.0, 1e4, 3.0, 1e2])


@dataclass(frozen=True)
class JointLaw:
    """value = guess * x / sqrt(x**2 + 1), with
    x = a * (n / n_middle)**-alpha + b * (parameters / m_middle)**-beta + floor

    Section 5 of the paper: a power law in either size, until the best guess is near. Its
    scale eta of that transition is 1 here, and in a, b and floor instead.

    a: scale of what more data take away.
    alpha: exponent of the data.
    b: scale of what a larger model takes away.
    beta: exponent of the model's size.
    floor: what neither takes away.
    guess: loss or error of a model that knows nothing.
    n_middle, m_middle: geometric means of the sizes fitted.
    residual: median of |ln measured - ln fitted|.
    """

    a: float
    alpha: float
    b: float
    beta: float
    floor: float
    guess: float
    n_middle: float
    m_middle: float
    residual: float = np.nan

    def __call__(self, n: ArrayLike, parameters: ArrayLike) -> np.ndarray:
        """Value expected of a well tuned model."""
        x = (
            self.a * (np.asarray(n, dtype=float) / self.n_middle) ** -self.alpha
            + self.b * (np.asarray(parameters, dtype=float) / self.m_middle) ** -self.beta
            + self.floor
        )
        return self.guess * x / np.hypot(x, 1)


def fit_joint_law(
    n: ArrayLike, parameters: ArrayLike, value: ArrayLike, guess: float
) -> JointLaw:
    """Fit the law to samples, winners or not.

    n: (samples,) training examples.
    parameters: (samples,) of each model.
    value: (samples,) loss in nats or error as a fraction.
    guess: value of a model that knows nothing: ln(classes), or 1 - 1 / classes.

    Raises FitError for a wrong value, and with TOO_FEW_MODELS.
    """
    n = check_positive("n", n)
    m = check_positive("parameters", parameters)
    value = check_positive("value", value)
    sizes = len(np.unique(n))
    models = len(np.unique(m))
    if min(sizes, models) < LEAST or len(value) <= PARAMETERS:
        few = {"sizes": sizes, "models": models, "samples": len(value), "least": LEAST}
        raise FitError(Reason.TOO_FEW_MODELS(**few))
    fits = [
        _fit(n, m, value, guess, _start(value, guess, a, b)) for a in STARTS for b in STARTS
    ]
    best = min(fits, key=lambda found: found[1])[0]
    law = _law(best, n, m, guess)
    misses = np.abs(np.log(value / law(n, m)))
    return replace(law, residual=float(np.median(misses)))


def _start(value: np.ndarray, guess: float, alpha: float, beta: float) -> np.ndarray:
    """ln of the parameters to begin with: half of the value by data, half by the model."""
    typical = np.median(value) / guess
    return np.log([typical / 2, alpha, typical / 2, beta, 0.01 * typical])


def _fit(
    n: np.ndarray, m: np.ndarray, value: np.ndarray, guess: float, start: np.ndarray
) -> tuple[np.ndarray, float]:
    """ln of the parameters, and how badly they fit."""

    def misses(logs: np.ndarray) -> np.ndarray:
        miss = np.log(value / _law(logs, n, m, guess)(n, m))
        return miss * np.sqrt(np.where(miss > 0, ABOVE, 1 - ABOVE))

    start = np.clip(start, LOWEST + 1e-6, HIGHEST - 1e-6)
    found = least_squares(
        misses, start, bounds=(LOWEST, HIGHEST), loss="soft_l1", f_scale=OUTLIER, max_nfev=300
    )
    return found.x, float(found.cost)


def _law(logs: np.ndarray, n: np.ndarray, m: np.ndarray, guess: float) -> JointLaw:
    a, alpha, b, beta, floor = np.exp(logs).tolist()
    return JointLaw(
        a=a,
        alpha=alpha,
        b=b,
        beta=beta,
        floor=floor,
        guess=float(guess),
        n_middle=float(np.exp(np.log(n).mean())),
        m_middle=float(np.exp(np.log(m).mean())),
    )


# --- forecasts from it -----------------------------------------------------------------------


def samples_of(runs: pd.DataFrame, architecture: str) -> pd.DataFrame:
    """The runs of an architecture that were trained to their end, winners or not."""
    kept = is_finished(runs) & ~is_ended_early(runs) & ~is_budget_bound(runs)
    mine = runs[kept & runs["architecture"].eq(architecture)]
    return mine[mine["n_parameters"].gt(0)]


def joint_forecast(
    samples: pd.DataFrame,
    sizes: ArrayLike,
    guess: float,
    *,
    measure: str = "loss",
    confidence: float = 0.9,
    seed: int = 0,
) -> pd.DataFrame:
    """What the best of the model sizes tried is expected to reach at further sizes.

    Under this law a larger model is never worse, so the best of them is the largest.

    samples: as samples_of gives them.
    sizes: of the data.
    guess: as fit_joint_law takes it.

    Returns n, parameters, predicted, low and high. The interval is a bootstrap over the
    samples of the search, each with all of its sizes (Davison & Hinkley 1997, section 3.8); it
    knows nothing of where the law is wrong. Raises FitError as fit_joint_law does.
    """
    check_confidence(confidence)
    at = check_positive("sizes", sizes)
    n = samples["n_train"].to_numpy(dtype=float)
    m = samples["n_parameters"].to_numpy(dtype=float)
    value = test_gaps(samples, measure).to_numpy(dtype=float)
    law = fit_joint_law(n, m, value, guess)
    largest = m.max()
    start = np.log([law.a, law.alpha, law.b, law.beta, law.floor])
    draws = []
    for rows in _resampled(samples["sample"].to_numpy(), seed):
        logs, _ = _fit(n[rows], m[rows], value[rows], guess, start)
        draws.append(_law(logs, n[rows], m[rows], guess)(at, largest))
    low, high = np.quantile(draws, [0.5 - confidence / 2, 0.5 + confidence / 2], axis=0)
    predicted = law(at, largest)
    columns = {
        "n": at,
        "parameters": largest,
        "predicted": predicted,
        "low": low,
        "high": high,
    }
    return pd.DataFrame(columns)


def _resampled(sample: np.ndarray, seed: int) -> list[np.ndarray]:
    """Rows of RESAMPLES draws of the samples, each drawn with all of its rows."""
    random = np.random.default_rng(seed)
    each = [np.flatnonzero(sample == one) for one in np.unique(sample)]
    drawn = random.integers(len(each), size=(RESAMPLES, len(each)))
    return [np.concatenate([each[i] for i in row]) for row in drawn]
