"""Which columns of a DataFrame are numbers, categories and texts, and which say nothing."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from experiments.training.table import Columns
from tracking.errors import InputError

LARGEST = float(np.finfo(np.float32).max)  # what trees and networks compute with
ALMOST_ALL = 0.9  # rows with a value of their own, that make a category a name
FEWEST = 20  # rows, below which that cannot be told
FEW_MARKS = 3  # texts among numbers that look like marks for what is missing
ROW_NUMBERS = "row numbers"
NAMES = "another value in nearly every row"


def as_frames(
    given: Mapping[str, pd.DataFrame], text: str, name: str
) -> tuple[Columns, dict[str, pd.DataFrame]]:
    """The columns of each set as numbers (NaN where missing), as categories and as texts.

    given: set -> table without its target; the first is the training set.
    text: the column of texts; "" for none.
    Returns what the columns hold, and set -> DataFrame of those that are used.
    Raises InputError for values that cannot be learned from.
    """
    first = next(iter(given.values()))
    _check_columns(given, text, name)
    columns = find_columns(first, text, name)
    frames = {which: _converted(frame, columns, name) for which, frame in given.items()}
    return columns, frames


def whole_column(frame: pd.DataFrame, option: str, column: str, name: str) -> pd.Series:
    """The column that an option names. Raises InputError where there is none, or it has gaps.

    frame: its columns are named by texts.
    name: of the dataset, for the message.
    """
    if column not in frame.columns:
        columns = ", ".join(frame.columns[:20])
        raise InputError(
            f"dataset '{name}': {option} '{column}' is no column; allowed: {columns}"
        )
    empty = frame[column].isna()
    if empty.any():
        raise InputError(
            f"dataset '{name}': {option} '{column}' is empty in {empty.sum():,} of "
            f"{len(frame):,} rows, first in row {int(empty.to_numpy().argmax()) + 1}; "
            "leave these rows out"
        )
    return frame[column]


def _check_columns(given: Mapping[str, pd.DataFrame], text: str, name: str) -> None:
    names = list(next(iter(given.values())).columns)
    if text and text not in names:
        raise InputError(
            f"dataset '{name}': text '{text}' is no column; allowed: {_listed(names)}"
        )
    for which, frame in given.items():
        if lacking := [one for one in names if one not in frame.columns]:
            raise InputError(f"dataset '{name}': the {which} set lacks column '{lacking[0]}'")


def find_columns(frame: pd.DataFrame, text: str, name: str) -> Columns:
    """What each column holds. Raises InputError where none is left to learn from."""
    numbers = []
    categories = []
    left_out = {}
    for column in frame.columns:
        if column == text:
            continue
        kind = find_kind(frame[column], name)
        if kind == "number":
            numbers.append(column)
        elif kind == "category":
            categories.append(column)
        else:
            left_out[column] = kind
    found = Columns(tuple(numbers), tuple(categories), text, tuple(left_out.items()))
    if not found.used:
        said = ", ".join(f"{column} ({why})" for column, why in left_out.items()) or "none"
        raise InputError(
            f"dataset '{name}' has no column to learn from; left out: {said}; "
            "text=COLUMN reads a column of texts"
        )
    return found


def find_kind(column: pd.Series, name: str) -> str:
    """number, category, or why the column says nothing.

    Raises InputError for numbers among which there are marks such as "?".
    """
    if pd.api.types.is_datetime64_any_dtype(column):
        return "number"
    if pd.api.types.is_bool_dtype(column):
        return "number"
    if pd.api.types.is_numeric_dtype(column):
        return ROW_NUMBERS if _counts_rows(column) else "number"
    values = column.dropna()
    if not len(values):
        return "empty"
    texts = values.astype(str)
    _refuse_marks(texts, name)
    if len(texts) >= FEWEST and texts.nunique() >= ALMOST_ALL * len(texts):
        return NAMES
    return "category"


def _counts_rows(column: pd.Series) -> bool:
    if len(column) < FEWEST or not pd.api.types.is_integer_dtype(column):
        return False
    steps = column.diff().iloc[1:]
    return bool((steps == 1).all()) and column.iloc[0] in (0, 1)


def _refuse_marks(texts: pd.Series, name: str) -> None:
    is_number = pd.to_numeric(texts, errors="coerce").notna()
    marks = texts[~is_number].unique()
    if is_number.mean() > 0.5 and 0 < len(marks) <= FEW_MARKS:
        raise InputError(
            f"dataset '{name}': column '{texts.name}' holds numbers and '{marks[0]}'; "
            "leave empty what is missing"
        )


def _converted(frame: pd.DataFrame, columns: Columns, name: str) -> pd.DataFrame:
    converted = {}
    for column in columns.numbers:
        converted[column] = _as_numbers(frame[column], name)
    for column in columns.categories:
        values = frame[column]
        texts = values.astype(str).astype(object)
        converted[column] = texts.where(values.notna(), np.nan)
    if columns.text:
        converted[columns.text] = frame[columns.text].fillna("").astype(str)
    return pd.DataFrame(converted).reset_index(drop=True)


def _as_numbers(column: pd.Series, name: str) -> np.ndarray:
    if pd.api.types.is_datetime64_any_dtype(column):
        days = (column - pd.Timestamp(0, tz=column.dt.tz)) / pd.Timedelta(days=1)
        return days.to_numpy(np.float64)
    try:
        numbers = pd.to_numeric(column).to_numpy(np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        text = pd.to_numeric(column, errors="coerce").isna() & column.notna()
        raise InputError(
            f"dataset '{name}': column '{column.name}' holds numbers for training and "
            f"'{column[text].iloc[0]}' elsewhere; allowed: the same kind in every set"
        ) from None
    check_finite(numbers, f"dataset '{name}': column '{column.name}'")
    return numbers


def check_finite(numbers: np.ndarray, whose: str) -> None:
    """Raises InputError for infinity and for what exceeds single precision; NaN is missing."""
    too_large = np.abs(numbers) > LARGEST
    if too_large.any():
        raise InputError(
            f"{whose} holds {numbers[too_large][0]:g}; allowed: numbers up to {LARGEST:.1g}, "
            "and empty (NaN) where one is missing"
        )


def _listed(names: list[Any], most: int = 20) -> str:
    said = ", ".join(map(str, names[:most]))
    return f"{said}, …" if len(names) > most else said
