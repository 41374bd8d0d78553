"""Whatever arrays come in become pixels in 0–255 and labels from 0."""

import numpy as np
import pytest
import torch
from toys import same_pixels, stripes

from experiments.tasks.images import split
from tracking.errors import InputError


@pytest.mark.parametrize(
    "view",
    [
        lambda x: x[..., 0],
        lambda x: x.transpose(0, 3, 1, 2),
        lambda x: x.astype(np.int64),
        lambda x: x.astype(np.float32),
        lambda x: x / 255,
        lambda x: (x / 255).astype(np.float32),
        lambda x: x.tolist(),
        torch.from_numpy,
    ],
    ids=[
        "NHW",
        "NCHW",
        "integers",
        "float 0-255",
        "float 0-1",
        "float32 0-1",
        "lists",
        "tensor",
    ],
)
def test_every_layout_and_number_type_gives_the_same_pixels(view):
    images, labels = stripes()
    assert same_pixels(split("x", view(images), labels), split("x", images, labels))


def test_colour_images_with_channels_first_or_last_are_the_same():
    images, labels = stripes(channels=3)
    assert same_pixels(
        split("x", images.transpose(0, 3, 1, 2), labels), split("x", images, labels)
    )


def test_a_pixel_a_little_above_1_changes_no_scale_and_no_other_set():
    (train, labels), (test, answers) = stripes(), stripes(30, seed=1)
    train = train / 255
    test = test / 255
    train[0, 0, 0] = test[0, 0, 0] = 1
    expected = split("x", train, labels, test, answers)
    test[0, 0, 0] = 1.0000001
    assert same_pixels(split("x", train, labels, test, answers), expected)


def test_images_that_are_true_or_false_become_black_and_white():
    data = split("x", stripes()[0] > 100, stripes()[1])
    assert data.pool.images.unique().tolist() == [0, 255]


@pytest.mark.parametrize(
    "rename",
    [
        lambda y: y + 1,
        lambda y: y * 10 - 7,
        lambda y: y.astype(np.uint8),
        lambda y: y.astype(float),
        lambda y: y[:, None],
        lambda y: y.tolist(),
        lambda y: np.array(["ant", "bee", "cat"])[y],
    ],
    ids=["from 1", "negative", "bytes", "floats", "a column", "a list", "strings"],
)
def test_whatever_the_labels_are_they_become_0_1_2(rename):
    images, labels = stripes()
    assert same_pixels(split("x", images, rename(labels)), split("x", images, labels))


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ((np.zeros((10, 4), np.uint8), np.arange(10)), ["(10, 4)", "(N, H, W)"]),
        ((np.zeros((0, 4, 4), np.uint8), []), ["(0, 4, 4, 1)"]),
        ((np.zeros((10, 4, 4), np.uint8), np.arange(9)), ["10 images", "9 labels"]),
        ((np.zeros((10, 4, 4), np.uint8), np.zeros(10)), ["1 class", "at least 2"]),
        ((np.zeros((3, 4, 4), np.uint8), np.arange(3)), ["3 training examples", "too few"]),
        ((np.full((10, 4, 4), -3), np.arange(10)), ["0–255", "-3"]),
        ((np.full((10, 4, 4), 300), np.arange(10)), ["0–255", "300"]),
        ((np.full((10, 4, 4), np.nan), np.arange(10)), ["0–255", "nan"]),
        ((np.full((10, 4, 4), "a"), np.arange(10)), ["0–255", "<U1"]),
        (
            (*stripes(), np.zeros((5, 9, 9), np.uint8), np.arange(5) % 3),
            ["(8, 8, 1)", "(9, 9, 1)"],
        ),
        ((*stripes(), stripes(5)[0], np.arange(4)), ["5 images", "4 labels"]),
        ((*stripes(), stripes(5)[0], None), ["5 images", "0 labels"]),
        (([np.zeros((4, 4)), np.zeros((5, 4))], [0, 1]), ["differ in shape"]),
        ((np.full((10, 4, 4), 1.5), np.arange(10)), ["largest pixel is 1.5", "0–1 or 0–255"]),
        ((np.zeros((4, 4, 4), np.uint8), ["a", None, "b", "a"]), ["a label is missing"]),
        ((np.zeros((4, 4, 4), np.uint8), [0, 1, np.nan, 1]), ["a label is missing"]),
    ],
)
def test_arrays_that_are_no_labelled_images_are_refused_in_one_line(arrays, words):
    with pytest.raises(InputError) as refusal:
        split("mine", *arrays)
    said = str(refusal.value)
    assert "\n" not in said
    assert [word for word in ["mine", *words] if word not in said] == [], said


@pytest.mark.parametrize(
    ("train", "test", "words"),
    [
        (lambda x: x.astype(float), lambda x: x / 255, ["219", "0.855"]),
        (lambda x: x / 255, lambda x: x.astype(float), ["218", "0.859"]),
        (lambda x: x, lambda x: (x > 100).astype(np.uint8), ["219", "1 in another"]),
    ],
    ids=["test in 0-1", "training in 0-1", "bytes 0 and 1"],
)
def test_sets_on_different_scales_are_refused(train, test, words):
    (images, labels), (others, answers) = stripes(), stripes(30, seed=1)
    with pytest.raises(InputError) as refusal:
        split("mine", train(images), labels, test(others), answers)
    said = str(refusal.value)
    assert [word for word in ["mine", "0–255", *words] if word not in said] == [], said


def test_bytes_and_floats_of_the_same_brightness_are_the_same_scale():
    (images, labels), (others, answers) = stripes(), stripes(30, seed=1)
    expected = split("x", images, labels, others, answers)
    assert same_pixels(split("x", images, labels, others / 255, answers), expected)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ((np.full((30, 4, 4), 7, np.uint8), np.arange(30) % 2), ["every pixel is 7"]),
        ((stripes()[0], np.eye(3)[stripes()[1]]), ["one-hot", "argmax"]),
        ((stripes()[0], stripes()[1] - 1), ["label -1"]),
        ((stripes()[0], np.arange(150) / 7), ["150 different numbers"]),
        ((*stripes(), *stripes()), ["150 of the 150 test examples"]),
    ],
)
def test_what_is_no_classification_of_images_says_how_to_mend_it(arrays, words):
    with pytest.raises(InputError) as refusal:
        split("mine", *arrays)
    said = str(refusal.value)
    assert "\n" not in said
    assert [word for word in ["mine", *words] if word not in said] == [], said
