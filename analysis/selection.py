"""The best run of each size, and the points of the learning curves that they make."""

import numpy as np
import pandas as pd

from analysis.curves.scatter import relative_spread
from tracking import schema
from tracking.runs import is_budget_bound, is_diverged, is_ended_early, is_replica
from tracking.schema import FAILED, FINISHED
from tracking.study import Study

CELL = schema.cell()  # one point of a learning curve
SEARCH = schema.search()  # one trial of a cell
CURVE = ["dataset", "architecture", "n_train"]
POINT = [
    "architecture",
    "n",
    "value",
    "se",
    "test_loss",
    "test_error",
    "samples",
    "data_seed",
    "run_id",
]


# --- the best run of each size ---------------------------------------------------------------


def best_runs(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs with the smallest validation loss of each point of each learning curve.

    A point is a dataset, architecture, size and data seed. Only finished runs count, and of
    samples that are trained against each other none until all have ended: the first to end are
    the hopeless ones. Where trials were repeated with another `seed`, the trial best on
    average is chosen and each of its repetitions is a row, so that luck is not chosen. A
    winner trained again on another subset (`replica`) counts until a larger search beats it.

    Returns the columns of load_runs and
    samples: how many trials there were to choose from, or, of a replica, where it won.
    Sorted by architecture and size; a size has a row for each replicate.
    """
    finished = runs[is_finished(runs) & ~is_undecided(runs)]
    finished = finished[~_of_former_winner(finished)]
    if finished.empty:
        return finished.assign(samples=pd.Series(dtype=int))
    trial = [name for name in _once([*CELL, *SEARCH]) if name in finished]
    if _is_repeated(finished, trial):
        return _best_on_average(finished, trial)
    chosen = finished.groupby(CELL)["best_val_loss"].idxmin()
    return _sorted(finished.loc[chosen], finished.groupby(CELL).size())


def is_finished(runs: pd.DataFrame) -> pd.Series:
    """Which runs have finished, with a result."""
    return runs["status"].eq(FINISHED) & runs["best_val_loss"].notna()


def is_undecided(runs: pd.DataFrame) -> pd.Series:
    """Which runs are of a cell whose hopeless samples ended early, and not yet the others.

    They go on, or were interrupted.
    """
    ended = runs["status"].isin([FINISHED, FAILED])
    if ended.all() or not {"pruned", "trial"} <= set(runs):
        return pd.Series(False, runs.index)
    trial = runs["trial"].fillna(runs["run_id"])
    known = runs.assign(
        ended=ended.groupby(trial).transform("any"), early=is_ended_early(runs)
    )
    # a run that has not ended does not say its n, but its fraction
    compared = ["dataset", "architecture", "fraction", "data_seed", "seed", *SEARCH]
    cell = [name for name in _once(compared) if name in known and name != "sample"]
    cells = known.groupby(cell, dropna=False)
    return cells["early"].transform("any") & ~cells["ended"].transform("all")


def _is_repeated(finished: pd.DataFrame, trial: list[str]) -> bool:
    """Whether a trial was repeated with another seed."""
    if "seed" not in finished:
        return False
    seeds = finished.groupby(trial, dropna=False)["seed"].nunique()
    return bool((seeds != 1).any())


def _best_on_average(finished: pd.DataFrame, trial: list[str]) -> pd.DataFrame:
    """All repetitions of the trial of each cell that is best on average."""
    finished = finished.sort_values("best_val_loss").drop_duplicates([*trial, "seed"])
    trials = finished.groupby(trial, dropna=False, sort=False)
    number = trials.ngroup()
    mean = trials["best_val_loss"].transform("mean")
    cells = [finished[name] for name in CELL]
    chosen = mean == mean.groupby(cells).transform("min")
    # of trials that are equally good the first
    first = number.where(chosen).groupby(cells).transform("min")
    return _sorted(finished[number == first], number.groupby(cells).nunique())


def _once(names: list[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _of_former_winner(finished: pd.DataFrame) -> pd.Series:
    """Which runs trained again what wins its size no more.

    Chosen by luck, they would compete with the winner's.
    """
    again = is_replica(finished)
    if not again.any():
        return again
    draw = ("sample", "search_seed", "search_space")
    trial = [name for name in (*CURVE, *draw) if name in finished]
    winners = pd.MultiIndex.from_frame(best_runs(finished[~again])[trial])
    return again & ~pd.MultiIndex.from_frame(finished[trial]).isin(winners)


def _sorted(best: pd.DataFrame, samples: pd.Series) -> pd.DataFrame:
    """By cell, with the number of trials in each."""
    best = best.sort_values([*CELL, "seed"] if "seed" in best else CELL)
    cells = pd.MultiIndex.from_frame(best[CELL])
    best = best.assign(samples=samples.reindex(cells).to_numpy()).reset_index(drop=True)
    most = best.groupby(CURVE)["samples"].transform("max")
    return best.assign(samples=best["samples"].where(~is_replica(best), most))


def drawn(runs: pd.DataFrame) -> pd.Series:
    """Which runs happened as draws of a search: finished ones, and those that diverged."""
    return is_finished(runs) | is_diverged(runs)


def with_sizes(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs with their n.

    A run that has not finished does not say it, but shares it with others of its fraction.
    """
    if "fraction" not in runs:
        return runs
    of_fraction = runs.groupby("fraction")["n_train"].transform("max")
    return runs.assign(n_train=runs["n_train"].fillna(of_fraction))


def untuned(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs with default hyperparameters (sample 0): the learning curve without tuning."""
    return runs[runs["sample"] == 0]


# --- the points of the curves ----------------------------------------------------------------


def points(best: pd.DataFrame, measure: str = "loss") -> pd.DataFrame:
    """Points of the learning curves, from best_runs; a size has a row for each replicate.

    A run that max_steps ended while it still improved is no point: what it measures is the
    budget (METHOD.md, a budget that does not bind).

    measure: loss or error.

    Returns the columns POINT, among them
    n: size, in examples.
    value: the measure on the test set.
    se: standard error of one row, from the scatter between the replicates of all sizes of an
        architecture (analysis/curves/scatter.py); nan where there are none.
    """
    best = best[~is_budget_bound(best)]
    table = best.rename(columns={"n_train": "n"}).assign(value=best[f"test_{measure}"])
    spread = relative_spread(table["architecture"], table["n"], table["value"])
    return table.assign(se=table["value"] * spread)[POINT]


def datasets(study: Study) -> list[str]:
    """Those with a point of a curve, by name; none for a CSV."""
    if study.runs is None:
        return []
    best = best_runs(study.runs)
    return sorted(best.loc[~is_budget_bound(best), "dataset"].unique())


def learning_curves(study: Study, dataset: str | None, measure: str) -> pd.DataFrame | None:
    """Points of the curves, with the names of the runs; of a CSV what it holds."""
    runs = study.on(dataset)
    if runs is None:
        return study.measured
    best = best_runs(runs)
    known = best[["name", "experiment_id"]]
    return points(best, measure).join(known).dropna(subset="value")


def untuned_curves(study: Study, dataset: str | None, measure: str) -> pd.DataFrame | None:
    """The curves of sample 0 where there are others to compare with."""
    runs = study.on(dataset)
    if runs is None or not (runs["sample"] > 0).any():
        return None
    return points(best_runs(untuned(runs)), measure)


def best_guess(study: Study, dataset: str | None, measure: str) -> float | None:
    """What a model reaches that knows nothing; None where the classes are not known.

    ln(classes) nats, or an error of 1 - 1 / classes.
    """
    runs = study.on(dataset)
    classes = pd.Series(dtype=float) if runs is None else runs["classes"].dropna()
    if classes.empty:
        return None
    count = float(classes.iloc[0])
    return float(np.log(count)) if measure == "loss" else 1 - 1 / count
