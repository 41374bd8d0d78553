"""The examples that somebody's own trainers learn from, as they say it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.tasks.memory import check_memory
from experiments.training.subsets import strata_of
from experiments.training.trainers import Trainer
from tracking.errors import InputError, one_line
from tracking.schema import RunSettings

COPIES = 6  # of the order of the examples, while subsets are drawn
LABELS = (str, bool, int, float, np.generic)  # what one may be
EXAMPLES = "how many there are, the label of each, or a function of data_dir that gives either"


@dataclass(frozen=True)
class Pool:
    """What one trainer says that there is to learn from.

    strata: int64 (N,).
    classes: 0 where there are none.
    slices: names of what is told apart: groups where there are some, else the classes.
    slice_of: int64 (N,), the number of each example's slice.
    dataset, fingerprint: "" where it does not say.
    """

    strata: np.ndarray
    classes: int
    slices: tuple[str, ...]
    slice_of: np.ndarray
    dataset: str = ""
    fingerprint: str = ""


def read_pool(trainer: Trainer, settings: RunSettings, data_dir: str) -> Pool:
    """What a trainer says of its examples; of a command or project, what the settings say.

    Raises InputError for what are no examples.
    """
    if trainer.fit is None:
        return _read_examples(trainer, settings.examples)
    value = _said(trainer, "examples", data_dir)
    pool = Pool(
        *_as_strata(trainer, value, f"allowed: fit.examples = {EXAMPLES}"),
        dataset=str(getattr(trainer.fit, "dataset", "")),
        fingerprint=str(getattr(trainer.fit, "fingerprint", "")),
    )
    groups = _said(trainer, "groups", data_dir)
    return pool if groups is None else _with_groups(trainer, pool, groups)


def _said(trainer: Trainer, name: str, data_dir: str) -> Any:
    """An attribute of a function, or what it returns of data_dir; None where there is none."""
    value = getattr(trainer.fit, name, None)
    if not callable(value):
        return value
    try:
        return value(data_dir)
    except (Exception, SystemExit) as error:  # it is somebody else's
        raise InputError(
            f"{trainer.said}: its {name} cannot be had: {one_line(error)}"
        ) from None


def _with_groups(trainer: Trainer, pool: Pool, groups: Any) -> Pool:
    """The pool, told apart by a group for each example. Raises InputError."""
    labels = np.asarray(groups)
    if labels.ndim != 1 or len(labels) != len(pool.strata) or pd.isna(labels).any():
        raise InputError(
            f"{trainer.said}: groups is {_short(groups)}; allowed: one label for each of its "
            f"{len(pool.strata):,} examples"
        )
    names, slice_of = np.unique(labels.astype(str), return_inverse=True)
    return replace(pool, slices=tuple(names.tolist()), slice_of=slice_of.reshape(-1))


def _read_examples(trainer: Trainer, said: str) -> Pool:
    """Of a command or project: a number, or a file with the label of each."""
    allowed = "allowed: how many there are, or a text file with the label of each, one a line"
    if not said:
        raise InputError(f"{trainer.said} needs examples; {allowed}")
    if said.isdigit():
        return Pool(*_as_strata(trainer, int(said), allowed))
    try:
        lines = Path(said).read_text().split("\n")
    except (OSError, UnicodeError) as error:
        raise InputError(
            f"examples '{said}' cannot be read ({one_line(error)}); {allowed}"
        ) from None
    labels = np.array([line.strip() for line in lines if line.strip()])
    for number in (int, float):
        try:
            labels = labels.astype(number)
            break
        except ValueError:
            pass
    return Pool(*_as_strata(trainer, labels, allowed))


def _as_strata(
    trainer: Trainer, value: Any, allowed: str
) -> tuple[np.ndarray, int, tuple[str, ...], np.ndarray]:
    """Strata, how many classes there are, their names, and the class of each example."""
    if isinstance(value, np.ndarray) and not value.ndim:
        value = value.item()
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        if value < 1:
            raise InputError(f"{trainer.said} has {value} examples; {allowed}")
        needed = float(COPIES * 8 * value)
        check_memory(needed, f"{value:,} examples of {trainer.said}", "take a part of them")
        same = np.zeros(int(value), dtype=np.int64)
        return same, 0, (), same
    try:
        labels = np.asarray(value)
    except ValueError:
        labels = np.empty(())
    if value is None or labels.ndim != 1 or not len(labels):
        raise InputError(f"{trainer.said}: examples is {_short(value)}; {allowed}")
    if pd.isna(labels).any() or (labels.dtype.kind == "f" and np.isinf(labels).any()):
        raise InputError(f"{trainer.said}: a label of its examples is missing")
    if labels.dtype == object:
        if other := next((one for one in labels if not isinstance(one, LABELS)), None):
            kind = type(other).__name__
            raise InputError(
                f"{trainer.said}: a label of its examples is {kind}; allowed: text, numbers"
            )
        labels = labels.astype(str)
    strata = strata_of(labels)
    is_real = labels.dtype.kind == "f" and (labels != np.round(labels)).any()
    if is_real:
        return strata, 0, (), strata
    names = tuple(map(str, np.unique(labels).tolist()))
    return strata, len(names), names, strata


def _short(value: Any) -> str:
    if value is None:
        return "missing"
    return repr(value) if isinstance(value, str | float | bool) else type(value).__name__


def check_same(one: Trainer, its: Pool, other: Trainer, others: Pool) -> None:
    """Raises InputError where two trainers learn from other examples."""
    if np.array_equal(its.strata, others.strata):
        return
    lengths = f"{len(its.strata):,} and {len(others.strata):,}"
    raise InputError(
        f"trainers '{one.name}' and '{other.name}' have other examples or labels ({lengths} "
        "examples); allowed: the same for all of a study"
    )
