"""Arrays of one's own, by name: `npz:PATH` and `package.module:function`."""

import inspect
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy import sparse

from experiments.tasks.held_back import TEST, TRAIN, VALIDATION
from experiments.tasks.memory import check_memory
from experiments.training.imported import import_function
from tracking.errors import InputError, one_line

# examples and targets of one set
Pair = tuple[Any, Any]
# name of a set -> its pair; "training" is always there
Sets = dict[str, Pair]

# set -> the end of its names in an npz file
ENDS = {TRAIN: ("train",), VALIDATION: ("val", "valid", "validation"), TEST: ("test",)}
SPARSE = ("data", "indices", "indptr", "shape")  # of scipy's csr_matrix
ALLOWED = (
    "x, y or x, y, x_test, y_test, as they are, in pairs or by name; "
    "or a table (DataFrame) with target=COLUMN"
)
PICKLED = "; save text as text, such as y.astype(str), and numbers as numbers"
COPIES = 3  # of an array, while it is divided


def read_npz(path: Path) -> Sets:
    """x_train, y_train, and x_val, y_val, x_test, y_test where the file holds them.

    A sparse matrix comes as four arrays: x_train_data, x_train_indices, x_train_indptr and
    x_train_shape, as scipy's csr_matrix names them.
    Raises InputError for a file that cannot be read, or lacks one of a pair.
    """
    if not path.is_file():
        raise InputError(f"dataset file '{path}' does not exist")
    try:
        _check_npz_memory(path)
        with path.open("rb") as file, np.load(file) as arrays:
            found = {name.lower(): arrays[name] for name in arrays if _is_wanted(name)}
            held = list(arrays)
    except InputError:
        raise
    except Exception as error:  # broken archives fail in many ways: zlib, zipfile, pickle
        hint = PICKLED if "allow_pickle" in str(error) else ""
        raise InputError(
            f"'{path}' is not a readable .npz file: {one_line(error)}{hint}"
        ) from None
    try:
        return named_sets(found, f"'{path}'", held)
    except (ValueError, TypeError, IndexError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"'{path}' holds no sparse matrix: {one_line(error)}") from None


