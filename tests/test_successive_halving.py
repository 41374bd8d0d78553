"""Successive halving ends hopeless samples early and keeps the winner.

It never touches the untuned default.
"""

import pytest
import torch

from experiments.training.image_sets import Split
from experiments.training.results import Diverged
from experiments.training.successive_halving import first_rung, halve
from experiments.training.train import Training, train
from experiments.training.trial import Trial

CPU = torch.device("cpu")
BUDGET = {"architecture": "mlp", "max_steps": 400, "patience": 120}


def cell(samples, **budget):
    return [
        Trial(**(BUDGET | budget), sample=sample, bracket=samples).resolved(CPU)
        for sample in range(samples + 1)
    ]


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
            assert result.best.val["loss"] == full[sample].best.val["loss"]
            assert result.test == full[sample].test


def test_a_pruned_history_is_the_beginning_of_the_full_one(full, halved):
    for sample, result in halved.items():
        assert result.history == full[sample].history[: len(result.history)]


def test_the_winner_is_as_good_at_a_fraction_of_the_steps(full, halved):
    assert (
        min(r.best.cost for r in halved.values())
        <= min(r.best.cost for r in full.values()) * 1.1
    )
    assert sum(r.steps for r in halved.values()) < 0.6 * sum(r.steps for r in full.values())


def test_the_last_three_are_trained_to_their_end(noisy):
    assert sum(result.pruned for _, result in halve(cell(4), noisy)) == 1
    assert not any(result.pruned for _, result in halve(cell(3), noisy))


def test_each_rung_says_who_goes_on(noisy):
    said = []
    list(halve(cell(12), noisy, say=said.append))
    rungs = [
        f"mlp · n={len(noisy.pool):,} · after {steps} steps {left} samples go on"
        for steps, left in [(40, "4 of 12"), (120, "3 of 4")]
    ]
    assert said == rungs


def test_rungs_are_counted_in_steps_or_epochs_whichever_is_longer():
    few = Trial(architecture="mlp", patience=300, patience_epochs=3.0)
    assert first_rung(few, 320) == 100  # a third of 300 steps
    assert first_rung(few, 32 * 1000) == 1000  # a third of 3 epochs of 1,000 steps


@pytest.mark.parametrize("recorded", [1, 4, 7, 9])
def test_a_cell_that_was_stopped_goes_on_with_what_is_recorded_and_comes_out_the_same(
    noisy, halved, recorded
):
    """Those that ended first are known by their curves only."""
    first = [trial for trial in cell(9) if trial.sample in list(halved)[:recorded]]
    curves = {
        trial.key: [(row.step, row.val["loss"]) for row in halved[trial.sample].history]
        for trial in first
    }
    ended = {trial.sample: result for trial, result in halve(cell(9), noisy, recorded=curves)}
    assert list(ended) == list(halved)[recorded:]
    for sample, result in ended.items():
        assert (result.history, result.pruned) == (
            halved[sample].history,
            halved[sample].pruned,
        )


def test_a_finalist_ends_before_the_next_one_is_trained(noisy, monkeypatch):
    """So that it is recorded before the study may be stopped."""
    advance = Training.advance
    trained = []

    def noted(self, *steps):
        trained.append(self.trial.sample)
        advance(self, *steps)

    monkeypatch.setattr(Training, "advance", noted)
    ends = [
        (trial.sample, trained[-1])
        for trial, result in halve(cell(9), noisy)
        if not result.pruned
    ]
    assert len(ends) >= 4
    assert all(sample == last for sample, last in ends)


def test_the_samples_of_a_cell_share_its_images(noisy, monkeypatch):
    take = Split.take
    taken = []
    monkeypatch.setattr(
        Split, "take", lambda self, indices: taken.append(len(indices)) or take(self, indices)
    )
    list(halve(cell(4, data_seed=5, max_steps=5), noisy))
    assert taken.count(len(noisy.pool)) == 1


@pytest.mark.parametrize("step", ["advance", "stop"])
def test_a_sample_that_crashes_ends_alone(noisy, monkeypatch, step):
    crashing = cell(9)[5 if step == "advance" else 8]
    go = getattr(Training, step)

    def crash(self, *arguments):
        if self.trial == crashing:
            raise MemoryError("too large")
        go(self, *arguments)

    monkeypatch.setattr(Training, step, crash)
    ended = {trial.sample: result for trial, result in halve(cell(9), noisy)}
    assert len(ended) == 10 and isinstance(ended.pop(crashing.sample), MemoryError)
    assert sum(not result.pruned for result in ended.values()) >= 4


def test_a_sample_that_diverged_before_is_counted_last(noisy):
    trials = cell(4)
    curves = {trials[2].key: []}
    ended = {trial.sample: result for trial, result in halve(trials, noisy, recorded=curves)}
    assert sorted(ended) == [0, 1, 3, 4]
    assert not any(result.pruned for result in ended.values())


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
