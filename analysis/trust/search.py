"""Was the search for hyperparameters long enough? Expected best of k draws (Dodge et al. 2019, Show Your Work)."""

import numpy as np
import pandas as pd

from analysis.powerlaw import FitError, fit_power_law
from analysis.runs import is_diverged, is_replica

FALLS = 0.02  # relative: a search whose last doubling lowered the expected best by more than this was too short
BAND = (0.05, 0.95)  # of the best of k
MOST_K = 12  # values of k for which the law is fitted


def chances(count: int, k: int) -> np.ndarray:
    """Probability (count,) that the best of k draws, with replacement, is the 1st, 2nd, … best of `count`."""
    left = np.arange(count, -1, -1) / count
    return left[:-1] ** k - left[1:] ** k


def draws(runs: pd.DataFrame):
    """Yield ((architecture, n), its random draws by validation loss, best first); sample 0 is not random.

    Runs of one sample that differ in a seed become their mean. A diverged draw counts as the worst of its cell. A
    study with pruning has no say: what its pruned draws would have reached is unknown.
    """
    if "pruned" in runs and runs["pruned"].eq("true").any():
        return
    table = runs[(runs["sample"] > 0) & ~is_replica(runs)].copy()
    if "fraction" in table:  # a run that has not finished does not say its n
        table["n_train"] = table["n_train"].fillna(table.groupby("fraction")["n_train"].transform("max"))
    finished = (table["status"] == "FINISHED") & table["best_val_loss"].notna()
    table = table[finished | is_diverged(table)]
    losses = ["best_val_loss", "test_loss", "test_error"]
    for (name, n), cell in table.groupby(["architecture", "n_train"], sort=True):
        cell = cell.groupby("sample")[losses].mean().sort_values("best_val_loss")
        if cell["best_val_loss"].notna().any():
            yield (name, int(n)), cell.fillna(cell.max())


def expected_best(runs: pd.DataFrame) -> pd.DataFrame:
    """architecture, n, k, and the validation loss of the best of k draws: expected, low, high (BAND); test_loss and
    test_error expected of the draw chosen by it."""
    rows = []
    for (name, n), cell in draws(runs):
        val = cell["best_val_loss"].to_numpy()
        for k in range(1, len(cell) + 1):
            weight = chances(len(cell), k)
            low, high = (val[np.searchsorted(weight.cumsum(), q).clip(max=len(val) - 1)] for q in BAND)
            rows.append((name, n, k, weight @ val, low, high, weight @ cell["test_loss"], weight @ cell["test_error"]))
    return pd.DataFrame(rows, columns=["architecture", "n", "k", "expected", "low", "high", "test_loss", "test_error"])


def adequacy(best: pd.DataFrame) -> pd.DataFrame:
    """One row per cell of expected_best: architecture, n, draws K, half and full (expected best of K/2 and K), low and
    high of the best of K, gain of the last doubling (relative), falling: whether that exceeds FALLS."""
    rows = []
    for (name, n), cell in best.groupby(["architecture", "n"], sort=True):
        cell = cell.set_index("k")
        most = int(cell.index.max())
        if most < 2:
            continue
        half, full = (float(cell["expected"][k]) for k in (most // 2, most))
        gain = 1 - full / half
        rows.append((name, n, most, half, full, cell["low"][most], cell["high"][most], gain, gain > FALLS))
    columns = ["architecture", "n", "draws", "half", "full", "low", "high", "gain", "falling"]
    return pd.DataFrame(rows, columns=columns)


def exponents(best: pd.DataFrame, metric: str = "loss", confidence: float = 0.9) -> pd.DataFrame:
    """The law as it would have been with k draws at every size: architecture, k, exponent, low, high, residual.

    It is fitted to the expected test loss of the best of k; only k that every size of the architecture reaches.
    """
    rows = []
    for name, part in best.groupby("architecture", sort=True):
        most = int(part.groupby("n")["k"].max().min())
        for k in np.unique(np.geomspace(1, most, MOST_K).round().astype(int)):
            curve = part[part["k"] == k]
            try:
                law = fit_power_law(curve["n"], curve[f"test_{metric}"], confidence=confidence)
            except FitError:
                continue
            rows.append((name, int(k), law.b, law.b_low, law.b_high, law.residual))
    return pd.DataFrame(rows, columns=["architecture", "k", "exponent", "low", "high", "residual"])
