"""What a worker process does: train the trials of one cell after another and write each into its MLflow run."""

import math
import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import wait

import torch
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from experiments import one_line
from experiments.best import Group, group_of
from experiments.data import Data
from experiments.grid import Cell
from experiments.halving import Curve, halve
from experiments.lease import SILENCE
from experiments.outage import Patient, StoreAway, persist
from experiments.run import log_model, note_failure, params_of, record_result, tags_of
from experiments.store import diverged, final_run
from experiments.train import Diverged, Result, train
from experiments.trial import Trial


@dataclass(frozen=True)
class Launch:
    """What all trials of a launch share."""

    study: str
    experiment_id: str
    parent: str  # run
    open_data: Callable[[], Data]  # maps it into memory, one copy for all workers of a machine
    data_dir: str
    device: str
    keep_models: str  # all, best or none
    best: dict[Group, float]  # validation losses so far


@dataclass(frozen=True)
class Outcome:
    """How one trial ended: FINISHED, or FAILED or KILLED with the reason."""

    trial: Trial
    status: str
    seconds: float = 0.0
    best_val_loss: float = math.nan
    run_id: str = ""
    model: str = ""  # as the run's tag
    reason: str = ""
    final: bool = True  # False: another try may succeed


def outcome_of(trial: Trial, run: Run) -> Outcome:
    """The outcome of a trial as the run that ended it tells it."""
    if diverged(run):
        return Outcome(trial, "FAILED", reason="diverged")
    seconds, loss = (run.data.metrics[name] for name in ("seconds", "best_val_loss"))
    return Outcome(trial, "FINISHED", seconds, loss, run.info.run_id, run.data.tags.get("model", ""))


def set_up(launch: Launch) -> Callable[[Cell], list[Outcome] | StoreAway]:
    """In a worker, once: return what runs one cell."""
    end_with_driver()
    torch.set_num_threads(1)
    data = launch.open_data()
    client = Patient(MlflowClient())
    best = dict(launch.best)  # as far as this worker knows; the driver knows all

    def work(job: Cell) -> list[Outcome] | StoreAway:
        try:
            opened = time.time()
            runs = {trial.key: open_run(trial, job.replicas) for trial in job.trials if trial.key in job.todo}
            outcomes = []
            for trial, ended in attempts(job.trials, data, launch.device, recorded(job)):
                if time.time() - opened > SILENCE / 2 and taken_over(runs[trial.key]):
                    outcomes.append(Outcome(trial, "KILLED", reason="taken over by another launch"))
                else:
                    outcomes.append(close_run(runs[trial.key], trial, ended))
            return outcomes
        except StoreAway as reason:
            return reason

    def recorded(job: Cell) -> dict[str, Curve]:
        """How the trials of the cell went that ended before and need not run again."""
        curves = {}
        for key in (trial.key for trial in job.trials if trial.key not in job.todo):
            run = final_run(client, launch.experiment_id, key)
            curves[key] = curve_of(run) if run else []  # deleted meanwhile
        return curves

    def curve_of(run: Run) -> Curve:
        history = [(row.step, row.value) for row in client.get_metric_history(run.info.run_id, "val_loss")]
        if history or diverged(run):
            return history
        return [(run.data.metrics["best_step"], run.data.metrics["best_val_loss"])]  # all that an export says of many

    def open_run(trial: Trial, replica: bool) -> str:
        tags = {"mlflow.parentRunId": launch.parent, "study": launch.study}
        tags |= {"data_dir": launch.data_dir, "device": launch.device} | ({"replica": "true"} if replica else {})
        run_id = client.create_run(launch.experiment_id, tags=tags | tags_of(trial, data)).info.run_id
        client.log_batch(run_id, params=params_of(trial))
        return run_id

    def taken_over(run_id: str) -> bool:
        """After a silence, as when this machine has slept: another launch may have ended the run, and run the trial."""
        return client.get_run(run_id).info.status != "RUNNING"

    def close_run(run_id: str, trial: Trial, ended: Result | Exception) -> Outcome:
        if isinstance(ended, Result):
            try:
                model = keep_model(run_id, trial, ended)
                record_result(client, run_id, trial, data, ended)
                client.set_terminated(run_id, "FINISHED")
                return Outcome(trial, "FINISHED", ended.seconds, ended.best_val_loss, run_id, model)
            except MlflowException as error:
                ended = error
        final = isinstance(ended, Diverged)
        reason = f"diverged: {ended}" if final else f"{type(ended).__name__}: {one_line(ended)}"
        with suppress(MlflowException):  # where somebody has deleted the run meanwhile
            note_failure(client, run_id, reason)
        with suppress(MlflowException):
            client.set_terminated(run_id, "FAILED")
        return Outcome(trial, "FAILED", reason="diverged" if final else reason, final=final)

    def keep_model(run_id: str, trial: Trial, result: Result) -> str:
        """Log the model where it is wanted. Its tag comes first: who finds the tag may find a model, whole or not."""
        leads = result.best_val_loss < best.get(group_of(trial), math.inf)
        if launch.keep_models == "none" or (launch.keep_models == "best" and not leads):
            return ""
        client.set_tag(run_id, "model", launch.keep_models)
        best[group_of(trial)] = min(result.best_val_loss, best.get(group_of(trial), math.inf))
        try:
            persist(log_model, run_id, result, data)
        except StoreAway:
            raise
        except Exception as error:  # of an architecture that cannot be exported, say: its measurements still count
            client.set_tag(run_id, "model", f"not logged: {type(error).__name__}: {one_line(error)}"[:500])
            return ""
        return launch.keep_models

    return work


def attempts(
    trials: tuple[Trial, ...], data: Data, device: str, recorded: dict[str, Curve]
) -> Iterator[tuple[Trial, Result | Exception]]:
    """Train the trials of a cell that are not recorded; yields each with its result, or with what stopped it.

    One crashed trial must not take the study down, whatever it crashed with.
    """
    if trials[0].bracket:
        missing = {trial.key: trial for trial in trials if trial.key not in recorded}
        try:
            for trial, ended in halve(trials, data, device, partial(print, flush=True), recorded):
                del missing[trial.key]
                yield trial, ended
        except Exception as error:
            yield from ((trial, error) for trial in missing.values())
        return
    for trial in trials:
        try:
            yield trial, train(trial, data, device)
        except Exception as error:
            yield trial, error


def end_with_driver() -> None:
    """End this process when its driver has ended, however: the next launch runs the same trial."""
    driver = multiprocessing.parent_process()
    if driver is None:
        return

    def watch() -> None:
        wait([driver.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
