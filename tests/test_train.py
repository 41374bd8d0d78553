"""A run is a pure function of its trial; the best weights are restored; the test set decides nothing."""

import math
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from toys import stripes

from experiments import InputError
from experiments.data import Split, fingerprint, split, subset, subset_indices
from experiments.models import ARCHITECTURES
from experiments.train import (
    Diverged,
    batches,
    evaluate,
    evaluate_estimator,
    evaluation_after,
    find_device,
    find_precision,
    out_of_patience,
    pixel_statistics,
    train,
)
from experiments.trial import Trial

CPU = torch.device("cpu")
ALL = [*sorted(ARCHITECTURES), "toys:narrow", "toys:dropping", "toys:neighbours"]


def short(architecture="mlp", **more):
    return Trial(**{"architecture": architecture, "max_steps": 30, "precision": "fp32", **more})


def numbers(result):
    """All that a result says, its seconds and its model aside."""
    without = {name: value for name, value in vars(result).items() if name not in ("seconds", "model")}
    return repr(without)  # NaN equals NaN in text


# --- a pure function of trial and data -----------------------------------------------------------------


@pytest.mark.parametrize("architecture", ALL)
def test_the_same_trial_twice_gives_the_same_metrics(architecture, tiny):
    first = train(short(architecture, sample=1), tiny)
    torch.manual_seed(time.time_ns())  # whatever ran before must not matter
    np.random.seed(time.time_ns() % 2**32)
    assert numbers(train(short(architecture, sample=1), tiny)) == numbers(first)


def test_a_trial_gives_the_same_losses_in_another_process(digits, elsewhere):
    result = train(Trial(architecture="mlp", fraction=0.1, sample=3, data_seed=2, max_steps=20), digits)
    assert [result.best_val_loss, result.test_loss, result.history[0].train_loss] == elsewhere["losses"]


@pytest.mark.parametrize("other", [{"seed": 1}, {"data_seed": 1}, {"sample": 1}, {"fraction": 0.5}])
def test_another_trial_gives_other_metrics(other, tiny):
    assert train(short(**other), tiny).test_loss != train(short(), tiny).test_loss


@pytest.mark.parametrize("architecture", sorted(ARCHITECTURES))
def test_training_leaves_the_global_random_state_alone(architecture, tiny):
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    train(short(architecture), tiny)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])


def test_a_result_says_which_images_it_was_trained_on(tiny):
    result = train(short(fraction=0.3, data_seed=4), tiny)
    assert result.n_train == 27
    assert result.subset_fingerprint == fingerprint(subset_indices(tiny.pool, 0.3, 4))


@pytest.mark.parametrize("architecture", sorted(ARCHITECTURES))
def test_every_architecture_learns(architecture, tiny):
    result = train(short(architecture, max_steps=200), tiny)
    assert result.best_val_error < 0.1  # guessing errs in 0.67
    assert result.test_error < 0.1
    assert result.best_val_loss < math.log(3) / 2


@pytest.mark.parametrize("architecture", ALL)
def test_a_single_image_is_enough_to_run(architecture, tiny):
    result = train(short(architecture, fraction=1 / 90, max_steps=10), tiny)
    assert result.n_train == 1
    assert math.isfinite(result.best_val_loss)
    assert math.isfinite(result.test_loss)


def test_the_number_of_parameters_is_counted(tiny):
    assert train(short("linear"), tiny).n_parameters == 64 * 3 + 3


# --- the best evaluation and its weights ---------------------------------------------------------------


@pytest.mark.parametrize("architecture", ["mlp", "resnet"])
def test_the_weights_of_the_best_evaluation_are_restored(architecture, noisy):
    result = train(short(architecture, max_steps=60, patience=200), noisy)
    assert result.best_step < result.steps  # it went on, and became worse
    assert evaluate(result.model, noisy.validation, "fp32") == pytest.approx(
        (result.best_val_loss, result.best_val_error), rel=1e-4
    )
    assert evaluate(result.model, noisy.test, "fp32") == pytest.approx((result.test_loss, result.test_error), rel=1e-4)


def test_the_best_is_the_smallest_validation_loss_of_the_history(noisy):
    result = train(short(max_steps=60, patience=200), noisy)
    best = min(result.history, key=lambda row: row.val_loss)
    assert best is not result.history[-1]
    assert (result.best_val_loss, result.best_val_error, result.best_step) == (best.val_loss, best.val_error, best.step)


