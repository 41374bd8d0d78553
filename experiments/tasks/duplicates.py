"""How many examples are there twice: exactly, or nearly, in the pool and between the sets."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from experiments.tasks.leaks import DISTINCT, hashes
from experiments.tasks.numbers import (
    SIDE,
    numbers_each,
    outlines,
    prepared,
    seconds_to_prepare,
)
from experiments.training.labelled import Labelled
from tracking.data_check import CONFIDENCE

NEIGHBOURS = 10
# of examples without copies that are taken to have one, where neighbours lie by chance
CHANCE = 1e-4
# a near duplicate is nearer than this share of the distance to the tenth neighbour
NEAREST = 0.5
FEWEST = 50  # examples of a pool, below which nothing is near
MOST_POOL = 200_000  # examples that are looked among
WORK = 2e10  # multiplications for each set; about a second of one core
FEWEST_SEARCHED = 200
RATE = 2e10  # multiplications a second, on one core
HASHED = 4e-6  # seconds for an example, and each 1,000 numbers of it


@dataclass(frozen=True)
class Repeats:
    """Examples that equal others, as a DataCheck counts them.

    in_pool: bool (n,), of each example of the pool: whether another equals it.
    in_test: bool (n,), of each example of the test set: whether one of the pool equals it.
    """

    repeated: int
    contradicted: int
    leaked_validation: int
    leaked_test: int
    few_kinds: bool
    in_pool: np.ndarray
    in_test: np.ndarray


@dataclass(frozen=True)
class Near:
    """A share of examples with a near duplicate in the pool, and its interval.

    searched: examples that it was counted on.
    """

    share: float
    low: float
    high: float
    searched: int


def count_repeats(labelled: Labelled, classes: int) -> Repeats:
    """Exact duplicates, by their hashes.

    classes: 0 where real values are predicted, which need not agree.
    """
    sets = (labelled.pool, labelled.validation, labelled.test)
    pool, validation, test = (_hashes(part.x) for part in sets)
    kinds, which, counts = np.unique(pool, return_inverse=True, return_counts=True)
    in_test = np.isin(test, kinds)
    repeated = len(pool) - len(kinds)
    contradicted = 0
    if classes:
        labels = np.concatenate([part.y for part in sets])
        contradicted = _contradicted(np.concatenate([pool, validation, test]), labels)
    return Repeats(
        repeated=repeated,
        contradicted=contradicted,
        leaked_validation=int(np.isin(validation, kinds).sum()),
        leaked_test=int(in_test.sum()),
        few_kinds=not labelled.is_images and len(kinds) < DISTINCT * len(pool),
        in_pool=counts[which] > 1,
        in_test=in_test,
    )


def _hashes(examples: Any) -> np.ndarray:
    """Images as they lie in memory, which saves a copy."""
    is_images = isinstance(examples, np.ndarray) and examples.ndim == 4
    return hashes(np.moveaxis(examples, 1, -1) if is_images else examples)


def _contradicted(examples: np.ndarray, labels: np.ndarray) -> int:
    """How many have another label than most of their equals."""
    table = pd.DataFrame({"example": examples, "label": labels})
    counts = table.groupby(["example", "label"]).size()
    return len(table) - int(counts.groupby("example").max().sum())


# --- near duplicates -------------------------------------------------------------------------


def find_near(labelled: Labelled, repeats: Repeats) -> tuple[Near, Near] | None:
    """Near duplicates within the pool, and of the test set in the pool; exact ones aside.

    None where there are too few examples, or of too few kinds, to tell.

    An example has one where its nearest neighbour is less than half as far as its tenth, and
    so near as one in 10,000 would be by chance, in as many dimensions as the examples have
    around them (Levina & Bickel 2004). So what is near is measured by the examples themselves,
    of any kind, in dense places and in thin ones. Groups of more than ten near copies hide
    each other. Of many examples some are searched, drawn at random.
    """
    if repeats.few_kinds or len(labelled.pool) < FEWEST:
        return None
    from sklearn.neighbors import NearestNeighbors  # late: takes most of a second

    rng = np.random.default_rng(0)
    among = np.sort(rng.permutation(len(labelled.pool))[:MOST_POOL])
    count = _searched(labelled)
    own = rng.permutation(len(among))[:count]
    others = rng.permutation(len(labelled.test))[:count]
    pool, test = _vectors(labelled, among, others)
    index = NearestNeighbors(n_neighbors=NEIGHBOURS + 1, algorithm="brute").fit(pool)
    distances, found = index.kneighbors(pool[own])
    within = _without_itself(distances, found, own)
    between = index.kneighbors(test, NEIGHBOURS)[0]
    allowed = _allowed(within)
    return (
        _share(within, allowed, ~repeats.in_pool[among][own], len(labelled.pool)),
        _share(between, allowed, ~repeats.in_test[others], len(labelled.test)),
    )


def _searched(labelled: Labelled) -> int:
    """How many examples of a set are searched, at most."""
    among = min(len(labelled.pool), MOST_POOL)
    return max(int(WORK / (among * _width(labelled))), FEWEST_SEARCHED)


def _width(labelled: Labelled) -> float:
    """Numbers of an example between which distances are measured."""
    most = float(SIDE**2) if labelled.is_images else math.inf
    return max(min(numbers_each(labelled), most), 1.0)


def _vectors(labelled: Labelled, among: np.ndarray, others: np.ndarray) -> tuple[Any, Any]:
    """Examples of the pool and of the test set, between which distances are measured."""
    whole = len(among) == len(labelled.pool)
    pool = labelled.pool if whole else labelled.pool.take(among)
    test = labelled.test.take(others)
    if labelled.is_images:
        return outlines(pool.x), outlines(test.x)
    pool_numbers, test_numbers = prepared(labelled, [pool, test])
    return pool_numbers, test_numbers


def _without_itself(distances: np.ndarray, found: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Distances (n, 10) to other examples, of distances (n, 11) to any."""
    itself = found == own[:, None]
    itself[~itself.any(1), -1] = True  # among many equals it may be missing
    return distances[~itself].reshape(len(own), -1)


