"""The examples that a trial sees: nested, stratified subsets, drawn without replacement."""

import hashlib
from collections.abc import Sized
from functools import lru_cache

import numpy as np

from tracking.errors import InputError

BINS = 10  # of real numbers, each of which is a stratum


def subset_indices(
    strata: np.ndarray, fraction: float, data_seed: int, weights: np.ndarray | None = None
) -> np.ndarray:
    """Indices into the pool, int64 (n,): a prefix of those of any larger fraction.

    strata: of each example of the pool, (N,).
    weights: as stratified_order takes them.
    Raises InputError if n = 0.
    """
    n = subset_size(strata, fraction)
    return stratified_order(strata, data_seed, weights)[:n]


def subset_size(pool: Sized, fraction: float) -> int:
    """Examples in a subset, n. Raises InputError if n = 0."""
    n = round(fraction * len(pool))
    if n < 1:
        raise InputError(
            f"fraction {fraction:g} of {len(pool):,} examples is none; "
            f"allowed: {1 / len(pool):.2g} to 1"
        )
    return n


def fingerprint(indices: np.ndarray) -> str:
    """A short hash of which examples are in a subset, and in which order."""
    indices = np.ascontiguousarray(indices, dtype="<i8")
    return hashlib.sha256(indices.tobytes()).hexdigest()[:16]


def strata_of(targets: np.ndarray) -> np.ndarray:
    """What to stratify by, int64 (N,): the class, or of real numbers the tenth they are in."""
    targets = np.asarray(targets)
    if targets.dtype.kind == "f" and (targets != np.round(targets)).any():
        edges = np.quantile(targets, np.linspace(0, 1, BINS + 1)[1:-1])
        return np.searchsorted(edges, targets).astype(np.int64)
    return np.unique(targets, return_inverse=True)[1].reshape(-1).astype(np.int64)


def stratified_order(
    labels: np.ndarray, seed: int, weights: np.ndarray | None = None
) -> np.ndarray:
    """A random order in which every prefix holds each class within one of its share.

    labels: int64 (N,).
    weights: of each class by its number, (classes,): its share is its share of all examples
        times this, divided by their sum. None: as many as there are.
    Returns a permutation of 0..N-1. With weights it ends where a class has no more examples.
    """
    rng = np.random.default_rng(seed)
    classes, counts = np.unique(labels, return_counts=True)
    shuffled = rng.permutation(len(classes))  # which class comes first is chance, too
    members = [rng.permutation(np.flatnonzero(labels == classes[c])) for c in shuffled]
    counts = counts[shuffled]
    wanted = counts if weights is None else counts * weights[classes[shuffled]]
    share = wanted / wanted.sum()
    places = len(labels) if weights is None else int((counts / share).min() + 1e-9)
    turns = _turns(tuple(share.tolist()), places)
    order = np.empty(places, dtype=np.int64)
    for turn, indices in enumerate(members):
        its = turns == turn
        order[its] = indices[: its.sum()]
    return order


@lru_cache(maxsize=64)
def _turns(shares: tuple[float, ...], places: int) -> np.ndarray:
    """Which class takes each place, by the quota method.

    A class may take place n if it holds less than its share of n; of those, the one furthest
    behind takes it. Every prefix then holds each class's share rounded down or up (Balinski &
    Young 1975, American Mathematical Monthly 82).
    """
    if len(shares) == 1:
        return np.zeros(places, dtype=np.int64)
    share = np.array(shares)
    held = np.zeros(len(shares))
    turns = np.empty(places, dtype=np.int64)
    for place in range(places):
        behind = np.where(held < share * (place + 1) - 1e-9, share / (held + 1), -1.0)
        turn = behind.argmax()
        turns[place] = turn
        held[turn] += 1
    return turns
