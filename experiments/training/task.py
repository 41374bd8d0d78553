"""What a study needs of a task: which examples there are, and how a trial learns from them.

The kinds of task stand in experiments/tasks, one file each.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch

from experiments.training.labelled import Labelled
from experiments.training.results import Course
from experiments.training.shares import check_room, weights_of
from experiments.training.subsets import subset_indices, subset_size
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
    slices: names of the parts that are told apart: its classes, or groups; () for none.
    """

    name: str
    form: str
    strata: np.ndarray
    classes: int
    fingerprint: str
    has_words: bool = False
    slices: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Examples in the pool."""
        return len(self.strata)

    @property
    def slice_of(self) -> np.ndarray:
        """Of each example of the pool, the number of its slice, int64 (N,)."""
        return self.strata

    def subset(self, trial: Trial) -> np.ndarray:
        """Indices into the pool of what the trial is trained on, int64 (n,).

        Raises InputError where there are none, or too few for the shares asked for.
        """
        fraction = trial.fraction
        if not trial.shares:
            return subset_indices(self.strata, fraction, trial.data_seed)
        self.check_subset(trial.shares, fraction)
        weights = weights_of(trial.shares, self.slices)
        return subset_indices(self.slice_of, fraction, trial.data_seed, weights)

    def check_subset(self, shares: str, fraction: float) -> None:
        """Raises InputError where no subset can be drawn so.

        shares: as of a trial.
        """
        n = subset_size(self, fraction)
        if shares:
            check_room(shares, self.slices, self.slice_of, n)

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

    def labelled(self) -> Labelled | None:
        """All examples with their targets; None where only a trainer has them."""
        return None

    def model_inputs(self, model: Any) -> Any:
        """Two examples as the model takes them, which its signature is read from; or None."""
        return None
