"""Synthetic datasets whose learning curves theory gives, to check forecasts against.

Two datasets and a network, each named as `-P dataset=` and `-P architecture=` take it:

experiments.tasks.synthetic:linear: images labelled at random by a softmax regression, the
    teacher, whose own loss is the floor. A linear student holds the truth, so its excess loss
    falls with exponent 1 (linear_excess).
experiments.tasks.synthetic:long_tail: each image shows one of 1,024 patterns, the i-th with
    probability proportional to 1 / i². A pattern has one label for ever, so what has been seen
    once is known, and the rest can only be guessed: exponent 1/2, no floor (long_tail_excess).
experiments.tasks.synthetic:student: the network whose learning curves theory gives.
"""

import math
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from torch import nn

TRAIN = 210_000
TEST = 20_000
SIDE = 8
CLASSES = 4  # of the linear teacher's images
CENTRE = 128
SPREAD = 40  # of their pixels, which are rounded and cut to 0–255 before the teacher sees them
TAIL_TRAIN = 110_000
TAIL_TEST = 50_000
TAIL_SIDE = 32  # one pixel per pattern
TAIL_CLASSES = 10

Arrays = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]

# --- the linear teacher ----------------------------------------------------------------------


def make_linear(seed: int, data_dir: Any = None) -> Arrays:
    """x_train, y_train, x_test, y_test of the linear teacher.

    Images are uint8 (N, 8, 8), their labels are drawn from the softmax of its logits.
    """
    rng = np.random.default_rng(seed)
    pixels = rng.normal(CENTRE, SPREAD, (TRAIN + TEST, SIDE, SIDE))
    images = pixels.round().clip(0, 255).astype(np.uint8)
    # the arg max of logits + Gumbel noise is a draw from the softmax
    noise = rng.gumbel(size=(len(images), CLASSES))
    labels = (linear_logits(images) + noise).argmax(1)
    return images[:TRAIN], labels[:TRAIN], images[TRAIN:], labels[TRAIN:]


def linear_logits(images: np.ndarray) -> np.ndarray:
    """(N, 4) logits of the linear teacher, of standard deviation 2."""
    weights = np.random.default_rng(1).normal(size=(SIDE * SIDE, CLASSES))
    return standardised(images) @ weights * (2 / SIDE)


def standardised(images: np.ndarray) -> np.ndarray:
    """(N, 64) pixels of mean 0 and standard deviation 1."""
    return (images.reshape(len(images), -1).astype(np.float64) - CENTRE) / SPREAD


def linear_excess(n: ArrayLike) -> np.ndarray:
    """Expected loss in nats above the teacher's, for a linear student of n images, n large.

    It is p / (2n) with p free parameters (Wilks; van der Vaart 1998, section 5.4).
    """
    return (SIDE * SIDE + 1) * (CLASSES - 1) / (2 * np.asarray(n, float))


# --- the long tail ---------------------------------------------------------------------------


def make_long_tail(seed: int, data_dir: Any = None) -> Arrays:
    """x_train, y_train, x_test, y_test of the long tail.

    Images are uint8 (N, 32, 32), black but for the pixel that is the pattern.
    """
    rng = np.random.default_rng(seed)
    label_of = rng.integers(TAIL_CLASSES, size=TAIL_SIDE**2)
    patterns = rng.choice(TAIL_SIDE**2, TAIL_TRAIN + TAIL_TEST, p=_frequencies())
    pixels = np.zeros((len(patterns), TAIL_SIDE**2), np.uint8)
    pixels[np.arange(len(patterns)), patterns] = 255
    images = pixels.reshape(-1, TAIL_SIDE, TAIL_SIDE)
    labels = label_of[patterns]
    return images[:TAIL_TRAIN], labels[:TAIL_TRAIN], images[TAIL_TRAIN:], labels[TAIL_TRAIN:]


def long_tail_excess(n: ArrayLike) -> np.ndarray:
    """Expected loss in nats after n images.

    A student that knows the patterns it has seen gives every class the same probability on
    others: its loss is ln 10 times the share of images with an unseen pattern, which falls as
    n^(-1/2) (Hutter 2021, Learning Curve Theory, section 4). With 1,024 patterns it falls
    faster once n passes a million.
    """
    p = _frequencies()
    unseen = p * (1 - p) ** np.asarray(n, float)[..., None]
    return np.log(TAIL_CLASSES) * unseen.sum(-1)


def _frequencies() -> np.ndarray:
    frequencies = 1 / np.arange(1, TAIL_SIDE**2 + 1) ** 2
    return frequencies / frequencies.sum()


# --- the student -----------------------------------------------------------------------------


def student(image: tuple[int, int, int], classes: int) -> nn.Module:
    """Softmax regression on the pixels as they are.

    `linear` scales them to suit photographs, whose pixels brighten together. Patterns of one
    pixel are then learned 16 times as slowly, which the budget does not allow for.
    """
    return nn.Sequential(nn.Flatten(), nn.Linear(math.prod(image), classes))


linear = partial(make_linear, 11)
long_tail = partial(make_long_tail, 13)
