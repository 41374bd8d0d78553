"""What is to be predicted: classes or numbers, told apart by the target."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tracking.errors import InputError

AUTO = "auto"
CLASSIFICATION = "classification"
REGRESSION = "regression"
FEW = 20  # different whole numbers that are classes whatever they are
PER_CODE = 20  # examples of each, on average, that codes without a gap need to be classes
BINS = 10  # of equal counts, by which real-valued targets are stratified
TRAIN = "training"  # the set that names the classes


@dataclass(frozen=True)
class Targets:
    """The targets of each set: class numbers, int64 (N,), or real values, float64 (N,).

    kind: classification or regression.
    classes: their names, in the order of their numbers; () for regression.
    sets: name of a set -> its targets.
    """

    kind: str
    classes: tuple[Any, ...]
    sets: dict[str, np.ndarray]

    def strata(self, name: str) -> np.ndarray:
        """What subsets of the set are stratified by, int64 (N,)."""
        values = self.sets[name]
        return values if self.classes else quantile_bins(values)


def read_targets(given: Mapping[str, Any], name: str, kind: str = AUTO) -> Targets:
    """The targets of each set of a dataset.

    given: set -> targets, (N,) or (N, 1), in the same order; "training" is one of the sets.
    name: of the dataset, for the message.
    kind: auto is told by the target of the training set.
    Raises InputError for targets that are neither classes nor numbers.
    """
    sets = {which: _as_column(target, name) for which, target in given.items()}
    found = find_kind(sets[TRAIN]) if kind == AUTO else kind
    if found == REGRESSION:
        numbers = {which: _as_numbers(target, name) for which, target in sets.items()}
        if np.ptp(numbers[TRAIN]) == 0:
            raise InputError(
                f"dataset '{name}': the target is {numbers[TRAIN][0]:g} everywhere; "
                "nothing can be learned"
            )
        return Targets(REGRESSION, (), numbers)
    return _as_classes(sets, name)


def find_kind(target: np.ndarray) -> str:
    """classification or regression, by a target (N,) without gaps.

    Text, true and false are classes. Numbers with fractions are regression. Whole numbers are
    classes if there are at most 20 different ones, two of each on average, or if they are
    codes without a gap from 0 or 1 with 20 examples each on average.
    """
    if target.dtype.kind not in "iuf":
        return CLASSIFICATION
    if not is_whole(target):
        return REGRESSION
    found = np.unique(target)
    each = len(target) / len(found)
    if len(found) <= FEW and each >= 2:
        return CLASSIFICATION
    is_code = found[0] in (0, 1) and found[-1] - found[0] == len(found) - 1
    return CLASSIFICATION if is_code and each >= PER_CODE else REGRESSION


def is_whole(target: np.ndarray) -> bool:
    """Whether it holds numbers without fractions."""
    if target.dtype.kind == "f":
        return bool((target == np.rint(target)).all())
    return target.dtype.kind in "iub"


def quantile_bins(target: np.ndarray) -> np.ndarray:
    """The tenth of the values that each value lies in, int64 (N,); ties by their order."""
    ranks = np.empty(len(target), np.int64)
    ranks[np.argsort(target, kind="stable")] = np.arange(len(target))
    return ranks * BINS // len(target)


def _as_column(target: Any, name: str) -> np.ndarray:
    """One value per example, (N,), of a type that has an order."""
    array = np.empty(0) if target is None else np.asarray(target)
    if array.ndim > 1 and array.size != len(array):
        _refuse_several(array, name)
    array = array.reshape(-1)
    if any(value is None or value != value for value in array.tolist()):
        raise InputError(f"dataset '{name}': a label is missing (None or nan)")
    if array.dtype == object:
        array = np.array(array.tolist())
        return array if array.dtype.kind in "iufb" else array.astype(str)
    if array.dtype.kind not in "iufbUS":
        raise InputError(
            f"dataset '{name}': the target is {array.dtype}; allowed: numbers or text"
        )
    return array


def _refuse_several(target: np.ndarray, name: str) -> None:
    shape = target.shape
    numeric = target.dtype.kind in "iufb"
    if numeric and target.ndim == 2 and np.isin(target, (0, 1)).all():
        if (target.sum(1) == 1).all():
            raise InputError(
                f"dataset '{name}': the labels are one-hot, of shape {shape}; "
                "give the numbers of the classes: y.argmax(axis=1)"
            )
        raise InputError(
            f"dataset '{name}': the labels are multi-label, of shape {shape}; allowed: one "
            "label for each example, such as one column y[:, 0], a study for each"
        )
    raise InputError(
        f"dataset '{name}': targets of shape {shape}; allowed: one for each example, (N,)"
    )


def _as_numbers(target: np.ndarray, name: str) -> np.ndarray:
    try:
        numbers = target.astype(np.float64)
    except ValueError:
        text = next(value for value in target.tolist() if not _is_number(value))
        raise InputError(
            f"dataset '{name}': the target holds '{text}'; kind 'regression' needs numbers"
        ) from None
    if not np.isfinite(numbers).all():
        raise InputError(f"dataset '{name}': the target holds infinity; allowed: numbers")
    return numbers


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _as_classes(sets: Mapping[str, np.ndarray], name: str) -> Targets:
    _refuse_real_values(sets[TRAIN], name)
    _refuse_texts(sets[TRAIN], name)
    classes = np.unique(sets[TRAIN])
    if len(classes) < 2:
        raise InputError(f"dataset '{name}' has {len(classes)} class; at least 2 are needed")
    _refuse_unlabelled(classes, name)
    numbers = numbered(sets, classes, "class", name)
    return Targets(CLASSIFICATION, tuple(classes.tolist()), numbers)


def numbered(
    sets: Mapping[str, np.ndarray], known: np.ndarray, what: str, name: str
) -> dict[str, np.ndarray]:
    """The place of each value among the known ones, in order: set -> int64 (N,).

    what: a class or a group, for the message.
    Raises InputError for a value that is not known.
    """
    for which, values in sets.items():
        unseen = np.setdiff1d(values, known)
        if len(unseen):
            raise InputError(
                f"dataset '{name}': {what} '{unseen[0]}' is in the {which} set only and "
                "cannot be learned; leave it out, or add training examples of it"
            )
    return {
        which: np.searchsorted(known, values).astype(np.int64)
        for which, values in sets.items()
    }


def _refuse_real_values(target: np.ndarray, name: str) -> None:
    """Two signs of three are enough: fractions, many values, hardly one that comes twice."""
    if target.dtype.kind not in "iuf":
        return
    found = np.unique(target)
    signs = (not is_whole(target), len(found) > FEW, len(target) < 2 * len(found))
    if sum(signs) >= 2:
        raise InputError(
            f"dataset '{name}': the labels are {len(found)} different numbers, such as "
            f"{found[0]:.3g}; allowed: classes (numbers are predicted from tables only, "
            "with kind=regression)"
        )


def _refuse_texts(target: np.ndarray, name: str) -> None:
    """Names, dates and numbers with signs of their own, hardly one of which comes twice."""
    if target.dtype.kind not in "US":
        return
    found = np.unique(target)
    if len(found) > FEW and 2 * len(found) > len(target):
        raise InputError(
            f"dataset '{name}': the target holds {len(found)} different texts in "
            f"{len(target)} rows, such as '{found[0]:.30}'; allowed: classes that come more "
            "than once, or numbers written like 1234.5"
        )


def _refuse_unlabelled(classes: np.ndarray, name: str) -> None:
    """-1 marks what has no label, unless it is one of the pair -1 and 1."""
    if classes.dtype.kind not in "if" or classes[0] != -1:
        return
    if classes.tolist() != [-1, 1]:
        raise InputError(
            f"dataset '{name}': label -1 marks examples without a label; leave them out, or "
            "give this class another number"
        )
