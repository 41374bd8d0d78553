"""Which files of a folder are images of which set and class."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from experiments.tasks.held_back import TEST, TRAIN, VALIDATION
from tracking.errors import InputError

ENDINGS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")
NAMES = {
    TRAIN: ("train", "training", "trainset", "train_set"),
    VALIDATION: ("val", "valid", "validation", "dev", "valset", "val_set"),
    TEST: ("test", "testing", "testset", "test_set", "eval", "evaluation", "holdout"),
}
SET_OF = {name: which for which, names in NAMES.items() for name in names}
NO_CLASS = ("__pycache__", "__macosx", "checkpoints", "checkpoint", "ipynb_checkpoints")


@dataclass(frozen=True)
class File:
    """An image.

    path: of the file.
    label: the name of its class.
    """

    path: str
    label: str


def find_files(path: Path) -> tuple[dict[str, list[File]], list[str]]:
    """The images of each set, in order, and what is left out.

    Sets lie in train/, val/ and test/ or folders that are called alike; without train/ the
    classes lie directly in the folder. Folders with a dot, checkpoints and a test/ without
    classes are no classes.
    Raises InputError for another folder.
    """
    if not path.is_dir():
        raise InputError(f"dataset folder '{path}' does not exist")
    try:
        sets, left_out = _find_sets(path)
        left_out += _loose_images(sets)
        return {
            which: list(_files_of(folder, path)) for which, folder in sets.items()
        }, left_out
    except OSError as error:
        raise _refusal(path, str(error)) from None


def _refusal(path: Path, reason: str) -> InputError:
    return InputError(f"'{path}' is not one folder of images per class: {reason}")


def _find_sets(path: Path) -> tuple[dict[str, list[Path]], list[str]]:
    """The class folders of each set."""
    named = _by_set(path)
    if TRAIN in named and _folders(named[TRAIN]):
        sets = {}
        left_out = []
        for which, folder in named.items():
            if classes := _folders(folder):
                sets[which] = classes
            elif any(_images(folder)):
                left_out.append(f"{folder.name}/ (no folder per class)")
            else:
                raise _refusal(path, f"'{folder.name}' holds no folder of images")
        return sets, left_out
    return _beside_classes(path, named)


def _beside_classes(path: Path, named: dict[str, Path]) -> tuple[dict, list[str]]:
    """The classes directly in the folder, and a test or validation set beside them."""
    held_back = {which: folder for which, folder in named.items() if which != TRAIN}
    classes = [one for one in _folders(path) if one not in held_back.values()]
    if not classes:
        raise _refusal(path, "it holds no folders" if not named else "it has no train/")
    sets = {TRAIN: classes}
    left_out = []
    for which, folder in held_back.items():
        if below := _folders(folder):
            sets[which] = below
        else:
            left_out.append(f"{folder.name}/ (no folder per class)")
    return sets, left_out


def _loose_images(sets: dict[str, list[Path]]) -> list[str]:
    """Images beside the class folders, which have no class."""
    parents = {folder.parent for folders in sets.values() for folder in folders}
    return [
        f"images beside the classes of {parent.name}/ ({count:,})"
        for parent in sorted(parents)
        if (count := sum(_is_image(one.name) for one in parent.iterdir() if one.is_file()))
    ]


def _is_image(name: str) -> bool:
    return name.lower().endswith(ENDINGS) and not name.startswith(".")


def _by_set(path: Path) -> dict[str, Path]:
    """Folders that are called as a set is. Raises InputError where two are the same set."""
    named: dict[str, Path] = {}
    for folder in _folders(path):
        which = SET_OF.get(folder.name.lower().replace("-", "_").replace(" ", "_"))
        if which in named:
            raise InputError(
                f"'{path}' holds '{named[which].name}' and '{folder.name}', both the {which} "
                "set; allowed: one of them"
            )
        if which:
            named[which] = folder
    return named


def _folders(path: Path) -> list[Path]:
    """Those that may be classes or sets, by name."""
    return sorted(
        (
            one
            for one in path.iterdir()
            if one.is_dir()
            and not one.name.startswith(".")
            and one.name.lower() not in NO_CLASS
        ),
        key=lambda one: one.name,
    )


def _files_of(classes: list[Path], path: Path) -> Iterator[File]:
    for folder in classes:
        images = list(_images(folder))
        if not images:
            raise _refusal(
                path, f"'{folder.name}' holds no image; allowed: {', '.join(ENDINGS)}"
            )
        yield from (File(image, folder.name) for image in images)


def _walk(folder: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """As os.walk, through links to other folders but not round in circles."""
    for root, below, names in os.walk(folder, followlinks=True):
        here = Path(root).resolve()
        below[:] = [one for one in below if not here.is_relative_to((here / one).resolve())]
        yield root, below, names


def _images(folder: Path) -> Iterator[str]:
    """Image files below a folder, those of subfolders included, by name."""
    for root, _, names in sorted(_walk(folder)):
        if any(part.startswith(".") for part in Path(root).relative_to(folder).parts):
            continue
        for name in sorted(names):
            if _is_image(name):
                yield os.path.join(root, name)  # noqa: PTH118 - thousands of them
