"""Which images are held back, for validation and for testing: the same for everybody."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from experiments.training.subsets import Data, Split, stratified_order
from tracking.errors import InputError

# one split for everybody: the seeds of a study never move an image between the sets
SPLIT_SEED = 0
# share of the images for validation, and for testing where no test set is given
HELD_BACK = 0.2
MAX_VALIDATION = 10_000  # images; more would cost time and hardly sharpen the choice


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


def hold_back(sets: Sequence[Examples], name: str, classes: int) -> Data:
    """The dataset of that name: pool, validation set and test set.

    sets: the training images, and the test images where they are given.
    Raises InputError where there are too few images, or those of the sets differ in shape.
    """
    pool, validation, test = _divide(sets, name)
    return Data(
        name=name,
        classes=classes,
        pool=pool.as_split(),
        validation=validation.as_split(),
        test=test.as_split(),
        fingerprint=_fingerprint([pool, validation, test]),
    )


def _divide(sets: Sequence[Examples], name: str) -> tuple[Examples, Examples, Examples]:
    train = sets[0]
    order = stratified_order(train.labels, SPLIT_SEED)
    held_back = int(HELD_BACK * len(order))
    if len(sets) > 1:
        test = sets[1]
    else:
        test = train.take(order[:held_back])
        order = order[held_back:]
    chosen = order[: min(held_back, MAX_VALIDATION)]
    if not (len(chosen) and len(test.labels)):
        raise InputError(
            f"dataset '{name}' has {len(order)} training images; too few to hold some back"
        )
    if train.images.shape[1:] != test.images.shape[1:]:
        raise InputError(
            f"dataset '{name}': training images are {train.images.shape[1:]}, "
            f"test images {test.images.shape[1:]}"
        )
    return train.take(order[len(chosen) :]), train.take(chosen), test


def _fingerprint(sets: Sequence[Examples]) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for one in sets:
        for array in (one.images, one.labels):
            digest.update(f"{array.shape}{array.dtype}".encode())
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