def _check_npz_memory(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        needed = sum(one.file_size for one in archive.infolist())
    check_memory(COPIES * needed, f"the arrays of '{path}'", "take a part of the examples")


def _is_wanted(name: str) -> bool:
    ends = [end for several in ENDS.values() for end in several]
    kinds = [f"{letter}_{end}" for letter in "xy" for end in ends]
    return name.lower().startswith(tuple(kinds))


def named_sets(found: Mapping[str, Any], where: str, held: list[str]) -> Sets:
    """The pairs of arrays by their names.

    where: as the message says it.
    held: all names that are there.
    Raises InputError where one of a pair is missing.
    """
    sets: Sets = {}
    missing = []
    for which, ends in ENDS.items():
        pairs = {end: (_find(found, f"x_{end}"), _find(found, f"y_{end}")) for end in ends}
        for end, (x, y) in pairs.items():
            if x is None and y is None and (which != TRAIN):
                continue
            missing += [f"x_{end}"] * (x is None) + [f"y_{end}"] * (y is None)
            sets[which] = (x, y)
    if missing:
        hint = ""
        if {"indices", "indptr"} <= set(held):
            hint = "; a sparse matrix is saved as x_train_data, x_train_indices, …"
        names = ", ".join(held) or "nothing"
        raise InputError(f"{where} lacks {', '.join(missing)}; it holds {names}{hint}")
    return sets


def _find(found: Mapping[str, Any], name: str) -> Any:
    """An array, or the sparse matrix of four."""
    if name in found:
        return found[name]
    parts = {part: found.get(f"{name}_{part}") for part in SPARSE}
    if any(array is None for array in parts.values()):
        return None
    shape = tuple(np.asarray(parts["shape"]))
    matrix = sparse.csr_matrix((parts["data"], parts["indices"], parts["indptr"]), shape=shape)
    matrix.check_format()  # an index outside would end the process
    return matrix


# --- functions of the user -------------------------------------------------------------------


def call_loader(name: str, data_dir: Path) -> Sets | pd.DataFrame:
    """What the user's own function returns of data_dir.

    name: package.module:function.
    Returns the sets, or a table with the target among its columns.
    Raises InputError for what cannot be imported or called, and for what is no dataset.
    """
    loader = import_function(name, "dataset")
    try:
        inspect.signature(loader).bind(data_dir)
    except (TypeError, ValueError):
        raise InputError(
            f"dataset '{name}' does not take one argument, the folder of the data; "
            "allowed: def function(data_dir)"
        ) from None
    try:
        loaded = loader(data_dir)
    except InputError:
        raise
    except (Exception, SystemExit) as error:  # whatever the user's function raises
        raise InputError(
            f"dataset '{name}' raised {type(error).__name__}: {one_line(error)}"
        ) from None
    return _plain(as_sets(loaded, name))


def _plain(loaded: Sets | pd.DataFrame) -> Sets | pd.DataFrame:
    if isinstance(loaded, pd.DataFrame):
        return loaded
    return {which: (_as_array(x), _as_array(y)) for which, (x, y) in loaded.items()}


def _as_array(values: Any) -> Any:
    """A tensor as an array; what is masked is missing."""
    if isinstance(values, torch.Tensor):
        return values.detach().cpu().numpy()
    if isinstance(values, np.ma.MaskedArray) and values.mask.any():
        return np.ma.filled(values.astype(np.float64), np.nan)
    return values


def as_sets(loaded: Any, name: str) -> Sets | pd.DataFrame:
    """Whatever a loader returned. Raises InputError for what is no dataset."""
    if isinstance(loaded, pd.DataFrame):
        return loaded
    if isinstance(loaded, Mapping):
        if {"data", "target"} <= set(loaded):  # scikit-learn's Bunch
            return {TRAIN: (loaded["data"], loaded["target"])}
        found = {str(key).lower(): value for key, value in loaded.items()}
        return named_sets(found, f"dataset '{name}'", list(map(str, loaded)))
    if not isinstance(loaded, tuple | list):
        raise InputError(
            f"dataset '{name}' returned {type(loaded).__name__}; allowed: {ALLOWED}"
        )
    return _sets_of(loaded, name)


def _sets_of(loaded: tuple | list, name: str) -> Sets:
    """Two, four or six arrays, or two or three pairs (as Keras has them)."""
    flat = list(loaded)
    if len(flat) in (2, 3) and all(_is_pair(one) for one in flat):
        flat = [each for pair in flat for each in pair]
    if len(flat) not in (2, 4, 6):
        raise InputError(
            f"dataset '{name}' returned {len(loaded)} arrays; "
            "allowed: 2 (x, y), 4 (with a test set) or 6 (validation before test)"
        )
    order = {2: (TRAIN,), 4: (TRAIN, TEST), 6: (TRAIN, VALIDATION, TEST)}[len(flat)]
    return {which: (flat[2 * i], flat[2 * i + 1]) for i, which in enumerate(order)}


def _is_pair(one: Any) -> bool:
    """Whether it is x, y and no x of two examples."""
    if not isinstance(one, tuple | list) or len(one) != 2:
        return False
    return all(hasattr(each, "shape") or isinstance(each, list) for each in one)


def is_table(x: Any) -> bool:
    """Whether the examples are rows of numbers, or texts, and no images."""
    if isinstance(x, pd.DataFrame | pd.Series) or sparse.issparse(x):
        return True
    if isinstance(x, list | tuple) and x and isinstance(x[0], str):
        return True
    return np.ndim(x) in (1, 2) if hasattr(x, "shape") else _depth(x) in (1, 2)


def _depth(x: Any) -> int:
    depth = 0
    while isinstance(x, list | tuple) and x:
        x = x[0]
        depth += 1
    return depth + int(np.ndim(x)) if hasattr(x, "shape") else depth
