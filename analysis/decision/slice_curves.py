"""A learning curve for each slice of the examples, with what the slices share.

A slice is a class or a group. Its value is a power law of its own count,

    ln value_s = level_s - exponent_s ln(n_s / now_s) + noise,

with now_s what there is of it today. Levels and exponents are normal around means that all
slices share; those and the spreads are estimated from all slices together (empirical Bayes,
Efron & Morris 1975, JASA 70), so that a slice with few test examples is pulled to the others.
The law of each slice, and what it is used for: Tae & Whang 2021, "Slice Tuner", SIGMOD.

The noise has two parts: a training, which is one's own, and the slice's test examples. These
are the same in all runs, so that a share of their noise never averages out. It is estimated,
too.

Slice Tuner takes each curve to depend on its own count only. Two things are wrong with that
where slices are classes of one model, and measured so (benchmarks/slices.py).

1. Subsets in which all slices grow alike cannot tell what a slice owes to its own examples and
   what to all others. Here n_s / now_s is (own count)^own (all examples)^(1 - own), each
   relative to today, and any `own` from 0 to 1 is as probable.
2. A model learns how common its classes are. Where it is trained on other shares than it meets
   it is wrong more often between classes that it confuses. To second order that costs

       1/4 sum_sk confusion_sk (tilt_s - tilt_k)^2 nats,   tilt_s = ln(share trained / met),

   confusion_sk being the probability that an example is of class s and is taken for k: the
   predicted probabilities are turned by exp(tilt) (Saerens et al. 2002, Neural Computation
   14). As a part of the loss it is taken for any measure.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.reasons import FitError, Reason
from tracking.measures import find_measure
from tracking.slices import TAKEN_FOR

WINDOW = 16.0  # sizes below this part of the largest count no more: a power law is local
LEAST_SIZES = 3
LEAST_MISTAKES = 5  # of a slice on average; fewer do not tell one from another
TRIES = 25  # draws of what the slices share
DRAWS = 40  # of the curves, for each of those
MISSING = 1e8  # variance of a point that is not there
# Normal on these scales, mean and standard deviation: of ln of the scatter of a training, of
# ln of the spread of levels and of exponents between slices, and of the logit of the share of
# test noise that runs have in common. They keep what few slices hardly tell off its limits.
PRIOR_MEAN = np.array([np.log(0.05), np.log(0.5), np.log(0.1), 0.0])
PRIOR_SD = np.array([1.5, 1.0, 1.0, 1.5])


@dataclass(frozen=True, eq=False)
class SliceCurves:
    """The curves of all slices, as draws from their posterior.

    names: of the slices (S,).
    now: (S,) examples of each today, in the largest runs.
    tests: (S,) test examples of each.
    level: (draws, S) ln of the value today, the value a gap (tracking/measures.py).
    exponent: (draws, S) at least 0.
    own: (draws,) what part of its gain a slice owes to its own examples.
    confusion: (S, S) probability that a test example is of one class and taken for the other,
        symmetric; 0 for groups. In units of the mean loss.
    power: the value to this power is a mean over examples (tracking/measures.py).
    """

    names: tuple[str, ...]
    now: np.ndarray
    tests: np.ndarray
    level: np.ndarray
    exponent: np.ndarray
    own: np.ndarray
    confusion: np.ndarray
    power: float = 1.0

    @property
    def weights(self) -> np.ndarray:
        """(S,) share of each in the test set: what a model meets in use."""
        return self.tests / self.tests.sum()

    @property
    def middle(self) -> "SliceCurves":
        """One curve for each slice, in the middle of its draws."""
        level, exponent, own = (
            part.mean(0, keepdims=True) for part in (self.level, self.exponent, self.own)
        )
        return replace(self, level=level, exponent=exponent, own=own)

    def values(self, more: np.ndarray) -> np.ndarray:
        """(draws, S) value of each slice with so many more examples of each, (S,).

        What the shares cost is not in it.
        """
        alone = np.log1p(more / self.now)
        together = np.log1p(more.sum() / self.now.sum())
        grown = together + self.own[:, None] * (alone - together)
        return np.exp(self.level - self.exponent * grown)

    def means(self, more: np.ndarray) -> np.ndarray:
        """(draws,) value over the whole test set."""
        cost = self._mismatch(self.now + more) - self._mismatch(self.now)
        sums = self.values(more) ** self.power @ self.weights
        return sums ** (1 / self.power) * (1 + cost)

    def _mismatch(self, counts: np.ndarray) -> float:
        """What training on so many of each costs, as a part of the mean value."""
        tilt = np.log(counts / counts.sum()) - np.log(self.weights)
        return float((self.confusion * (tilt[:, None] - tilt) ** 2).sum()) / 4


@dataclass(frozen=True, eq=False)
class Points:
    """What was measured of S slices in k runs; a point that is not there has weight 0.

    x: (S, k) ln(n / now).
    y: (S, k) ln value.
    test: (S, k) variance of y over the test examples.
    there: (S, k) whether it is.
    """

    x: np.ndarray
    y: np.ndarray
    test: np.ndarray
    there: np.ndarray

    @property
    def common(self) -> np.ndarray:
        """(S,) variance over the test examples, as runs of a slice may have it in common."""
        return self.test.sum(1) / np.maximum(self.there.sum(1), 1)

    @property
    def design(self) -> np.ndarray:
        """(S, k, 2) what level and exponent are multiplied by."""
        return np.stack([self.there * 1.0, -self.x * self.there], axis=2)


def fit_slices(slices: pd.DataFrame, measure: str, seed: int = 0) -> SliceCurves:
    """Fit the curves of all slices together.

    slices: of the runs behind one curve, as tracking/slices.py gives them.
    measure: its text; one that is a mean over examples, or a power of one, as RMSE.
    Raises FitError for fewer than LEAST_SIZES sizes, or LEAST_MISTAKES.
    """
    total = slices.groupby("run_id")["n_train"].transform("sum")
    used = slices[total >= total.max() / WINDOW]
    sizes = total[used.index].nunique()
    if sizes < LEAST_SIZES:
        raise FitError(Reason.TOO_FEW_SIZES(least=LEAST_SIZES, count=sizes))
    largest = used[total[used.index] >= 0.999 * total.max()]
    _check_mistakes(largest, measure)
    of_slice = largest.groupby("slice", sort=False)
    now = of_slice["n_train"].mean().clip(lower=1)
    points = _points(used, measure, now)
    rng = np.random.default_rng(seed)
    drawn = [_draws(points, hyper, rng) for hyper in _hyperparameters(points, rng)]
    level, exponent = (np.concatenate(part) for part in zip(*drawn))
    return SliceCurves(
        names=tuple(map(str, now.index)),
        now=now.to_numpy(dtype=float),
        tests=of_slice["n_test"].first().to_numpy(dtype=float),
        level=level,
        exponent=np.maximum(exponent, 0.0),
        own=rng.uniform(size=len(level)),
        confusion=_confusion(largest, list(now.index)),
        power=find_measure(measure).power,
    )


def _check_mistakes(largest: pd.DataFrame, measure: str) -> None:
    found = find_measure(measure)
    if not found.is_share:
        return
    mistakes = found.gap(largest[found.name].astype(float)) * largest["n_test"]
    count = float(mistakes.mean())
    if count < LEAST_MISTAKES:
        raise FitError(Reason.TOO_FEW_MISTAKES(count=count, least=LEAST_MISTAKES))


def _points(used: pd.DataFrame, measure: str, now: pd.Series) -> Points:
    found = find_measure(measure)
    gap = found.gap(used[found.name].astype(float))
    tests = used["n_test"].astype(float)
    if found.is_share:  # binomial; half a mistake more, so that none does not look certain
        expected = _expected(used, gap * tests, tests)
        variance = (1 - expected) / (expected * tests)
        gap = (gap * tests + 0.5) / (tests + 1)
    else:
        gap = gap.clip(lower=1e-9)
        se = used.get(f"{found.name}_se", pd.Series(0.0, used.index)).astype(float)
        variance = (se.fillna(0.0) / gap) ** 2
    counts = used["n_train"].astype(float)
    rows = used.assign(
        x=np.log(counts.where(counts > 0)) - np.log(used["slice"].map(now)),
        y=np.log(gap),
        variance=variance,
    )
    wide = {
        name: rows.pivot(index="slice", columns="run_id", values=name).reindex(now.index)
        for name in ("x", "y", "variance")
    }
    there = wide["x"].notna() & wide["y"].notna()
    x, y, test = (wide[name].where(there, 0.0).to_numpy() for name in wide)
    return Points(x=x, y=y, test=test, there=there.to_numpy())


def _expected(used: pd.DataFrame, mistakes: pd.Series, tests: pd.Series) -> pd.Series:
    """The share of mistakes of each row, as its run and its slice lead one to expect.

    What was counted tells its own noise badly: who made fewer mistakes than usual would count
    for less, and who made none for next to nothing.
    """
    of_run = mistakes.groupby(used["run_id"]).transform("sum")
    usual = (of_run + 0.5) / (tests.groupby(used["run_id"]).transform("sum") + 1)
    slices = used["slice"]
    made = mistakes.groupby(slices).transform("sum") + 0.5
    ratio = made / ((usual * tests).groupby(slices).transform("sum") + 0.5)
    return (usual * ratio).clip(upper=1 - 1e-3)


def _confusion(largest: pd.DataFrame, names: list[str]) -> np.ndarray:
    """(S, S) as SliceCurves has it, of the largest runs; 0 where none is told."""
    columns = [TAKEN_FOR + name for name in names]
    told = largest.reindex(columns=columns).astype(float)
    if "loss" not in largest or told.isna().all(axis=None):
        return np.zeros((len(names), len(names)))
    of_slice = largest.groupby("slice")
    weights = of_slice["n_test"].first().reindex(names)
    weights /= weights.sum()
    loss = of_slice["loss"].mean().reindex(names) @ weights
    taken = told.fillna(0.0).groupby(largest["slice"]).mean().reindex(names)
    joint = taken.to_numpy() * weights.to_numpy()[:, None]
    return (joint + joint.T) / 2 / float(loss)


# --- what the slices share -------------------------------------------------------------------


def _hyperparameters(points: Points, rng: np.random.Generator) -> np.ndarray:
    """(TRIES, 4) draws of scatter, spreads and shared test noise, on the scales of the prior.

    They are normal about the most probable (Laplace's approximation).
    """
    from scipy.optimize import minimize  # a fifth of a second

    def cost(hyper: np.ndarray) -> float:
        prior = 0.5 * (((hyper - PRIOR_MEAN) / PRIOR_SD) ** 2).sum()
        return prior - _evidence(points, hyper)

    found = minimize(cost, PRIOR_MEAN, method="BFGS")
    drawn = rng.multivariate_normal(found.x, found.hess_inv, TRIES)
    return np.clip(drawn, PRIOR_MEAN - 4 * PRIOR_SD, PRIOR_MEAN + 4 * PRIOR_SD)


def _covariance(points: Points, hyper: np.ndarray) -> np.ndarray:
    """(S, k, k) of what was measured of each slice around the shared line."""
    scatter, level, exponent = np.exp(2 * hyper[:3])
    shared = 1 / (1 + np.exp(-hyper[3]))
    own = scatter + (1 - shared) * points.test + MISSING * ~points.there
    root = np.sqrt(shared * points.common)[:, None] * points.there
    spread = points.design * np.sqrt([level, exponent])
    covariance = root[:, :, None] * root[:, None, :] + spread @ spread.transpose(0, 2, 1)
    places = np.arange(own.shape[1])
    covariance[:, places, places] += own
    return covariance


def _evidence(points: Points, hyper: np.ndarray) -> float:
    """Log probability of what was measured, whatever the means (REML)."""
    covariance = _covariance(points, hyper)
    inverse = np.linalg.inv(covariance)
    mean, precision = _means(points, inverse)
    left = points.y - points.design @ mean * points.there
    misfit = np.einsum("si,sij,sj->", left, inverse, left)
    size = np.linalg.slogdet(covariance)[1].sum() + np.linalg.slogdet(precision)[1]
    return -0.5 * float(misfit + size)


def _means(points: Points, inverse: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean level and exponent by generalised least squares, (2,), and their precision."""
    weighted = points.design.transpose(0, 2, 1) @ inverse
    precision = (weighted @ points.design).sum(0)
    return np.linalg.solve(precision, np.einsum("sik,sk->i", weighted, points.y)), precision


def _draws(
    points: Points, hyper: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Levels and exponents, each (DRAWS, S), with the uncertainty of their means.

    hyper: (4,) as one of `_hyperparameters`.
    """
    inverse = np.linalg.inv(_covariance(points, hyper))
    mean, precision = _means(points, inverse)
    prior = np.diag(np.exp(2 * hyper[1:3]))
    gain = prior @ points.design.transpose(0, 2, 1) @ inverse  # (S, 2, k)
    left = prior - gain @ points.design @ prior
    means = rng.multivariate_normal(mean, np.linalg.inv(precision), DRAWS)
    pulled = np.einsum("sik,sk->si", gain, points.y)
    kept = np.eye(2) - gain @ points.design  # (S, 2, 2) weight of the means
    centre = np.einsum("sij,dj->dsi", kept, means) + pulled
    roots = _roots(left)
    noise = rng.standard_normal(centre.shape)
    drawn = centre + np.einsum("sij,dsj->dsi", roots, noise)
    return drawn[:, :, 0], drawn[:, :, 1]


def _roots(covariance: np.ndarray) -> np.ndarray:
    """(S, 2, 2) whose product with its transpose is the covariance.

    Rounding may leave an eigenvalue below 0, where a Cholesky root fails.
    """
    values, vectors = np.linalg.eigh((covariance + covariance.transpose(0, 2, 1)) / 2)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :])
