"""One trial, trained; no MLflow in here."""

import math
import time
from collections.abc import Generator
from dataclasses import replace

import torch

from experiments.training.devices import find_device
from experiments.training.results import Evaluation, Result
from experiments.training.slices import slices_of
from experiments.training.subsets import fingerprint
from experiments.training.task import Task
from experiments.training.trial import Trial


def train(trial: Trial, task: Task, device: str = "cpu") -> Result:
    """Train one trial, choose on the validation set, evaluate the choice once on the test set.

    A pure function of trial and task on a given machine, `seconds` aside. Raises Diverged, and
    InputError for a fraction that holds no example or an unknown device.
    """
    training = Training(trial, task, device)
    training.advance()
    assert training.result is not None
    return training.result


class Training:
    """A trial being trained; it may be paused at any evaluation without changing it.

    trial: as it was given.
    step: of the last evaluation.
    best_cost: the smallest so far of the measure that chooses.
    result: once it has ended, before that None.
    """

    def __init__(self, trial: Trial, task: Task, device: str = "cpu"):
        self.trial = trial
        self.step = 0
        self.best_cost = math.inf
        self.result: Result | None = None
        found = find_device(device)
        self._course = _course(trial.resolved(found), task, found)
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
            self.best_cost = ended.best.cost

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
        self.best_cost = min(self.best_cost, evaluation.cost)
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
    trial: Trial, task: Task, device: torch.device
) -> Generator[Evaluation, bool | None, Result]:
    """Yields each evaluation, receives whether to go on, and returns the result."""
    indices = task.subset(trial)
    fitted = yield from task.course(trial, indices, device)
    return Result(
        **vars(fitted),
        n_train=len(indices),
        seconds=math.nan,  # the clock is Training's
        subset_fingerprint=fingerprint(indices),
        precision=trial.precision,
        slices=slices_of(fitted.test, task.slices, task.slice_of[indices]),
    )
