"""What a worker process does: train the trials of one cell after another.

Each trial is written into its MLflow run.
"""

import math
import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import wait

import torch
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from experiments.orchestration.grid import Cell
from experiments.orchestration.lease import SILENCE
from experiments.orchestration.models_kept import Group, group_of
from experiments.orchestration.outcome import Outcome
from experiments.orchestration.record import (
    log_model,
    note_failure,
    record_result,
    tags_of,
)
from experiments.orchestration.standing import has_diverged
from experiments.orchestration.study_runs import final_run
from experiments.training.results import Diverged, Result
from experiments.training.subsets import Data
from experiments.training.successive_halving import Ended, History, halve
from experiments.training.train import train
from experiments.training.trial import Trial
from tracking.errors import one_line
from tracking.retry import Patient, StoreAway, persist
from tracking.runs import params_of
from tracking.schema import DIVERGED, FAILED, FINISHED, KILLED, RUNNING

TAG_LENGTH = 500  # characters of a reason, at most


@dataclass(frozen=True)
class Launch:
    """What all trials of a launch share.

    experiment_id: of the study.
    parent: id of the study's own run.
    open_data: maps the data into memory, one copy for all workers of a machine.
    data_dir, device: as they were asked for.
    keep_models: all, best or none.
    best: validation losses so far, in nats.
    """

    study: str
    experiment_id: str
    parent: str
    open_data: Callable[[], Data]
    data_dir: str
    device: str
    keep_models: str
    best: Mapping[Group, float]


def set_up(launch: Launch) -> Callable[[Cell], list[Outcome] | StoreAway]:
    """In a worker process, once: what runs one cell."""
    end_with_driver()
    torch.set_num_threads(1)
    return Worker(launch).work


class Worker:
    """Runs the cells that it is given, one after another."""

    def __init__(self, launch: Launch):
        self.launch = launch
        self.data = launch.open_data()
        self.client = Patient(MlflowClient())
        self.best = dict(launch.best)  # as far as this worker knows; the driver knows all

    def work(self, job: Cell) -> list[Outcome] | StoreAway:
        """How the trials of the cell ended that were to run; StoreAway is an answer, too."""
        try:
            return list(self._outcomes(job))
        except StoreAway as reason:
            return reason

    def _outcomes(self, job: Cell) -> Iterator[Outcome]:
        opened = time.time()
        runs = {trial.key: self._open_run(trial, job.replicas) for trial in job.to_run}
        recorded = self._recorded(job)
        for trial, ended in attempts(job.trials, self.data, self.launch.device, recorded):
            run_id = runs[trial.key]
            if time.time() - opened > SILENCE / 2 and self._taken_over(run_id):
                yield Outcome(trial, KILLED, reason="taken over by another launch")
            elif isinstance(ended, Result):
                yield self._finish_run(run_id, trial, ended)
            else:
                yield self._fail_run(run_id, trial, ended)

    # --- what was recorded before

    def _recorded(self, job: Cell) -> dict[str, History]:
        """How the trials of the cell went that ended before and need not run again, by key."""
        histories: dict[str, History] = {}
        for trial in job.trials:
            if trial.key in job.todo:
                continue
            run = final_run(self.client, self.launch.experiment_id, trial.key)
            histories[trial.key] = self._history(run) if run else []  # deleted meanwhile
        return histories

    def _history(self, run: Run) -> History:
        points = self.client.get_metric_history(run.info.run_id, "val_loss")
        history = [(point.step, point.value) for point in points]
        if history or has_diverged(run):
            return history
        # all that an export says of many
        return [(int(run.data.metrics["best_step"]), run.data.metrics["best_val_loss"])]

    # --- runs

    def _open_run(self, trial: Trial, replica: bool) -> str:
        tags = {
            "mlflow.parentRunId": self.launch.parent,
            "study": self.launch.study,
            "data_dir": self.launch.data_dir,
            "device": self.launch.device,
        }
        if replica:
            tags["replica"] = "true"
        tags |= tags_of(trial, self.data)
        run = self.client.create_run(self.launch.experiment_id, tags=tags)
        self.client.log_batch(run.info.run_id, params=params_of(trial.as_dict()))
        return run.info.run_id

    def _taken_over(self, run_id: str) -> bool:
        """Whether another launch has ended the run, and runs the trial.

        So it may be after a silence, as when this machine has slept.
        """
        return self.client.get_run(run_id).info.status != RUNNING

    def _finish_run(self, run_id: str, trial: Trial, result: Result) -> Outcome:
        try:
            model = self._keep_model(run_id, trial, result)
            record_result(self.client, run_id, trial, self.data, result)
            self.client.set_terminated(run_id, FINISHED)
        except MlflowException as error:
            return self._fail_run(run_id, trial, error)
        loss = result.best_val_loss
        return Outcome(trial, FINISHED, result.seconds, loss, run_id, model)

    def _fail_run(self, run_id: str, trial: Trial, error: Exception) -> Outcome:
        final = isinstance(error, Diverged)
        name = DIVERGED if final else type(error).__name__
        reason = f"{name}: {error if final else one_line(error)}"
        with suppress(MlflowException):  # where somebody has deleted the run meanwhile
            note_failure(self.client, run_id, reason)
        with suppress(MlflowException):
            self.client.set_terminated(run_id, FAILED)
        return Outcome(trial, FAILED, reason=DIVERGED if final else reason, final=final)

    # --- models

    def _keep_model(self, run_id: str, trial: Trial, result: Result) -> str:
        """Log the model where it is wanted; returns the run's tag.

        The tag comes first: who finds it may find a model, whole or not.
        """
        group = group_of(trial)
        loss = result.best_val_loss
        before = self.best.get(group, math.inf)
        wanted = self.launch.keep_models
        if wanted == "none" or (wanted == "best" and not loss < before):
            return ""
        self.client.set_tag(run_id, "model", wanted)
        self.best[group] = min(loss, before)
        try:
            persist(log_model, run_id, result, self.data)
        except StoreAway:
            raise
        except Exception as error:
            # of an architecture that cannot be exported, say: its measurements still count
            reason = f"not logged: {type(error).__name__}: {one_line(error)}"
            self.client.set_tag(run_id, "model", reason[:TAG_LENGTH])
            return ""
        return wanted


def attempts(
    trials: Sequence[Trial], data: Data, device: str, recorded: Mapping[str, History]
) -> Iterator[Ended]:
    """Train the trials of a cell that are not recorded; yields each as it ends.

    One crashed trial must not take the study down, whatever it crashed with.
    """
    if trials[0].bracket:
        yield from _against_each_other(trials, data, device, recorded)
        return
    for trial in trials:
        try:
            yield trial, train(trial, data, device)
        except Exception as error:
            yield trial, error


def _against_each_other(
    trials: Sequence[Trial], data: Data, device: str, recorded: Mapping[str, History]
) -> Iterator[Ended]:
    missing = {trial.key: trial for trial in trials if trial.key not in recorded}
    say = partial(print, flush=True)
    try:
        for trial, ended in halve(trials, data, device, say, recorded):
            del missing[trial.key]
            yield trial, ended
    except Exception as error:
        for trial in missing.values():
            yield trial, error


def end_with_driver() -> None:
    """End this process when its driver has ended, however.

    The next launch runs the same trial.
    """
    driver = multiprocessing.parent_process()
    if driver is None:
        return

    def watch() -> None:
        wait([driver.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
