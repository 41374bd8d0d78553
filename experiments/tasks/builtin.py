"""Tables that come with scikit-learn and need no download."""

from collections.abc import Callable

from experiments.tasks.arrays import Sets
from experiments.tasks.held_back import TRAIN


def read_breast_cancer() -> Sets:
    """569 tumours, 30 measures of each, 2 classes."""
    from sklearn.datasets import load_breast_cancer

    return {TRAIN: load_breast_cancer(return_X_y=True)}


def read_diabetes() -> Sets:
    """442 patients, 10 measures of each; predicted: how far the disease went in a year."""
    from sklearn.datasets import load_diabetes

    return {TRAIN: load_diabetes(return_X_y=True, scaled=False)}


TABLES: dict[str, Callable[[], Sets]] = {
    "breast_cancer": read_breast_cancer,
    "diabetes": read_diabetes,
}
