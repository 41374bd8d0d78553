"""A run is a pure function of its trial; the validation set chooses, the test set nothing."""

import math
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from toys import short

from experiments.training.image_sets import Split
from experiments.training.networks import ARCHITECTURES
from experiments.training.results import Score
from experiments.training.subsets import fingerprint, subset_indices
from experiments.training.train import train
from experiments.training.trial import Trial

ALL = [*sorted(ARCHITECTURES), "toys:narrow", "toys:dropping", "toys:neighbours"]


def numbers(result):
    """All that a result says, its seconds and its model aside."""
    without = {
        name: value for name, value in vars(result).items() if name not in ("seconds", "model")
    }
    return repr(without)  # NaN equals NaN in text


@pytest.mark.parametrize("architecture", ALL)
def test_the_same_trial_twice_gives_the_same_metrics(architecture, tiny):
    first = train(short(architecture, sample=1), tiny)
    torch.manual_seed(time.time_ns())  # whatever ran before must not matter
    np.random.seed(time.time_ns() % 2**32)
    assert numbers(train(short(architecture, sample=1), tiny)) == numbers(first)


def test_a_trial_gives_the_same_losses_in_another_process(digits, elsewhere):
    result = train(
        Trial(architecture="mlp", fraction=0.1, sample=3, data_seed=2, max_steps=20), digits
    )
    losses = [
        result.best.val["loss"],
        result.test.values["loss"],
        result.history[0].train["loss"],
    ]
    assert losses == elsewhere["losses"]


@pytest.mark.parametrize(
    "other", [{"seed": 1}, {"data_seed": 1}, {"sample": 1}, {"fraction": 0.5}]
)
def test_another_trial_gives_other_metrics(other, tiny):
    assert train(short(**other), tiny).test != train(short(), tiny).test


@pytest.mark.parametrize("architecture", sorted(ARCHITECTURES))
def test_training_leaves_the_global_random_state_alone(architecture, tiny):
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    train(short(architecture), tiny)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])


def test_a_result_says_which_images_it_was_trained_on(tiny):
    result = train(short(fraction=0.3, data_seed=4), tiny)
    assert result.n_train == 27
    assert result.subset_fingerprint == fingerprint(subset_indices(tiny.strata, 0.3, 4))


@pytest.mark.parametrize("architecture", sorted(ARCHITECTURES))
def test_every_architecture_learns(architecture, tiny):
    result = train(short(architecture, max_steps=200), tiny)
    assert result.best.val["error"] < 0.1  # guessing errs in 0.67
    assert result.test.values["error"] < 0.1
    assert result.best.val["loss"] < math.log(3) / 2


@pytest.mark.parametrize("architecture", ALL)
def test_a_single_image_is_enough_to_run(architecture, tiny):
    result = train(short(architecture, fraction=1 / 90, max_steps=10), tiny)
    assert result.n_train == 1
    assert math.isfinite(result.best.val["loss"])
    assert math.isfinite(result.test.values["loss"])


def test_the_number_of_parameters_is_counted(tiny):
    assert train(short("linear"), tiny).n_parameters == 64 * 3 + 3


def test_the_test_set_changes_only_the_test_metrics(tiny):
    other = replace(tiny, test=Split(255 - tiny.test.images, (tiny.test.labels + 1) % 3))
    for architecture in ("mlp", "forest"):
        one, two = (train(short(architecture), data) for data in (tiny, other))
        assert one.test.values["loss"] != two.test.values["loss"]
        same = {"test": Score({}), "slices": ()}
        assert numbers(replace(one, **same)) == numbers(replace(two, **same))


def test_the_validation_set_is_not_trained_on(tiny):
    """With a single evaluation, nothing to choose, it changes the validation metrics only."""
    other = replace(
        tiny, validation=Split(255 - tiny.validation.images, tiny.validation.labels)
    )
    one, two = (train(short(max_steps=1), data) for data in (tiny, other))
    assert one.best.val["loss"] != two.best.val["loss"]
    assert (one.test, one.history[0].train) == (two.test, two.history[0].train)
