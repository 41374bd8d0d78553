"""The only reader of MLflow: a typed table of runs, the best run per size, and the same from a CSV."""

import gc
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import requests
from mlflow import MlflowClient, get_tracking_uri
from mlflow.artifacts import load_text
from mlflow.entities import Experiment, Run
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from analysis.fits.scatter import relative_spread

PER_PAGE = 1000  # runs, the most that MLflow gives at once
TEXT = ("dataset", "architecture", "search_space", "precision", "pruned", "replica")
TAGS = (
    *("trial", "failure", "pruned", "replica", "classes", "pool", "dataset_fingerprint", "precision"),
    *("data_dir", "device"),
)
IDENTITY = ["run_id", "experiment_id", "name", "status", "started", "seconds"]
METRICS = (
    *("best_val_loss", "best_val_error", "best_step", "test_loss", "test_error"),
    *("n_train", "n_parameters", "steps", "seconds"),
)
CELL = ["dataset", "architecture", "n_train", "data_seed"]  # one point of a learning curve
COMPARED = ["dataset", "architecture", "fraction", "data_seed", "seed"]  # a run that has not ended does not say its n
SEARCH = ("sample", "search_seed", "search_space", "bracket", "max_steps", "patience")  # one trial of a cell
MOST_ROWS = 10_000  # of a CSV


class StoreError(ValueError):
    """The tracking store or the file holds no such study; the message says in one line what is there."""


def one_line(error: Exception) -> str:
    return " ".join(str(error).split())


# --- MLflow ----------------------------------------------------------------------------------------


def default_store() -> str:
    """Where runs are kept: MLFLOW_TRACKING_URI, or MLflow's default."""
    return get_tracking_uri()


def open_store(tracking_uri: str | None = None, new: bool = False) -> MlflowClient:
    """A client of the tracking store, known to answer. Raises StoreError where it does not.

    new: a database that does not exist yet is made.
    """
    uri = tracking_uri or default_store()
    database = Path(uri.removeprefix("sqlite:///").partition("?")[0])
    if uri.startswith("sqlite:///") and not new and not database.exists():
        raise StoreError(f"tracking store '{uri}' does not exist yet; train something first, or see README")
    if uri.startswith("sqlite:///") and database.is_dir():
        raise StoreError(f"tracking store '{uri}' is a folder, not a database; see MLFLOW_TRACKING_URI")
    try:
        if uri.startswith("http"):  # MLflow would try again for minutes; a reader wants to know now
            certificates = os.environ.get("MLFLOW_TRACKING_SERVER_CERT_PATH")
            trusted = os.environ.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() in ("true", "1")
            requests.get(f"{uri.rstrip('/')}/health", timeout=10, verify=certificates or not trusted).close()
        client = MlflowClient(uri)
        client.search_experiments(max_results=1)
    except (OSError, ValueError, ImportError, MlflowException, SQLAlchemyError) as error:
        reason = one_line(error)[:200]
        raise StoreError(f"tracking store '{uri}' cannot be opened ({reason}); see MLFLOW_TRACKING_URI") from None
    return client


def experiments(tracking_uri: str | None = None) -> list[str]:
    """Names of the experiments in the store, the one changed last first. Raises StoreError."""
    found = open_store(tracking_uri).search_experiments(order_by=["last_update_time DESC"])
    return [experiment.name for experiment in found]


def load_runs(experiment: str, tracking_uri: str | None = None) -> pd.DataFrame:
    """Every trial of an experiment (a name), one row each, however many there are.

    Columns: run_id, experiment_id, name, status, started; the Trial's fields and hyperparameters as numbers;
    the summary metrics (losses in nats, errors as fractions, NaN where a run has not ended); tags such as
    failure, classes, pool. Raises StoreError for a store that cannot be opened or an unknown experiment.
    """
    client = open_store(tracking_uri)
    found = find_experiment(client, experiment)
    rows, token = [], None
    with _no_garbage_collection():
        while True:
            page = client.search_runs([found.experiment_id], max_results=PER_PAGE, page_token=token)
            rows += [_row(run) for run in page if "trial" in run.data.tags]
            token = page.token
            if not token:
                break
    table = pd.DataFrame(rows)
    return _typed(table.reindex(columns=list(dict.fromkeys([*IDENTITY, *CELL, *METRICS, *TAGS, *table.columns]))))


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """For making many objects at once: looking through them again and again takes two thirds of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def find_experiment(client: MlflowClient, name: str) -> Experiment:
    """Raises StoreError with the names that exist."""
    found = client.get_experiment_by_name(name)
    if found is None:
        known = ", ".join(experiment.name for experiment in client.search_experiments(max_results=20))
        raise StoreError(f"study '{name}' is unknown; this store holds: {known or 'nothing yet'}")
    return found


def study_run(client: MlflowClient, experiment: str) -> Run | None:
    """The parent run of a study, which holds its settings and its answer; None for a bare set of runs."""
    found = find_experiment(client, experiment)
    runs = client.search_runs([found.experiment_id], "tags.role = 'study'", max_results=1)
    return runs[0] if runs else None


def study_file(run: Run, path: str) -> str:
    """The text of a file that was logged to a study's run."""
    return load_text(f"{run.info.artifact_uri}/{path}")


