"""How well a table's targets are predicted, by each measure."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from sklearn.metrics import f1_score, roc_auc_score

from experiments.training.results import Score, SliceKey, SliceScore, classification_score
from experiments.training.slices import by_class
from experiments.training.table import Rows, Table
from tracking.measures import Measure, find_measure

CLASSIFICATION = tuple(map(find_measure, ("loss", "error", "auc", "f1")))
REGRESSION = tuple(map(find_measure, ("rmse", "mae", "r2")))


def measures_of(table: Table) -> tuple[Measure, ...]:
    """What a table's models are judged by; the first chooses."""
    return CLASSIFICATION if table.classes else REGRESSION


def score_rows(predicted: np.ndarray, rows: Rows, classes: int) -> Score:
    """The score of what was predicted of the rows, and of each of their groups.

    predicted: probabilities (N, classes), all above 0; or real values (N,).
    classes: 0 where real values are predicted.
    """
    score = score_classes if classes else score_numbers
    whole = score(predicted, rows.y)
    if rows.groups is None:
        return whole
    return replace(whole, slices=by_group(score, predicted, rows.y, rows.groups))


def by_group(
    score: Callable[[np.ndarray, np.ndarray], Score],
    predicted: np.ndarray,
    actual: np.ndarray,
    groups: np.ndarray,
) -> dict[SliceKey, SliceScore]:
    """The score of each group that a set holds, by its number.

    groups: int64 (N,).
    """
    found: dict[SliceKey, SliceScore] = {}
    for number in np.unique(groups).tolist():
        mine = groups == number
        part = score(predicted[mine], actual[mine])
        found[number] = SliceScore(int(mine.sum()), part.values, part.errors)
    return found


def score_classes(probabilities: np.ndarray, labels: np.ndarray) -> Score:
    """The score of predicted probabilities (N, classes), all above 0.

    labels: int64 (N,).
    loss: mean over the examples, in nats. error: share of them whose class is wrong.
    auc: area under the ROC curve, the mean over the classes of one against the rest; a class
        that the set lacks does not count. f1: mean of the classes' F1 scores.
    """
    count = len(labels)
    losses = -np.log(probabilities[np.arange(count), labels])
    predicted = probabilities.argmax(1)
    score = classification_score(
        loss=float(losses.mean()),
        error=float((predicted != labels).mean()),
        loss_se=_standard_error(losses),
        count=count,
    )
    f1 = f1_score(labels, predicted, average="macro", labels=np.unique(labels))
    values = {**score.values, "auc": _auc(probabilities, labels), "f1": float(f1)}
    return Score(values, score.errors, by_class(np.log(probabilities), labels))


def _auc(probabilities: np.ndarray, labels: np.ndarray) -> float:
    each = [
        roc_auc_score(labels == one, probabilities[:, one])
        for one in np.unique(labels)
        if (labels != one).any()
    ]
    return float(np.mean(each)) if each else 0.5


def score_numbers(predicted: np.ndarray, actual: np.ndarray) -> Score:
    """The score of predicted real values (N,), all in the units of the target but r2.

    rmse: root of the mean squared error; its standard error is that of the mean square,
        divided by twice the root (delta method). mae: mean absolute error.
    r2: 1 - squares / squares around the mean of `actual`; below 0 where the mean is better.
    """
    wrong = predicted - actual
    squares = wrong**2
    rmse = math.sqrt(squares.mean())
    around = float(((actual - actual.mean()) ** 2).sum())
    r2 = 1 - float(squares.sum()) / around if around else float(not squares.any())
    values = {"rmse": rmse, "mae": float(np.abs(wrong).mean()), "r2": r2}
    errors = {
        "rmse": _standard_error(squares) / (2 * rmse) if rmse else 0.0,
        "mae": _standard_error(np.abs(wrong)),
    }
    return Score(values, errors)


def _standard_error(values: np.ndarray) -> float:
    """Of their mean."""
    return float(values.std() / math.sqrt(max(len(values) - 1, 1)))


def best_guess(table: Table) -> dict[str, float]:
    """What the best constant answer, known from the whole pool, scores on the test set."""
    actual = table.test.y
    if not table.classes:
        return dict(score_numbers(np.full(len(actual), table.pool.y.mean()), actual).values)
    counts = np.bincount(table.pool.y, minlength=len(table.classes)) + 1.0
    return dict(score_classes(np.tile(counts / counts.sum(), (len(actual), 1)), actual).values)
