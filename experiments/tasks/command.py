"""A trainer that is a command, in any language: it reads indices and writes a JSON.

The file of indices is text, one a line; the JSON holds what a trainer that is a function
returns. Nothing passes through a shell.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from experiments.tasks.trainer_answers import wrong
from experiments.training.results import TrainerFailed
from experiments.training.trainers import PLACEHOLDER, Trainer
from experiments.training.trial import Trial
from tracking.errors import InputError

OF_MLFLOW = re.compile(r"\d{4}/\d\d/\d\d [\d:]+ \w+ mlflow\.")  # how its own lines begin
LOG_BYTES = 1_000_000  # of what is printed; the last are kept
# The run that `mlflow run` opened is the study's, and not the command's to write into.
NOT_ITS_OWN = ("MLFLOW_RUN_ID",)
# Where the system can: a command ends with the worker that started it, however that ends.
ENDS_WITH_US = ("setpriv", "--pdeathsig", "KILL") if shutil.which("setpriv") else ()


def check_program(trainer: Trainer) -> None:
    """Raises InputError where the command's program is not here."""
    if trainer.arguments and not shutil.which(trainer.arguments[0]):
        raise InputError(f"{trainer.said}: there is no program '{trainer.arguments[0]}'")


def run_command(
    trainer: Trainer, trial: Trial, indices: np.ndarray, folder: str
) -> tuple[Any, str]:
    """What the command wrote, and what it printed.

    folder: that it runs in.
    Raises TrainerFailed where it ends with an error, with its last line; InputError where it
    writes no JSON.
    """
    with tempfile.TemporaryDirectory(prefix="trial-") as place:
        result = Path(place) / "result.json"
        values = {
            **trial.hyperparameters,
            "subset": write_subset(indices, Path(place)),
            "result": result,
            "seed": trial.seed_for("trainer"),
            "max_steps": trial.max_steps,
            "patience": trial.patience,
        }
        log = run_program(trainer, [filled(one, values) for one in trainer.arguments], folder)
        try:
            return _read(trainer, result), log
        except InputError as error:
            error.add_note(log)
            raise


def write_subset(indices: np.ndarray, place: Path) -> Path:
    """The file of indices."""
    path = place / "subset.txt"
    path.write_text("".join(f"{index}\n" for index in indices))
    return path


def filled(argument: str, values: Mapping[str, Any]) -> str:
    """An argument with its placeholders filled in; other braces stay."""
    return PLACEHOLDER.sub(lambda found: str(values.get(found[1], found[0])), argument)


def run_program(trainer: Trainer, arguments: Sequence[str], folder: str) -> str:
    """Run a program; returns what it printed. Raises TrainerFailed."""
    environment = {
        name: value for name, value in os.environ.items() if name not in NOT_ITS_OWN
    }
    with tempfile.TemporaryFile() as printed:
        try:
            done = subprocess.run(
                [*ENDS_WITH_US, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env=environment,
            )
        except OSError as error:
            raise TrainerFailed(f"{trainer.said} cannot be started: {error}") from None
        printed.seek(max(0, printed.tell() - LOG_BYTES))
        log = printed.read().decode(errors="replace")
    if done.returncode:
        failure = TrainerFailed(
            f"{trainer.said} ended with {done.returncode}: {last_line(log)}"
        )
        failure.add_note(log)
        raise failure
    return log


def last_line(log: str) -> str:
    """The last line of a log that says something; what MLflow says of a run does not."""
    said = [line.strip() for line in log.splitlines() if line.strip()]
    lines = [line for line in said if not OF_MLFLOW.match(line)]
    return lines[-1] if lines else "it printed nothing"


def _read(trainer: Trainer, result: Path) -> Any:
    try:
        return json.loads(result.read_text())
    except FileNotFoundError:
        raise wrong(trainer, "wrote nothing to {result}; allowed: a JSON file") from None
    except (OSError, ValueError) as error:
        raise wrong(trainer, f"wrote no JSON to {{result}}: {error}") from None
