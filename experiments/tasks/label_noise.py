"""How many labels are wrong, told by predictions of examples that were not learned from."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from experiments.tasks.numbers import (
    SIDE,
    numbers_each,
    pixels,
    prepared,
    seconds_to_prepare,
)
from experiments.training.labelled import Labelled
from experiments.training.subsets import stratified_order
from experiments.training.table import Rows
from tracking.data_check import CONFIDENCE, UNKNOWN

SURVEYED = 8000  # labels that are looked at, at most
TREES = 100
FOLDS = 5
EPOCHS = 20
DRAWS = 100  # of the bootstrap
MOST_SUSPECTS = 50
# the model errs more often than so: it cannot tell wrong labels from hard examples
WEAK = 0.3
LIKELY = np.linspace(0.5, 0.95, 60)  # of labels drawn at random, that a threshold keeps below
# seconds to grow a tree, for each example, level and column that it looks at, for each number
# of a linear step, and for each example of a draw
TREE = 2e-3
SPLIT = 1e-8
STEP = 1e-8
DRAWN = 1e-6


@dataclass(frozen=True)
class WrongLabels:
    """An estimate of the share of wrong labels.

    share: by confident learning.
    low, high: of its interval.
    surveyed: labels looked at.
    model_error: of the predictions, against the labels as they are.
    suspects: place (among the training examples as given), pool (index), label, predicted
        (numbers of classes), probability (of the label, as predicted); the worst first.
    """

    share: float
    low: float
    high: float
    surveyed: int
    model_error: float
    suspects: pd.DataFrame


def estimate_wrong_labels(labelled: Labelled) -> WrongLabels:
    """The share of wrong labels of the pool, of which two estimates bound the interval.

    Predictions are those of extremely randomised trees for examples outside of their bags
    (Geurts et al. 2006), one fit instead of a cross-validation; of words those of a
    cross-validated logistic regression.

    Upper end: confident learning (Northcutt et al. 2021, section 3.1), which counts examples
    that look as much like another class as those of that class do. It is right where classes
    can be told apart, and too high where the model takes hard examples for wrong ones.

    Lower end: the share of labels that are as implausible as labels drawn at random, over the
    share of such among labels drawn at random (Blanchard et al. 2010, section 3). It is right
    where errors fall at random, and too low where they fall between similar classes.

    Both are bootstrapped over examples. Where the model itself errs in more than three of ten,
    the share and its interval are NaN.
    """
    chosen = stratified_order(labelled.pool.y, 0)[:SURVEYED]
    rows = labelled.pool.take(chosen)
    _, labels = np.unique(rows.y, return_inverse=True)
    predicted = _predicted(labelled, rows, labels)
    error = float((predicted.argmax(1) != labels).mean())
    share = low = high = UNKNOWN
    if error <= WEAK:
        share = confident(labels, predicted)
        low, high = _interval(labels, predicted, share)
    return WrongLabels(
        share=share,
        low=low,
        high=high,
        surveyed=len(labels),
        model_error=error,
        suspects=_suspects(labels, predicted, rows.y, chosen, labelled.places),
    )


def _predicted(labelled: Labelled, rows: Rows, labels: np.ndarray) -> np.ndarray:
    """Probabilities (n, K) of the classes of the rows, by models that have not seen them."""
    if _has_words(labelled):
        return _by_words(prepared(labelled, [rows])[0], labels)
    from sklearn.ensemble import ExtraTreesClassifier  # late: takes most of a second

    numbers = (
        pixels(rows.x) if labelled.is_images else prepared(labelled, [rows], False, True)[0]
    )
    trees = ExtraTreesClassifier(TREES, bootstrap=True, oob_score=True, random_state=0)
    return np.nan_to_num(trees.fit(numbers, labels).oob_decision_function_)


def _has_words(labelled: Labelled) -> bool:
    """Whether an example is a few of very many numbers."""
    columns = labelled.columns
    return labelled.pool.is_sparse or (columns is not None and bool(columns.text))


def _by_words(numbers: Any, labels: np.ndarray) -> np.ndarray:
    from sklearn.linear_model import SGDClassifier  # late: takes most of a second
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    fewest = int(np.bincount(labels).min())
    folds = StratifiedKFold(max(min(FOLDS, fewest), 2), shuffle=True, random_state=0)
    model = SGDClassifier(
        loss="log_loss", alpha=1e-5, max_iter=EPOCHS, tol=None, random_state=0
    )
    return cross_val_predict(model, numbers, labels, cv=folds, method="predict_proba")


def confident(labels: np.ndarray, predicted: np.ndarray) -> float:
    """Share of wrong labels by confident learning.

    labels: 0 … K-1 (n,). predicted: probabilities (n, K).
    """
    from cleanlab.count import estimate_joint  # late: takes most of a second

    return max(0.0, 1 - float(np.trace(estimate_joint(labels, predicted))))


def at_random(labels: np.ndarray, predicted: np.ndarray) -> float:
    """Share of wrong labels, if labels are as implausible as drawn at random, or else right.

    Arguments as of `confident`.
    """
    given = predicted[np.arange(len(labels)), labels]
    others = np.ones(predicted.shape, dtype=bool)
    others[np.arange(len(labels)), labels] = False
    drawn = np.sort(predicted[others])
    thresholds = np.quantile(drawn, LIKELY)
    below = np.searchsorted(np.sort(given), thresholds, side="right") / len(given)
    expected = np.searchsorted(drawn, thresholds, side="right") / len(drawn)
    return float((below / expected).min())


def _interval(labels: np.ndarray, predicted: np.ndarray, share: float) -> tuple[float, float]:
    """Of both bootstraps, and never narrower above than as many wrong ones among so many."""
    from scipy.stats import binomtest  # late: takes most of a second

    rng = np.random.default_rng(0)
    draws = rng.integers(0, len(labels), (DRAWS, len(labels)))
    uppers = [confident(labels[one], predicted[one]) for one in draws]
    lowers = [at_random(labels[one], predicted[one]) for one in draws]
    outside = (1 - CONFIDENCE) / 2
    count = round(share * len(labels))
    counted = binomtest(count, len(labels)).proportion_ci(CONFIDENCE, "wilson").high
    low = min(float(np.quantile(lowers, outside)), share)
    return low, max(float(np.quantile(uppers, 1 - outside)), float(counted))


def _suspects(
    labels: np.ndarray,
    predicted: np.ndarray,
    classes: np.ndarray,
    chosen: np.ndarray,
    places: np.ndarray,
) -> pd.DataFrame:
    """Those whose label is least likely beside the likeliest."""
    given = predicted[np.arange(len(labels)), labels]
    behind = predicted.max(1) - given
    worst = np.argsort(-behind, kind="stable")[:MOST_SUSPECTS]
    worst = worst[behind[worst] > 0]
    names = np.unique(classes)
    return pd.DataFrame(
        {
            "place": places[chosen[worst]],
            "pool": chosen[worst],
            "label": names[labels[worst]],
            "predicted": names[predicted[worst].argmax(1)],
            "probability": given[worst].round(4),
        }
    )


def seconds_to_estimate(labelled: Labelled, classes: int) -> float:
    """What it takes, of one core."""
    n = min(len(labelled.pool), SURVEYED)
    bootstrap = DRAWS * DRAWN * n
    if _has_words(labelled):
        fits = FOLDS * (classes if classes > 2 else 1)
        steps = EPOCHS * n * numbers_each(labelled)
        return bootstrap + fits * steps * STEP + seconds_to_prepare(labelled, n)
    size = min(numbers_each(labelled), 3.0 * SIDE**2)
    splits = n * np.log2(max(n, 2)) * np.sqrt(size)
    return bootstrap + TREES * (TREE + SPLIT * splits)
