"""One trial, asked for by itself, becomes one MLflow run."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import mlflow
import torch
from mlflow.entities import Run

from experiments.orchestration.record import name_of, record
from experiments.orchestration.study_runs import leave_run_of_another_store
from experiments.orchestration.writable import check_artifacts
from experiments.tasks.load import load_task, on_task, with_trainer
from experiments.training.devices import find_device
from experiments.training.results import Diverged, Result, TrainerFailed, Values
from experiments.training.trial import Trial
from tracking.command import exit_with_one_line
from tracking.measures import Measure
from tracking.retry import WAIT, Patient, repeated_by_mlflow
from tracking.schema import RunSettings
from tracking.store import open_store

OF_IMAGES = RunSettings().architecture  # the default,
OF_TABLES = "linear"  # and what stands for it on a table


def run_trial(asked: RunSettings, data_dir: str, device: str) -> None:
    """Train what the settings ask for, record it and print how it went. Raises InputError.

    data_dir, device: the places of tracking/schema.py.
    """
    settings = with_trainer(asked)
    find_device(device)  # raises where it is not here
    task = load_task(settings, data_dir)
    trial = Trial(**vars(with_architecture(on_task(settings, task))))
    if note := getattr(task, "note", ""):
        print(f"{task.name}: {note}")
    task.check(trial)
    task.check_subset(trial.shares, trial.fraction)  # before a run exists
    open_store(new=True, wait=WAIT)
    leave_run_of_another_store(Patient(mlflow.MlflowClient()))
    # as in a study: these nets gain little from a second thread, and results stay the same
    torch.set_num_threads(1)
    try:
        with repeated_by_mlflow(), run_of(trial) as active:
            check_artifacts(active)
            result = record(trial, task, device, keep_model=True)
    except (Diverged, TrainerFailed) as reason:
        exit_with_one_line(reason)
    print(_summary(trial, result))
    print(f"MLflow run {active.info.run_id}")


def with_architecture(settings: RunSettings) -> RunSettings:
    """The settings; the architecture that is the default for images is another on a table."""
    if settings.form != "table" or settings.architecture != OF_IMAGES:
        return settings
    print(f"architecture {OF_TABLES}, since {OF_IMAGES} is for images")
    return replace(settings, architecture=OF_TABLES)


@contextmanager
def run_of(trial: Trial) -> Iterator[Run]:
    """The active run for the trial; under `mlflow run` it is the project's own.

    That has logged what was asked for. Where the trial's architecture is another, the trial
    gets a run of its own below it: MLflow refuses to change a parameter.
    """
    with mlflow.start_run() as active:
        logged = active.data.params.get("architecture", trial.architecture)
        if logged == trial.architecture:
            yield active
            return
        with mlflow.start_run(nested=True) as below:
            yield below


def _summary(trial: Trial, result: Result) -> str:
    return (
        f"{name_of(trial, result.n_train)}: "
        f"validation {_said(result.measures, result.best.val)}; "
        f"test {_said(result.measures, result.test.values)} "
        f"(best at step {result.best.step:,} of {result.steps or 1:,}, {result.seconds:.1f} s)"
    )


def _said(measures: Sequence[Measure], values: Values) -> str:
    """Values of several measures: `loss 0.4100 nats, error 12.00%`."""
    return ", ".join(
        f"{one.name} {values[one.name]:.2%}"
        if one.is_share
        else f"{one.name} {values[one.name]:.4f} {one.unit}".strip()
        for one in measures
    )
