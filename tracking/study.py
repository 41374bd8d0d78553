"""What was measured, wherever it is kept: in the tracking store, an export, or a CSV."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO

import pandas as pd

from tracking.forecasts import COLUMNS as FORECAST_COLUMNS
from tracking.forecasts import read_forecasts, standing
from tracking.runs import load_runs
from tracking.schema import HISTORY, MEASURES, RUNNING
from tracking.store import find_experiment, open_store, study_run
from tracking.tables import read_csv


def _no_forecasts() -> pd.DataFrame:
    return pd.DataFrame(columns=FORECAST_COLUMNS)


@dataclass(frozen=True, eq=False)
class Study:
    """Runs, and what is known about them.

    name: of the study, or of a file.
    runs: as load_runs gives them; None for a CSV, whose points are `measured`.
    measured: as read_csv gives it; None for a study.
    measures: by which its curves may be judged.
    note: what the study says about itself.
    logged_forecasts: made before training (tracking/forecasts.py).
    about: when, where and how it was run, name -> text.
    running: whether it goes on.
    histories: losses over steps of some runs (run_id, step, val_loss, train_loss); None: ask
    the store.
    """

    name: str
    runs: pd.DataFrame | None = None
    measured: pd.DataFrame | None = None
    measures: tuple[str, ...] = MEASURES
    note: str = ""
    logged_forecasts: pd.DataFrame = field(default_factory=_no_forecasts)
    about: Mapping[str, str] = field(default_factory=dict)
    running: bool = False
    histories: pd.DataFrame | None = None

    @property
    def counts(self) -> pd.Series:
        """How many trials have each status: FINISHED, FAILED, RUNNING, KILLED."""
        return (
            pd.Series(dtype=int) if self.runs is None else self.runs["status"].value_counts()
        )

    def on(self, dataset: str | None) -> pd.DataFrame | None:
        """The runs on one dataset."""
        if self.runs is None or dataset is None:
            return self.runs
        return self.runs[self.runs["dataset"] == dataset]


def load_study(name: str, tracking_uri: str | None = None) -> Study:
    """A study (an MLflow experiment) from the tracking store. Raises StoreError."""
    runs = load_runs(name, tracking_uri)
    parent = study_run(open_store(tracking_uri), name)
    return Study(
        name,
        runs,
        note=parent.data.tags.get("note", "") if parent else "",
        logged_forecasts=standing(read_forecasts(name, tracking_uri), runs),
        running=parent is not None and parent.info.status == RUNNING,
    )


def read_measured(
    source: str | IO[str] | IO[bytes], name: str, measure: str | None = None
) -> Study:
    """Learning curves measured elsewhere, from a CSV. Raises StoreError."""
    table, measure = read_csv(source, measure)
    return Study(name, measured=table, measures=(measure,))


def stamp(name: str, tracking_uri: str | None = None) -> str:
    """Changes when a run of the study begins or ends; two short queries, however many runs."""
    client = open_store(tracking_uri)
    experiment = find_experiment(client, name).experiment_id
    newest = []
    for key in ("end_time", "start_time"):
        found = client.search_runs(
            [experiment], max_results=1, order_by=[f"attributes.{key} DESC"]
        )
        newest += [f"{run.info.run_id} {run.info.status} {run.info.end_time}" for run in found]
    return " ".join(newest)


def links(runs: pd.DataFrame, ui: str) -> list[str]:
    """Where the MLflow UI at the address `ui` shows each run."""
    return [
        f"{ui}/#/experiments/{row.experiment_id}/runs/{row.run_id}"
        for row in runs.itertuples()
    ]


def histories(run_ids: list[str], tracking_uri: str | None = None) -> pd.DataFrame:
    """Losses of some runs over their steps: run_id, step, val_loss, train_loss."""
    client = open_store(tracking_uri)
    columns = ["run_id", "step", *HISTORY]
    parts = [pd.DataFrame(columns=columns)]
    for run_id in run_ids:
        series = {
            name: pd.Series(
                {point.step: point.value for point in client.get_metric_history(run_id, name)},
                dtype=float,
            )
            for name in HISTORY
        }
        part = pd.DataFrame(series).rename_axis("step").reset_index()
        parts.append(part.assign(run_id=run_id)[columns])
    return pd.concat(parts[1:] or parts, ignore_index=True)
