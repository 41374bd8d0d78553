"""A study of thousands of runs in seconds: the rows of one real run, copied within SQLite for other trials."""

import sqlite3
import uuid
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from experiments.run import run_name
from experiments.trial import Trial


def clone(database: Path, run_id: str, trials: Iterable[tuple[Trial, dict[str, float]]]) -> None:
    """Add a run for each (trial, metrics that differ from the real run's), otherwise as that run."""
    with closing(sqlite3.connect(database)) as store, store:
        store.row_factory = sqlite3.Row
        rows = {
            table: [dict(row) for row in store.execute(f"select * from {table} where {column} = ?", (run_id,))]
            for table, column in (
                *(("runs", "run_uuid"), ("params", "run_uuid"), ("tags", "run_uuid")),
                *(("metrics", "run_uuid"), ("latest_metrics", "run_uuid"), ("inputs", "destination_id")),
            )
        }
        pool = float(next(row["value"] for row in rows["tags"] if row["key"] == "pool"))
        new = {table: [] for table in rows}
        for number, (trial, metrics) in enumerate(trials):
            this, n_train = uuid.uuid4().hex, round(trial.fraction * pool)
            name, values = run_name(trial, n_train), metrics | {"n_train": n_train}
            tags = {"trial": trial.key, "mlflow.runName": name}
            params = trial.as_dict()
            params |= params.pop("hyperparameters")
            started = rows["runs"][0]["start_time"] + number
            new["runs"] += [row | {"run_uuid": this, "name": name, "start_time": started} for row in rows["runs"]]
            new["params"] += [{"key": key, "value": str(value), "run_uuid": this} for key, value in params.items()]
            new["tags"] += [row | {"run_uuid": this} | _own(row, tags) for row in rows["tags"]]
            for table in ("metrics", "latest_metrics"):
                new[table] += [row | {"run_uuid": this} | _own(row, values) for row in rows[table]]
            new["inputs"] += [row | {"destination_id": this, "input_uuid": uuid.uuid4().hex} for row in rows["inputs"]]
        for table, added in new.items():
            names = list(added[0]) if added else []
            places = ", ".join(f":{name}" for name in names)
            store.executemany(f"insert into {table} ({', '.join(names)}) values ({places})", added) if added else None


def _own(row: dict, values: dict) -> dict:
    return {"value": values[row["key"]]} if row["key"] in values else {}