def test_the_history_goes_forward_and_ends_with_the_last_step(tiny):
    result = train(short(), tiny)
    steps = [row.step for row in result.history]
    assert steps == sorted(set(steps))
    assert steps[-1] == result.steps
    assert all(math.isfinite(row.train_loss) for row in result.history)


def test_the_first_train_loss_is_the_mean_over_its_steps(tiny):
    """With batches of the whole subset and a tiny learning rate all steps see almost the same loss."""
    trial = short("linear", fraction=0.1, max_steps=5)
    trial.hyperparameters.update(lr=1e-12)
    result = train(trial, tiny)
    loss, _ = evaluate(result.model, subset(tiny.pool, 0.1, 0), "fp32")
    assert result.history[0].train_loss == pytest.approx(loss, rel=1e-4)


def test_the_test_set_changes_only_the_test_metrics(tiny):
    other = replace(tiny, test=Split(255 - tiny.test.images, (tiny.test.labels + 1) % 3))
    for architecture in ("mlp", "forest"):
        one, two = (train(short(architecture), data) for data in (tiny, other))
        assert one.test_loss != two.test_loss
        same = {"test_loss": 0.0, "test_error": 0.0}
        assert numbers(replace(one, **same)) == numbers(replace(two, **same))


def test_the_validation_set_is_not_trained_on(tiny):
    """Without a choice to make (one evaluation) its images change nothing but the validation metrics."""
    other = replace(tiny, validation=Split(255 - tiny.validation.images, tiny.validation.labels))
    one, two = (train(short(max_steps=1), data) for data in (tiny, other))
    assert one.best_val_loss != two.best_val_loss
    assert (one.test_loss, one.history[0].train_loss) == (two.test_loss, two.history[0].train_loss)


# --- budget and patience -------------------------------------------------------------------------------


@pytest.mark.parametrize("max_steps", [1, 2, 17, 50])
def test_the_budget_is_spent_and_never_exceeded(max_steps, tiny):
    assert train(short(max_steps=max_steps, patience=10_000), tiny).steps == max_steps


def test_training_stops_when_patience_is_spent(noisy):
    result = train(short(max_steps=5000, patience=40), noisy)
    assert result.steps - result.best_step >= 8  # a fifth of the patience
    assert result.steps < 500


def test_a_larger_patience_never_ends_with_a_worse_best(noisy):
    few, many = (train(short(sample=3, max_steps=400, patience=patience), noisy) for patience in (10, 400))
    assert few.steps < many.steps
    assert many.best_val_loss <= few.best_val_loss


@given(st.integers(0, 10**6), st.integers(1, 10**5))
def test_evaluations_come_at_least_four_times_within_the_patience(step, patience):
    assert 1 <= evaluation_after(step, patience) - step <= max(1, patience / 4)


@given(st.integers(0, 10**6), st.integers(1, 10**5))
def test_a_best_is_final_after_as_many_steps_again_but_within_the_patience(best, patience):
    waited = out_of_patience(best, patience) - best
    assert patience // 5 <= waited <= patience
    assert waited == best or best < patience // 5 or best > patience


# --- what goes wrong -----------------------------------------------------------------------------------


def test_an_absurd_learning_rate_diverges(tiny):
    trial = short("mlp")
    trial.hyperparameters.update(lr=1e30)
    with pytest.raises(Diverged, match=r"the loss is (nan|inf) at step \d+ \(lr 1e\+30\)"):
        train(trial, tiny)


def test_a_loss_that_is_no_number_diverges(tiny):
    with pytest.raises(Diverged, match="nan at step"):
        train(short("toys:exploding"), tiny)


@pytest.mark.parametrize("device", ["nosuch", "cuda:99", "", "cpu:x"])
def test_a_device_that_is_not_here_is_refused_in_one_line(device):
    with pytest.raises(InputError) as refusal:
        find_device(device)
    assert f"'{device}'" in str(refusal.value)
    assert "allowed: auto, cpu" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_the_automatic_device_is_one_that_works():
    assert torch.ones(2, device=find_device("auto")).sum() == 2


# --- batches, pixels, precision --------------------------------------------------------------------------


