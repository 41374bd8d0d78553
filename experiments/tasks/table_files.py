"""Tables in files: CSV and Parquet."""

import csv
import re
from pathlib import Path

import pandas as pd

from experiments.tasks.memory import check_memory
from tracking.errors import InputError, one_line

DELIMITERS = (",", ";", "\t", "|")
MARKS = {  # with which a file says its encoding
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
    b"\xef\xbb\xbf": "utf-8-sig",
}
SAMPLE = 1000  # rows, of which the memory of all is estimated
DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+\s*")
REMEDY = "take a part of the rows or columns"


def read_csv(path: Path) -> pd.DataFrame:
    """A CSV: commas, semicolons, tabs or bars; UTF-8, UTF-16 or Latin-1; decimal commas too.

    Raises InputError for what is no table with a heading.
    """
    _check_file(path)
    try:
        return _read_csv(path)
    except InputError:
        raise
    except (OSError, ValueError, csv.Error) as error:  # pandas' and decoding errors among them
        raise InputError(f"'{path}' is not a readable CSV: {one_line(error)}") from None


def read_parquet(path: Path) -> pd.DataFrame:
    """A Parquet file. Raises InputError for another."""
    _check_file(path)
    import pyarrow.parquet  # a tenth of a second of imports, only where wanted
    from pyarrow import ArrowException

    try:
        with path.open("rb") as file:
            parts = pyarrow.parquet.ParquetFile(file).metadata
            groups = [parts.row_group(number) for number in range(parts.num_row_groups)]
            needed = 3 * sum(group.total_byte_size for group in groups)
            check_memory(needed, f"the {parts.num_rows:,} rows of '{path}'", REMEDY)
            return pd.read_parquet(file)
    except InputError:
        raise
    except (OSError, ValueError, ArrowException) as error:
        raise InputError(f"'{path}' is no readable Parquet file: {one_line(error)}") from None


def _check_file(path: Path) -> None:
    if path.is_dir():
        raise InputError(f"'{path}' is a folder; allowed: a file")
    if not path.is_file():
        raise InputError(f"dataset file '{path}' does not exist")


def _read_csv(path: Path) -> pd.DataFrame:
    encoding = _find_encoding(path)
    with path.open(encoding=encoding, newline="") as file:
        heading = file.readline()
    if not heading.strip():
        raise InputError(f"'{path}' has no heading in its first line")
    delimiter = max(DELIMITERS, key=heading.count)
    options = {"sep": delimiter, "encoding": encoding, "skipinitialspace": True}
    sample = pd.read_csv(path, nrows=SAMPLE, **options)
    _check_csv_memory(path, sample, encoding, delimiter)
    if delimiter == ";" and _has_decimal_commas(sample):
        options["decimal"] = ","
    return pd.read_csv(path, low_memory=False, **options)


def _find_encoding(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(1 << 20)
    for mark, encoding in MARKS.items():
        if start.startswith(mark):
            return encoding
    if b"\0" in start:
        raise InputError(f"'{path}' is no text; save it as a CSV in UTF-8")
    try:
        start.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(start) - 4:  # not only cut in the middle of a letter
            return "latin-1"
    return "utf-8"


def _check_csv_memory(path: Path, sample: pd.DataFrame, encoding: str, delimiter: str) -> None:
    """Rows like the first ones."""
    if len(sample) < SAMPLE:
        return
    written = len(sample.to_csv(index=False, sep=delimiter).encode(encoding))
    held = sample.memory_usage(deep=True).sum()
    size = path.stat().st_size
    # once as it is read, once as columns of their kinds
    check_memory(2 * size * held / written, f"the {size / 1e6:,.0f} MB of '{path}'", REMEDY)


def _has_decimal_commas(sample: pd.DataFrame) -> bool:
    for _, column in sample.select_dtypes("object").items():
        values = column.dropna().astype(str)
        if len(values) and values.map(lambda text: bool(DECIMAL_COMMA.fullmatch(text))).all():
            return True
    return False
