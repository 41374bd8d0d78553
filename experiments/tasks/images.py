"""Labelled images by name, as tensors in memory, with fixed validation and test sets."""

import hashlib
import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch

from experiments.tasks.image_folders import read_folder
from experiments.tasks.pixels import as_labels, as_pixels
from experiments.training.subsets import Data, Split, stratified_order
from tracking.errors import InputError, one_line

# one split for everybody: the seeds of a study never move an image between the sets
SPLIT_SEED = 0
# share of the images for validation, and for testing where no test set is given
HELD_BACK = 0.2
MAX_VALIDATION = 10_000  # images; more would cost time and hardly sharpen the choice
TRAIN = ("x_train", "y_train")
TEST = ("x_test", "y_test")

Arrays = Sequence[Any]  # x, y or x, y, x_test, y_test


def load_data(name: str, data_dir: str = "data") -> Data:
    """Load a dataset by name, `folder:PATH`, `npz:PATH` or `package.module:function`.

    data_dir: where torchvision's datasets lie or are downloaded to.
    Raises InputError where the name is unknown, or the files are missing or broken.
    """
    return split(name, *_arrays(name, Path(data_dir)))


def _arrays(name: str, data_dir: Path) -> Arrays:
    kind, _, rest = name.partition(":")
    if name in DATASETS:
        return DATASETS[name](data_dir)
    if kind == "folder" and rest:
        return read_folder(Path(rest))
    if kind == "npz" and rest:
        return _read_npz(Path(rest))
    if rest:
        return _call_loader(name, data_dir)
    allowed = ", ".join([*DATASETS, "folder:PATH", "npz:PATH", "package.module:function"])
    raise InputError(f"dataset '{name}' is unknown; allowed: {allowed}")


def split(
    name: str, x_train: Any, y_train: Any, x_test: Any = None, y_test: Any = None
) -> Data:
    """Split arrays into the pool, the validation set and the test set.

    x_train, x_test: images (N, H, W), (N, H, W, C) or (N, C, H, W).
    y_train, y_test: labels (N,), any integers or strings.
    A fixed, stratified share of the training images becomes the validation set, and another
    the test set where none is given.
    Raises InputError for arrays that are no labelled images.
    """
    given = [x_train] if x_test is None else [x_train, x_test]
    images = as_pixels(given, name)
    labels = [as_labels(each, x, name) for each, x in zip([y_train, y_test], images)]
    classes = np.unique(np.concatenate(labels))
    if len(classes) < 2:
        raise InputError(f"dataset '{name}' has {len(classes)} class; at least 2 are needed")
    sets = [Examples(x, np.searchsorted(classes, y)) for x, y in zip(images, labels)]
    pool, validation, test = _hold_back(sets, name)
    return Data(
        name=name,
        classes=len(classes),
        pool=pool.as_split(),
        validation=validation.as_split(),
        test=test.as_split(),
        fingerprint=_fingerprint([pool, validation, test]),
    )


@dataclass(frozen=True)
class Examples:
    """Images, uint8 (N, H, W, C), and the numbers of their classes, (N,)."""

    images: np.ndarray
    labels: np.ndarray

    def take(self, indices: np.ndarray) -> "Examples":
        return Examples(self.images[indices], self.labels[indices])

    def as_split(self) -> Split:
        nhwc = torch.from_numpy(np.ascontiguousarray(self.images))
        labels = torch.from_numpy(self.labels.astype(np.int64))
        return Split(images=nhwc.permute(0, 3, 1, 2), labels=labels)


def _hold_back(sets: list[Examples], name: str) -> tuple[Examples, Examples, Examples]:
    """Pool, validation and test set of the training images and perhaps the test images."""
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


def _fingerprint(sets: list[Examples]) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for one in sets:
        for array in (one.images, one.labels):
            digest.update(f"{array.shape}{array.dtype}".encode())
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


# --- where arrays come from ------------------------------------------------------------------


def _read_digits(data_dir: Path) -> Arrays:
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    return (images.reshape(-1, 8, 8) * 15).astype(np.uint8), labels  # 17 grey levels, 0–16


Options = Mapping[str, Any]  # of a constructor of torchvision's


def _read_torchvision(
    class_name: str,
    data_dir: Path,
    train: Options = MappingProxyType({"train": True}),
    test: Options = MappingProxyType({"train": False}),
) -> Arrays:
    from torchvision import datasets

    arrays = []
    for options in (train, test):
        try:
            loaded = getattr(datasets, class_name)(str(data_dir), download=True, **options)
        except Exception as error:  # broken files fail in many ways, and so do downloads
            raise InputError(
                f"{class_name} is not in data_dir '{data_dir}' and cannot be had: "
                f"{one_line(error)}"
            ) from None
        labels = loaded.targets if hasattr(loaded, "targets") else loaded.labels
        arrays += [np.asarray(loaded.data), np.asarray(labels)]
    return arrays


DATASETS: dict[str, Callable[[Path], Arrays]] = {
    "digits": _read_digits,
    "mnist": partial(_read_torchvision, "MNIST"),
    "fashion_mnist": partial(_read_torchvision, "FashionMNIST"),
    "emnist": partial(
        _read_torchvision,
        "EMNIST",
        train={"split": "letters", "train": True},
        test={"split": "letters", "train": False},
    ),
    "cifar10": partial(_read_torchvision, "CIFAR10"),
    "cifar100": partial(_read_torchvision, "CIFAR100"),
    "svhn": partial(
        _read_torchvision, "SVHN", train={"split": "train"}, test={"split": "test"}
    ),
}


def _read_npz(path: Path) -> Arrays:
    if not path.is_file():
        raise InputError(f"dataset file '{path}' does not exist")
    try:
        with path.open("rb") as file, np.load(file) as arrays:
            found = {name: arrays[name] for name in (*TRAIN, *TEST) if name in arrays}
            held = ", ".join(arrays) or "nothing"
    except Exception as error:  # broken archives fail in many ways: zlib, zipfile, pickle
        raise InputError(f"'{path}' is not a readable .npz file: {one_line(error)}") from None
    has_half_a_test_set = len(found.keys() & set(TEST)) == 1
    needed = (*TRAIN, *TEST) if has_half_a_test_set else TRAIN
    if missing := [name for name in needed if name not in found]:
        raise InputError(f"'{path}' lacks {', '.join(missing)}; it holds {held}")
    return list(found.values())


def _call_loader(name: str, data_dir: Path) -> Arrays:
    """What the user's own function returns of data_dir."""
    module, _, function = name.partition(":")
    try:
        loader = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise InputError(f"dataset '{name}' cannot be imported: {one_line(error)}") from None
    arrays = loader(data_dir)
    if not isinstance(arrays, tuple | list):
        raise InputError(
            f"dataset '{name}' returned {type(arrays).__name__}; "
            "allowed: x, y or x, y, x_test, y_test"
        )
    if len(arrays) not in (2, 4):
        raise InputError(
            f"dataset '{name}' returned {len(arrays)} arrays; "
            "allowed: 2 (x, y) or 4 (with a test set)"
        )
    return arrays
