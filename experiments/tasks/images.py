"""Labelled images by name: where they come from, as arrays, and what becomes of them."""

import importlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from experiments.tasks.held_back import Examples, hold_back
from experiments.tasks.image_folders import read_folder
from experiments.tasks.pixels import as_labels, as_pixels
from experiments.training.subsets import Data
from tracking.errors import InputError, one_line

TRAIN = ("x_train", "y_train")
TEST = ("x_test", "y_test")

Arrays = Sequence[Any]  # x, y or x, y, x_test, y_test


def load_data(name: str, data_dir: str = "data") -> Data:
    """Load a dataset by name, `folder:PATH`, `npz:PATH` or `package.module:function`.

    data_dir: where torchvision's datasets lie or are downloaded to.
    Raises InputError where the name is unknown, or the files are missing or broken.
    """
    arrays = _arrays(name, Path(data_dir))
    return split(name, *arrays)


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
    return hold_back(sets, name, len(classes))


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
