"""What a study needs of a task: which examples there are, and how a trial learns from them.

The kinds of task stand in experiments/tasks, one file each.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch

from experiments.training.results import Course
from experiments.training.trial import Trial


class Timing(Protocol):
    """How fast this machine trains.

    basis: what that is known from.
    """

    @property
    def basis(self) -> str:
        """What is said of it."""
        ...

    def seconds(self, steps: float, patience: int, n: float) -> float:
        """Seconds of a trial.

        steps: that it takes.
        patience: in steps.
        n: examples in its subset.
        """
        ...


class Task(ABC):
    """What is learned. All workers of a study share one.

    name: as a trial's `dataset` says it.
    form: images, table or own; what may learn it hangs on that.
    strata: int64 (N,), of each example of the pool; every subset holds its share of each.
    classes: how many there are to tell apart; 0 where there are none.
    fingerprint: of every example.
    has_words: its models hold a vocabulary.
    """

    name: str
    form: str
    strata: np.ndarray
    classes: int
    fingerprint: str
    has_words: bool = False

    def __len__(self) -> int:
        """Examples in the pool."""
        return len(self.strata)

    @abstractmethod
    def describe(self) -> str:
        """What there is to learn from, in a few words."""

    @abstractmethod
    def course(self, trial: Trial, indices: np.ndarray, device: torch.device) -> Course:
        """Train the trial on the examples at the indices (n,) of the pool.

        Raises Diverged. It must not draw from a random state that the trial has not seeded.
        """

    def check(self, trial: Trial) -> None:
        """Raises InputError where what learns in the trial cannot learn this.

        Asked once for each learner, before anything is trained.
        """
        return

    def time(self, trials: Sequence[Trial], device: torch.device) -> Timing | None:
        """How fast trials of one learner are trained here; None where that must be seen."""
        return None

    def examples(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What MLflow describes a subset by: its inputs and its targets, arrays of n rows."""
        return indices, self.strata[indices]

    def model_inputs(self, model: Any) -> Any:
        """Two examples as the model takes them, which its signature is read from; or None."""
        return None
