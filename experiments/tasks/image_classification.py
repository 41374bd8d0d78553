"""The task of naming what images show: networks and scikit-learn classifiers learn it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from experiments.tasks.image_throughput import SAMPLES, time_fit, time_steps
from experiments.training.descent import fit_network
from experiments.training.estimators import fit_estimator
from experiments.training.image_sets import Sets, Split
from experiments.training.labelled import Labelled
from experiments.training.networks import Shape, build_model
from experiments.training.results import Course
from experiments.training.table import Rows
from experiments.training.task import Task, Timing
from experiments.training.trial import Trial


@dataclass(frozen=True, eq=False)
class Images(Task):
    """Labelled images, split once for all studies.

    name: as a trial's `dataset` says it.
    classes: how many.
    pool: what subsets are drawn from.
    validation: chooses step and sample, whole for every size.
    test: evaluated once per trial.
    fingerprint: of every pixel and label.
    note: what is to be said of the images, such as their new size.
    slices: names of the classes.
    places: of the images of the pool among the training images as given, int64 (N,).
    """

    name: str
    classes: int
    pool: Split
    validation: Split
    test: Split
    fingerprint: str
    form: str = "images"
    note: str = ""
    slices: tuple[str, ...] = ()
    places: np.ndarray | None = None

    @property
    def strata(self) -> np.ndarray:  # type: ignore[override]
        """The class of each image of the pool."""
        return self.pool.labels.numpy()

    @property
    def image_shape(self) -> Shape:
        """(C, H, W)"""
        _, channels, height, width = self.pool.images.shape
        return channels, height, width

    def describe(self) -> str:
        """How many images there are."""
        count = (
            f"{len(self.pool):,} images in the pool, "
            f"{len(self.validation):,} for validation, {len(self.test):,} for testing"
        )
        return f"{count}; {self.note}" if self.note else count

    def course(self, trial: Trial, indices: np.ndarray, device: torch.device) -> Course:
        """Train a network by steps, or fit a classifier."""
        if trial.by_steps:
            sets = draw_sets(self, indices.tobytes(), device)
            return fit_network(self._model(trial), trial, sets)
        sets = draw_sets(self, indices.tobytes(), torch.device("cpu"))
        return fit_estimator(self._model(trial), sets, self.classes)

    def _model(self, trial: Trial) -> Any:
        return build_model(
            trial.architecture,
            self.image_shape,
            self.classes,
            trial.hyperparameters,
            trial.seed_for("init"),
        )

    def check(self, trial: Trial) -> None:
        """Build the model, with a trial forward pass."""
        self._model(trial)

    def time(self, trials: Sequence[Trial], device: torch.device) -> Timing:
        """By a few steps, or by a fit."""
        if not trials[0].by_steps:
            return time_fit(self._model(trials[0]), self.pool, self.classes)
        samples = list({trial.sample: trial for trial in trials}.values())[:SAMPLES]
        models = [(trial, self._model(trial)) for trial in samples]
        return time_steps(models, self.pool, len(self.validation), device)

    def examples(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pixels (n, C, H, W) and labels (n,)."""
        taken = self.pool.take(indices)
        return taken.images.numpy(), taken.labels.numpy()

    def labelled(self) -> Labelled:
        """All images with their labels."""
        return Labelled(
            pool=_as_rows(self.pool),
            validation=_as_rows(self.validation),
            test=_as_rows(self.test),
            columns=None,
            places=np.arange(len(self)) if self.places is None else self.places,
        )

    def model_inputs(self, model: Any) -> Any:
        """Pixels in 0–255, float32: (2, C, H, W) for a network, else flat."""
        pixels = self.pool.images[:2].contiguous().float().numpy()
        is_network = isinstance(model, torch.nn.Module)
        return pixels if is_network else pixels.reshape(len(pixels), -1)


def _as_rows(part: Split) -> Rows:
    return Rows(part.images.numpy(), part.labels.numpy())


@lru_cache(maxsize=1)  # the samples of a cell, all under way at once, share the images
def draw_sets(data: Images, indices: bytes, device: torch.device) -> Sets:
    """The sets of a trial, moved to the device.

    indices: of its subset, int64.
    """
    return Sets(
        train=data.pool.take(np.frombuffer(indices, dtype=np.int64).copy()).to(device),
        validation=data.validation.to(device),
        test=data.test.to(device),
    )
