"""One trial, trained: pure torch and scikit-learn, no MLflow in here."""

import math
import time
from collections.abc import Generator
from dataclasses import replace

import torch

from experiments.training.descent import fit_network
from experiments.training.devices import find_device
from experiments.training.estimators import fit_estimator
from experiments.training.networks import build_model, find_architecture
from experiments.training.results import Evaluation, Fitted, Result
from experiments.training.subsets import Data, Sets, draw_sets
from experiments.training.trial import Trial


def train(trial: Trial, data: Data, device: str = "cpu") -> Result:
    """Train one trial, choose on the validation set, evaluate the choice once on the test set.

    A pure function of trial and data on a given machine, `seconds` aside. Raises Diverged, and
    InputError for a fraction that holds no image or an unknown device.
    """
    training = Training(trial, data, device)
    training.advance()
    assert training.result is not None
    return training.result


class Training:
    """A trial being trained; it may be paused at any evaluation without changing it.

    trial: as it was given.
    step: of the last evaluation.
    best_val_loss: the smallest so far, in nats.
    result: once it has ended, before that None.
    """

    def __init__(self, trial: Trial, data: Data, device: str = "cpu"):
        self.trial = trial
        self.step = 0
        self.best_val_loss = math.inf
        self.result: Result | None = None
        found = find_device(device)
        self._course = _course(trial.resolved(found), data, found)
        self._random = RandomState(trial.seed_for("dropout"), found)
        self._go_on: bool | None = None  # a generator's first message
        self._seconds = 0.0

    def advance(self, steps: float = math.inf) -> None:
        """Train until an evaluation at `steps` or later, or to the end. Raises Diverged."""
        start = time.perf_counter()
        ended = None
        while ended is None and self.step < steps and self.result is None:
            ended = self._next()
        self._seconds += time.perf_counter() - start
        if ended is not None:
            self.result = replace(ended, seconds=self._seconds)
            self.best_val_loss = ended.best_val_loss

    def stop(self) -> None:
        """End here, with the best weights so far; the result is marked as pruned."""
        self._go_on = False
        self.advance(self.step + 1)

    def _next(self) -> Result | None:
        """Train until the next evaluation; returns the result if it has ended instead."""
        try:
            with self._random:
                evaluation = self._course.send(self._go_on)
        except StopIteration as end:
            return end.value
        self._go_on = True
        self.step = evaluation.step
        self.best_val_loss = min(self.best_val_loss, evaluation.val_loss)
        return None


class RandomState:
    """A training's own random state, for dropout and whatever else asks torch's global one."""

    def __init__(self, seed: int, device: torch.device):
        self.generators = [torch.default_generator]
        if device.type == "cuda":
            torch.cuda.init()
            self.generators.append(torch.cuda.default_generators[device.index or 0])
        self.states = [
            torch.Generator(generator.device).manual_seed(seed).get_state()
            for generator in self.generators
        ]

    def __enter__(self) -> None:
        self._swap()

    def __exit__(self, *_: object) -> None:
        self._swap()

    def _swap(self) -> None:
        others = [generator.get_state() for generator in self.generators]
        for generator, state in zip(self.generators, self.states):
            generator.set_state(state)
        self.states = others


def _course(
    trial: Trial, data: Data, device: torch.device
) -> Generator[Evaluation, bool | None, Result]:
    """Yields each evaluation, receives whether to go on, and returns the result."""
    by_steps = find_architecture(trial.architecture).trained_by_steps
    sets = draw_sets(
        data, trial.fraction, trial.data_seed, device if by_steps else torch.device("cpu")
    )
    model = build_model(
        trial.architecture,
        data.image_shape,
        data.classes,
        trial.hyperparameters,
        trial.seed_for("init"),
    )
    if by_steps:
        fitted = yield from fit_network(model, trial, sets)
    else:
        fitted = yield from fit_estimator(model, sets, data.classes)
    return _result(trial, sets, fitted)


def _result(trial: Trial, sets: Sets, fitted: Fitted) -> Result:
    return Result(
        best_val_loss=fitted.best.val_loss,
        best_val_error=fitted.best.val_error,
        best_step=fitted.best.step,
        test_loss=fitted.test.loss,
        test_error=fitted.test.error,
        test_loss_se=fitted.test.loss_se,
        test_error_se=fitted.test.error_se,
        n_train=len(sets.train),
        n_parameters=fitted.n_parameters,
        steps=fitted.history[-1].step,
        seconds=math.nan,  # the clock is Training's
        history=fitted.history,
        pruned=fitted.pruned,
        budget_bound=fitted.budget_bound,
        subset_fingerprint=sets.fingerprint,
        precision=trial.precision,
        model=fitted.model,
    )
