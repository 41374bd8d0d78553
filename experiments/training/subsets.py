"""The examples that a trial sees: nested, stratified subsets, drawn without replacement."""

import hashlib
from collections.abc import Sized
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tracking.errors import InputError


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
class Data:
    """A dataset, split once for all studies.

    name: as a trial's `dataset` says it.
    classes: how many.
    pool: what subsets are drawn from.
    validation: chooses step and sample, whole for every size.
    test: evaluated once per trial.
    fingerprint: of every pixel and label.
    """

    name: str
    classes: int
    pool: Split
    validation: Split
    test: Split
    fingerprint: str

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(C, H, W)"""
        _, channels, height, width = self.pool.images.shape
        return channels, height, width


@dataclass(frozen=True, eq=False)
class Sets:
    """What one trial is trained on, chosen by and tested on, on one device.

    train: its subset of the pool.
    validation: the whole validation set.
    test: the whole test set.
    fingerprint: of the subset.
    """

    train: Split
    validation: Split
    test: Split
    fingerprint: str


@lru_cache(maxsize=1)  # the samples of a cell, all under way at once, share the images
def draw_sets(data: Data, fraction: float, data_seed: int, device: torch.device) -> Sets:
    """The sets of a trial, moved to the device. Raises InputError for an empty subset."""
    indices = subset_indices(data.pool, fraction, data_seed)
    return Sets(
        train=data.pool.take(indices).to(device),
        validation=data.validation.to(device),
        test=data.test.to(device),
        fingerprint=fingerprint(indices),
    )


def subset(pool: Split, fraction: float, data_seed: int) -> Split:
    """The first fraction of the pool in the order of `data_seed`.

    Nested, stratified, without replacement. Raises InputError if it is empty.
    """
    return pool.take(subset_indices(pool, fraction, data_seed))


def subset_indices(pool: Split, fraction: float, data_seed: int) -> np.ndarray:
    """Indices into the pool, int64 (n,): a prefix of those of any larger fraction.

    Raises InputError if n = 0.
    """
    n = subset_size(pool, fraction)
    return stratified_order(pool.labels.numpy(), data_seed)[:n]


def subset_size(pool: Sized, fraction: float) -> int:
    """Images in a subset, n. Raises InputError if n = 0."""
    n = round(fraction * len(pool))
    if n < 1:
        raise InputError(
            f"fraction {fraction:g} of {len(pool):,} images is none; "
            f"allowed: {1 / len(pool):.2g} to 1"
        )
    return n


def fingerprint(indices: np.ndarray) -> str:
    """A short hash of which images are in a subset, and in which order."""
    indices = np.ascontiguousarray(indices, dtype="<i8")
    return hashlib.sha256(indices.tobytes()).hexdigest()[:16]


def stratified_order(labels: np.ndarray, seed: int) -> np.ndarray:
    """A random order in which every prefix holds each class within one of its share.

    labels: int64 (N,).
    Returns a permutation of 0..N-1.
    """
    rng = np.random.default_rng(seed)
    classes, counts = np.unique(labels, return_counts=True)
    shuffled = rng.permutation(len(classes))  # which class comes first is chance, too
    members = [rng.permutation(np.flatnonzero(labels == classes[c])) for c in shuffled]
    turns = _turns(tuple(int(counts[c]) for c in shuffled))
    order = np.empty(len(labels), dtype=np.int64)
    for turn, indices in enumerate(members):
        order[turns == turn] = indices
    return order


@lru_cache(maxsize=64)
def _turns(counts: tuple[int, ...]) -> np.ndarray:
    """Which class takes each place, by the quota method.

    A class may take place n if it holds less than its share of n; of those, the one furthest
    behind takes it. Every prefix then holds each class's share rounded down or up (Balinski &
    Young 1975, American Mathematical Monthly 82).
    """
    share = np.array(counts) / sum(counts)
    held = np.zeros(len(counts))
    turns = np.empty(sum(counts), dtype=np.int64)
    for place in range(len(turns)):
        behind = np.where(held < share * (place + 1) - 1e-9, share / (held + 1), -1.0)
        turn = behind.argmax()
        turns[place] = turn
        held[turn] += 1
    return turns
