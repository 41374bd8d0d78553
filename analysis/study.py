"""What was measured, wherever it was read from: a study in the tracking store, an exported one, or a CSV."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from analysis.runs import best_runs, find_experiment, load_runs, open_store, points, read_csv, study_run, untuned
from analysis.trust.held_out import COLUMNS as TOLD
from analysis.trust.held_out import held_out, standing

STEPS = ["val_loss", "train_loss"]
METRICS = ("loss", "error")


@dataclass(frozen=True, eq=False)
class Study:
    """Runs as load_runs gives them (None: a CSV, whose points are `measured`), and what is known about them.

    note: what the study says about itself. told: forecasts logged before training (analysis/trust/held_out.py).
    about: in plain words when, where and how it was run, name -> text. running: whether it goes on; ended, failed: its
    trials.
    histories: losses over steps of some runs (run_id, step, val_loss, train_loss); None: ask the store.
    """

    name: str
    runs: pd.DataFrame | None = None
    measured: pd.DataFrame | None = None
    metrics: tuple[str, ...] = METRICS
    note: str = ""
    told: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=TOLD))
    about: Mapping[str, str] = field(default_factory=dict)
    running: bool = False
    histories: pd.DataFrame | None = None

    @cached_property
    def datasets(self) -> list[str]:
        """Those with a finished run, by name; none for a CSV."""
        return [] if self.runs is None else sorted(best_runs(self.runs)["dataset"].unique())

    @property
    def counts(self) -> pd.Series:
        """How many trials have each status: FINISHED, FAILED, RUNNING, KILLED."""
        return pd.Series(dtype=int) if self.runs is None else self.runs["status"].value_counts()

    def of(self, dataset: str | None) -> pd.DataFrame | None:
        """The runs on one dataset."""
        return self.runs if self.runs is None or dataset is None else self.runs[self.runs["dataset"] == dataset]

    def points(self, dataset: str | None, metric: str) -> pd.DataFrame:
        """Learning curves (analysis.runs.points), with the names of the runs; of a CSV what it holds."""
        if self.runs is None:
            return self.measured
        best = best_runs(self.of(dataset))
        known = best[["name", "experiment_id"]]
        return points(best, metric).join(known).dropna(subset="loss")

    def untuned(self, dataset: str | None, metric: str) -> pd.DataFrame | None:
        """The curves of sample 0 where there are others to compare with."""
        runs = self.of(dataset)
        if runs is None or not (runs["sample"] > 0).any():
            return None
        return points(best_runs(untuned(runs)), metric)

    def best_guess(self, dataset: str | None, metric: str) -> float | None:
        """What a model reaches that knows nothing: ln(classes) nats, or an error of 1 - 1 / classes."""
        runs = self.of(dataset)
        classes = pd.Series(dtype=float) if runs is None else runs["classes"].dropna()
        if classes.empty:
            return None
        count = float(classes.iloc[0])
        return float(np.log(count)) if metric == "loss" else 1 - 1 / count


def load_study(name: str, tracking_uri: str | None = None) -> Study:
    """A study (an MLflow experiment) from the tracking store. Raises StoreError."""
    runs = load_runs(name, tracking_uri)
    parent = study_run(open_store(tracking_uri), name)
    note = parent.data.tags.get("note", "") if parent else ""
    running = parent is not None and parent.info.status == "RUNNING"
    told = standing(held_out(name, tracking_uri), runs)
    return Study(name, runs, note=note, told=told, running=running)


def read_measured(source, name: str, metric: str | None = None) -> Study:
    """Learning curves measured elsewhere, from a CSV (analysis.runs.read_csv). Raises StoreError."""
    table, metric = read_csv(source, metric)
    return Study(name, measured=table, metrics=(metric,))


def stamp(name: str, tracking_uri: str | None = None) -> str:
    """Changes when a run of the study begins or ends; two short queries, whatever the number of runs."""
    client = open_store(tracking_uri)
    experiment = find_experiment(client, name).experiment_id
    newest = []
    for key in ("end_time", "start_time"):
        found = client.search_runs([experiment], max_results=1, order_by=[f"attributes.{key} DESC"])
        newest += [f"{run.info.run_id} {run.info.status} {run.info.end_time}" for run in found]
    return " ".join(newest)


def links(runs: pd.DataFrame, ui: str) -> list[str]:
    """Where the MLflow UI at the address `ui` shows each run."""
    return [f"{ui}/#/experiments/{row.experiment_id}/runs/{row.run_id}" for row in runs.itertuples()]


def histories(run_ids: list[str], tracking_uri: str | None = None) -> pd.DataFrame:
    """Losses over optimiser steps of some runs, from the store: run_id, step, val_loss, train_loss."""
    client, parts = open_store(tracking_uri), []
    for run_id in run_ids:
        series = {
            name: pd.Series({point.step: point.value for point in client.get_metric_history(run_id, name)}, dtype=float)
            for name in STEPS
        }
        parts.append(pd.DataFrame(series).rename_axis("step").reset_index().assign(run_id=run_id))
    columns = ["run_id", "step", *STEPS]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
