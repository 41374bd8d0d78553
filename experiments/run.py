"""`main`: one trial becomes one MLflow run.

mlflow run . -P fraction=0.05          or          python -m experiments.run --fraction 0.05
"""

import argparse
import os
import random
import sys
import time
import warnings
from dataclasses import asdict, fields
from pathlib import Path

import mlflow
import requests
import sklearn
import torch
from mlflow import MlflowClient
from mlflow.entities import DatasetInput, InputTag, Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature
from sqlalchemy.exc import SQLAlchemyError

from experiments import InputError, one_line
from experiments.data import Data, load_data, subset, subset_size
from experiments.train import Diverged, Result, find_device, train
from experiments.trial import Trial

SUMMARY = (
    *("best_val_loss", "best_val_error", "best_step", "test_loss", "test_error"),
    *("n_train", "n_parameters", "steps", "seconds"),
)
PER_CALL = 1000  # metrics, the most that MLflow takes at once
TRIAL_FIELDS = tuple(field.name for field in fields(Trial) if field.init and field.name != "bracket")
MODEL_NEEDS = [f"torch=={torch.__version__.partition('+')[0]}", f"scikit-learn=={sklearn.__version__}"]
EPILOG = "Every run is recorded in MLFLOW_TRACKING_URI, by default sqlite:///mlflow.db beside MLproject."


def main(arguments: list[str] | None = None) -> None:
    parser = Parser("experiments.run", description="Train one trial and record it as one MLflow run.", epilog=EPILOG)
    add_trial_arguments(parser)
    options = parser.parse_args(arguments)
    trial = Trial(**{name: getattr(options, name) for name in TRIAL_FIELDS})
    find_device(options.device)
    data = load_data(trial.dataset, options.data_dir)
    subset_size(data.pool, trial.fraction)  # raises where it holds no image, before a run exists
    check_store()
    torch.set_num_threads(1)  # as in a study: these nets gain little from a second thread, and results stay the same
    with mlflow.start_run() as run:  # under `mlflow run` this resumes the project's own run
        result = record(trial, data, options.device, keep_model=True)
    print(
        f"{run_name(trial, result.n_train)}: "
        f"validation loss {result.best_val_loss:.4f} nats, error {result.best_val_error:.2%}; "
        f"test loss {result.test_loss:.4f}, error {result.test_error:.2%} "
        f"(best at step {result.best_step:,} of {result.steps:,}, {result.seconds:.1f} s)\nMLflow run {run.info.run_id}"
    )


def record(trial: Trial, data: Data, device: str, keep_model: bool) -> Result:
    """Train the trial and write all of it into the active MLflow run.

    Raises Diverged after noting the reason in the run.
    """
    client, run_id = MlflowClient(), mlflow.active_run().info.run_id
    logged = client.get_run(run_id).data.params  # by `mlflow run`: the same under another text ("5e-2") is refused
    params = [param for param in params_of(trial) if param.key not in logged]
    client.log_batch(run_id, params=params, tags=[RunTag(*pair) for pair in tags_of(trial, data).items()])
    try:
        result = train(trial, data, device)
    except Diverged as reason:
        note_failure(client, run_id, f"diverged: {reason}")
        raise
    record_result(client, run_id, trial, data, result)
    if keep_model:
        log_model(run_id, result, data)
    return result


def record_result(client: MlflowClient, run_id: str, trial: Trial, data: Data, result: Result) -> None:
    log_metrics(client, run_id, result)
    log_subset(client, run_id, trial, data, result)


def note_failure(client: MlflowClient, run_id: str, reason: str) -> None:
    client.set_tag(run_id, "failure", reason[:500])


def tags_of(trial: Trial, data: Data) -> dict[str, str]:
    return {
        "mlflow.runName": run_name(trial, subset_size(data.pool, trial.fraction)),
        "trial": trial.key,
        "classes": str(data.classes),
        "pool": str(len(data.pool)),
        "dataset_fingerprint": data.fingerprint,
    }


def params_of(trial: Trial) -> list[Param]:
    values = trial.as_dict()
    values |= values.pop("hyperparameters")
    return [Param(name, str(value)) for name, value in values.items()]


def run_name(trial: Trial, n_train: int) -> str:
    """What a person reads in MLflow's list of runs: `cnn · n=1,600 · #7`, and the data seed unless it is 0."""
    seed = f" · seed {trial.data_seed}" if trial.data_seed else ""
    return f"{trial.architecture} · n={n_train:,} · #{trial.sample}{seed}"