def _row(run: Run) -> dict:
    info, data = run.info, run.data
    return {
        "run_id": info.run_id,
        "experiment_id": info.experiment_id,
        "name": info.run_name,
        "status": info.status,
        "started": pd.to_datetime(info.start_time, unit="ms", utc=True),
        **{name: data.tags[name] for name in TAGS if name in data.tags},
        **data.params,  # precision: as asked for, not the tag's bf16 that auto came to
        **{name: data.metrics.get(name, math.nan) for name in METRICS},
    }


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    """Numbers as numbers: MLflow keeps every parameter as text."""
    keep = {*IDENTITY, *TEXT, "trial", "failure", "dataset_fingerprint", "data_dir", "device"} - {"seconds"}
    for column in table.columns.difference(list(keep)):
        numbers = pd.to_numeric(table[column], errors="coerce")
        if numbers.notna().sum() == table[column].notna().sum():
            exact = table[column].dropna().astype(numbers.dtype)  # to_numeric drops the last digits of a fraction
            table[column] = exact.reindex(table.index)
    return table


def best_runs(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs with the smallest validation loss for each dataset, architecture, size and data seed.

    Only finished runs count, and of samples that are trained against each other none until all have ended: the first to
    end are the hopeless ones. Where trials were repeated with another `seed`, the trial best on average is chosen and
    each of its repetitions is a row, so that luck is not chosen. Adds `samples`: how many trials there were to choose
    from; for a winner trained again on another subset (`replica`), how many there were where it won; one that a larger
    search has beaten since does not count. Same columns as
    load_runs, sorted by architecture and size; a size has a row for each replicate.
    """
    finished = runs[(runs["status"] == "FINISHED") & runs["best_val_loss"].notna() & ~is_undecided(runs)]
    finished = finished[~_of_former_winner(finished)]
    if finished.empty:
        return finished.assign(samples=pd.Series(dtype=int))
    trial = [name for name in (*CELL, *SEARCH) if name in finished]
    if "seed" not in finished or (finished.groupby(trial, dropna=False)["seed"].nunique() == 1).all():
        chosen, samples = finished.groupby(CELL)["best_val_loss"].idxmin(), finished.groupby(CELL).size()
        return _sorted(finished.loc[chosen], samples)
    finished = finished.sort_values("best_val_loss").drop_duplicates([*trial, "seed"])
    trials = finished.groupby(trial, dropna=False, sort=False)
    number, mean = trials.ngroup(), trials["best_val_loss"].transform("mean")
    cells = [finished[name] for name in CELL]
    chosen = mean == mean.groupby(cells).transform("min")
    first = number.where(chosen).groupby(cells).transform("min")  # of trials that are equally good
    return _sorted(finished[number == first], number.groupby(cells).nunique())


def _of_former_winner(finished: pd.DataFrame) -> pd.Series:
    """Which runs trained again what wins its size no more: chosen by luck, they would compete with the winner's."""
    again = is_replica(finished)
    if not again.any():
        return again
    trial = [name for name in ("dataset", "architecture", "n_train", *SEARCH[:3]) if name in finished]
    winners, every = best_runs(finished[~again])[trial], finished[trial]
    return again & ~pd.MultiIndex.from_frame(every).isin(pd.MultiIndex.from_frame(winners))


def _sorted(best, samples):
    best = best.sort_values([*CELL, "seed"] if "seed" in best else CELL)
    cells = pd.MultiIndex.from_frame(best[CELL])
    best = best.assign(samples=samples.reindex(cells).to_numpy()).reset_index(drop=True)
    most = best.groupby(["dataset", "architecture", "n_train"])["samples"].transform("max")
    return best.assign(samples=best["samples"].where(~is_replica(best), most))


def is_replica(runs: pd.DataFrame) -> pd.Series:
    """Which runs are of winners that were trained again on another subset, and not of a search there."""
    return runs["replica"].eq("true") if "replica" in runs else pd.Series(False, runs.index)


def is_undecided(runs: pd.DataFrame) -> pd.Series:
    """Which runs are of a cell where hopeless samples have been ended early and others have not come to an end yet,
    because they go on or were interrupted."""
    ended = runs["status"].isin(["FINISHED", "FAILED"])
    if ended.all() or not {"pruned", "trial"} <= set(runs):
        return pd.Series(False, runs.index)
    known = runs.assign(ended=ended, early=runs["pruned"].eq("true"))
    known["ended"] = known["ended"].groupby(known["trial"].fillna(known["run_id"])).transform("any")
    cell = [name for name in (*COMPARED, *SEARCH[1:]) if name in known]
    cells = known.groupby(cell, dropna=False)
    return cells["early"].transform("any") & ~cells["ended"].transform("all")


def is_diverged(runs: pd.DataFrame) -> pd.Series:
    """Which runs ended because their loss became NaN or infinite."""
    if "failure" not in runs:
        return pd.Series(False, runs.index)
    return runs["failure"].astype("string").str.startswith("diverged").fillna(False).astype(bool)


def is_pruned(runs: pd.DataFrame) -> bool:
    """Whether samples were trained against each other, so that hopeless ones ended early."""
    return "bracket" in runs and bool(runs["bracket"].max() > 0)


def points(best: pd.DataFrame, metric: str = "loss") -> pd.DataFrame:
    """Learning curves for the fits: architecture, n, loss (of the test set; `metric` is loss or error), se, run_id.

    A size has a row for each replicate; se: standard error of one row, from the scatter between the replicates of all
    sizes of an architecture (analysis/fits/scatter.py); NaN where there are none.
    """
    table = best.rename(columns={"n_train": "n"}).assign(loss=best[f"test_{metric}"])
    table["se"] = table["loss"] * relative_spread(table["architecture"], table["n"], table["loss"])
    return table[["architecture", "n", "loss", "se", "test_loss", "test_error", "samples", "data_seed", "run_id"]]


def untuned(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs with default hyperparameters (sample 0): the learning curve without tuning."""
    return runs[runs["sample"] == 0]


def tuning_gain(runs: pd.DataFrame, metric: str = "loss") -> pd.DataFrame:
    """What tuning brought at each size: architecture, n, untuned, tuned (test loss or error, mean over data
    seeds) and reduction, the fraction by which tuning lowered it."""
    cell = ["architecture", "n"]
    tuned, default = (
        points(best_runs(part), metric).groupby(cell)["loss"].mean().rename(name)
        for part, name in ((runs, "tuned"), (untuned(runs), "untuned"))
    )
    table = pd.concat([default, tuned], axis=1, join="inner").reset_index()
    return table.assign(reduction=1 - table["tuned"] / table["untuned"])


# --- CSV -------------------------------------------------------------------------------------------


def read_csv(source, metric: str | None = None) -> tuple[pd.DataFrame, str]:
    """Learning curves that somebody measured elsewhere: a path or file with columns n and loss or error.

    Optional columns: se (standard error of that loss or error) and architecture. Returns the table
    (architecture, n, loss, se) and the metric's name, which is the one asked for, or loss, if it has both. Raises
    StoreError naming row and column.
    """
    try:
        table = pd.read_csv(
            source, header=None, index_col=False, dtype=str, nrows=MOST_ROWS + 2, skipinitialspace=True,
            skip_blank_lines=False, keep_default_na=False, na_values=[""],
        )  # fmt: skip
    except FileNotFoundError:
        raise StoreError(f"file '{source}' does not exist") from None
    except (OSError, ValueError, pd.errors.ParserError) as error:
        raise StoreError(f"'{source}' is not a readable CSV file: {one_line(error)}") from None
    if len(table) > MOST_ROWS + 1:
        raise StoreError(f"the CSV has more than {MOST_ROWS:,} rows; that is the most allowed")
    table = table.dropna(how="all")  # blank lines, which count as rows below
    if table.empty:
        raise StoreError("the CSV has no heading and no rows")
    heading, table = table.iloc[0], table.iloc[1:]
    table.columns = [name.strip().lower() if isinstance(name, str) else "" for name in heading]
    table = table.loc[:, table.columns != ""]  # row numbers, or what follows a comma at the end
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise StoreError(f"the CSV has more than one column {twice[0]}")
    wanted = metric or "loss (or error)"
    metric = next((name for name in ([metric] if metric else ("loss", "error")) if name in table), None)
    if "n" not in table or metric is None:
        raise StoreError(f"the CSV needs columns n and {wanted}; it has: {', '.join(table.columns)}")
    if table.empty:
        raise StoreError("the CSV has no rows below its heading")
    numbers = {name: _numbers(table, name) for name in ("n", metric, "se") if name in table}
    names = table["architecture"].fillna("model").str.strip() if "architecture" in table else "model"
    columns = {"architecture": names, "n": numbers["n"], "loss": numbers[metric], "se": numbers.get("se", math.nan)}
    return pd.DataFrame(columns).reset_index(drop=True), metric


MISSING = {"nan", "na", "n/a", "none", "null"}
ALLOWED = {  # column of a CSV -> whether a number is, and how that is said
    "n": (lambda values: values.ge(1), "a number of examples, 1 or more"),
    "loss": (lambda values: values.gt(0), "a number above 0"),
    "error": (lambda values: values.gt(0) & values.le(1), "a fraction above 0, up to 1 (0.08 for 8 %)"),
    "se": (lambda values: values.ge(0), "a number, 0 or more, or empty"),
}


def _numbers(table: pd.DataFrame, column: str) -> pd.Series:
    """A column as numbers, each of them allowed."""
    values = pd.to_numeric(table[column], errors="coerce")
    is_allowed, allowed = ALLOWED[column]
    good = is_allowed(values) & values.ne(math.inf)
    if column == "se":
        good |= table[column].isna() | table[column].str.lower().isin(MISSING)
    if not good.all():
        row = int((~good).to_numpy().argmax())
        raise StoreError(
            f"row {table.index[row] + 1}, column {column}: '{table[column].iloc[row]}'; allowed: {allowed}"
        )
    return values
