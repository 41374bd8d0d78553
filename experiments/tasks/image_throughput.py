"""How fast this machine trains an architecture on images: a few steps, or a fit, timed."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import torch
from torch import nn

from experiments.training.classifier import EVALUATION_BATCH, evaluate, normalised
from experiments.training.descent import (
    batches,
    evaluation_after,
    make_optimiser,
    take_step,
)
from experiments.training.estimators import evaluate_estimator, flat
from experiments.training.image_sets import Split
from experiments.training.trial import Trial

SECONDS = 2.0  # of timing per architecture, at most, unless a single step takes longer
STEPS = 2 / 3  # of that time, for steps; the rest is for evaluations
SAMPLES = 4  # that are timed, since steps of other widths and batches cost otherwise
BATCHES = 4  # of evaluated images that are fitted at one go


@dataclass(frozen=True)
class StepTiming:
    """How fast a network is trained.

    step: seconds of one.
    evaluation: seconds of one, on the whole validation set.
    """

    step: float
    evaluation: float
    basis: str = "from steps timed on this machine"

    def seconds(self, steps: float, patience: int, n: float) -> float:
        """Seconds of a trial, whose evaluations come as seldom as its patience says."""
        at = 0
        evaluations = 0
        while at < steps:
            at = evaluation_after(at, patience)
            evaluations += 1
        return steps * self.step + evaluations * self.evaluation


@dataclass(frozen=True)
class FitTiming:
    """How fast an estimator is fitted.

    image: seconds of one, evaluations included.
    """

    image: float
    basis: str = "from a fit timed on this machine"

    def seconds(self, steps: float, patience: int, n: float) -> float:
        """Seconds of a trial, in proportion to its images."""
        return self.image * n


def time_steps(
    models: Sequence[tuple[Trial, nn.Module]],
    pool: Split,
    validation: int,
    device: torch.device,
) -> StepTiming:
    """How long steps and evaluations take, means over the samples.

    models: samples of one network, resolved; untrained.
    validation: how many images an evaluation is of.
    """
    images = _some(pool, EVALUATION_BATCH).to(device)
    seconds = SECONDS / len(models)
    with _one_thread():
        timed = [_time_sample(trial, model, images, seconds) for trial, model in models]
    step = fmean(one.step for one in timed)
    evaluation = fmean(one.evaluation for one in timed)
    return StepTiming(step, evaluation * validation / EVALUATION_BATCH)


def time_fit(model: Any, pool: Split, classes: int) -> FitTiming:
    """How long fitting and evaluating an estimator takes, on a small part of the pool."""
    few = _some(pool, EVALUATION_BATCH)
    images = _some(pool, BATCHES * EVALUATION_BATCH)
    _fit(model, few)  # warms up
    start = time.perf_counter()
    _fit(model, images)
    evaluate_estimator(model, images, classes)
    return FitTiming((time.perf_counter() - start) / len(images))


def _time_sample(trial: Trial, net: nn.Module, images: Split, seconds: float) -> StepTiming:
    """The same of one sample; the evaluation is of EVALUATION_BATCH images."""
    model = normalised(net, images.images)
    optimiser = make_optimiser(model, trial.hyperparameters)
    size = trial.hyperparameters["batch_size"]
    stream = batches(len(images), size, 0, images.labels.device)

    def step() -> None:
        batch = images.take(next(stream))
        take_step(model, optimiser, batch, trial.precision).item()

    def evaluation() -> None:
        evaluate(model, images, trial.precision)

    return StepTiming(
        step=_time(step, seconds * STEPS),
        evaluation=_time(evaluation, seconds * (1 - STEPS)) * EVALUATION_BATCH / len(images),
    )


@contextmanager
def _one_thread() -> Iterator[None]:
    """As in a worker."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _fit(model: Any, images: Split) -> None:
    model.fit(flat(images), images.labels.numpy())


def _some(pool: Split, n: int) -> Split:
    return pool.take(torch.arange(min(n, len(pool))))


def _time(call: Callable[[], None], seconds: float) -> float:
    """Seconds of one call, after one to warm up.

    They are the mean of the calls that fit into the time, at least one.
    """
    call()
    start = time.perf_counter()
    calls = 0
    while not calls or time.perf_counter() - start < seconds:
        call()
        calls += 1
    return (time.perf_counter() - start) / calls
