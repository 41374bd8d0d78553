"""The task of somebody's own trainers: they bring the examples and the training.

A trainer is a function (here), a command (command.py) or an MLflow project (mlproject.py).
"""

import hashlib
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from experiments.tasks.command import check_program, run_command
from experiments.tasks.mlproject import run_project
from experiments.tasks.own_examples import EXAMPLES, check_same, read_pool
from experiments.tasks.trainer_answers import failing, fitted, wrong
from experiments.tasks.trainer_steps import fit_by_steps
from experiments.training.results import Course
from experiments.training.spaces import read_space
from experiments.training.task import Task
from experiments.training.trainers import Trainer, find_trainer
from experiments.training.trial import Trial
from tracking.errors import InputError
from tracking.schema import RunSettings

SIGNATURE = "fit(indices, hyperparameters, seed)"


@dataclass(frozen=True, eq=False)
class Own(Task):
    """What somebody's own trainers learn from.

    folder: where the study was launched; commands and projects run there.
    slices: names of its groups where they are told, else of its classes.
    groups: int64 (N,), the number of each example's slice; None: its class.
    """

    name: str
    strata: np.ndarray
    classes: int
    fingerprint: str
    folder: str
    form: str = "own"
    slices: tuple[str, ...] = ()
    groups: np.ndarray | None = None

    @property
    def slice_of(self) -> np.ndarray:
        """Of each example of the pool, the number of its slice, int64 (N,)."""
        return self.strata if self.groups is None else self.groups

    def describe(self) -> str:
        """How many examples there are."""
        return f"{len(self):,} examples in the pool"

    def course(self, trial: Trial, indices: np.ndarray, device: torch.device) -> Course:
        """Have the trial's trainer train. Raises InputError for an answer that is none."""
        trainer = find_trainer(trial.trainer, trial.space)
        if trainer.fit is None:
            run = run_command if trainer.arguments else run_project
            answer, log = run(trainer, trial, indices, self.folder)
            yield from ()
            return fitted(trainer, answer, log)
        answer = _call(trainer, trainer.fit, trial, indices)
        if inspect.isgenerator(answer):
            return (yield from fit_by_steps(trainer, trial, len(indices), answer))
        yield from ()
        return fitted(trainer, answer)


def _call(trainer: Trainer, fit: Callable[..., Any], trial: Trial, indices: np.ndarray) -> Any:
    given = (indices, dict(trial.hyperparameters), trial.seed_for("trainer"))
    try:
        inspect.signature(fit).bind(*given)
    except TypeError:
        raise wrong(trainer, f"takes {inspect.signature(fit)}; allowed: {SIGNATURE}") from None
    except ValueError:  # its arguments cannot be seen
        pass
    with failing(trainer):
        return fit(*given)


# --- what they learn from --------------------------------------------------------------------


def load_own(texts: Sequence[str], settings: RunSettings, data_dir: str) -> Own:
    """The task of these trainers, which learn from the same examples.

    Raises InputError where a trainer cannot be had, or their examples differ.
    """
    trainers = [find_trainer(text, settings.space) for text in texts]
    _check_settings(trainers, settings)
    told = [read_pool(trainer, settings, data_dir) for trainer in trainers]
    for trainer, examples in zip(trainers[1:], told[1:]):
        check_same(trainers[0], told[0], trainer, examples)
    datasets = {one.dataset for one in told} - {""}
    fingerprints = {one.fingerprint for one in told} - {""}
    for what, said in (("dataset", datasets), ("fingerprint", fingerprints)):
        if len(said) > 1:
            raise InputError(
                f"the trainers say that their {what} is {' and '.join(sorted(said))}; "
                "allowed: the same examples for all of a study"
            )
    digest = hashlib.blake2b(told[0].strata.tobytes(), digest_size=8)
    digest.update("".join(fingerprints).encode())
    return Own(
        name="".join(datasets) or "own",
        strata=told[0].strata,
        classes=told[0].classes,
        fingerprint=digest.hexdigest(),
        folder=str(Path.cwd()),
        slices=told[0].slices,
        groups=None if told[0].slice_of is told[0].strata else told[0].slice_of,
    )


def _check_settings(trainers: Sequence[Trainer], settings: RunSettings) -> None:
    names = [trainer.name for trainer in trainers]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"two trainers have the same name, '{twice[0]}'")
    others = [trainer for trainer in trainers if trainer.fit is None]
    if settings.examples and not others:
        raise InputError(
            f"examples '{settings.examples}' is of a command or mlproject; "
            f"a function says it itself: fit.examples = {EXAMPLES}"
        )
    used = {name for trainer in others for name in trainer.space}
    if unused := sorted(read_space(settings.space).keys() - used):
        raise InputError(
            f"space: no trainer takes {unused[0]}; a command takes it as {{{unused[0]}}}, "
            "an mlproject as a parameter, a function says its own: fit.space"
        )
    for trainer in others:
        check_program(trainer)
