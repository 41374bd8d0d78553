"""Successive halving: hopeless samples of a cell end early.

All samples of a cell (one architecture, fraction and data seed) are trained to a first rung.
The best third goes on to three times as many steps, the best third of those to three times as
many again (Jamieson & Talwalkar 2016, section 3). The last three are trained to their end:
which of them is best often shows only after the learning rate has dropped.

The comparison is synchronous, so what is pruned is decided by the trials alone, never by
timing or by chance. Sample 0 stays outside and is trained to its end: it is the study's curve
without tuning. What is fitted at one go, such as a forest, is all fitted (grid.py).

What an earlier launch has recorded is compared by its history and not trained again.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

from experiments.training.descent import patience_in_steps
from experiments.training.results import Result
from experiments.training.subsets import subset_size
from experiments.training.task import Task
from experiments.training.train import Training
from experiments.training.trial import Trial

KEEP = 1 / 3
# of the patience: earlier, slow starters that would have won are taken for hopeless
FIRST_RUNG = 1 / 3
FINALISTS = 3
# What a run records of it, so that searches by unequal rules are never compared silently.
RULE = f"first rung {FIRST_RUNG:.2f} of the patience, keep {KEEP:.2f}, {FINALISTS} finalists"

History = Sequence[tuple[int, float]]  # step and validation cost of each evaluation
Ended = tuple[Trial, Result | Exception]  # with its result, or with what stopped it


def halve(
    trials: Sequence[Trial],
    task: Task,
    device: str = "cpu",
    say: Callable[[str], None] = lambda line: None,
    recorded: Mapping[str, History] = MappingProxyType({}),
) -> Iterator[Ended]:
    """Train the samples of one cell against each other; yields each as it ends.

    trials: the samples, resolved.
    say: is given a line of progress after each rung, because a cell is silent for long.
    recorded: by key, the histories of trials that ended before. They are compared, and not
        yielded. One that diverged has none and counts last from the first rung on.
    """
    bracket = Bracket(trials, task, device, recorded)
    trial = trials[0]
    n = subset_size(task, trial.fraction)
    times = 1
    while bracket.running:
        yield from bracket.train_to(times)
        before = bracket.left
        bracket.left = max(FINALISTS, math.ceil(KEEP * before))
        if bracket.left < before:
            say(
                f"{trial.architecture} · n={n:,} · after {bracket.steps_at(times)} steps "
                f"{bracket.left} of {before} samples go on"
            )
        yield from bracket.stop_others()
        times *= round(1 / KEEP)


class Bracket:
    """The samples of a cell while they are trained against each other.

    running: those that have not ended.
    left: how many are still compared, sample 0 aside.
    costs: sample -> the smallest so far of the measure that chooses; infinite where it failed.
    """

    def __init__(
        self,
        trials: Sequence[Trial],
        task: Task,
        device: str,
        recorded: Mapping[str, History],
    ):
        self.running = [
            Training(trial, task, device) for trial in trials if trial.key not in recorded
        ]
        self.left = sum(trial.sample > 0 for trial in trials)
        n = subset_size(task, trials[0].fraction)
        self._first_rung = {trial.sample: first_rung(trial, n) for trial in trials}
        self.costs: dict[int, float] = {}
        self._before = {
            trial.sample: recorded[trial.key] for trial in trials if trial.key in recorded
        }

    def train_to(self, times: int) -> Iterator[Ended]:
        """Train all to `times` their first rung; the default and finalists to the end."""
        for sample, history in self._before.items():
            self.costs[sample] = best_by(times * self._first_rung[sample], history)
        for training in list(self.running):
            sample = training.trial.sample
            is_compared = sample > 0 and self.left > FINALISTS
            rung = times * self._first_rung[sample]
            failure = attempt(training.advance, rung if is_compared else math.inf)
            self.costs[sample] = math.inf if failure else training.best_cost
            if failure or training.result:
                yield self._end(training, failure)

    def steps_at(self, times: int) -> str:
        """The steps of a rung in words: of batches of several sizes there are several."""
        steps = [times * rung for sample, rung in self._first_rung.items() if sample > 0]
        return " to ".join(f"{count:,}" for count in sorted({min(steps), max(steps)}))

    def stop_others(self) -> Iterator[Ended]:
        """Stop all but the best that are left; the untuned default has ended by now."""
        drawn = [(cost, sample) for sample, cost in self.costs.items() if sample > 0]
        going_on = [sample for _, sample in sorted(drawn)[: self.left]]
        for training in list(self.running):
            if training.trial.sample not in going_on:
                yield self._end(training, attempt(training.stop))

    def _end(self, training: Training, failure: Exception | None) -> Ended:
        self.running.remove(training)
        ended = failure or training.result
        assert ended is not None
        return training.trial, ended


def first_rung(trial: Trial, n: int) -> int:
    """Steps of a trial on n examples until it is first compared: FIRST_RUNG of its patience.

    Where epochs are longer than steps they count, as they do for the patience.
    """
    return max(1, round(FIRST_RUNG * patience_in_steps(trial, n)))


def attempt(step: Callable[..., None], *arguments: float) -> Exception | None:
    """What stopped a step of one training, if anything did.

    A sample that fails must not take the others down.
    """
    try:
        step(*arguments)
    except Exception as reason:
        return reason
    return None


def best_by(rung: int, history: History) -> float:
    """The smallest cost until the first evaluation at the rung or later.

    That is where a training would have been paused.
    """
    paused = min((step for step, _ in history if step >= rung), default=math.inf)
    return min((cost for step, cost in history if step <= paused), default=math.inf)