def log_metrics(client: MlflowClient, run_id: str, result: Result) -> None:
    """Log the history over steps, then the summary."""
    now = int(time.time() * 1000)
    metrics = [
        Metric(name, value, now, row.step)
        for row in result.history
        for name, value in asdict(row).items()
        if name != "step" and value == value  # a forest has no training loss
    ]
    metrics += [Metric(name, getattr(result, name), now, 0) for name in SUMMARY]
    tags = [RunTag("precision", result.precision), RunTag("pruned", str(result.pruned).lower())]
    for start in range(0, len(metrics), PER_CALL):
        client.log_batch(run_id, metrics=metrics[start : start + PER_CALL], tags=tags)


def log_subset(client: MlflowClient, run_id: str, trial: Trial, data: Data, result: Result) -> None:
    """Log the subset as the run's dataset; its digest is the fingerprint of the indices."""
    images = subset(data.pool, trial.fraction, trial.data_seed)
    dataset = mlflow.data.from_numpy(
        images.images.numpy(), targets=images.labels.numpy(), name=trial.dataset, digest=result.subset_fingerprint
    )
    inputs = [DatasetInput(dataset._to_mlflow_entity(), [InputTag("mlflow.data.context", "training")])]
    for tries_left in reversed(range(5)):
        try:
            client.log_inputs(run_id, inputs)
            return
        except MlflowException:  # two workers that log the same new subset at once: one of them must come again
            if not tries_left:
                raise
            time.sleep(random.uniform(0.05, 0.3))


def log_model(run_id: str, result: Result, data: Data) -> None:
    """Log the chosen model to a run: pixels in 0–255, float32 (N, C, H, W), in; logits (N, classes) out.

    Networks become exported programs (pt2), which load without this project's code. A forest takes flat
    pixels (N, C·H·W) and answers with classes.
    """
    example = data.pool.images[:2].contiguous().float()
    common = {"name": "model", "run_id": run_id, "pip_requirements": MODEL_NEEDS}
    if isinstance(result.model, torch.nn.Module):
        example = example.numpy()
        with torch.inference_mode():
            signature = infer_signature(example, result.model(torch.from_numpy(example)).numpy())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch.export's remarks about its own archive
            mlflow.pytorch.log_model(result.model, signature=signature, input_example=example, **common)
    else:
        flat = example.reshape(len(example), -1).numpy()
        signature = infer_signature(flat, result.model.predict(flat))
        trusted = ["sklearn.tree._tree.Tree"]  # this process has just grown them
        mlflow.sklearn.log_model(result.model, signature=signature, skops_trusted_types=trusted, **common)


# --- the command line ------------------------------------------------------------------------------


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line and exits with code 2."""

    def __init__(self, module: str, **options):
        super().__init__(f"python -m {module}", allow_abbrev=False, **options)

    def error(self, message):
        if message.startswith("unrecognized"):
            message += f"; allowed: {', '.join(sorted(self._option_string_actions))}"
        self.exit(2, f"error: {message}\n")


def number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number") from None


def whole_number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number") from None


def true_or_false(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"'{text}' is neither true nor false")
    return text.lower() == "true"


def add_trial_arguments(parser: Parser, without: tuple = ()) -> None:
    """One option for each field of Trial, with its default and type, and where to find data and device."""
    types = {float: number, int: whole_number, str: str}
    for field in fields(Trial):
        if field.name in TRIAL_FIELDS and field.name not in without:
            parser.add_argument(f"--{field.name}", type=types[field.type], default=field.default)
    parser.add_argument("--data_dir", default="data", help="where torchvision's datasets lie, or are downloaded to")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")


def database(uri: str) -> Path:
    """The file of sqlite:///FILE?options."""
    return Path(uri.removeprefix("sqlite:///").partition("?")[0])


def check_store() -> None:
    """Open the tracking store, creating it if need be. Raises InputError where it cannot be reached.

    MLflow itself tries again for minutes; somebody who mistyped an address wants to know now.
    """
    uri = mlflow.get_tracking_uri()
    try:
        if uri.startswith("http"):  # whatever it answers; it may not know /health
            certificates = os.environ.get("MLFLOW_TRACKING_SERVER_CERT_PATH")
            trusted = os.environ.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() in ("true", "1")
            requests.get(f"{uri.rstrip('/')}/health", timeout=10, verify=certificates or not trusted).close()
        elif database(uri).is_dir():
            raise IsADirectoryError("it is a folder, not a database")
        MlflowClient().search_experiments(max_results=1)
    except (OSError, ValueError, ImportError, MlflowException, SQLAlchemyError) as error:
        reason = one_line(error)[:200]
        raise InputError(f"tracking store '{uri}' cannot be opened ({reason}); see MLFLOW_TRACKING_URI") from None


def exit_with_one_line(error: Exception) -> None:
    print(f"error: {error}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    try:
        main()
    except (InputError, Diverged) as error:
        exit_with_one_line(error)
