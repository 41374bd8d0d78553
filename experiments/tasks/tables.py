"""Tables by name: what is predicted of them, and how they are split."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from experiments.tasks.arrays import Sets
from experiments.tasks.frames import as_frames, check_finite, whole_column
from experiments.tasks.held_back import TEST, TRAIN, VALIDATION, divide
from experiments.tasks.leaks import hashes, refuse_repeated
from experiments.tasks.memory import check_memory
from experiments.tasks.table_files import read_csv, read_parquet
from experiments.tasks.table_groups import read_groups
from experiments.tasks.targets import AUTO, Targets, read_targets
from experiments.training.table import Columns, Rows, Table
from tracking.errors import InputError

FILES = {"csv": read_csv, "parquet": read_parquet}
SET_NAMES = (TRAIN, VALIDATION, TEST)
COPIES = 3  # of an array, while it is checked and divided
TEXT = "text"  # the column that texts from arrays get


def load_file(
    name: str, target: str, text: str = "", kind: str = AUTO, group: str = ""
) -> Table:
    """The table of csv:PATH or parquet:PATH. Raises InputError."""
    reader, _, path = name.partition(":")
    return table_of_frame(FILES[reader](Path(path)), name, target, text, kind, group)


def table_of_frame(
    frame: pd.DataFrame,
    name: str,
    target: str,
    text: str = "",
    kind: str = AUTO,
    group: str = "",
) -> Table:
    """A table of which one column is predicted.

    target: its name.
    text: name of the column of texts; "" for none.
    kind: classification, regression, or auto: told by the target.
    group: name of the column whose values are told apart; "" for none.
    Raises InputError for unknown columns and for what cannot be learned.
    """
    frame = frame.set_axis(frame.columns.astype(str), axis=1)
    if not target:
        columns = ", ".join(frame.columns[:20])
        raise InputError(f"dataset '{name}' needs target=COLUMN; it has {columns}")
    predicted = whole_column(frame, "target", target, name)
    for option, column in (("text", text), ("group", group)):
        if target == column:
            raise InputError(f"target and {option} are both '{target}'; allowed: two columns")
    rows = {TRAIN: (frame.drop(columns=target), predicted)}
    return make_table(rows, name, text, kind, group)


def make_table(
    sets: Sets, name: str, text: str = "", kind: str = AUTO, group: str = ""
) -> Table:
    """The table of that name: pool, validation set and test set.

    sets: set -> x, y; "training" is one of them. x is an array (N, F), a sparse matrix, a
        DataFrame or N texts.
    group: name of the column whose values are told apart; "" for none.
    Raises InputError for what cannot be learned.
    """
    ordered = {which: sets[which] for which in SET_NAMES if which in sets}
    given = {which: x for which, (x, _) in ordered.items()}
    groups = read_groups(given, group, name) if group else ((), {})
    columns, examples = read_examples(given, text, name)
    targets = read_targets({which: y for which, (_, y) in ordered.items()}, name, kind)
    for which, x in examples.items():
        _check_lengths(x, targets.sets[which], which, name)
    held_back = {which: x for which, x in examples.items() if which != TRAIN}
    refuse_repeated(examples[TRAIN], held_back, name)
    return _divided(examples, columns, targets, groups, name)


# --- examples --------------------------------------------------------------------------------


def read_examples(
    given: Mapping[str, Any], text: str, name: str
) -> tuple[Columns, dict[str, Any]]:
    """The examples of each set, all in one form, and what their columns hold.

    given: set -> x, the training set first.
    Raises InputError for what is no table.
    """
    forms = {which: _shaped(x, name) for which, x in given.items()}
    first = forms[TRAIN]
    if isinstance(first, pd.DataFrame):
        frames = {which: _as_frame(x) for which, x in forms.items()}
        return as_frames(frames, text or _only_text(first), name)
    if text:
        raise InputError(f"text '{text}' names a column, and dataset '{name}' has no names")
    for which, x in forms.items():
        if x.shape[1] != first.shape[1]:
            raise InputError(
                f"dataset '{name}': training rows have {first.shape[1]} numbers, "
                f"{which} rows {x.shape[1]}"
            )
    _refuse_constant(first, name)
    return Columns(), forms


def _shaped(x: Any, name: str) -> Any:
    """A DataFrame, an array float64 (N, F) or a sparse matrix float64 (N, F)."""
    if isinstance(x, pd.DataFrame):
        return x.set_axis(x.columns.astype(str), axis=1)
    if sparse.issparse(x):
        matrix = sparse.csr_matrix(x).astype(np.float64)
        _check_sparse(matrix, name)
        return matrix
    try:
        array = np.asarray(x)
    except ValueError:  # rows of several lengths in a list
        raise InputError(f"dataset '{name}': the rows differ in length") from None
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2 or not array.size:
        raise InputError(
            f"dataset '{name}': examples of shape {array.shape}; allowed: rows (N, F) or texts"
        )
    if array.dtype.kind in "OUS":
        return _as_frame(array)
    if array.dtype.kind not in "fiub":
        raise InputError(f"dataset '{name}': rows of {array.dtype}; allowed: numbers or text")
    what = f"dataset '{name}': {len(array):,} rows"
    check_memory(COPIES * 8 * array.size, what, "take a part of the rows or columns")
    numbers = array.astype(np.float64)
    check_finite(numbers, f"dataset '{name}'")
    return numbers


def _check_sparse(matrix: Any, name: str) -> None:
    if np.isnan(matrix.data).any():
        raise InputError(
            f"dataset '{name}': a sparse matrix holds NaN; allowed: numbers (0 is left out)"
        )
    check_finite(matrix.data, f"dataset '{name}'")


def _as_frame(x: Any) -> pd.DataFrame:
    """Rows of text, or of text and numbers, with names for their columns."""
    if isinstance(x, pd.DataFrame):
        return x
    frame = pd.DataFrame(x).infer_objects()
    if frame.shape[1] == 1 and frame[0].map(lambda value: isinstance(value, str)).all():
        return frame.set_axis([TEXT], axis=1)
    return frame.set_axis([f"x{column}" for column in frame.columns], axis=1)


def _only_text(frame: pd.DataFrame) -> str:
    """The name that texts from arrays get, where there is nothing else."""
    return TEXT if list(frame.columns) == [TEXT] else ""


def _refuse_constant(x: Any, name: str) -> None:
    if sparse.issparse(x):
        is_same = (x.max(axis=0) != x.min(axis=0)).nnz == 0
    else:
        is_same = ((x == x[:1]) | np.isnan(x)).all()
    if is_same:
        raise InputError(f"dataset '{name}': every row is the same; nothing can be learned")


def _check_lengths(x: Any, y: np.ndarray, which: str, name: str) -> None:
    if x.shape[0] != len(y):
        raise InputError(
            f"dataset '{name}': {x.shape[0]} {which} examples but {len(y)} targets"
        )


# --- the split -------------------------------------------------------------------------------


def _divided(
    examples: Mapping[str, Any],
    columns: Columns,
    targets: Targets,
    groups: tuple[tuple[str, ...], Mapping[str, np.ndarray]],
    name: str,
) -> Table:
    names, group_of = groups
    rows = {
        which: Rows(x, targets.sets[which], group_of.get(which))
        for which, x in examples.items()
    }
    train = rows[TRAIN]
    strata = targets.strata(TRAIN)
    division = divide(strata, examples, name)
    parts = {
        TRAIN: train.take(division.pool),
        VALIDATION: rows.get(VALIDATION) or train.take(division.validation),
        TEST: rows.get(TEST) or train.take(division.test),
    }
    return Table(
        name=name,
        columns=columns,
        classes=targets.classes,
        pool=parts[TRAIN],
        # only the test set is told apart: the validation set is scored again and again
        validation=replace(parts[VALIDATION], groups=None),
        test=parts[TEST],
        strata=strata[division.pool],
        fingerprint=fingerprint(parts.values()),
        places=division.pool,
        groups=names,
    )


def fingerprint(parts: Iterable[Rows]) -> str:
    """A short hash of every value and target."""
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        digest.update(hashes(part.x).tobytes())
        digest.update(np.ascontiguousarray(part.y).tobytes())
    return digest.hexdigest()
