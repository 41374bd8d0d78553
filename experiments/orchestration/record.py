"""A trial, written into its MLflow run: what it was asked, how it went, what came out."""

import random
import time
from typing import Any

import mlflow
from mlflow import MlflowClient
from mlflow.entities import DatasetInput, InputTag, Metric, RunTag
from mlflow.exceptions import MlflowException

from experiments.orchestration.model_flavours import try_to_log
from experiments.training.devices import find_device
from experiments.training.results import Diverged, Result, TrainerFailed
from experiments.training.subsets import subset_size
from experiments.training.task import Task
from experiments.training.train import train
from experiments.training.trial import Trial
from tracking import schema
from tracking.errors import InputError, one_line
from tracking.measures import as_text
from tracking.runs import params_of, run_name
from tracking.schema import DIVERGED
from tracking.slices import TAKEN_FOR, log_slices

PER_CALL = 1000  # metrics, the most that MLflow takes at once
LOG = "log.txt"  # what a command printed
TRIES = 5  # to log a subset that others log at once


def record(trial: Trial, task: Task, device: str, keep_model: bool) -> Result:
    """Train the trial and write all of it into the active MLflow run.

    Raises what stopped it, such as Diverged, after noting the reason in the run.
    """
    trial = trial.resolved(find_device(device))
    client = MlflowClient()
    run_id = mlflow.active_run().info.run_id
    # `mlflow run` has logged some, and refuses the same under another text ("5e-2")
    logged = client.get_run(run_id).data.params
    params = [param for param in params_of(trial.as_dict()) if param.key not in logged]
    tags = [RunTag(name, value) for name, value in tags_of(trial, task).items()]
    client.log_batch(run_id, params=params, tags=tags)
    try:
        result = train(trial, task, device)
    except Exception as error:
        note_failure(client, run_id, error)
        raise
    record_result(client, run_id, trial, task, result)
    if keep_model and result.model is not None:
        _keep_model(client, run_id, result.model, task)
    return result


def _keep_model(client: MlflowClient, run_id: str, model: Any, task: Task) -> None:
    if reason := try_to_log(client, run_id, model, task):
        print(f"model {reason}")


def name_of(trial: Trial, n_train: int) -> str:
    """What a person reads in MLflow's list of runs, such as `cnn · n=1,600 · #7`."""
    return run_name(trial.architecture, n_train, trial.sample, trial.data_seed)


def tags_of(trial: Trial, task: Task) -> dict[str, str]:
    """What is known of a trial before it is trained; it must be resolved."""
    return {
        "mlflow.runName": name_of(trial, subset_size(task, trial.fraction)),
        "trial": trial.key,
        "classes": str(task.classes),
        "pool": str(len(task)),
        "dataset_fingerprint": task.fingerprint,
    }


def reason_of(error: BaseException) -> str:
    """Why a trial failed, in one line."""
    if isinstance(error, Diverged):
        return f"{DIVERGED}: {error}"
    if isinstance(error, InputError | TrainerFailed):  # it names what is at fault
        return one_line(error)
    return f"{type(error).__name__}: {one_line(error)}"


def note_failure(client: MlflowClient, run_id: str, error: BaseException) -> None:
    """Say in a run why it failed, with what a command printed until then."""
    client.set_tag(run_id, "failure", reason_of(error)[:500])
    for printed in getattr(error, "__notes__", ()):
        client.log_text(run_id, printed, LOG)


def record_result(
    client: MlflowClient, run_id: str, trial: Trial, task: Task, result: Result
) -> None:
    """Log what a trial gave, its model aside."""
    log_metrics(client, run_id, result)
    log_subset(client, run_id, trial, task, result)
    if result.slices:
        log_slices(client, run_id, slice_rows(result))
    if result.log:
        client.log_text(run_id, result.log, LOG)


def log_metrics(client: MlflowClient, run_id: str, result: Result) -> None:
    """Log the history over steps, then the summary."""
    now = int(time.time() * 1000)
    metrics = [
        Metric(f"{of}_{name}", value, now, row.step)
        for row in result.history
        for of, values in (("train", row.train), ("val", row.val))
        for name, value in values.items()
    ]
    metrics += [Metric(name, value, now, 0) for name, value in summary(result).items()]
    found = {"pruned": result.pruned, "budget_bound": result.budget_bound}
    tags = [RunTag(name, str(value).lower()) for name, value in found.items()]
    tags.append(RunTag("measures", as_text(result.measures)))
    if result.slices:
        tags.append(RunTag("slices", str(len(result.slices))))
    for start in range(0, len(metrics), PER_CALL):
        client.log_batch(run_id, metrics=metrics[start : start + PER_CALL], tags=tags)


def summary(result: Result) -> dict[str, float]:
    """What a run is told by, as tracking/schema.py names it; what is not known is left out."""
    kinds = {
        "validation": result.best.val,
        "test": result.test.values,
        "se": result.test.errors,
        "guess": result.guess,
    }
    told = {
        schema.measured(name)[kind]: value
        for kind, values in kinds.items()
        for name, value in values.items()
    }
    others = {
        "best_step": result.best.step,
        "n_train": result.n_train,
        "n_parameters": result.n_parameters,
        "steps": result.steps,
        "seconds": result.seconds,
    }
    return told | {name: value for name, value in others.items() if value is not None}


def slice_rows(result: Result) -> list[dict[str, Any]]:
    """What is kept of each slice, as tracking/slices.py has it."""
    return [
        {
            "slice": one.name,
            "n_train": one.n_train,
            "n_test": one.test.count,
            **one.test.values,
            **{f"{name}_se": error for name, error in one.test.errors.items()},
            **{TAKEN_FOR + name: share for name, share in one.taken_for.items()},
        }
        for one in result.slices
    ]


def log_subset(
    client: MlflowClient, run_id: str, trial: Trial, task: Task, result: Result
) -> None:
    """Log the subset as the run's dataset; its digest is the fingerprint of the indices."""
    inputs_of, targets = task.examples(task.subset(trial))
    dataset = mlflow.data.from_numpy(
        inputs_of,
        targets=targets,
        name=trial.dataset,
        digest=result.subset_fingerprint,
    )
    context = InputTag("mlflow.data.context", "training")
    inputs = [DatasetInput(dataset._to_mlflow_entity(), [context])]
    for tries_left in reversed(range(TRIES)):
        try:
            client.log_inputs(run_id, inputs)
            return
        except MlflowException:
            # of two workers that log the same new subset at once, one must come again
            if not tries_left:
                raise
            time.sleep(random.uniform(0.05, 0.3))