def _allowed(distances: np.ndarray) -> float:
    """The share of the distance to the tenth neighbour that chance hardly goes below."""
    apart = distances[distances[:, 0] > 0]
    if not len(apart):
        return 0.0
    logs = np.log(apart[:, -1:] / apart[:, :-1]).mean(1)
    dimension = 1 / np.median(logs[logs > 0]) if (logs > 0).any() else 1.0
    return min(NEAREST, (CHANCE / (NEIGHBOURS - 1)) ** (1 / dimension))


def _share(distances: np.ndarray, allowed: float, counted: np.ndarray, of: int) -> Near:
    """counted: which of those searched have no exact duplicate. of: examples of the set."""
    from scipy.stats import binomtest  # late: takes most of a second

    found = (distances[:, 0] < allowed * distances[:, -1]) & counted
    share = float(found.mean())
    if len(found) == of:
        return Near(share, share, share, of)
    interval = binomtest(int(found.sum()), len(found)).proportion_ci(CONFIDENCE, "wilson")
    return Near(share, float(interval.low), float(interval.high), len(found))


def seconds_to_count(labelled: Labelled) -> float:
    """What both take, of one core."""
    pool, test = len(labelled.pool), len(labelled.test)
    n = pool + len(labelled.validation) + test
    among = min(pool, MOST_POOL)
    searched = sum(min(some, _searched(labelled)) for some in (among, test))
    hashed = HASHED * n * (1 + numbers_each(labelled) / 1000)
    compared = searched * among * _width(labelled) / RATE
    return hashed + compared + seconds_to_prepare(labelled, among + min(test, searched))
