"""Successive halving: hopeless samples of a cell end early (Jamieson & Talwalkar 2016, section 3).

All samples of a cell (one architecture, fraction and data seed) are trained to a first rung; the best third goes
on to three times as many steps, the best third of those to three times as many again. The last three are trained to
their end: which of them is best often shows only after the learning rate has dropped. The comparison is synchronous,
so what is pruned is decided by the trials alone, never by timing or by chance. Sample 0 stays outside and is trained
to its end: it is the study's curve without tuning. Forests, which are fitted at one go, are all fitted (grid.py).
"""

import math
from collections.abc import Callable, Iterable, Iterator

from experiments.data import Data, subset_size
from experiments.train import Diverged, Result, Training
from experiments.trial import Trial

KEEP = 1 / 3
FIRST_RUNG = 1 / 3  # of the patience: earlier, slow starters that would have won are taken for hopeless (README)
FINALISTS = 3


def halve(
    trials: Iterable[Trial], data: Data, device: str = "cpu", tell: Callable[[str], None] = lambda line: None
) -> Iterator[tuple[Trial, Result | Diverged]]:
    """Train the samples of one cell against each other; yields each trial with how it ended, as it ends.

    After each rung a line of progress is told, because a cell of many samples is silent for long.
    """
    running = [Training(trial, data, device) for trial in trials]
    trial = running[0].trial
    n = subset_size(data.pool, trial.fraction)
    keep = sum(training.trial.sample > 0 for training in running)
    rung = max(1, round(FIRST_RUNG * trial.patience))
    ranking = {}  # sample -> best validation loss so far, of those that have ended, too
    while running:
        for training in list(running):
            sample = training.trial.sample
            try:
                training.advance(rung if sample and keep > FINALISTS else math.inf)
            except Diverged as reason:
                ranking[sample] = math.inf
                running.remove(training)
                yield training.trial, reason
            else:
                ranking[sample] = training.best_val_loss
        before, keep = keep, max(FINALISTS, math.ceil(KEEP * keep))
        going_on = sorted(set(ranking) - {0}, key=ranking.get)[:keep]
        if keep < before:
            tell(f"{trial.architecture} · n={n:,} · after {rung:,} steps {keep} of {before} samples go on")
        for training in list(running):
            if training.result is None and training.trial.sample not in going_on:
                training.stop()
            if training.result is not None:
                running.remove(training)
                yield training.trial, training.result
        rung *= round(1 / KEEP)
