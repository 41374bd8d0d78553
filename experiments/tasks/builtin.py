"""Tables and images that come with scikit-learn and need no download."""

from collections.abc import Callable
from importlib.metadata import distribution
from pathlib import Path

import numpy as np

from experiments.tasks.arrays import Sets
from experiments.tasks.held_back import TRAIN

# in scikit-learn, whose loaders take most of a second to import
DIGITS = "sklearn/datasets/data/digits.csv.gz"  # pixels and then the label
PHOTOS = {
    "temple": "sklearn/datasets/images/china.jpg",
    "flower": "sklearn/datasets/images/flower.jpg",
}
PATCH = 6  # pixels on a side


def read_breast_cancer() -> Sets:
    """569 tumours, 30 measures of each, 2 classes."""
    from sklearn.datasets import load_breast_cancer

    return {TRAIN: load_breast_cancer(return_X_y=True)}


def read_diabetes() -> Sets:
    """442 patients, 10 measures of each; predicted: how far the disease went in a year."""
    from sklearn.datasets import load_diabetes

    return {TRAIN: load_diabetes(return_X_y=True, scaled=False)}


def read_digits() -> Sets:
    """1,797 handwritten digits of 8 × 8 pixels."""
    rows = np.loadtxt(_file(DIGITS), delimiter=",")
    images = rows[:, :-1].reshape(-1, 8, 8)
    # 17 grey levels, 0–16
    return {TRAIN: ((images * 15).astype(np.uint8), rows[:, -1].astype(int))}


def read_photos() -> Sets:
    """15,000 grey patches of two photographs: which of the two is each from?

    A patch that comes twice is there once.
    """
    parts = {name: _patches(_file(path)) for name, path in PHOTOS.items()}
    patches = np.concatenate(list(parts.values()))
    labels = np.repeat(list(parts), [len(part) for part in parts.values()])
    _, first = np.unique(patches, axis=0, return_index=True)
    first.sort()
    return {TRAIN: (patches[first], labels[first])}


def _patches(file: Path) -> np.ndarray:
    """The photograph in squares side by side, uint8 (N, PATCH, PATCH)."""
    from PIL import Image

    with Image.open(file) as photo:
        grey = np.asarray(photo.convert("L"))
    rows, columns = (size // PATCH for size in grey.shape)
    whole = grey[: rows * PATCH, : columns * PATCH]
    squares = whole.reshape(rows, PATCH, columns, PATCH).swapaxes(1, 2)
    return squares.reshape(-1, PATCH, PATCH)


def _file(path: str) -> Path:
    return Path(str(distribution("scikit-learn").locate_file(path)))


IMAGES: dict[str, Callable[[], Sets]] = {
    "digits": read_digits,
    "photos": read_photos,
}
TABLES: dict[str, Callable[[], Sets]] = {
    "breast_cancer": read_breast_cancer,
    "diabetes": read_diabetes,
}
