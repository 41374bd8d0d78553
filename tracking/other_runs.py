"""Runs that others logged: any MLflow experiment becomes learning curves, by its own names."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

import pandas as pd

from tracking.errors import StoreError
from tracking.schema import FINISHED
from tracking.tables.cells import Cells
from tracking.tables.curves import Measured, curves
from tracking.tables.headings import RUN_COLUMNS
from tracking.tables.reading import Reading
from tracking.text import Text, counted, template

if TYPE_CHECKING:
    from mlflow.entities import Run

KINDS = ("params", "metrics", "tags")
OF_MLFLOW = "mlflow."  # how the tags begin that MLflow itself sets


class NothingFinished(StoreError):  # noqa: N818 - no mistake of the caller
    """No run of an experiment has finished."""


def read_runs(
    experiment: str, reading: Reading | None = None, tracking_uri: str | None = None
) -> Measured:
    """Learning curves of the finished runs of an experiment (a name).

    reading: which param, metric or tag is what: n=train_size, loss=val/loss. One that is in
        several of the three is told apart as MLflow does: metrics.loss. A metric counts with
        its last value.

    Raises StoreError for a store that cannot be opened, an unknown experiment and what is
    missing, with the names that exist; Asked where the runs can be read in several ways.
    """
    return curves_of_runs(run_cells(experiment, tracking_uri), reading or Reading())


def run_cells(experiment: str, tracking_uri: str | None = None) -> Cells:
    """What the finished runs have logged. Raises StoreError, and NothingFinished."""
    from tracking.store import all_runs, find_experiment, open_store

    client = open_store(tracking_uri)
    found = find_experiment(client, experiment)
    runs = all_runs(client, found.experiment_id)
    finished = [run for run in runs if run.info.status == FINISHED]
    if not finished:
        nothing = template("experiment '{name}' has no finished run, of {count:,}")
        raise NothingFinished(Text(nothing, name=experiment, count=len(runs)))
    return Cells(as_table(finished), of_runs=True, note=_others(runs))


def curves_of_runs(cells: Cells, reading: Reading) -> Measured:
    """Learning curves of what run_cells gives. Raises StoreError, and Asked."""
    return curves(cells, _known(reading, list(cells.table)))


def as_table(runs: Iterable[Run]) -> pd.DataFrame:
    """What each run has logged, as text, and its id, name and experiment."""
    rows = [_row(run) for run in runs]
    bare = Counter(name for _, name in {key for row in rows for key in row})
    table = pd.DataFrame(
        [
            {
                name if bare[name] == 1 else f"{kind}.{name}": row[kind, name]
                for kind, name in row
            }
            for row in rows
        ]
    )
    return table.astype(object).where(table.notna(), math.nan)


def _row(run: Run) -> dict[tuple[str, str], str]:
    """(kind, name) -> value."""
    info = run.info
    data = run.data
    about = dict(zip(RUN_COLUMNS, (info.run_id, info.experiment_id, info.run_name)))
    row = {("attributes", name): str(value) for name, value in about.items()}
    for kind, values in zip(KINDS, (data.params, data.metrics, data.tags)):
        for name, value in values.items():
            if not name.startswith(OF_MLFLOW) and name not in RUN_COLUMNS:
                row[kind, name] = repr(value) if kind == "metrics" else value
    return row


def _known(reading: Reading, names: list[str]) -> Reading:
    """The reading with the names of the table: `metrics.loss` is loss where only one is."""
    columns = {role: _bare(said, names) for role, said in reading.columns.items()}
    only = {_bare(key, names): value for key, value in reading.only.items()}
    return Reading(columns, only)


def _bare(said: str, names: list[str]) -> str:
    kind, _, name = said.partition(".")
    return name if said not in names and kind in KINDS and name in names else said


def _others(runs: list[Run]) -> str:
    """Of how many runs nothing was read, since they have not finished."""
    count = sum(run.info.status != FINISHED for run in runs)
    said = counted(
        "{count} run that has not finished does not count.",
        "{count} runs that have not finished do not count.",
        count=count,
    )
    return said if count else ""
