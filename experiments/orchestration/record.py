"""A trial, written into its MLflow run: what it was asked, how it went, what came out."""

import random
import time
import warnings
from dataclasses import asdict

import mlflow
import numpy as np
import sklearn
import torch
from mlflow import MlflowClient
from mlflow.entities import DatasetInput, InputTag, Metric, RunTag
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature

from experiments.training.devices import find_device
from experiments.training.results import Diverged, Result
from experiments.training.subsets import Data, subset, subset_size
from experiments.training.train import train
from experiments.training.trial import Trial
from tracking.runs import METRICS, params_of, run_name
from tracking.schema import DIVERGED

PER_CALL = 1000  # metrics, the most that MLflow takes at once
MODEL_NEEDS = [
    f"torch=={torch.__version__.partition('+')[0]}",
    f"scikit-learn=={sklearn.__version__}",
]
TRIES = 5  # to log a subset that others log at once


def record(trial: Trial, data: Data, device: str, keep_model: bool) -> Result:
    """Train the trial and write all of it into the active MLflow run.

    Raises Diverged after noting the reason in the run.
    """
    trial = trial.resolved(find_device(device))
    client = MlflowClient()
    run_id = mlflow.active_run().info.run_id
    # `mlflow run` has logged some, and refuses the same under another text ("5e-2")
    logged = client.get_run(run_id).data.params
    params = [param for param in params_of(trial.as_dict()) if param.key not in logged]
    tags = [RunTag(name, value) for name, value in tags_of(trial, data).items()]
    client.log_batch(run_id, params=params, tags=tags)
    try:
        result = train(trial, data, device)
    except Diverged as reason:
        note_failure(client, run_id, f"{DIVERGED}: {reason}")
        raise
    record_result(client, run_id, trial, data, result)
    if keep_model:
        log_model(run_id, result, data)
    return result


def name_of(trial: Trial, n_train: int) -> str:
    """What a person reads in MLflow's list of runs, such as `cnn · n=1,600 · #7`."""
    return run_name(trial.architecture, n_train, trial.sample, trial.data_seed)


def tags_of(trial: Trial, data: Data) -> dict[str, str]:
    """What is known of a trial before it is trained; it must be resolved."""
    return {
        "mlflow.runName": name_of(trial, subset_size(data.pool, trial.fraction)),
        "trial": trial.key,
        "classes": str(data.classes),
        "pool": str(len(data.pool)),
        "dataset_fingerprint": data.fingerprint,
    }


def note_failure(client: MlflowClient, run_id: str, reason: str) -> None:
    """Say in a run why it failed."""
    client.set_tag(run_id, "failure", reason[:500])


def record_result(
    client: MlflowClient, run_id: str, trial: Trial, data: Data, result: Result
) -> None:
    """Log what a trial gave, its model aside."""
    log_metrics(client, run_id, result)
    log_subset(client, run_id, trial, data, result)


def log_metrics(client: MlflowClient, run_id: str, result: Result) -> None:
    """Log the history over steps, then the summary."""
    now = int(time.time() * 1000)
    metrics = [
        Metric(name, value, now, row.step)
        for row in result.history
        for name, value in asdict(row).items()
        if name != "step" and value == value  # a forest has no training loss
    ]
    metrics += [Metric(name, getattr(result, name), now, 0) for name in METRICS]
    found = {"pruned": result.pruned, "budget_bound": result.budget_bound}
    tags = [RunTag(name, str(value).lower()) for name, value in found.items()]
    for start in range(0, len(metrics), PER_CALL):
        client.log_batch(run_id, metrics=metrics[start : start + PER_CALL], tags=tags)


def log_subset(
    client: MlflowClient, run_id: str, trial: Trial, data: Data, result: Result
) -> None:
    """Log the subset as the run's dataset; its digest is the fingerprint of the indices."""
    images = subset(data.pool, trial.fraction, trial.data_seed)
    dataset = mlflow.data.from_numpy(
        images.images.numpy(),
        targets=images.labels.numpy(),
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


def log_model(run_id: str, result: Result, data: Data) -> None:
    """Log the chosen model to a run.

    A network becomes an exported program (pt2), which loads without this project's code:
    pixels in 0–255, float32 (N, C, H, W), in; logits (N, classes) out. A forest takes flat
    pixels (N, C·H·W) and answers with classes.
    """
    pixels = data.pool.images[:2].contiguous().float()
    if isinstance(result.model, torch.nn.Module):
        _log_network(run_id, result.model, pixels)
    else:
        _log_estimator(run_id, result.model, pixels.reshape(len(pixels), -1).numpy())


def _log_network(run_id: str, model: torch.nn.Module, pixels: torch.Tensor) -> None:
    with torch.inference_mode():
        signature = infer_signature(pixels.numpy(), model(pixels).numpy())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.export's remarks about its own archive
        mlflow.pytorch.log_model(
            model,
            name="model",
            run_id=run_id,
            pip_requirements=MODEL_NEEDS,
            signature=signature,
            input_example=pixels.numpy(),
        )


def _log_estimator(run_id: str, model: sklearn.base.ClassifierMixin, flat: np.ndarray) -> None:
    mlflow.sklearn.log_model(
        model,
        name="model",
        run_id=run_id,
        pip_requirements=MODEL_NEEDS,
        signature=infer_signature(flat, model.predict(flat)),
        skops_trusted_types=["sklearn.tree._tree.Tree"],  # this process has just grown them
    )
