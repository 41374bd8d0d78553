"""How well each slice of the examples is known: each class, or each group."""

from collections.abc import Sequence

import numpy as np

from experiments.training.results import Score, Slice, SliceKey, SliceScore, score_of
from tracking.errors import InputError

DIGITS = 4  # of a probability that is kept; smaller ones are left out


def by_class(logs: np.ndarray, labels: np.ndarray) -> dict[SliceKey, SliceScore]:
    """The score of each class that a set holds, by its number.

    logs: ln of the predicted probabilities, (N, classes).
    labels: int64 (N,).
    """
    losses = -logs[np.arange(len(labels)), labels].astype(np.float64)
    wrong = logs.argmax(1) != labels
    found: dict[SliceKey, SliceScore] = {}
    for number in np.unique(labels).tolist():
        mine = labels == number
        loss = losses[mine]
        sums = (float(loss.sum()), float((loss**2).sum()), float(wrong[mine].sum()))
        score = score_of(*sums, count=len(loss))
        taken = np.exp(logs[mine]).mean(0).round(DIGITS)
        taken_for = {one: float(taken[one]) for one in np.flatnonzero(taken).tolist()}
        found[number] = SliceScore(len(loss), score.values, score.errors, taken_for)
    return found


def slices_of(test: Score, names: Sequence[str], held: np.ndarray) -> tuple[Slice, ...]:
    """The slices that a test set was scored on; () where it was not.

    test: its score.
    names: of the slices, by their numbers.
    held: int64 (n,), the slice of each example of the subset.
    Raises InputError for a slice without a name.
    """
    if not test.slices:
        return ()
    numbers = {name: number for number, name in enumerate(names)}
    counts = np.bincount(held, minlength=len(names))
    found = []
    for key, score in test.slices.items():
        number = key if isinstance(key, int) else numbers.get(key, len(names))
        if number >= len(names):
            known = ", ".join(names) or "none, without classes or groups"
            raise InputError(f"slice '{key}' is unknown; allowed: {known}")
        taken = {names[one]: share for one, share in score.taken_for.items()}
        found.append(Slice(names[number], int(counts[number]), score, taken))
    return tuple(found)
