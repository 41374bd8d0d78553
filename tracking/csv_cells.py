"""Tables as CSV files that no spreadsheet takes for formulas.

A spreadsheet computes a cell that begins with = + - or @, whoever wrote it: a run's name may
hold a command. Such text gets an apostrophe before it (OWASP, "CSV Injection"); numbers stay
numbers. `as_it_was` takes the apostrophe off again.
"""

import csv
import re
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd

STARTS = "=+\\-@\t\r\n＝＋－＠"
FORMULA = re.compile(rf"'*[{STARTS}]")  # with apostrophes, so that reading back is exact
MARKED = re.compile(rf"'+[{STARTS}]")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def as_csv(table: pd.DataFrame, **options: Any) -> str:
    """The table as CSV, without its index.

    options: of pandas.DataFrame.to_csv.
    """
    text = inert(table)
    if any("\r" in str(cell) for cell in [*text.columns, *_text_cells(text)]):
        # Python quotes no cell for this, and its second half would begin a line
        options["quoting"] = csv.QUOTE_NONNUMERIC
    return str(text.to_csv(index=False, **options))


def _text_cells(table: pd.DataFrame) -> Iterator[object]:
    for _, values in table.items():
        if _may_hold_text(values):
            yield from values


def _may_hold_text(values: pd.Series) -> bool:
    is_time = str(values.dtype).startswith("datetime")
    return not (pd.api.types.is_numeric_dtype(values) or is_time)


def inert(table: pd.DataFrame) -> pd.DataFrame:
    """The table without cells and headings that a spreadsheet would compute."""
    return _cell_by_cell(table, inert_cell)


def as_it_was(table: pd.DataFrame) -> pd.DataFrame:
    """The table that `inert` was given."""
    return _cell_by_cell(table, _active)


def inert_cell(cell: Any) -> Any:
    """The cell; text that would be computed has an apostrophe before it."""
    if isinstance(cell, str) and FORMULA.match(cell) and not NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell


def _active(cell: Any) -> Any:
    return cell[1:] if isinstance(cell, str) and MARKED.match(cell) else cell


def _cell_by_cell(table: pd.DataFrame, change: Callable[[Any], Any]) -> pd.DataFrame:
    changed = table.rename(columns=change)
    for place in range(len(table.columns)):
        values = table.iloc[:, place]
        if _may_hold_text(values):
            changed.isetitem(place, values.map(change))
    return changed
