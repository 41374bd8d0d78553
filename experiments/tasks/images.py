"""Labelled images by name: where they come from, and what becomes of them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from experiments.tasks.arrays import Sets, call_loader, read_npz
from experiments.tasks.builtin import IMAGES, TABLES
from experiments.tasks.held_back import TEST, TRAIN, VALIDATION, Examples, hold_back
from experiments.tasks.image_classification import Images
from experiments.tasks.image_folders import read_folder
from experiments.tasks.leaks import refuse_repeated
from experiments.tasks.pixels import as_pixels
from experiments.tasks.targets import CLASSIFICATION, read_targets
from tracking.errors import InputError, one_line

# Of classes that are numbers where they are kept.
NAMES = {
    "fashion_mnist": (
        *("t-shirt", "trouser", "pullover", "dress", "coat"),
        *("sandal", "shirt", "sneaker", "bag", "ankle boot"),
    ),
    "cifar10": (
        *("airplane", "automobile", "bird", "cat", "deer"),
        *("dog", "frog", "horse", "ship", "truck"),
    ),
}


def load_data(name: str, data_dir: str = "data") -> Images:
    """Load images by name, `folder:PATH`, `npz:PATH` or `package.module:function`.

    data_dir: where torchvision's datasets lie or are downloaded to.
    Raises InputError where the name is unknown, or the files are missing or broken.
    """
    kind, _, rest = name.partition(":")
    if name in IMAGES:
        return images_of(IMAGES[name](), name)
    if name in DOWNLOADED:
        return images_of(DOWNLOADED[name](Path(data_dir)), name)
    if kind == "folder" and rest:
        sets, note = read_folder(Path(rest))
        return replace(images_of(sets, name), note=note)
    sets = load_sets(name, data_dir)
    return images_of(sets, name)


def load_sets(name: str, data_dir: str) -> Any:
    """What an npz:PATH holds, or the user's own function returns. Raises InputError."""
    kind, _, rest = name.partition(":")
    if kind == "npz" and rest:
        return read_npz(Path(rest))
    if rest:
        return call_loader(name, Path(data_dir))
    kinds = ("folder", "csv", "parquet", "npz")
    allowed = [*IMAGES, *DOWNLOADED, *TABLES, *(f"{one}:PATH" for one in kinds)]
    raise InputError(
        f"dataset '{name}' is unknown; allowed: {', '.join(allowed)}, package.module:function"
    )


def split(
    name: str, x_train: Any, y_train: Any, x_test: Any = None, y_test: Any = None
) -> Images:
    """Split arrays into the pool, the validation set and the test set, as images_of does.

    x_train, x_test: images. y_train, y_test: labels (N,).
    """
    sets = {TRAIN: (x_train, y_train)}
    if x_test is not None:
        sets[TEST] = (x_test, y_test)
    return images_of(sets, name)


def images_of(sets: Sets, name: str) -> Images:
    """The dataset of that name.

    sets: set -> images (N, H, W), (N, H, W, C) or (N, C, H, W), and labels (N,), any integers
        or strings.
    A fixed, stratified share of the training images becomes the validation set, and another
    the test set, where none is given.
    Raises InputError for arrays that are no labelled images.
    """
    given = [which for which in (TRAIN, VALIDATION, TEST) if which in sets]
    pixels = as_pixels([sets[which][0] for which in given], name)
    images = dict(zip(given, pixels))
    for which, x in images.items():
        _check_count(x, sets[which][1], name)
    targets = read_targets({one: sets[one][1] for one in given}, name, CLASSIFICATION)
    found = {one: Examples(images[one], targets.sets[one]) for one in given}
    divided = hold_back(found, name, NAMES.get(name, targets.classes))
    train = images[TRAIN]
    if train.min() == train.max():
        raise InputError(
            f"dataset '{name}': every pixel is {train.min()} when read as 0–255; "
            "nothing can be learned"
        )
    refuse_repeated(train, {one: images[one] for one in given[1:]}, name)
    return divided


def _check_count(images: np.ndarray, labels: Any, name: str) -> None:
    count = 0 if labels is None else len(labels)
    if count != len(images):
        raise InputError(f"dataset '{name}': {len(images)} images but {count} labels")


# --- images that are known by name -----------------------------------------------------------


Options = Mapping[str, Any]  # of a constructor of torchvision's


def _read_torchvision(
    class_name: str,
    data_dir: Path,
    train: Options = MappingProxyType({"train": True}),
    test: Options = MappingProxyType({"train": False}),
) -> Sets:
    from torchvision import datasets

    sets = {}
    for which, options in ((TRAIN, train), (TEST, test)):
        try:
            loaded = getattr(datasets, class_name)(str(data_dir), download=True, **options)
        except Exception as error:  # broken files fail in many ways, and so do downloads
            raise InputError(
                f"{class_name} is not in data_dir '{data_dir}' and cannot be had: "
                f"{one_line(error)}"
            ) from None
        labels = loaded.targets if hasattr(loaded, "targets") else loaded.labels
        sets[which] = (np.asarray(loaded.data), np.asarray(labels))
    return sets


DOWNLOADED: dict[str, Callable[[Path], Sets]] = {
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
