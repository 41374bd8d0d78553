"""What a worker process does: train the trials of one cell after another and write each into its MLflow run."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from experiments import one_line
from experiments.data import Data
from experiments.grid import Cell
from experiments.halving import halve
from experiments.run import describe, note_failure, record_result, run_name
from experiments.store import owner
from experiments.train import Diverged, Result, train
from experiments.trial import Trial


@dataclass(frozen=True)
class Outcome:
    """How one trial ended: FINISHED, or FAILED with the reason."""

    trial: Trial
    status: str
    seconds: float
    n_train: int = 0
    best_val_loss: float = float("nan")
    reason: str = ""
    final: bool = True  # False: another try may succeed


def set_up(path: str, experiment_id: str, parent: str, study: str, device: str, driver: int):
    """In a worker, once: map the data into memory (one copy for all workers) and return what runs one cell."""
    torch.set_num_threads(1)
    data = torch.load(path, mmap=True, weights_only=False)
    client = MlflowClient()

    def work(job: Cell) -> list[Outcome]:
        runs = {trial.key: open_run(trial) for trial in job.trials if trial.key in job.todo}
        outcomes = []
        for trial, ended in attempts(job.trials, data, device):
            if trial.key in runs:
                outcomes.append(close_run(runs[trial.key], trial, ended))
        return outcomes

    def open_run(trial: Trial) -> str:
        tags = {"mlflow.parentRunId": parent, "study": study, "trial": trial.key, "owner": owner(driver)}
        name = run_name(trial, round(trial.fraction * len(data.pool)))
        run_id = client.create_run(experiment_id, tags=tags, run_name=name).info.run_id
        describe(client, run_id, trial, data)
        return run_id

    def close_run(run_id: str, trial: Trial, ended) -> Outcome:
        if isinstance(ended, Result):
            try:
                record_result(client, run_id, trial, data, ended)
                client.set_terminated(run_id, "FINISHED")
                return Outcome(trial, "FINISHED", ended.seconds, ended.n_train, ended.best_val_loss)
            except MlflowException as error:
                ended = error
        final = isinstance(ended, Diverged)
        reason = f"diverged: {ended}" if final else f"{type(ended).__name__}: {one_line(ended)}"
        note_failure(client, run_id, reason)
        client.set_terminated(run_id, "FAILED")
        return Outcome(trial, "FAILED", 0.0, reason="diverged" if final else reason, final=final)

    return work


def attempts(trials: tuple[Trial, ...], data: Data, device: str) -> Iterator[tuple[Trial, Result | Exception]]:
    """Train the trials of a cell; yields each with its result, or with what stopped it.

    One crashed trial must not take the study down, whatever it crashed with.
    """
    if trials[0].bracket:
        missing = {trial.key: trial for trial in trials}
        try:
            for trial, ended in halve(trials, data, device):
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
