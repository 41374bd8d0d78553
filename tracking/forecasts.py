"""Forecasts that were logged to a study's run before what they foretell was trained."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from tracking.csv_cells import as_csv, as_it_was
from tracking.schema import FINISHED

if TYPE_CHECKING:
    from mlflow import MlflowClient

FILE = "forecast/held_out.csv"
COLUMNS = [
    "architecture",
    "metric",
    "n",
    "predicted",
    "low",
    "high",
    "confidence",
    "grade",
    "from_n",
    "made",
]


def log_forecasts(
    client: MlflowClient, run_id: str, table: pd.DataFrame, added: pd.DataFrame
) -> None:
    """Log a table of forecasts to a study's run, and those added to it as metrics.

    The metrics are of the measure that comes first, which is that which chose.
    """
    from mlflow.entities import Metric, RunTag

    client.log_text(run_id, as_csv(table), FILE)
    metrics = [
        Metric(f"forecast_{value}.{row.architecture}", getattr(row, value), 0, int(row.n))
        for row in first_measure(added).itertuples()
        for value in ("predicted", "low", "high")
    ]
    sizes = ",".join(str(n) for n in sorted(set(table["n"])))
    tags = [RunTag("held_out", sizes), RunTag("forecast_made", added["made"].iloc[0])]
    client.log_batch(run_id, metrics=metrics, tags=tags)


def first_measure(table: pd.DataFrame) -> pd.DataFrame:
    """The forecasts of the measure that comes first."""
    return table[table["metric"] == table["metric"].iloc[0]] if len(table) else table


def read_forecasts(study: str, tracking_uri: str | None = None) -> pd.DataFrame:
    """The forecasts logged before training; none where their file is gone."""
    from mlflow.exceptions import MlflowException

    from tracking.store import open_store, study_file, study_run

    client = open_store(tracking_uri)
    parent = study_run(client, study)
    if parent is None or "held_out" not in parent.data.tags:
        return pd.DataFrame(columns=COLUMNS)
    try:
        return as_it_was(pd.read_csv(io.StringIO(study_file(parent, FILE))))
    except (MlflowException, OSError):  # a store that was moved without its files
        return pd.DataFrame(columns=COLUMNS)


def standing(forecasts: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """The forecasts that were made after what they rest on and before what they predict.

    Others do not count: where runs were deleted and trained anew, say.
    """
    done = runs[runs["status"] == FINISHED]

    def stands(row: Any) -> bool:
        mine = done[done["architecture"] == row.architecture]
        made = pd.Timestamp(row.made)  # in whole seconds
        seen = mine[mine["n_train"] <= row.from_n]
        foretold = mine[mine["n_train"] == row.n]
        known_then = (seen["started"] < made + pd.Timedelta(seconds=1)).any()
        return known_then and not (foretold["started"] < made).any()

    kept = np.array([stands(row) for row in forecasts.itertuples()], dtype=bool)
    return forecasts[kept].reset_index(drop=True)
