"""Synthetic datasets whose truth is known: random images, labelled at random by a teacher (its loss is the floor).

-P dataset=experiments.teachers:linear     a softmax regression as the teacher. A linear student holds the truth, so
    its excess loss falls as p / (2n) with p free parameters (Wilks; van der Vaart 1998, section 5.4): exponent 1.
-P dataset=experiments.teachers:network    a random two-layer network as the teacher: no theory for its exponent, but
    as many images as wanted, so that a forecast can be checked at 1,000 times the sizes it was made from.
"""

from functools import partial

import numpy as np

SIDE, CLASSES, TRAIN, TEST = 8, 4, 210_000, 20_000
CENTRE, SPREAD = 128, 40  # of the pixels, which are rounded and cut to 0–255 before the teacher sees them


def make(logits, seed: int, data_dir=None):
    """x_train, y_train, x_test, y_test: images uint8 (N, 8, 8), labels drawn from the softmax of `logits(images)`."""
    rng = np.random.default_rng(seed)
    images = rng.normal(CENTRE, SPREAD, (TRAIN + TEST, SIDE, SIDE)).round().clip(0, 255).astype(np.uint8)
    noise = rng.gumbel(size=(len(images), CLASSES))  # the arg max of logits + Gumbel noise is a draw from the softmax
    labels = (logits(images) + noise).argmax(1)
    return images[:TRAIN], labels[:TRAIN], images[TRAIN:], labels[TRAIN:]


def linear_logits(images):
    """(N, 4) logits of the linear teacher, of standard deviation 2."""
    weights = np.random.default_rng(1).normal(size=(SIDE * SIDE, CLASSES))
    return _standardised(images) @ weights * (2 / SIDE)


def network_logits(images, hidden: int = 32):
    """(N, 4) logits of the two-layer ReLU teacher, of standard deviation near 3."""
    rng = np.random.default_rng(2)
    first, second = rng.normal(size=(SIDE * SIDE, hidden)), rng.normal(size=(hidden, CLASSES))
    inner = np.maximum(_standardised(images) @ first / SIDE, 0)
    return (inner - np.sqrt(1 / (2 * np.pi))) @ second * (3 / np.sqrt(0.34 * hidden))  # a ReLU's mean and variance


def bayes_loss(logits, images) -> float:
    """The teacher's own expected loss on images, nats: the floor that no student gets below."""
    z = logits(images)
    z = z - z.max(1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(1, keepdims=True))
    return float(-(np.exp(log_p) * log_p).sum(1).mean())


def _standardised(images):
    return (images.reshape(len(images), -1).astype(np.float64) - CENTRE) / SPREAD


linear = partial(make, linear_logits, 11)
network = partial(make, network_logits, 12)
