"""What a worker process does: train the trials of one cell after another.

Each trial is written into its MLflow run.
"""

import math
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import wait
from typing import NamedTuple

import torch
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from experiments.orchestration import fence
from experiments.orchestration.fence import LeaseLost
from experiments.orchestration.grid import Cell
from experiments.orchestration.model_flavours import try_to_log
from experiments.orchestration.models_kept import Group, drop_leftovers, group_of
from experiments.orchestration.outcome import Outcome
from experiments.orchestration.record import (
    note_failure,
    reason_of,
    record_result,
    tags_of,
)
from experiments.orchestration.standing import best_cost, first_measure, has_diverged
from experiments.orchestration.study_runs import final_run
from experiments.training.results import Diverged, Result
from experiments.training.successive_halving import Ended, History, halve
from experiments.training.task import Task
from experiments.training.train import train
from experiments.training.trial import Trial
from tracking import schema
from tracking.errors import InputError
from tracking.measures import as_text
from tracking.retry import Patient, StoreAway
from tracking.runs import params_of
from tracking.schema import DIVERGED, FAILED, FINISHED

HOPELESS = (Diverged, InputError)  # would end the same trial in the same way again
# Seconds of training from which on a model is logged at once. Others wait for the end of their
# cell, which logs one model then: should it be killed, the run is trained again.
LONG = 10
# To a cell; that the store or the lease is gone is one, too.
Answer = list[Outcome] | StoreAway | LeaseLost


@dataclass(frozen=True)
class Launch:
    """What all trials of a launch share.

    experiment_id: of the study.
    parent: id of the study's own run.
    number: of the launch (fence.py).
    open_task: maps the task into memory, one copy for all workers of a machine.
    data_dir, device: as they were asked for.
    keep_models: all, best or none.
    best: costs of the best evaluations so far.
    """

    study: str
    experiment_id: str
    parent: str
    number: int
    open_task: Callable[[], Task]
    data_dir: str
    device: str
    keep_models: str
    best: Mapping[Group, float]


class Trained(NamedTuple):
    """A trial that has been trained, and not recorded yet."""

    run_id: str
    trial: Trial
    result: Result


def set_up(launch: Launch) -> Callable[[Cell], Answer]:
    """In a worker process, once: what runs one cell."""
    end_with_driver()
    torch.set_num_threads(1)
    return Worker(launch).work


class Worker:
    """Runs the cells that it is given, one after another."""

    def __init__(self, launch: Launch):
        self.launch = launch
        self.task = launch.open_task()
        self.client = Patient(MlflowClient())
        self.best = dict(launch.best)  # as far as this worker knows; the driver knows all

    def work(self, job: Cell) -> Answer:
        """How the trials of the cell ended that were to run.

        That the store or the lease is gone is an answer, too.
        """
        try:
            return list(self._outcomes(job))
        except (StoreAway, LeaseLost) as reason:
            return reason

    def _outcomes(self, job: Cell) -> Iterator[Outcome]:
        runs = {trial.key: self._open_run(trial, job.replicas) for trial in job.to_run}
        # only now: either this sees a later launch, or that sees these runs
        fence.check_not_followed(self.client, self.launch.parent, self.launch.number)
        recorded = self._recorded(job)
        held: Trained | None = None
        for trial, ended in attempts(job.trials, self.task, self.launch.device, recorded):
            run_id = runs[trial.key]
            if not isinstance(ended, Result):
                yield self._fail_run(run_id, trial, ended)
                continue
            trained = Trained(run_id, trial, ended)
            if not self._leads(trained):
                yield self._finish_run(trained)
                continue
            self._note_cost(trained)
            if held:
                yield self._finish_run(held)
            held = trained
            if self.launch.keep_models == "all" or ended.seconds > LONG:
                yield self._finish_run(trained, keep_model=True)
                held = None
        if held:
            yield self._finish_run(held, keep_model=True)

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
        measure = first_measure(run)
        name, _ = schema.history(measure.name)
        points = self.client.get_metric_history(run.info.run_id, name)
        history = [(point.step, measure.gap(point.value)) for point in points]
        if history or has_diverged(run):
            return history
        # all that an export says of many
        return [(int(run.data.metrics["best_step"]), best_cost(run))]

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
        tags |= tags_of(trial, self.task)
        run = self.client.create_run(self.launch.experiment_id, tags=tags)
        self.client.log_batch(run.info.run_id, params=params_of(trial.as_dict()))
        return run.info.run_id

    def _finish_run(self, trained: Trained, keep_model: bool = False) -> Outcome:
        run_id, trial, result = trained
        model = ""
        try:
            if keep_model:
                model = self._keep_model(run_id, result)
            record_result(self.client, run_id, trial, self.task, result)
            if not fence.finish(self.client, run_id):
                raise LeaseLost("another launch has taken the study over")
        except MlflowException as error:
            return self._fail_run(run_id, trial, error)
        return Outcome(
            trial,
            FINISHED,
            seconds=result.seconds,
            best_cost=result.best.cost,
            run_id=run_id,
            model=model,
            measures=as_text(result.measures),
        )

    def _fail_run(self, run_id: str, trial: Trial, error: Exception) -> Outcome:
        with suppress(MlflowException):  # where somebody has deleted the run meanwhile
            note_failure(self.client, run_id, error)
        with suppress(MlflowException):
            self.client.set_terminated(run_id, FAILED)
        # of an architecture one says more than another, by a step and a rate
        alike = isinstance(error, Diverged) and not trial.trainer
        reason = DIVERGED if alike else reason_of(error)
        # a trainer that gives what it may not would give it again
        return Outcome(trial, FAILED, reason=reason, final=isinstance(error, HOPELESS))

    # --- models

    def _leads(self, trained: Trained) -> bool:
        """Whether its model is wanted, as far as is known now."""
        if trained.result.model is None or self.launch.keep_models == "none":
            return False
        before = self.best.get(group_of(trained.trial), math.inf)
        return trained.result.best.cost < before or self.launch.keep_models == "all"

    def _note_cost(self, trained: Trained) -> None:
        """Others have to be better than this one from now on."""
        group = group_of(trained.trial)
        self.best[group] = min(trained.result.best.cost, self.best.get(group, math.inf))

    def _keep_model(self, run_id: str, result: Result) -> str:
        """Log the model; returns the run's tag.

        The tag comes first: who finds it may find a model, whole or not.
        """
        wanted = self.launch.keep_models
        self.client.set_tag(run_id, "model", wanted)
        if try_to_log(self.client, run_id, result.model, self.task):
            return ""
        with suppress(MlflowException):  # what is left of earlier tries harms nobody
            drop_leftovers(self.client, self.launch.experiment_id, run_id)
        return wanted


def attempts(
    trials: Sequence[Trial], task: Task, device: str, recorded: Mapping[str, History]
) -> Iterator[Ended]:
    """Train the trials of a cell that are not recorded; yields each as it ends.

    One crashed trial must not take the study down, whatever it crashed with.
    """
    if trials[0].bracket:
        yield from _against_each_other(trials, task, device, recorded)
        return
    for trial in trials:
        try:
            yield trial, train(trial, task, device)
        except Exception as error:
            yield trial, error


def _against_each_other(
    trials: Sequence[Trial], task: Task, device: str, recorded: Mapping[str, History]
) -> Iterator[Ended]:
    missing = {trial.key: trial for trial in trials if trial.key not in recorded}
    say = partial(print, flush=True)
    try:
        for trial, ended in halve(trials, task, device, say, recorded):
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
