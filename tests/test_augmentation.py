"""Augmentation moves and mirrors pixels, and changes nothing else."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from experiments.training.augmentation import augment
from experiments.training.image_sets import Split
from experiments.training.search_spaces import draw, search_space


def numbered(n=64, height=5, width=7):
    """Images whose pixels are all different, and none 0, which is the colour of the rim."""
    pixels = torch.arange(1, height * width + 1, dtype=torch.uint8).reshape(
        1, 1, height, width
    )
    return Split(
        pixels.expand(n, 3, -1, -1).contiguous(memory_format=torch.channels_last),
        torch.arange(n),
    )


def expected(image, mirrored, down, right):
    """The same by another way: mirror, then roll a padded image."""
    image = image.flip(-1) if mirrored else image
    return torch.roll(torch.nn.functional.pad(image, [8] * 4), (down, right), (-2, -1))[
        ..., 8:-8, 8:-8
    ]


@given(flip=st.integers(0, 1), shift=st.integers(0, 3), seed=st.integers(0, 99))
def test_every_image_is_a_mirrored_or_shifted_copy(flip, shift, seed):
    batch = numbered(8)
    moved = augment(batch, flip, shift, torch.Generator().manual_seed(seed))
    assert moved.images.dtype == torch.uint8
    assert moved.labels.equal(batch.labels)
    steps = range(-shift, shift + 1)
    allowed = [
        expected(batch.images[0], m, d, r)
        for m in range(flip + 1)
        for d in steps
        for r in steps
    ]
    assert all(any(image.equal(other) for other in allowed) for image in moved.images)


def test_half_of_the_images_are_mirrored_and_all_shifts_occur():
    batch = numbered(2000)
    mirrored = augment(batch, 1, 0, torch.Generator().manual_seed(0)).images[:, 0, 0, 0] == 7
    assert 0.45 < mirrored.float().mean() < 0.55
    moved = augment(batch, 0, 2, torch.Generator().manual_seed(0)).images[:, 0, 2, 3]
    assert len(moved.unique()) == 25


def test_the_layout_in_memory_stays_channels_last():
    moved = augment(numbered(), 1, 2, torch.Generator())
    assert moved.images.is_contiguous(memory_format=torch.channels_last)


def test_the_augmented_space_adds_flip_and_shift_which_are_off_untuned():
    assert set(search_space("cnn", "augmented")) - set(search_space("cnn")) == {
        "flip",
        "shift",
    }
    untuned = draw("cnn", 0, space="augmented")
    assert (untuned["flip"], untuned["shift"]) == (0, 0)
    drawn = [draw("cnn", sample, space="augmented") for sample in range(1, 40)]
    assert {d["flip"] for d in drawn} == {0, 1}
    assert {d["shift"] for d in drawn} == {0, 1, 2, 4}
