"""How fast this machine trains an architecture: a few steps and evaluations, timed."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import fmean

import numpy as np
import torch

from experiments.data import Data, Split
from experiments.models import build_model
from experiments.train import (
    EVALUATION_BATCH,
    Classifier,
    batches,
    evaluate,
    evaluate_estimator,
    find_device,
    find_precision,
    make_optimiser,
    pixel_statistics,
    take_step,
)
from experiments.trial import Trial

SECONDS = 2.0  # of timing per architecture, at most, unless a single step takes longer
SAMPLES = 4  # that are timed, since steps of other widths and batches cost otherwise
BATCHES = 4  # of evaluated images that are fitted at one go


def time_steps(trials: list[Trial], data: Data, device: str) -> tuple[float, float]:
    """Seconds of a step and of an evaluation on the validation set, means over some of the samples."""
    chosen = list({trial.sample: trial for trial in trials}.values())[:SAMPLES]
    with _one_thread():
        timed = [_time_sample(trial, data, device, SECONDS / len(chosen)) for trial in chosen]
    step, evaluation = map(fmean, zip(*timed))
    return step, evaluation * len(data.validation) / EVALUATION_BATCH


def time_fit(trial: Trial, data: Data) -> float:
    """Seconds of fitting an estimator to one image, evaluations included; from a small part of the pool."""
    images = _some(data, BATCHES * EVALUATION_BATCH)
    model = build_model(trial.architecture, data.image_shape, data.classes, trial.hyperparameters, seed=0)
    model.fit(*_flat(_some(data, EVALUATION_BATCH)))  # warms up
    start = time.perf_counter()
    model.fit(*_flat(images))
    evaluate_estimator(model, images, data.classes)
    return (time.perf_counter() - start) / len(images)


def _time_sample(trial: Trial, data: Data, device: str, seconds: float) -> tuple[float, float]:
    device = find_device(device)
    precision = find_precision(trial.precision, device)
    net = build_model(trial.architecture, data.image_shape, data.classes, trial.hyperparameters, seed=0)
    images = _some(data, EVALUATION_BATCH)
    images = Split(images.images.to(device), images.labels.to(device))
    model = Classifier(net, *pixel_statistics(images.images)).to(device).to(memory_format=torch.channels_last)
    optimiser = make_optimiser(model, trial.hyperparameters)
    stream = batches(len(images), trial.hyperparameters["batch_size"], 0, device)
    step = _time(lambda: take_step(model, optimiser, images.take(next(stream)), precision).item(), seconds * 2 / 3)
    return step, _time(lambda: evaluate(model, images, precision), seconds / 3) * EVALUATION_BATCH / len(images)


@contextmanager
def _one_thread() -> Iterator[None]:
    """As in a worker."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _flat(images: Split) -> tuple[np.ndarray, np.ndarray]:
    return images.images.reshape(len(images), -1).float().numpy(), images.labels.numpy()


def _some(data: Data, n: int) -> Split:
    return data.pool.take(torch.arange(min(n, len(data.pool))))


def _time(call: Callable, seconds: float) -> float:
    """Seconds of one call: the mean of those that fit into the time, at least one, after one to warm up."""
    call()
    start, calls = time.perf_counter(), 0
    while not calls or time.perf_counter() - start < seconds:
        call()
        calls += 1
    return (time.perf_counter() - start) / calls
