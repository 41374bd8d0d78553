"""`main`: one trial becomes one MLflow run.

mlflow run . -P fraction=0.05          or          python -m experiments.run --fraction 0.05
"""

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
from experiments.training.spaces import space_text
from experiments.training.subsets import subset_size
from experiments.training.trial import Trial
from tracking import schema
from tracking.command import Parser, exit_with_one_line, option_of, run
from tracking.measures import Measure
from tracking.retry import WAIT, Patient, repeated_by_mlflow
from tracking.schema import RunSettings
from tracking.store import open_store

DESCRIPTION = "Train one trial and record it as one MLflow run."
EPILOG = (
    "Every run is recorded in MLFLOW_TRACKING_URI, "
    "by default sqlite:///mlflow.db beside MLproject."
)
OPTIONS = [option_of(field) for field in schema.asked()]
OF_IMAGES = RunSettings().architecture  # the default,
OF_TABLES = "linear"  # and what stands for it on a table


def main(arguments: list[str] | None = None) -> None:
    """Train what the arguments ask for. Raises InputError."""
    parser = Parser("experiments.run", DESCRIPTION, OPTIONS, epilog=EPILOG)
    asked = vars(parser.parse_args(arguments))
    data_dir = asked.pop("data_dir")
    device = asked.pop("device")
    asked["space"] = space_text(asked["space"])
    settings = with_trainer(RunSettings(**asked))
    find_device(device)  # raises where it is not here
    task = load_task(settings, data_dir)
    trial = Trial(**vars(with_architecture(on_task(settings, task))))
    if note := getattr(task, "note", ""):
        print(f"{task.name}: {note}")
    task.check(trial)
    subset_size(task, trial.fraction)  # raises for an empty subset, before a run exists
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


if __name__ == "__main__":
    run(main)
