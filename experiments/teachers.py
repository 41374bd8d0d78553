"""Synthetic datasets whose learning curve theory gives, to check studies and forecasts against.

-P dataset=experiments.teachers:linear     images labelled at random by a softmax regression, whose own loss is the
    floor. A linear student holds the truth, so its excess loss falls with exponent 1 (linear_excess).
-P dataset=experiments.teachers:long_tail  each image shows one of 1,024 patterns, the i-th with probability
    proportional to 1 / i². A pattern has one label for ever, so what has been seen once is known, and the rest can only
    be guessed: exponent 1/2, no floor (long_tail_excess).
-P architecture=experiments.teachers:student  the network whose learning curves theory gives.
"""

import math
from functools import partial

import numpy as np
from torch import nn

TRAIN, TEST = 210_000, 20_000
SIDE, CLASSES = 8, 4  # of the linear teacher's images
CENTRE, SPREAD = 128, 40  # of their pixels, which are rounded and cut to 0–255 before the teacher sees them
TAIL_TRAIN, TAIL_TEST = 110_000, 50_000
TAIL_SIDE, TAIL_CLASSES = 32, 10  # one pixel per pattern


def make_linear(seed: int, data_dir=None):
    """x_train, y_train, x_test, y_test: images uint8 (N, 8, 8), labels drawn from the softmax of their logits."""
    rng = np.random.default_rng(seed)
    images = rng.normal(CENTRE, SPREAD, (TRAIN + TEST, SIDE, SIDE)).round().clip(0, 255).astype(np.uint8)
    noise = rng.gumbel(size=(len(images), CLASSES))  # the arg max of logits + Gumbel noise is a draw from the softmax
    labels = (linear_logits(images) + noise).argmax(1)
    return images[:TRAIN], labels[:TRAIN], images[TRAIN:], labels[TRAIN:]


def linear_logits(images):
    """(N, 4) logits of the linear teacher, of standard deviation 2."""
    weights = np.random.default_rng(1).normal(size=(SIDE * SIDE, CLASSES))
    return _standardised(images) @ weights * (2 / SIDE)


def linear_excess(n):
    """Expected loss in nats above the teacher's, for a linear student of n images, n large: p / (2n) with p free
    parameters (Wilks; van der Vaart 1998, section 5.4)."""
    return (SIDE * SIDE + 1) * (CLASSES - 1) / (2 * np.asarray(n, float))


def make_long_tail(seed: int, data_dir=None):
    """x_train, y_train, x_test, y_test: images uint8 (N, 32, 32), black but for the pixel that is the pattern."""
    rng = np.random.default_rng(seed)
    label_of = rng.integers(TAIL_CLASSES, size=TAIL_SIDE**2)
    patterns = rng.choice(TAIL_SIDE**2, TAIL_TRAIN + TAIL_TEST, p=_frequencies())
    images = np.zeros((len(patterns), TAIL_SIDE**2), np.uint8)
    images[np.arange(len(patterns)), patterns] = 255
    images, labels = images.reshape(-1, TAIL_SIDE, TAIL_SIDE), label_of[patterns]
    return images[:TAIL_TRAIN], labels[:TAIL_TRAIN], images[TAIL_TRAIN:], labels[TAIL_TRAIN:]


def long_tail_excess(n):
    """Expected loss in nats after n images of a student that knows the patterns it has seen and gives every class the
    same probability on others: ln 10 times the share of images with an unseen pattern, which falls as n^(-1/2)
    (Hutter 2021, Learning Curve Theory, section 4). With 1,024 patterns it falls faster once n passes a million."""
    p = _frequencies()
    return np.log(TAIL_CLASSES) * (p * (1 - p) ** np.asarray(n, float)[..., None]).sum(-1)


def _frequencies():
    frequencies = 1 / np.arange(1, TAIL_SIDE**2 + 1) ** 2
    return frequencies / frequencies.sum()


def _standardised(images):
    return (images.reshape(len(images), -1).astype(np.float64) - CENTRE) / SPREAD


def student(image, classes):
    """Softmax regression on the pixels as they are: `linear` scales them to suit photographs, whose pixels brighten
    together; patterns of one pixel are then learned 16 times as slowly, which the budget does not allow for."""
    return nn.Sequential(nn.Flatten(), nn.Linear(math.prod(image), classes))


linear = partial(make_linear, 11)
long_tail = partial(make_long_tail, 13)