@given(st.integers(1, 70), st.integers(1, 40), st.integers(0, 2**31))
def test_each_epoch_covers_every_image_exactly_once(n, size, seed):
    stream = batches(n, size, seed, CPU)
    expected = max(2, min(size, n))
    drawn = [next(stream) for _ in range(-(-3 * n // expected))]
    assert {len(batch) for batch in drawn} == {expected}
    for epoch in torch.cat(drawn)[: 3 * n].split(n):
        assert sorted(epoch.tolist()) == list(range(n))


def test_batches_depend_on_their_seed_alone():
    one, again, other = (torch.stack([next(stream) for _ in range(9)]) for stream in map(eight, (0, 0, 1)))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


def eight(seed):
    return batches(20, 8, seed, CPU)


@pytest.mark.parametrize("block", [1, 7, 2000])
def test_pixel_statistics_equal_numpys(block):
    images = torch.randint(0, 256, (50, 3, 5, 4), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    mean, std = pixel_statistics(images, block)
    pixels = images.numpy().astype(float)
    np.testing.assert_allclose(mean, pixels.mean((0, 2, 3)), rtol=1e-5)
    np.testing.assert_allclose(std, pixels.std((0, 2, 3)), rtol=1e-5)


def test_images_of_one_colour_do_not_divide_by_zero():
    mean, std = pixel_statistics(torch.full((4, 1, 3, 3), 9, dtype=torch.uint8))
    assert (mean.item(), std.item()) == (9, 1)


def test_the_statistics_come_from_the_subset_alone(tiny):
    result = train(short(fraction=0.1), tiny)
    mean, std = pixel_statistics(subset(tiny.pool, 0.1, 0).images)
    assert result.model.scale.item() == pytest.approx(1 / std.item())
    assert result.model.shift.item() == pytest.approx(-mean.item() / std.item())


def test_both_precisions_agree_within_the_spread_over_seeds(digits):
    def losses(precision):
        shared = {"architecture": "cnn", "fraction": 0.2, "max_steps": 150, "precision": precision}
        return np.array([train(Trial(seed=seed, **shared), digits).best_val_loss for seed in range(3)])

    single, half = losses("fp32"), losses("bf16")
    assert not np.array_equal(single, half)  # it is another arithmetic
    assert abs(single.mean() - half.mean()) < max(np.ptp(single), np.ptp(half))


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_precision_that_is_asked_for_is_used_and_said(precision, tiny):
    assert find_precision(precision, CPU) == precision
    assert train(short(precision=precision, max_steps=2), tiny).precision == precision


def test_the_automatic_precision_is_resolved(tiny):
    assert train(short(precision="auto", max_steps=2), tiny).precision in ("fp32", "bf16")


def test_evaluation_is_the_mean_over_every_image_whatever_the_batches(tiny, monkeypatch):
    model = train(short(), tiny).model
    whole = evaluate(model, tiny.pool, "fp32")
    monkeypatch.setattr("experiments.train.EVALUATION_BATCH", 7)
    assert evaluate(model, tiny.pool, "fp32") == pytest.approx(whole, rel=1e-5)
    logits = model.eval()(tiny.pool.images).detach()
    assert whole[0] == pytest.approx(torch.nn.functional.cross_entropy(logits, tiny.pool.labels).item(), rel=1e-5)
    assert whole[1] == pytest.approx((logits.argmax(1) != tiny.pool.labels).float().mean().item())


# --- scikit-learn classifiers -----------------------------------------------------------------------------


def test_a_forest_that_never_saw_a_class_has_a_finite_loss():
    images, labels = stripes(200, classes=5)
    data = split("x", images, labels)
    result = train(short("forest", fraction=2 / len(data.pool)), data)  # 2 images of 5 classes
    assert math.isfinite(result.best_val_loss)
    assert result.best_val_loss > math.log(2)


def test_one_more_vote_spread_over_the_classes_is_added_to_the_trees(tiny):
    class Sure:
        classes_ = np.array([0])
        estimators_ = [None] * 9

        def predict_proba(self, images):
            return np.ones((len(images), 1))

    loss, error = evaluate_estimator(Sure(), tiny.validation, 3)
    first = (tiny.validation.labels == 0).double().mean().item()
    expected = -first * math.log((9 + 1 / 3) / 10) - (1 - first) * math.log((1 / 3) / 10)
    assert loss == pytest.approx(expected)
    assert error == pytest.approx(1 - first)


def test_a_classical_model_of_the_users_own_is_trained(tiny):
    result = train(short("toys:neighbours"), tiny)
    assert result.test_error < 0.2
    assert result.steps == 1
