"""A trainer that is an MLflow project of somebody's own: its entry point main is run.

It gets the file of indices as `subset`, and `seed` and its hyperparameters where it has such
parameters; what it logs as metrics val_… and test_… is its answer.
"""

import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from experiments.tasks.command import run_program, write_subset
from experiments.tasks.trainer_answers import wrong
from experiments.training.trainers import PROJECT, Trainer
from experiments.training.trial import Trial
from tracking.store import default_store, open_store

RUN = re.compile(r"Run \(ID '(\w+)'\) succeeded")
ANSWER = ("val_", "test_", "guess_", "n_parameters")  # how the metrics begin that count


def run_project(
    trainer: Trainer, trial: Trial, indices: np.ndarray, folder: str
) -> tuple[Any, str]:
    """The metrics that the project's run has logged, and what it printed.

    Its runs are in the same store, in an experiment of the project's name.
    Raises TrainerFailed where it ends with an error, InputError where it logs nothing.
    """
    with tempfile.TemporaryDirectory(prefix="trial-") as place:
        values = {
            **trial.hyperparameters,
            "subset": write_subset(indices, Path(place)),
            "seed": trial.seed_for("trainer"),
        }
        given = [f"{name}={values[name]}" for name in trainer.parameters if name in values]
        log = run_program(trainer, _command(trainer, given), folder)
    found = RUN.search(log)
    if not found:
        raise wrong(trainer, "ran, and MLflow does not say as which run")
    metrics = open_store(default_store()).get_run(found[1]).data.metrics
    answer = {name: value for name, value in metrics.items() if name.startswith(ANSWER)}
    if not answer:
        raise wrong(trainer, "logged no metrics; allowed: val_loss and test_loss, say")
    return answer, log


def _command(trainer: Trainer, given: list[str]) -> list[str]:
    path = trainer.text.removeprefix(PROJECT)
    options = ["--env-manager", "local", "--experiment-name", f"{trainer.name} (trainer)"]
    parameters = [part for one in given for part in ("-P", one)]
    return [sys.executable, "-m", "mlflow", "run", path, *options, *parameters]
