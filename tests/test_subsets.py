"""Subsets are nested, unique, stratified and disjoint from the held-back sets."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toys import numbered, numbers_of

from experiments.tasks.images import split
from experiments.training.image_sets import subset
from experiments.training.subsets import fingerprint, stratified_order, subset_indices
from tracking.errors import InputError

class_counts = st.lists(st.integers(1, 60), min_size=2, max_size=12)
seeds = st.integers(0, 2**31)
shares = st.floats(0.1, 1)


def shuffled_labels(counts):
    return np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))


def pool_of(counts):
    return split("numbered", *numbered(shuffled_labels([10 + count for count in counts]))).pool


@given(class_counts, seeds)
def test_every_prefix_holds_each_class_within_one_of_its_share(counts, seed):
    labels = shuffled_labels(counts)
    order = stratified_order(labels, seed)
    held = (labels[order][:, None] == np.arange(len(counts))).cumsum(0)
    share = np.arange(1, len(labels) + 1)[:, None] * np.array(counts) / sum(counts)
    assert sorted(order) == list(range(len(labels)))
    assert np.abs(held - share).max() < 1


@given(class_counts, seeds, shares, shares)
def test_every_subset_is_a_prefix_of_every_larger_one(counts, seed, one, other):
    pool = pool_of(counts).labels.numpy()
    small, large = (subset_indices(pool, fraction, seed) for fraction in sorted((one, other)))
    assert np.array_equal(small, large[: len(small)])


@given(class_counts, seeds, shares)
def test_a_subset_holds_the_asked_number_of_different_images(counts, seed, fraction):
    pool = pool_of(counts)
    drawn = numbers_of(subset(pool, fraction, seed))
    assert len(drawn) == round(fraction * len(pool))
    assert len(set(drawn)) == len(drawn)


@given(class_counts, seeds, shares)
def test_every_subset_holds_each_class_within_one_of_its_share(counts, seed, fraction):
    pool = pool_of(counts)
    drawn = subset(pool, fraction, seed)
    held, there = (np.bincount(part.labels, minlength=len(counts)) for part in (drawn, pool))
    assert np.abs(held - len(drawn) * there / len(pool)).max() < 1


@given(class_counts, seeds)
def test_no_subset_holds_an_image_of_the_validation_or_test_set(counts, seed):
    images, labels = numbered(shuffled_labels([10 + count for count in counts]))
    data = split("numbered", images, labels)
    parts = [subset(data.pool, 1.0, seed), data.validation, data.test]
    numbers = np.concatenate([numbers_of(part) for part in parts])
    assert sorted(numbers) == list(
        range(len(labels))
    )  # each image is in exactly one of the three


def test_images_keep_their_labels():
    images, labels = numbered(shuffled_labels([30, 50, 7]))
    data = split("numbered", images, labels)
    for part in (subset(data.pool, 0.5, 3), data.validation, data.test):
        assert np.array_equal(part.labels, labels[numbers_of(part)])
        assert np.array_equal(part.images[:, 0], images[numbers_of(part)])


def test_different_data_seeds_draw_different_subsets(digits):
    drawn = {fingerprint(subset_indices(digits.strata, 0.1, seed)) for seed in range(20)}
    assert len(drawn) == 20


def test_a_data_seed_gives_the_same_subsets_in_another_process(digits, elsewhere):
    for text, there in elsewhere["subsets"].items():
        fraction, seed = text.split()
        assert fingerprint(subset_indices(digits.strata, float(fraction), int(seed))) == there
    assert len(set(elsewhere["subsets"].values())) == 6


def test_the_fingerprint_tells_which_images_and_their_order():
    assert fingerprint(np.array([1, 2, 3])) == fingerprint(np.array([1, 2, 3], dtype=np.int32))
    assert (
        len(
            {
                fingerprint(np.array(indices))
                for indices in ([1, 2, 3], [3, 2, 1], [1, 2], [1, 2, 4])
            }
        )
        == 4
    )


def test_a_fraction_that_holds_no_image_is_refused(tiny):
    with pytest.raises(
        InputError, match=r"fraction 0\.001 of 90 examples is none; allowed: .* to 1"
    ):
        subset_indices(tiny.strata, 0.001, 0)


@pytest.mark.parametrize("images", [90, 100, 1079, 1151, 48_000])
def test_the_smallest_fraction_that_the_message_allows_is_accepted(images):
    pool = split(
        "flat",
        np.arange(4 * images).reshape(images, 2, 2) % 256,
        np.arange(images) % 2,
        np.full((2, 2, 2), 7),
        [0, 1],
    ).strata
    with pytest.raises(InputError) as refusal:
        subset_indices(pool, 1e-9, 0)
    allowed = float(str(refusal.value).split("allowed: ")[1].split()[0])
    assert len(subset_indices(pool, allowed, 0)) == 1
