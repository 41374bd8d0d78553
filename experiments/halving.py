"""Successive halving: hopeless samples of a cell end early (Jamieson & Talwalkar 2016, section 3).

All samples of a cell (one architecture, fraction and data seed) are trained to a first rung; the best third goes
on to three times as many steps, the best third of those to three times as many again. The last three are trained to
their end: which of them is best often shows only after the learning rate has dropped. The comparison is synchronous,
so what is pruned is decided by the trials alone, never by timing or by chance. Sample 0 stays outside and is trained
to its end: it is the study's curve without tuning. Forests, which are fitted at one go, are all fitted (grid.py).

What has been recorded before, by a launch that was stopped, is compared by its curve and not trained again.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

from experiments.data import Data, subset_size
from experiments.train import Result, Training
from experiments.trial import Trial

KEEP = 1 / 3
FIRST_RUNG = 1 / 3  # of the patience: earlier, slow starters that would have won are taken for hopeless (README)
FINALISTS = 3

Curve = Sequence[tuple[int, float]]  # step and validation loss in nats of each evaluation


def halve(
    trials: Sequence[Trial],
    data: Data,
    device: str = "cpu",
    tell: Callable[[str], None] = lambda line: None,
    recorded: Mapping[str, Curve] = MappingProxyType({}),
) -> Iterator[tuple[Trial, Result | Exception]]:
    """Train the samples of one cell against each other; yields each trial with its result, or with what stopped it.

    After each rung a line of progress is told, because a cell of many samples is silent for long.
    recorded: by key, the curves of trials that ended before; they are compared, and not yielded. One that diverged has
    none and counts last from the first rung on.
    """
    trial, before = trials[0], {trial.sample: recorded[trial.key] for trial in trials if trial.key in recorded}
    running = [Training(trial, data, device) for trial in trials if trial.sample not in before]
    n = subset_size(data.pool, trial.fraction)
    keep = sum(trial.sample > 0 for trial in trials)
    rung = max(1, round(FIRST_RUNG * trial.patience))
    ranking = {}  # sample -> best validation loss so far, of those that have ended, too
    while running:
        ranking |= {sample: best_by(rung, curve) for sample, curve in before.items()}
        for training in list(running):
            sample = training.trial.sample
            failure = attempt(training.advance, rung if sample and keep > FINALISTS else math.inf)
            ranking[sample] = math.inf if failure else training.best_val_loss
            if failure or training.result:
                running.remove(training)
                yield training.trial, failure or training.result
        were, keep = keep, max(FINALISTS, math.ceil(KEEP * keep))
        going_on = sorted(set(ranking) - {0}, key=ranking.get)[:keep]
        if keep < were:
            tell(f"{trial.architecture} · n={n:,} · after {rung:,} steps {keep} of {were} samples go on")
        for training in list(running):
            if training.trial.sample not in going_on:
                failure = attempt(training.stop)
                running.remove(training)
                yield training.trial, failure or training.result
        rung *= round(1 / KEEP)


def attempt(step: Callable, *arguments) -> Exception | None:
    """What stopped a step of one training, if anything did: a sample that fails must not take the others down."""
    try:
        step(*arguments)
    except Exception as reason:
        return reason


def best_by(rung: int, curve: Curve) -> float:
    """The smallest loss until the first evaluation at the rung or later, where a training would have been paused."""
    paused = min((step for step, _ in curve if step >= rung), default=math.inf)
    return min((loss for step, loss in curve if step <= paused), default=math.inf)
