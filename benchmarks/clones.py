"""A study of thousands of runs in seconds.

The rows of one real run are copied within SQLite for other trials.
"""

import sqlite3
import uuid
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from experiments.orchestration.record import name_of
from experiments.training.trial import Trial

RUN_OF = {  # table: its column that names the run
    "runs": "run_uuid",
    "params": "run_uuid",
    "tags": "run_uuid",
    "metrics": "run_uuid",
    "latest_metrics": "run_uuid",
    "inputs": "destination_id",
}
Rows = dict[str, list[dict[str, Any]]]  # table: its rows


def clone(
    database: Path, run_id: str, trials: Iterable[tuple[Trial, Mapping[str, float]]]
) -> None:
    """Add a run for each trial, otherwise as the real run.

    trials: and the metrics that differ from the real run's.
    """
    with closing(sqlite3.connect(database)) as store, store:
        store.row_factory = sqlite3.Row
        real = {table: _rows(store, table, run_id) for table in RUN_OF}
        new: Rows = {table: [] for table in RUN_OF}
        for number, (trial, metrics) in enumerate(trials):
            for table, rows in _twin(real, trial, metrics, number).items():
                new[table] += rows
        for table, rows in new.items():
            if rows:
                _insert(store, table, rows)


def _rows(store: sqlite3.Connection, table: str, run_id: str) -> list[dict[str, Any]]:
    found = store.execute(f"select * from {table} where {RUN_OF[table]} = ?", (run_id,))
    return [dict(row) for row in found]


def _insert(store: sqlite3.Connection, table: str, rows: list[dict[str, Any]]) -> None:
    names = list(rows[0])
    places = ", ".join(f":{name}" for name in names)
    store.executemany(f"insert into {table} ({', '.join(names)}) values ({places})", rows)


def _twin(real: Rows, trial: Trial, metrics: Mapping[str, float], number: int) -> Rows:
    """The rows of a run of another trial, started `number` milliseconds after the real one."""
    run_id = uuid.uuid4().hex
    pool = float(next(row["value"] for row in real["tags"] if row["key"] == "pool"))
    n_train = round(trial.fraction * pool)
    name = name_of(trial, n_train)
    tags = {"trial": trial.key, "mlflow.runName": name}
    values = {**metrics, "n_train": n_train}
    started = real["runs"][0]["start_time"] + number
    this = {"run_uuid": run_id}
    inputs = [
        {**row, "destination_id": run_id, "input_uuid": uuid.uuid4().hex}
        for row in real["inputs"]
    ]
    return {
        "runs": [{**row, **this, "name": name, "start_time": started} for row in real["runs"]],
        "params": [
            {"key": key, "value": str(value), **this} for key, value in _params(trial).items()
        ],
        "tags": [{**row, **this, **_own(row, tags)} for row in real["tags"]],
        "metrics": [{**row, **this, **_own(row, values)} for row in real["metrics"]],
        "latest_metrics": [
            {**row, **this, **_own(row, values)} for row in real["latest_metrics"]
        ],
        "inputs": inputs,
    }


def _params(trial: Trial) -> dict[str, Any]:
    params = trial.as_dict()
    hyperparameters = params.pop("hyperparameters")
    return params | hyperparameters


def _own(row: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The value of a row that is not the real run's."""
    return {"value": values[row["key"]]} if row["key"] in values else {}
