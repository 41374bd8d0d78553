"""How well each slice of the examples is known in a run: each class, or each group.

One small file for each run, next to its metrics. Only the runs behind the points of curves
are read: of a study of thousands the others would take minutes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from tracking.errors import InputError
from tracking.plain import plain

if TYPE_CHECKING:
    from mlflow import MlflowClient

FILE = "slices.json"
# run_id; slice: its name; n_train: its examples in the subset; n_test: in the test set. Behind
# them the value of each measure on the test set, and <measure>_se where that is known.
COLUMNS = ["run_id", "slice", "n_train", "n_test"]
# Before the name of a class: the mean probability of it that a model predicts for examples of
# the slice; missing where it is next to none, and of groups.
TAKEN_FOR = "as:"


def log_slices(client: MlflowClient, run_id: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Log the slices of a run, each with the columns of COLUMNS but the first.

    A store without room for files goes without: what was measured counts all the same. Raises
    what a store raises that is away.
    """
    from mlflow.exceptions import MlflowException

    from tracking.retry import away

    try:
        client.log_text(run_id, json.dumps(plain(list(rows)), ensure_ascii=False), FILE)
    except (OSError, MlflowException, ValueError, ImportError) as error:
        if away(error):
            raise


def no_slices() -> pd.DataFrame:
    """The table of runs without slices."""
    return pd.DataFrame(columns=COLUMNS)


def read_slices(run_ids: Iterable[str], tracking_uri: str | None = None) -> pd.DataFrame:
    """The slices of some runs: COLUMNS and the measures; no rows where none were logged.

    run_ids: of runs whose tag `slices` says that they have some.
    """
    from mlflow.exceptions import MlflowException

    from tracking.store import open_store, study_file

    client = open_store(tracking_uri)
    parts = [no_slices()]
    for run_id in run_ids:
        try:
            rows = pd.DataFrame(json.loads(study_file(client.get_run(run_id), FILE)))
        except (MlflowException, OSError, ValueError):  # a store moved without its files
            continue
        if set(COLUMNS) <= {*rows, "run_id"}:
            parts.append(rows.assign(run_id=run_id))
    return pd.concat(parts[1:] or parts, ignore_index=True)


def rows_of(slices: pd.DataFrame, run_id: str) -> list[dict[str, Any]]:
    """The slices of one run, as log_slices takes them; what it does not know is left out."""
    mine = slices[slices["run_id"] == run_id].drop(columns="run_id")
    return [
        {name: value for name, value in row.items() if pd.notna(value)}
        for row in mine.to_dict("records")
    ]


def check_slices(table: pd.DataFrame, run_ids: Iterable[str]) -> None:
    """Raises InputError where cells, all text, are no slices of the runs with these ids."""
    if missing := [name for name in COLUMNS if name not in table]:
        raise InputError(f"column {missing[0]} is missing")
    if table.columns.duplicated().any() or table.duplicated(["run_id", "slice"]).any():
        raise InputError("a column, or a slice of a run, stands there twice")
    if unknown := set(table["run_id"]) - set(run_ids):
        raise InputError(f"run_id '{min(unknown):.40}' is not among the runs")
    for name in table.columns.drop(["run_id", "slice"]):
        numbers = pd.to_numeric(table[name].replace("", "nan"), errors="coerce")
        bad = numbers.isna() & ~table[name].isin(["", "nan"])
        if name in COLUMNS:
            bad |= ~numbers.ge(0) | numbers.ne(numbers.round()) | numbers.gt(1e15)
        if bad.any():
            raise InputError(f"{name} '{table[name][bad].iloc[0]:.40}' is not allowed")
