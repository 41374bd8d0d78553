"""benchmarks/pruning.py replays what halving makes of samples trained to their end."""

import numpy as np
import pytest
import torch

from benchmarks.pruning import USED, Sample, by_rule, halved
from experiments.training.descent import patience_in_steps
from experiments.training.subsets import subset_size
from experiments.training.successive_halving import halve
from experiments.training.train import train
from experiments.training.trial import Trial

CPU = torch.device("cpu")
IN_STEPS = {"max_steps": 400, "patience": 120, "patience_epochs": 0.0}
IN_EPOCHS = {"max_steps": 600, "patience": 10, "patience_epochs": 30.0}


def cell(budget, samples=9):
    """Their batches differ in size, so their epochs do in steps."""
    asked = {"architecture": "mlp", "bracket": samples, **budget}
    return [Trial(**asked, sample=k).resolved(CPU) for k in range(samples + 1)]


def replayed(trial, result, n):
    steps = np.array([one.step for one in result.history])
    losses = np.array([one.val["loss"] for one in result.history])
    return Sample(
        number=trial.sample,
        patience=patience_in_steps(trial, n),
        seconds=steps.astype(float),
        steps=steps,
        best=np.minimum.accumulate(losses),
    )


@pytest.mark.parametrize("budget", [IN_STEPS, IN_EPOCHS])
def test_a_replay_ends_as_halving_did(noisy, budget):
    trials = cell(budget)
    n = subset_size(noisy.pool, 1.0)
    full = [replayed(trial, train(trial, noisy), n) for trial in trials]
    real = {trial.sample: result for trial, result in halve(trials, noisy)}
    drawn = {sample: one for sample, one in real.items() if sample > 0}
    found = halved(full, USED)
    best = min(drawn, key=lambda sample: drawn[sample].best.cost)
    assert (found.winner, found.loss) == (best, drawn[best].best.cost)
    assert found.seconds == sum(one.steps for one in drawn.values())
    assert any(one.pruned for one in drawn.values())


def test_the_table_says_what_was_lost():
    def sample(number, losses):
        steps = np.array([10, 30, 90])
        return Sample(number, 30, steps.astype(float), steps, np.array(losses))

    slow = sample(5, [2.0, 1.5, 0.5])  # hopeless at the first rung, best at its end
    others = [sample(number, [1.0 + number / 100] * 3) for number in range(1, 5)]
    table = by_rule([[sample(0, [1, 1, 1]), *others, slow]], spread=0.01)
    (used,) = [line for line in table.splitlines() if "(used)" in line]
    assert used.endswith("| 70% | 0% | 0% | 102.0% | 102.0% |")
