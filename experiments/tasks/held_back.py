"""Which examples are held back, for validation and for testing: the same for everybody."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from experiments.tasks.image_classification import Images
from experiments.training.image_sets import Split
from experiments.training.subsets import stratified_order
from tracking.errors import InputError

# one split for everybody: the seeds of a study never move an image between the sets
SPLIT_SEED = 0
# share of the training examples for validation, and for testing where no test set is given
HELD_BACK = 0.2
MAX_VALIDATION = 10_000  # examples; more would cost time and hardly sharpen the choice
TRAIN = "training"
VALIDATION = "validation"
TEST = "test"


@dataclass(frozen=True)
class Examples:
    """Images, uint8 (N, H, W, C), and the numbers of their classes, (N,)."""

    images: np.ndarray
    labels: np.ndarray

    def take(self, indices: np.ndarray) -> "Examples":
        """Those at the indices (n,), in their order."""
        return Examples(self.images[indices], self.labels[indices])

    def as_split(self) -> Split:
        """The same as tensors."""
        nhwc = torch.from_numpy(np.ascontiguousarray(self.images))
        labels = torch.from_numpy(self.labels.astype(np.int64))
        return Split(images=nhwc.permute(0, 3, 1, 2), labels=labels)


@dataclass(frozen=True)
class Division:
    """Which of the training examples are held back: indices, int64 (n,), in their order.

    pool: what subsets are drawn from.
    validation, test: empty where the set is given.
    """

    pool: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def divide(strata: np.ndarray, given: Collection[str], name: str) -> Division:
    """Hold back a fixed, stratified share of the training examples for each set not given.

    strata: int64 (N,), what to stratify by.
    given: of "validation" and "test", the sets that are there.
    name: of the dataset, for the message.
    Raises InputError where there are too few examples.
    """
    order = stratified_order(strata, SPLIT_SEED)
    share = int(HELD_BACK * len(order))
    test = order[: 0 if TEST in given else share]
    rest = order[len(test) :]
    validation = rest[: 0 if VALIDATION in given else min(share, MAX_VALIDATION)]
    if not share and not {VALIDATION, TEST} <= set(given):
        raise InputError(
            f"dataset '{name}' has {len(order)} training examples; too few to hold some back"
        )
    return Division(pool=rest[len(validation) :], validation=validation, test=test)


def hold_back(sets: Mapping[str, Examples], name: str, classes: Sequence[Any]) -> Images:
    """The images of that name: pool, validation set and test set.

    sets: the images for training, and those for validation and test where they are given.
    classes: their names, in the order of their numbers.
    Raises InputError where there are too few images, or those of the sets differ in shape.
    """
    train = sets[TRAIN]
    division = divide(train.labels, sets, name)
    parts = {
        TRAIN: train.take(division.pool),
        VALIDATION: sets.get(VALIDATION) or train.take(division.validation),
        TEST: sets.get(TEST) or train.take(division.test),
    }
    _check_parts(parts, name)
    return Images(
        name=name,
        classes=len(classes),
        slices=tuple(map(str, classes)),
        pool=parts[TRAIN].as_split(),
        validation=parts[VALIDATION].as_split(),
        test=parts[TEST].as_split(),
        fingerprint=_fingerprint(list(parts.values())),
        places=division.pool,
    )


def _check_parts(parts: Mapping[str, Examples], name: str) -> None:
    shape = parts[TRAIN].images.shape[1:]
    for which, part in parts.items():
        if not len(part.labels):
            raise InputError(f"dataset '{name}': the {which} set is empty")
        if part.images.shape[1:] != shape:
            raise InputError(
                f"dataset '{name}': training images are {shape}, "
                f"{which} images {part.images.shape[1:]}"
            )


def _fingerprint(sets: Sequence[Examples]) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for one in sets:
        for array in (one.images, one.labels):
            digest.update(f"{array.shape}{array.dtype}".encode())
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
