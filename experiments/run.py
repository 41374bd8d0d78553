"""`main`: one trial becomes one MLflow run.

mlflow run . -P fraction=0.05          or          python -m experiments.run --fraction 0.05
"""

import mlflow
import torch

from experiments.orchestration.record import name_of, record
from experiments.tasks.images import load_data
from experiments.training.devices import find_device
from experiments.training.results import Diverged, Result
from experiments.training.subsets import subset_size
from experiments.training.trial import Trial
from tracking import schema
from tracking.command import Parser, exit_with_one_line, option_of, run
from tracking.store import open_store

DESCRIPTION = "Train one trial and record it as one MLflow run."
EPILOG = (
    "Every run is recorded in MLFLOW_TRACKING_URI, "
    "by default sqlite:///mlflow.db beside MLproject."
)
OPTIONS = [option_of(field) for field in schema.asked()]


def main(arguments: list[str] | None = None) -> None:
    """Train what the arguments ask for. Raises InputError."""
    parser = Parser("experiments.run", DESCRIPTION, OPTIONS, epilog=EPILOG)
    asked = vars(parser.parse_args(arguments))
    data_dir = asked.pop("data_dir")
    device = asked.pop("device")
    trial = Trial(**asked)
    find_device(device)  # raises where it is not here
    data = load_data(trial.dataset, data_dir)
    subset_size(data.pool, trial.fraction)  # raises for an empty subset, before a run exists
    open_store(new=True)
    # as in a study: these nets gain little from a second thread, and results stay the same
    torch.set_num_threads(1)
    try:
        # under `mlflow run` this resumes the project's own run
        with mlflow.start_run() as active:
            result = record(trial, data, device, keep_model=True)
    except Diverged as reason:
        exit_with_one_line(reason)
    print(_summary(trial, result))
    print(f"MLflow run {active.info.run_id}")


def _summary(trial: Trial, result: Result) -> str:
    return (
        f"{name_of(trial, result.n_train)}: "
        f"validation loss {result.best_val_loss:.4f} nats, error {result.best_val_error:.2%}; "
        f"test loss {result.test_loss:.4f}, error {result.test_error:.2%} "
        f"(best at step {result.best_step:,} of {result.steps:,}, {result.seconds:.1f} s)"
    )


if __name__ == "__main__":
    run(main)
