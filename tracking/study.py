"""What was measured, wherever it is kept: in the tracking store, an export, or a CSV.

The store is imported where it is asked, so that a CSV needs no MLflow.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import pandas as pd

from tracking.data_check import DataCheck, checks_in
from tracking.errors import StoreError
from tracking.forecasts import COLUMNS as FORECAST_COLUMNS
from tracking.forecasts import read_forecasts, standing
from tracking.measures import find_measure
from tracking.other_runs import curves_of_runs, read_runs
from tracking.runs import as_table, load_runs, measures_of
from tracking.schema import MEASURES, PLAN, RUNNING, history
from tracking.slices import no_slices, read_slices
from tracking.tables.cells import Cells, Source
from tracking.tables.curves import Measured, curves, read_csv
from tracking.tables.reading import Reading

TRAINING = "workflowType=machine_learning"  # without it MLflow shows its page for LLMs


def _no_forecasts() -> pd.DataFrame:
    return pd.DataFrame(columns=FORECAST_COLUMNS)


@dataclass(frozen=True, eq=False)
class Study:
    """Runs, and what is known about them.

    name: of the study, or of a file.
    runs: as load_runs gives them; None for a CSV, whose points are `measured`.
    measured: the table of tracking/tables/curves.py; None for a study.
    measures: by which the curves of a CSV may be judged; of runs see `measures_on`.
    note: what the study says about itself.
    logged_forecasts: made before training (tracking/forecasts.py).
    about: when, where and how it was run, name -> text.
    running: whether it goes on.
    plan: what a study that plans itself said last; "" for others.
    histories: the measure that chose, over steps of some runs (run_id, step, val_<measure>,
        train_<measure>); None: ask the store.
    slices: how well each class or group is known in some runs (tracking/slices.py); None: ask
        the store.
    checks: what was found about the examples: fingerprint of a dataset -> check.
    """

    name: str
    runs: pd.DataFrame | None = None
    measured: pd.DataFrame | None = None
    measures: tuple[str, ...] = MEASURES
    note: str = ""
    logged_forecasts: pd.DataFrame = field(default_factory=_no_forecasts)
    about: Mapping[str, str] = field(default_factory=dict)
    running: bool = False
    plan: str = ""
    histories: pd.DataFrame | None = None
    slices: pd.DataFrame | None = None
    checks: Mapping[str, DataCheck] = field(default_factory=dict)

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

    def slices_of(self, run_ids: Collection[str]) -> pd.DataFrame:
        """Those of some of its runs; no rows where they have none."""
        if self.slices is not None:
            return self.slices[self.slices["run_id"].isin(run_ids)]
        if self.runs is None or "slices" not in self.runs:
            return no_slices()
        told = self.runs["run_id"].isin(run_ids) & self.runs["slices"].notna()
        return read_slices(self.runs.loc[told, "run_id"]) if told.any() else no_slices()

    def check_of(self, dataset: str | None) -> DataCheck | None:
        """What was found about the examples of one dataset; None where nobody has looked."""
        runs = self.on(dataset)
        if runs is None or "dataset_fingerprint" not in runs:
            return None
        known = runs["dataset_fingerprint"].dropna()
        return self.checks.get(known.iloc[-1]) if len(known) else None

    def measures_on(self, dataset: str | None) -> tuple[str, ...]:
        """By which the curves on one dataset may be judged, the one that chose first."""
        runs = self.on(dataset)
        return self.measures if runs is None else measures_of(runs)


def load_study(name: str, tracking_uri: str | None = None) -> Study:
    """A study (an MLflow experiment) from the tracking store. Raises StoreError."""
    from tracking.store import open_store, study_run

    runs = load_runs(name, tracking_uri)
    parent = study_run(open_store(tracking_uri), name)
    tags = parent.data.tags if parent else {}
    return Study(
        name,
        runs,
        note=tags.get("note", ""),
        plan=tags.get(PLAN, ""),
        logged_forecasts=standing(read_forecasts(name, tracking_uri), runs),
        running=parent is not None and parent.info.status == RUNNING,
        checks=checks_in(tags),
    )


def load_so_far(name: str) -> Study:
    """load_study, with no runs where the study has not been begun yet."""
    from tracking.store import open_store

    if open_store().get_experiment_by_name(name) is None:
        return Study(name, as_table([]))
    return load_study(name)


def read_measured(
    source: Source, name: str, measure: str | None = None, reading: Reading | None = None
) -> Study:
    """Learning curves measured elsewhere, from a CSV or Excel file.

    name: of the file, as whoever gave it knows it.
    measure: that must be readable, as text; None for any.
    reading: which column is what, where the headings do not say.

    Raises StoreError, and Asked where the file can be read in several ways.
    """
    return _study(name, read_csv(source, reading, name), measure)


def load_experiment(
    name: str,
    reading: Reading | None = None,
    measure: str | None = None,
    tracking_uri: str | None = None,
) -> Study:
    """Learning curves of any MLflow experiment, whoever logged its runs.

    reading: which param, metric or tag is what (tracking/other_runs.py).
    Raises StoreError, and Asked where the runs can be read in several ways.
    """
    return _study(name, read_runs(name, reading, tracking_uri), measure)


def as_study(name: str, cells: Cells, reading: Reading) -> Study:
    """Learning curves of cells: those of a file, or of runs. Raises StoreError, and Asked."""
    found = curves_of_runs if cells.of_runs else curves
    return _study(name, found(cells, reading), None)


def _study(name: str, found: Measured, measure: str | None) -> Study:
    """Raises StoreError for a measure whose column could not be read."""
    wanted = None if measure is None else find_measure(measure).text
    if wanted is not None and wanted in found.left_out:
        raise StoreError(found.left_out[wanted])
    return Study(name, measured=found.table, measures=found.measures, note=found.note)


def stamp(name: str, tracking_uri: str | None = None) -> str:
    """Changes when a run of the study begins or ends, or its plan changes.

    Three short queries, however many runs.
    """
    from tracking.store import find_experiment, open_store, parent_of

    client = open_store(tracking_uri)
    experiment = find_experiment(client, name).experiment_id
    newest = []
    for key in ("end_time", "start_time"):
        found = client.search_runs(
            [experiment], max_results=1, order_by=[f"attributes.{key} DESC"]
        )
        newest += [f"{run.info.run_id} {run.info.status} {run.info.end_time}" for run in found]
    parent = parent_of(client, experiment)
    plan = parent.data.tags.get(PLAN, "") if parent else ""
    return " ".join([*newest, plan])


def links(runs: pd.DataFrame, ui: str) -> list[str]:
    """Where the MLflow UI at the address `ui` shows each run."""
    return [
        f"{ui}/#/experiments/{row.experiment_id}/runs/{row.run_id}?{TRAINING}"
        for row in runs.itertuples()
    ]


def histories(
    run_ids: list[str], tracking_uri: str | None = None, measures: Collection[str] = ("loss",)
) -> pd.DataFrame:
    """Measures of some runs over their steps: run_id, step, val_<measure>, train_<measure>.

    measures: texts of those that chose (tracking/runs.py).
    """
    from tracking.store import open_store

    client = open_store(tracking_uri)
    logged = [name for one in measures for name in history(find_measure(one).name)]
    columns = ["run_id", "step", *logged]
    parts = [pd.DataFrame(columns=columns)]
    for run_id in run_ids:
        series = {
            name: pd.Series(
                {point.step: point.value for point in client.get_metric_history(run_id, name)},
                dtype=float,
            )
            for name in logged
        }
        part = pd.DataFrame(series).rename_axis("step").reset_index()
        parts.append(part.assign(run_id=run_id)[columns])
    return pd.concat(parts[1:] or parts, ignore_index=True)
