"""Successive halving ends hopeless samples early, keeps the winner and never touches the untuned default."""

import pytest

from experiments.halving import halve
from experiments.train import Diverged, Training, train
from experiments.trial import Trial

BUDGET = {"architecture": "mlp", "max_steps": 400, "patience": 120}


def cell(samples, **budget):
    return [Trial(**(BUDGET | budget), sample=sample, bracket=samples) for sample in range(samples + 1)]


@pytest.fixture(scope="module")
def full(noisy):
    return {trial.sample: train(trial, noisy) for trial in cell(9)}


@pytest.fixture(scope="module")
def halved(noisy):
    return {trial.sample: result for trial, result in halve(cell(9), noisy)}


def test_every_sample_ends_once_and_most_are_marked_as_pruned(halved):
    assert sorted(halved) == list(range(10))
    assert sum(result.pruned for result in halved.values()) >= 6


def test_the_untuned_default_is_never_pruned(full, halved):
    assert not halved[0].pruned
    assert halved[0].history == full[0].history


def test_what_is_not_pruned_is_the_same_as_trained_alone(full, halved):
    for sample, result in halved.items():
        if not result.pruned:
            assert result.best_val_loss == full[sample].best_val_loss
            assert result.test_loss == full[sample].test_loss


def test_a_pruned_history_is_the_beginning_of_the_full_one(full, halved):
    for sample, result in halved.items():
        assert result.history == full[sample].history[: len(result.history)]


def test_the_winner_is_as_good_at_a_fraction_of_the_steps(full, halved):
    assert min(r.best_val_loss for r in halved.values()) <= min(r.best_val_loss for r in full.values()) * 1.1
    assert sum(r.steps for r in halved.values()) < 0.6 * sum(r.steps for r in full.values())


def test_the_last_three_are_trained_to_their_end(noisy):
    assert sum(result.pruned for _, result in halve(cell(4), noisy)) == 1
    assert not any(result.pruned for _, result in halve(cell(3), noisy))


def test_each_rung_says_who_goes_on(noisy):
    told = []
    list(halve(cell(12), noisy, tell=told.append))
    rungs = [
        f"mlp · n={len(noisy.pool):,} · after {steps} steps {left} samples go on"
        for steps, left in [(40, "4 of 12"), (120, "3 of 4")]
    ]
    assert told == rungs


def test_a_diverged_sample_ends_without_disturbing_the_others(noisy):
    trials = cell(4)
    object.__setattr__(trials[2], "hyperparameters", trials[2].hyperparameters | {"lr": 1e12})
    ended = {trial.sample: result for trial, result in halve(trials, noisy)}
    assert isinstance(ended[2], Diverged)
    assert len(ended) == 5


def test_training_can_be_paused_without_changing_it(tiny):
    trial = Trial(**BUDGET)
    paused = Training(trial, tiny)
    for steps in (10, 11, 50, 90):
        paused.advance(steps)
    paused.advance()
    assert paused.result.history == train(trial, tiny).history
