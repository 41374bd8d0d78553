"""Sets of labelled images, as tensors."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from experiments.training.subsets import subset_indices


@dataclass(frozen=True, eq=False)
class Split:
    """A set of images with their labels.

    images: uint8 (N, C, H, W) in 0–255, laid out channels-last.
    labels: int64 (N,) in 0..classes-1.
    """

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: Any) -> "Split":
        """The images at the indices (n,), in their order."""
        indices = torch.as_tensor(indices)
        # as they lie in memory, so that one image is one slice
        nhwc = self.images.permute(0, 2, 3, 1)
        taken = nhwc.index_select(0, indices)
        return Split(images=taken.permute(0, 3, 1, 2), labels=self.labels[indices])

    def to(self, device: torch.device) -> "Split":
        """The same on a device."""
        return Split(images=self.images.to(device), labels=self.labels.to(device))


@dataclass(frozen=True, eq=False)
class Sets:
    """What one trial is trained on, chosen by and tested on, on one device.

    train: its subset of the pool.
    validation: the whole validation set.
    test: the whole test set.
    """

    train: Split
    validation: Split
    test: Split


def subset(pool: Split, fraction: float, data_seed: int) -> Split:
    """The first fraction of the pool in the order of `data_seed`.

    Nested, stratified, without replacement. Raises InputError if it is empty.
    """
    return pool.take(subset_indices(pool.labels.numpy(), fraction, data_seed))
