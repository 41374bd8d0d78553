"""Gradient descent: its batches, evaluations, best weights, budget and patience."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from toys import short

from experiments.training.classifier import evaluate
from experiments.training.descent import (
    batches,
    evaluation_after,
    out_of_patience,
    patience_in_steps,
)
from experiments.training.devices import find_precision
from experiments.training.image_sets import subset
from experiments.training.results import Diverged
from experiments.training.train import train
from experiments.training.trial import Trial

CPU = torch.device("cpu")

# --- the best evaluation and its weights -----------------------------------------------------


@pytest.mark.parametrize("architecture", ["mlp", "resnet"])
def test_the_weights_of_the_best_evaluation_are_restored(architecture, noisy):
    result = train(short(architecture, max_steps=60, patience=200), noisy)
    assert result.best.step < result.steps  # it went on, and became worse
    validation = evaluate(result.model, noisy.validation, "fp32")
    assert validation.values["loss"] == pytest.approx(result.best.val["loss"], rel=1e-4)
    assert validation.values["error"] == pytest.approx(result.best.val["error"], rel=1e-4)
    test = evaluate(result.model, noisy.test, "fp32")
    assert test.values["loss"] == pytest.approx(result.test.values["loss"], rel=1e-4)
    assert test.values["error"] == pytest.approx(result.test.values["error"], rel=1e-4)


def test_the_best_is_the_smallest_validation_loss_of_the_history(noisy):
    result = train(short(max_steps=60, patience=200), noisy)
    best = min(result.history, key=lambda row: row.val["loss"])
    assert best is not result.history[-1]
    assert result.best == best


def test_the_history_goes_forward_and_ends_with_the_last_step(tiny):
    result = train(short(), tiny)
    steps = [row.step for row in result.history]
    assert steps == sorted(set(steps))
    assert steps[-1] == result.steps
    assert all(math.isfinite(row.train["loss"]) for row in result.history)


def test_the_first_train_loss_is_the_mean_over_its_steps(tiny):
    """With whole batches and a tiny learning rate all steps see almost the same loss."""
    trial = short("linear", fraction=0.1, max_steps=5)
    trial.hyperparameters.update(lr=1e-12)
    result = train(trial, tiny)
    loss = evaluate(result.model, subset(tiny.pool, 0.1, 0), "fp32").values["loss"]
    assert result.history[0].train["loss"] == pytest.approx(loss, rel=1e-4)


# --- budget and patience ---------------------------------------------------------------------


@pytest.mark.parametrize("max_steps", [1, 2, 17, 50])
def test_the_budget_is_spent_and_never_exceeded(max_steps, tiny):
    assert train(short(max_steps=max_steps, patience=10_000), tiny).steps == max_steps


def test_training_stops_when_patience_is_spent(noisy):
    result = train(short(max_steps=5000, patience=40), noisy)
    assert result.steps - result.best.step >= 8  # a fifth of the patience
    assert result.steps < 500


def test_a_larger_patience_never_ends_with_a_worse_best(noisy):
    few, many = (
        train(short(sample=3, max_steps=400, patience=patience), noisy)
        for patience in (10, 400)
    )
    assert few.steps < many.steps
    assert many.best.cost <= few.best.cost


def test_a_run_that_max_steps_ends_while_it_improves_is_bound_by_its_budget(noisy):
    assert train(short(max_steps=5, patience=10_000), noisy).budget_bound
    assert not train(short(max_steps=5000, patience=40), noisy).budget_bound


@pytest.mark.parametrize(
    ("steps", "epochs", "n", "expected"),
    [
        (100, 3, 320, 100),  # an epoch is 10 steps
        (100, 3, 3200, 300),
        (100, 0, 3200, 100),
        (100, 0.5, 3201, 51),  # of 101 steps
        (1, 1, 5, 1),  # one batch holds them all
    ],
)
def test_the_patience_is_steps_or_epochs_whichever_is_longer(steps, epochs, n, expected):
    trial = Trial(architecture="linear", patience=steps, patience_epochs=epochs)
    assert trial.hyperparameters["batch_size"] == 32
    assert patience_in_steps(trial, n) == max(steps, expected)


def test_epochs_keep_a_trial_training_where_steps_would_end_it(noisy):
    steps = {
        epochs: train(short(max_steps=5000, patience=4, patience_epochs=epochs), noisy).steps
        for epochs in (0.0, 30.0)
    }
    assert steps[0.0] < steps[30.0]


@given(st.integers(0, 10**6), st.integers(1, 10**5))
def test_evaluations_come_at_least_four_times_within_the_patience(step, patience):
    assert 1 <= evaluation_after(step, patience) - step <= max(1, patience / 4)


@given(st.integers(0, 10**6), st.integers(1, 10**5))
def test_a_best_is_final_after_as_many_steps_again_but_within_the_patience(best, patience):
    waited = out_of_patience(best, patience) - best
    assert patience // 5 <= waited <= patience
    assert waited == best or best < patience // 5 or best > patience


# --- what goes wrong -------------------------------------------------------------------------


def test_an_absurd_learning_rate_diverges(tiny):
    trial = short("mlp")
    trial.hyperparameters.update(lr=1e30)
    with pytest.raises(Diverged, match=r"the loss is (nan|inf) at step \d+ \(lr 1e\+30\)"):
        train(trial, tiny)


def test_a_loss_that_is_no_number_diverges(tiny):
    with pytest.raises(Diverged, match="nan at step"):
        train(short("toys:exploding"), tiny)


# --- batches, pixels, precision --------------------------------------------------------------


@given(st.integers(1, 70), st.integers(1, 40), st.integers(0, 2**31))
def test_each_epoch_covers_every_image_exactly_once(n, size, seed):
    stream = batches(n, size, seed, CPU)
    expected = max(2, min(size, n))
    drawn = [next(stream) for _ in range(-(-3 * n // expected))]
    assert {len(batch) for batch in drawn} == {expected}
    for epoch in torch.cat(drawn)[: 3 * n].split(n):
        assert sorted(epoch.tolist()) == list(range(n))


def test_batches_depend_on_their_seed_alone():
    one, again, other = (
        torch.stack([next(stream) for _ in range(9)]) for stream in map(eight, (0, 0, 1))
    )
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


def eight(seed):
    return batches(20, 8, seed, CPU)


def test_both_precisions_agree_within_the_spread_over_seeds(digits):
    def losses(precision):
        shared = {
            "architecture": "cnn",
            "fraction": 0.2,
            "max_steps": 150,
            "precision": precision,
        }
        return np.array(
            [train(Trial(seed=seed, **shared), digits).best.cost for seed in range(3)]
        )

    single = losses("fp32")
    half = losses("bf16")
    assert not np.array_equal(single, half)  # it is another arithmetic
    assert abs(single.mean() - half.mean()) < max(np.ptp(single), np.ptp(half))


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_precision_that_is_asked_for_is_used_and_said(precision, tiny):
    assert find_precision(precision, CPU) == precision
    assert train(short(precision=precision, max_steps=2), tiny).precision == precision


def test_the_automatic_precision_is_resolved(tiny):
    assert train(short(precision="auto", max_steps=2), tiny).precision in ("fp32", "bf16")
