"""Where the scatter of a learning curve comes from: the images drawn, the initialisation, the luck of the search."""

import numpy as np
import pandas as pd

from analysis.trust.search import chances, draws

# What must agree for two runs to be the same trial but for one seed.
TRIAL = (
    *("dataset", "architecture", "n_train", "sample", "data_seed", "seed", "search_seed", "search_space"),
    *("max_steps", "patience"),
)
SEEDS = {"data draw": "data_seed", "initialisation": "seed"}
SOURCES = (*SEEDS, "search")
COLUMNS = ["architecture", "source", "spread", "groups"]


def noise(runs: pd.DataFrame, metric: str = "loss") -> pd.DataFrame:
    """Relative standard deviation of a point of the learning curve by source: architecture, source, spread, groups.

    data draw, initialisation: between runs of the trial chosen at each size that differ in data_seed or seed alone,
    pooled over sizes. search: of the best of K draws, had the K been drawn again (from those that were). spread is
    NaN where no two runs tell; groups: how many sizes do.
    """
    finished = runs[(runs["status"] == "FINISHED") & runs[f"test_{metric}"].gt(0)]
    rows = []
    for name, part in finished.groupby("architecture", sort=True):
        for source, seed in SEEDS.items():
            rows.append((name, source, *_between(part, seed, f"test_{metric}")))
        rows.append((name, "search", *_of_search(runs[runs["architecture"] == name], f"test_{metric}")))
    return pd.DataFrame(rows, columns=COLUMNS)


def _between(runs, seed, column):
    """(pooled standard deviation of ln loss, sizes) over runs that differ in this seed alone."""
    same = [name for name in TRIAL if name in runs and name != seed]
    if seed not in runs:
        return np.nan, 0
    groups = runs.groupby(same, dropna=False)
    several = groups[seed].transform("nunique") > 1
    if not several.any():
        return np.nan, 0
    means = groups["best_val_loss"].transform("mean")[several]
    chosen = runs[several][means == means.groupby(runs["n_train"][several]).transform("min")]
    chosen = chosen[chosen[column] > 0]  # an error may be 0
    logs = np.log(chosen[column]).groupby(chosen["n_train"])
    return _pooled([(values.var(), len(values) - 1) for _, values in logs if len(values) > 1])


def _of_search(runs, column):
    parts = []
    for _, cell in draws(runs):
        values = cell[column].to_numpy()
        if len(cell) > 1 and (values > 0).all() and np.isfinite(values).all():
            logs = np.log(values)
            weight = chances(len(cell), len(cell))
            parts.append((weight @ (logs - weight @ logs) ** 2, 1))
    return _pooled(parts)


def _pooled(parts):
    """(square root of the variances' mean, weighted by degrees of freedom; how many)."""
    if not parts:
        return np.nan, 0
    variance, freedom = np.array(parts, dtype=float).T
    return float(np.sqrt(variance @ freedom / freedom.sum())), len(parts)
