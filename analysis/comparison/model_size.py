"""How the size of the winning model grows with the data (Hestness et al. 2017, section 3)."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from analysis.curves.curve import check_confidence
from analysis.selection import best_runs, is_finished
from tracking.runs import is_budget_bound, is_replica

LEAST_SIZES = 4  # of the data, that an exponent and its interval take
CAPPED = 2  # largest sizes of the data at which the largest model wins: the search ends there


@dataclass(frozen=True)
class ModelGrowth:
    """The winners of one architecture: parameters = scale * n**exponent.

    architecture: its name.
    n: (sizes,) examples.
    parameters: (sizes,) of the winner, the geometric mean over the data seeds searched.
    largest: (sizes,) of the largest model tried there.
    exponent: fitted to all sizes; nan for fewer than LEAST_SIZES.
    low: lower end of its interval, from the scatter about the line (Student's t).
    high: upper end.
    capped: whether the largest model tried won at the CAPPED largest sizes of the data. A
        larger one might have won, so the exponent is a lower bound there.
    confidence: of the interval.
    """

    architecture: str
    n: np.ndarray
    parameters: np.ndarray
    largest: np.ndarray
    exponent: float
    low: float
    high: float
    capped: bool
    confidence: float

    @property
    def table(self) -> pd.DataFrame:
        """n, parameters, largest."""
        columns = {"n": self.n, "parameters": self.parameters, "largest": self.largest}
        return pd.DataFrame(columns)


def model_growth(runs: pd.DataFrame, *, confidence: float = 0.9) -> dict[str, ModelGrowth]:
    """Architecture -> growth of its winners, of those with models of several sizes.

    Winners trained again on other data seeds are no searches and do not count. Sizes whose
    winner was ended by max_steps are left out.

    runs: as load_runs gives them.
    confidence: of the exponent's interval.
    Raises FitError for a wrong confidence.
    """
    check_confidence(confidence)
    searched = runs[is_finished(runs) & ~is_replica(runs)]
    searched = searched[searched["n_parameters"].gt(0)]
    best = best_runs(searched)
    best = best[~is_budget_bound(best)]
    found = {}
    for name, part in best.groupby("architecture", sort=True):
        tried = searched[searched["architecture"] == name]
        if tried.groupby("n_train")["n_parameters"].nunique().max() > 1:
            found[str(name)] = _growth(str(name), part, tried, confidence)
    return found


def _growth(
    name: str, best: pd.DataFrame, tried: pd.DataFrame, confidence: float
) -> ModelGrowth:
    logs = np.log(best["n_parameters"]).groupby(best["n_train"]).mean()
    n = logs.index.to_numpy(dtype=float)
    largest = tried.groupby("n_train")["n_parameters"].max().reindex(logs.index)
    at_largest = logs.to_numpy() > np.log(largest.to_numpy()) - 0.01
    exponent, low, high = _slope(np.log(n), logs.to_numpy(), confidence)
    return ModelGrowth(
        architecture=name,
        n=n,
        parameters=np.exp(logs.to_numpy()),
        largest=largest.to_numpy(dtype=float),
        exponent=exponent,
        low=low,
        high=high,
        capped=len(n) >= CAPPED and bool(at_largest[-CAPPED:].all()),
        confidence=float(confidence),
    )


def _slope(x: np.ndarray, y: np.ndarray, confidence: float) -> tuple[float, float, float]:
    """Of the straight line by least squares, with its interval."""
    if len(x) < LEAST_SIZES:
        return np.nan, np.nan, np.nan
    slope, start = np.polyfit(x, y, 1)
    misses = y - slope * x - start
    free = len(x) - 2
    error = np.sqrt((misses @ misses) / free / ((x - x.mean()) ** 2).sum())
    half = stdtrit(free, 0.5 + confidence / 2) * error
    return float(slope), float(slope - half), float(slope + half)
