"""Successive halving: hopeless samples of a cell end early (Jamieson & Talwalkar 2016, section 3).

All samples of a cell (one architecture, fraction and data seed) are trained to a first rung; the best third goes
on to three times as many steps, the best third of those to three times as many again, until one is left. The
comparison is synchronous, so what is pruned is decided by the trials alone, never by timing or by chance.
"""

import math
from collections.abc import Iterable, Iterator

from experiments.data import Data
from experiments.train import Diverged, Result, Training
from experiments.trial import Trial

KEEP = 1 / 3
FIRST_RUNG = 1 / 8  # of the patience: late enough to tell the hopeless, early enough to be cheap


def halve(trials: Iterable[Trial], data: Data, device: str = "cpu") -> Iterator[tuple[Trial, Result | Diverged]]:
    """Train the samples of one cell against each other; yields each trial with how it ended, as it ends."""
    cell = [Training(trial, data, device) for trial in trials]
    rung = max(1, round(FIRST_RUNG * cell[0].trial.patience))
    keep = len(cell)
    running = list(cell)
    while running:
        keep = math.ceil(KEEP * keep)
        for training in list(running):
            try:
                training.advance(rung if keep > 1 else math.inf)
            except Diverged as reason:
                training.best_val_loss = math.inf
                running.remove(training)
                yield training.trial, reason
        ranked = sorted(cell, key=lambda training: training.best_val_loss)
        for training in list(running):
            if training.result is None and training not in ranked[:keep]:
                training.stop()
            if training.result is not None:
                running.remove(training)
                yield training.trial, training.result
        rung *= round(1 / KEEP)
