"""Learning curves that somebody measured elsewhere: a CSV becomes a table."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

import pandas as pd

from tracking.errors import StoreError, one_line
from tracking.schema import MEASURES
from tracking.text import Text, Verbatim, template

MOST_ROWS = 10_000  # of a CSV
MISSING = {"nan", "na", "n/a", "none", "null"}  # ways to write that a number is not known


@dataclass(frozen=True)
class Column:
    """Which numbers a column of a CSV may hold.

    is_allowed: column of numbers -> whether each is.
    allowed: the same in words.
    """

    is_allowed: Callable[[pd.Series], pd.Series]
    allowed: str


NUMBERS = {
    "n": Column(lambda values: values.ge(1), template("a number of examples, 1 or more")),
    "loss": Column(lambda values: values.gt(0), template("a number above 0")),
    "error": Column(
        lambda values: values.gt(0) & values.le(1),
        template("a fraction above 0, up to 1 (0.08 for 8 %)"),
    ),
    "se": Column(lambda values: values.ge(0), template("a number, 0 or more, or empty")),
}


def read_csv(
    source: str | IO[str] | IO[bytes], measure: str | None = None
) -> tuple[pd.DataFrame, str]:
    """Learning curves that somebody measured elsewhere, and their measure.

    source: a path or file with columns n and loss or error; optional are se (standard error of
        that loss or error) and architecture.
    measure: loss or error; None takes loss, if the file has both.

    Returns the table (architecture, n, value, se) and the measure. Raises StoreError, which
    names row and column.
    """
    table = _headed(_read(source))
    measure = _measure(table, measure)
    if table.empty:
        raise StoreError(Text("the CSV has no rows below its heading"))
    columns = {
        "architecture": _names(table),
        "n": _numbers(table, "n"),
        "value": _numbers(table, measure),
        "se": _numbers(table, "se") if "se" in table else math.nan,
    }
    return pd.DataFrame(columns).reset_index(drop=True), measure


def _read(source: str | IO[str] | IO[bytes]) -> pd.DataFrame:
    """The cells as text, the heading as first row, without blank lines."""
    try:
        table = pd.read_csv(
            source,
            header=None,
            index_col=False,
            dtype=str,
            nrows=MOST_ROWS + 2,
            skipinitialspace=True,
            skip_blank_lines=False,
            keep_default_na=False,
            na_values=[""],
        )
    except FileNotFoundError:
        raise StoreError(Text("file '{file}' does not exist", file=str(source))) from None
    except (OSError, ValueError, pd.errors.ParserError) as error:
        why = {"file": str(source), "why": one_line(error)}
        raise StoreError(Text("'{file}' is not a readable CSV file: {why}", **why)) from None
    if len(table) > MOST_ROWS + 1:
        raise StoreError(
            Text(
                "the CSV has more than {most:,} rows; that is the most allowed", most=MOST_ROWS
            )
        )
    return table.dropna(how="all")  # blank lines count as rows in what is said


def _headed(table: pd.DataFrame) -> pd.DataFrame:
    """The rows below the heading, with its names as columns."""
    if table.empty:
        raise StoreError(Text("the CSV has no heading and no rows"))
    heading = table.iloc[0]
    table = table.iloc[1:]
    table.columns = [name.strip().lower() if isinstance(name, str) else "" for name in heading]
    # a column without a name holds row numbers, or what follows a comma at the end
    table = table.loc[:, table.columns != ""]
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise StoreError(Text("the CSV has more than one column {name}", name=twice[0]))
    return table


def _measure(table: pd.DataFrame, measure: str | None) -> str:
    """The measure that is asked for, or that there is."""
    for name in [measure] if measure else MEASURES:
        if name in table and "n" in table:
            return name
    needs = Text(
        "the CSV needs columns n and {wanted}; it has: {columns}",
        wanted=Verbatim(measure) if measure else Text("loss (or error)"),
        columns=Verbatim(", ".join(table.columns)),
    )
    raise StoreError(needs)


def _names(table: pd.DataFrame) -> pd.Series | str:
    if "architecture" not in table:
        return "model"
    return table["architecture"].fillna("model").str.strip()


def _numbers(table: pd.DataFrame, name: str) -> pd.Series:
    """A column as numbers, each of them allowed."""
    column = NUMBERS[name]
    cells = table[name]
    values = pd.to_numeric(cells, errors="coerce")
    good = column.is_allowed(values) & values.ne(math.inf)
    if name == "se":
        good |= cells.isna() | cells.str.lower().isin(MISSING)
    if good.all():
        return values
    place = int((~good).to_numpy().argmax())
    wrong = Text(
        "row {row}, column {column}: '{cell}'; allowed: {allowed}",
        row=table.index[place] + 1,
        column=Verbatim(name),
        cell=Verbatim(cells.iloc[place]),
        allowed=Text(column.allowed),
    )
    raise StoreError(wrong)
