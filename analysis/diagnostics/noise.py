"""Where the scatter of a learning curve comes from.

From the examples drawn, the initialisation, and the luck of the search.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.diagnostics.search import chances_drawn_anew, draws, test_of
from analysis.selection import test_gaps
from tracking.runs import validation
from tracking.schema import FINISHED, same_trial

SEEDS = {"data draw": "data_seed", "initialisation": "seed"}  # source -> what differs
SEARCH = "search"
SOURCES = (*SEEDS, SEARCH)
COLUMNS = ["architecture", "source", "spread", "groups"]

Spread = tuple[float, int]  # standard deviation of ln value, sizes that tell it


def noise(runs: pd.DataFrame, measure: str = "loss") -> pd.DataFrame:
    """Relative standard deviation of a point of the learning curve, by source.

    Columns:
    architecture.
    source: data draw and initialisation are between runs of the trial chosen at each size that
        differ in data_seed or seed alone, pooled over sizes. search is of the best of K draws,
        had the K been drawn again (from those that were).
    spread: nan where no two runs tell.
    groups: how many sizes do.
    """
    column = test_of(measure)
    # the test value as a gap to the best
    gaps = runs.assign(**{column: test_gaps(runs, measure)})
    finished = gaps[(gaps["status"] == FINISHED) & gaps[column].gt(0)]
    rows: list[tuple] = []
    for name, part in finished.groupby("architecture", sort=True):
        for source, seed in SEEDS.items():
            rows.append((name, source, *_between(part, seed, column)))
        of_search = _of_search(runs[runs["architecture"] == name], column)
        rows.append((name, SEARCH, *of_search))
    return pd.DataFrame(rows, columns=COLUMNS)


def _between(runs: pd.DataFrame, seed: str, column: str) -> Spread:
    """Of runs that differ in this seed alone."""
    if seed not in runs:
        return np.nan, 0
    same = [name for name in same_trial(but=seed) if name in runs]
    groups = runs.groupby(same, dropna=False)
    several = groups[seed].transform("nunique") > 1
    if not several.any():
        return np.nan, 0
    keys = [runs[name] for name in same]
    means = validation(runs).groupby(keys, dropna=False).transform("mean")[several]
    chosen = runs[several][means == means.groupby(runs["n_train"][several]).transform("min")]
    chosen = chosen[chosen[column] > 0]  # an error may be 0
    logs = np.log(chosen[column]).groupby(chosen["n_train"])
    return _pooled([(values.var(), len(values) - 1) for _, values in logs if len(values) > 1])


def _of_search(runs: pd.DataFrame, column: str) -> Spread:
    parts = []
    for _, cell in draws(runs):
        values = cell[column].to_numpy()
        if len(cell) > 1 and (values > 0).all() and np.isfinite(values).all():
            logs = np.log(values)
            weight = chances_drawn_anew(len(cell))
            parts.append((weight @ (logs - weight @ logs) ** 2, 1))
    return _pooled(parts)


def _pooled(parts: Sequence[tuple[float, int]]) -> Spread:
    """From (variance, degrees of freedom) of each size, weighted by the degrees."""
    if not parts:
        return np.nan, 0
    variance, freedom = np.array(parts, dtype=float).T
    return float(np.sqrt(variance @ freedom / freedom.sum())), len(parts)
