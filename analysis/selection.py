"""The best run of each size, and the points of the learning curves that they make."""

import numpy as np
import pandas as pd

from analysis.curves.scatter import relative_spread
from tracking import schema
from tracking.measures import find_measure
from tracking.runs import (
    declared,
    is_budget_bound,
    is_diverged,
    is_ended_early,
    is_replica,
    validation,
)
from tracking.schema import FAILED, FINISHED
from tracking.study import Study

CELL = schema.cell()  # one point of a learning curve
SEARCH = schema.search()  # one trial of a cell
CURVE = ["dataset", "architecture", "n_train"]
ABOUT_A_POINT = ("architecture", "n", "data_seed", "name", "run_id", "experiment_id")
POINT = [
    "architecture",
    "n",
    "value",
    "se",
    "test_se",
    "best_guess",
    "samples",
    "data_seed",
    "run_id",
]


# --- the best run of each size ---------------------------------------------------------------


def best_runs(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs that were best in validation, of each point of each learning curve.

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
    finished = finished[_of_usual_shares(finished)]
    finished = finished[~_of_former_winner(finished)]
    if finished.empty:
        return finished.assign(samples=pd.Series(dtype=int))
    trial = [name for name in _once([*CELL, *SEARCH]) if name in finished]
    if _is_repeated(finished, trial):
        return _best_on_average(finished, trial)
    chosen = validation(finished).groupby([finished[name] for name in CELL]).idxmin()
    return _sorted(finished.loc[chosen], finished.groupby(CELL).size())


def is_finished(runs: pd.DataFrame) -> pd.Series:
    """Which runs have finished, with a result."""
    return runs["status"].eq(FINISHED) & validation(runs).notna()


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


def _of_usual_shares(finished: pd.DataFrame) -> pd.Series:
    """Which runs are of the shares of classes that most runs on their dataset have.

    Other shares make another curve.
    """
    if "shares" not in finished or finished["shares"].nunique() < 2:
        return pd.Series(True, finished.index)
    of_dataset = finished.groupby("dataset")["shares"]
    return finished["shares"].eq(of_dataset.transform(lambda shares: shares.mode().iloc[0]))


def _is_repeated(finished: pd.DataFrame, trial: list[str]) -> bool:
    """Whether a trial was repeated with another seed."""
    if "seed" not in finished:
        return False
    seeds = finished.groupby(trial, dropna=False)["seed"].nunique()
    return bool((seeds != 1).any())


def _best_on_average(finished: pd.DataFrame, trial: list[str]) -> pd.DataFrame:
    """All repetitions of the trial of each cell that is best on average."""
    finished = finished.assign(validation=validation(finished)).sort_values("validation")
    finished = finished.drop_duplicates([*trial, "seed"])
    trials = finished.groupby(trial, dropna=False, sort=False)
    number = trials.ngroup()
    mean = trials["validation"].transform("mean")
    finished = finished.drop(columns="validation")
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

    measure: its text (tracking/measures.py).

    Returns the columns POINT, and the test value by each measure as its reader knows it.
    n: size, in examples.
    value: the measure on the test set, as a gap: 1 - accuracy.
    se: standard error of one row, from the scatter between the replicates of all sizes of an
        architecture (analysis/curves/scatter.py); nan where there are none.
    test_se: the same over the test examples, which replicates share; nan for earlier runs.
    best_guess: what a model reaches that knows nothing, as a gap; nan where nobody knows.
    """
    best = best[~is_budget_bound(best)]
    columns = schema.measured(find_measure(measure).name)
    table = best.rename(columns={"n_train": "n"}).assign(value=test_gaps(best, measure))
    spread = relative_spread(table["architecture"], table["n"], table["value"])
    table = table.assign(se=table["value"] * spread, best_guess=_best_guess(best, measure))
    table["test_se"] = best.get(columns["se"], np.nan)
    tests = [schema.measured(find_measure(one).name)["test"] for one in declared(best)]
    return table.reindex(columns=[*POINT, *tests])


def test_gaps(runs: pd.DataFrame, measure: str) -> pd.Series:
    """What each run measured on the test set, as a gap; nan where it does not say."""
    found = find_measure(measure)
    column = schema.measured(found.name)["test"]
    if column not in runs:
        return pd.Series(np.nan, runs.index)
    return found.gap(runs[column])


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
        return None if study.measured is None else of_measure(study.measured, measure)
    best = best_runs(runs)
    known = best[["name", "experiment_id"]]
    return points(best, measure).join(known).dropna(subset="value")


def of_measure(measured: pd.DataFrame, measure: str) -> pd.DataFrame:
    """The points of a CSV by one of its measures; `value` is a gap.

    measured: architecture, n, and the values as their reader knows them: a column for each
        measure, and `<measure>_se` where it is known; or `value` and `se` of a single one.
    """
    found = find_measure(measure)
    if found.name not in measured:
        return measured.assign(value=found.gap(measured["value"]))
    se = measured.get(f"{found.name}_se", measured.get("se", np.nan))
    table = measured.assign(value=found.gap(measured[found.name]), se=se)
    about = [name for name in ABOUT_A_POINT if name in table]
    return table.dropna(subset="value")[[*about, "value", "se"]]


def untuned_curves(study: Study, dataset: str | None, measure: str) -> pd.DataFrame | None:
    """The curves of sample 0 where there are others to compare with."""
    runs = study.on(dataset)
    if runs is None or not (runs["sample"] > 0).any():
        return None
    return points(best_runs(untuned(runs)), measure)


def best_guess(study: Study, dataset: str | None, measure: str) -> float | None:
    """What a model reaches that knows nothing, as a gap; None where nobody knows."""
    runs = study.on(dataset)
    guess = np.nan if runs is None else _best_guess(runs, measure)
    return None if np.isnan(guess) else guess


def _best_guess(runs: pd.DataFrame, measure: str) -> float:
    """As the runs say, or by the number of classes; nan where neither tells.

    Of c classes ln c nats, an error of 1 - 1/c, a perplexity of c. An R² of 0 and an AUC of
    1/2 are those of a constant.
    """
    found = find_measure(measure)
    column = schema.measured(found.name)["guess"]
    recorded = runs[column].dropna() if column in runs else runs[:0]
    if len(recorded):
        return float(found.gap(float(recorded.iloc[0])))
    classes = _classes(runs)
    by_classes = {
        "loss": np.log(classes),
        "error": 1 - 1 / classes,
        "accuracy": 1 - 1 / classes,
        "perplexity": classes,
        "auc": 0.5,
        "r2": 1.0,
    }
    return float(by_classes.get(found.name, np.nan))


def _classes(runs: pd.DataFrame) -> float:
    """Of the dataset; nan where they are not known, and of a real-valued target."""
    known = runs["classes"].dropna() if "classes" in runs else runs[:0]
    return float(known.iloc[0]) if len(known) and known.iloc[0] > 1 else np.nan
