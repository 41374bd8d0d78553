"""Bytes into cells: a file as people have it becomes a table of text."""

import codecs
import io
import math
import re
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from stat import S_ISREG
from typing import IO

import numpy as np
import pandas as pd

from tracking.errors import StoreError, one_line
from tracking.text import Text, Verbatim, template

MOST_ROWS = 10_000
MOST_ABOVE = 20  # lines of a title
MOST_COLUMNS = 1_000
MOST_BYTES = 10 * 2**20  # of a file, and of a workbook when it is unpacked
WIDE_COMMA = "，"  # of a Chinese keyboard
SEPARATORS = f",;\t|{WIDE_COMMA}"
QUOTED = re.compile(r'"[^"]*"')
CONTROL = re.compile(r"[\x01-\x08\x0e-\x1f]")
LINE = re.compile(r"[^\r\n]*")
BYTE_ORDER = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
MARK = "sep="  # how Excel lets a file say its separator
ENCODINGS = ["utf_16", "utf_16_le", "utf_16_be", "utf_32", "gb18030", "cp1252"]
COMPRESSED = {  # how such files begin
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"7z\xbc\xaf": "7z",
    b"Rar!": "rar",
}
ZIP = b"PK\x03\x04"  # so does an Excel file
OLD_EXCEL = b"\xd0\xcf\x11\xe0"
SHEET = "sheet"  # of a workbook of several; chosen like a value of a column

Source = str | Path | IO[str] | IO[bytes]


@dataclass(frozen=True, eq=False)
class Cells:
    """A table as it is written.

    table: cells as text, NaN where empty; columns by their headings. Its index is the number
        of a row in the file.
    of_runs: whether its rows are runs, which a column run_name names.
    sheets: the sheets of a workbook that hold something, if they are several.
    note: what of the rows was left out before; "" for nothing.
    """

    table: pd.DataFrame
    of_runs: bool = False
    sheets: tuple[str, ...] = ()
    note: str = ""

    def chosen(self, rows: pd.Series | np.ndarray) -> "Cells":
        """Only the rows of a mask."""
        return replace(self, table=self.table[rows])

    def named(self, place: int) -> Text:
        """A row by its position, as a reader finds it."""
        if self.of_runs:
            return Text("run {run}", run=self.table["run_name"].iloc[place])
        return Text("row {row}", row=self.table.index[place])


def read_cells(source: Source, name: str = "", sheet: str | None = None) -> Cells:
    """The cells of a CSV or an Excel file. Raises StoreError.

    The separator is the one that the heading has, or that a first line `sep=;` names. The
    encoding is UTF-8, or what a byte order mark or charset-normalizer says.

    name: of the file, as whoever gave it knows it.
    sheet: of a workbook with several; None for the first, which `sheets` then lets one change.
    """
    shown = name or (str(source) if isinstance(source, str | Path) else "CSV")
    content = _content(source, shown)
    if isinstance(content, bytes) and content.startswith(ZIP):
        return _workbook(content, shown, sheet)
    text = content if isinstance(content, str) else _decoded(content, shown)
    return Cells(headed(_parsed(text, shown)))


# --- bytes -----------------------------------------------------------------------------------


def _content(source: Source, name: str) -> bytes | str:
    """What the source holds, within bounds."""
    try:
        if isinstance(source, str | Path):
            content: bytes | str = _file_content(Path(source), name)
        else:
            content = source.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise StoreError(Text("file '{file}' does not exist", file=name)) from None
    except (OSError, ValueError) as error:
        raise _unreadable(name, one_line(error)) from None
    if len(content) > MOST_BYTES:
        large = template("'{file}' has more than {most:,} bytes; that is the most allowed")
        raise StoreError(Text(large, file=name, most=MOST_BYTES))
    return content


def _file_content(path: Path, name: str) -> bytes:
    """A pipe may never end, so only files and folders, which are refused, are opened."""
    mode = path.stat().st_mode
    if not (S_ISREG(mode) or path.is_dir()):
        pipe = template("'{file}' is a pipe or a device; save what it holds in a file first")
        raise StoreError(Text(pipe, file=name))
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)


def _unreadable(name: str, why: str) -> StoreError:
    return StoreError(
        Text("'{file}' is not a readable CSV file: {why}", file=name, why=Verbatim(why))
    )


def _decoded(content: bytes, name: str) -> str:
    _refuse_packed(content, name)
    text = _text(content)
    if text is None or CONTROL.search(text):
        raise _unreadable(name, "it holds no text")
    return text


def _refuse_packed(content: bytes, name: str) -> None:
    for start, kind in COMPRESSED.items():
        if content.startswith(start):
            packed = template("'{file}' is compressed ({kind}); unpack it first")
            raise StoreError(Text(packed, file=name, kind=Verbatim(kind)))
    if content.startswith(OLD_EXCEL):
        old = template("'{file}' is an old Excel file; save it as .xlsx or CSV")
        raise StoreError(Text(old, file=name))


def _text(content: bytes) -> str | None:
    """None for what is in no encoding that is looked for."""
    if content.count(0) > len(content) / 4 and not content.startswith(BYTE_ORDER):
        return content.decode("utf-16-le" if content[1] == 0 else "utf-16-be", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        from charset_normalizer import from_bytes  # seldom needed

        found = from_bytes(content, cp_isolation=ENCODINGS).best()
        return None if found is None else str(found).removeprefix("\ufeff")


# --- text into cells -------------------------------------------------------------------------


def _parsed(text: str, name: str) -> pd.DataFrame:
    """The cells, the heading as first row, without blank lines."""
    text, separator, first = _separated(text)
    _check_columns(1 + LINE.match(text)[0].count(separator))  # type: ignore[index]
    try:
        table = pd.read_csv(
            io.StringIO(text),
            sep=separator,
            engine="c",
            header=None,
            index_col=False,
            dtype=str,
            nrows=MOST_ROWS + 2,
            skipinitialspace=True,
            skip_blank_lines=False,
            keep_default_na=False,
            na_values=[""],
        )
    except (ValueError, pd.errors.ParserError) as error:
        raise _unreadable(name, one_line(error)) from None
    table.index += first
    return table


def _separated(text: str) -> tuple[str, str, int]:
    """The text from its heading on, what separates its cells, the number of its first row."""
    line = text.lstrip("\r\n").partition("\n")[0].strip("\r")
    if line.lower().startswith(MARK) and len(line) == len(MARK) + 1:
        return text.partition("\n")[2], line[-1], 2
    text, above = _from_heading(text)
    heading = QUOTED.sub("", text.lstrip("\r\n").partition("\n")[0])
    separator = max(SEPARATORS, key=heading.count)
    if separator == WIDE_COMMA:  # the parser takes one byte
        return text.replace(WIDE_COMMA, ","), ",", 1 + above
    return text, separator, 1 + above


def _from_heading(text: str) -> tuple[str, int]:
    """The text without the title above its heading, and how many lines that had.

    A heading has at least two cells.
    """
    rest = text
    for above in range(MOST_ABOVE):
        line, _, below = rest.partition("\n")
        if any(one in QUOTED.sub("", line) for one in SEPARATORS):
            return rest, above
        rest = below
    return text, 0


def _check_columns(count: int) -> None:
    if count > MOST_COLUMNS:
        wide = template("the table has {count:,} columns; the most allowed is {most:,}")
        raise StoreError(Text(wide, count=count, most=MOST_COLUMNS))


def headed(table: pd.DataFrame) -> pd.DataFrame:
    """The rows below the heading, with its names as columns. Raises StoreError."""
    if len(table) > MOST_ROWS + 1:
        long = template("the CSV has more than {most:,} rows; that is the most allowed")
        raise StoreError(Text(long, most=MOST_ROWS))
    table = table.dropna(how="all")  # blank lines count as rows in what is said
    if table.empty:
        raise StoreError(Text("the CSV has no heading and no rows"))
    several = table.notna().sum(axis=1) > 1
    if several.any():
        table = table.loc[several.idxmax() :]  # from its heading on; a title is one cell
    heading = table.iloc[0]
    table = table.iloc[1:]
    table.columns = [name.strip() if isinstance(name, str) else "" for name in heading]
    # a column without a name holds row numbers, or what follows a comma at the end
    table = table.loc[:, table.columns != ""]
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise StoreError(Text("the CSV has more than one column {name}", name=twice[0]))
    if table.empty:
        raise StoreError(Text("the CSV has no rows below its heading"))
    return table


# --- workbooks -------------------------------------------------------------------------------


def _workbook(content: bytes, name: str, wanted: str | None) -> Cells:
    """One sheet of an Excel file."""
    _check_workbook(content, name)
    try:
        sheets = pd.read_excel(
            io.BytesIO(content),
            sheet_name=None,
            header=None,
            dtype=object,
            nrows=MOST_ROWS + 2,
            engine="openpyxl",
        )
    except (
        Exception
    ) as error:  # of zlib, XML and openpyxl: a damaged file raises any of theirs
        raise _broken(name, error) from None
    filled = {str(one): table for one, table in sheets.items() if not table.empty}
    if not filled:
        raise StoreError(Text("the CSV has no heading and no rows"))
    if wanted is not None and wanted not in filled:
        unknown = template("sheet '{sheet}' is unknown; '{file}' has: {sheets}")
        known = Verbatim(", ".join(filled))
        raise StoreError(Text(unknown, sheet=wanted, file=name, sheets=known))
    table = filled[wanted or next(iter(filled))]
    _check_columns(len(table.columns))
    table = table.map(_cell)
    table.index += 1
    return Cells(headed(table), sheets=tuple(filled) if len(filled) > 1 else ())


def _broken(name: str, error: Exception) -> StoreError:
    broken = template("'{file}' is not a readable Excel file: {why}")
    return StoreError(Text(broken, file=name, why=Verbatim(one_line(error))))


def _check_workbook(content: bytes, name: str) -> None:
    """Refuses another archive, and one that grows beyond bounds when it is unpacked."""
    try:
        files = zipfile.ZipFile(io.BytesIO(content)).infolist()
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise _broken(name, error) from None
    if not any(file.filename.startswith("xl/") for file in files):
        packed = template("'{file}' is compressed ({kind}); unpack it first")
        raise StoreError(Text(packed, file=name, kind=Verbatim("zip")))
    if sum(file.file_size for file in files) > MOST_BYTES:
        large = template("'{file}' has more than {most:,} bytes; that is the most allowed")
        raise StoreError(Text(large, file=name, most=MOST_BYTES))


def _cell(value: object) -> object:
    """As text; a whole number without the `.0` that Excel's numbers have."""
    if value is None or value != value or value == "":
        return math.nan
    whole = isinstance(value, float) and value == int(value) and abs(value) < 1e15
    return str(int(value)) if whole else str(value)  # type: ignore[call-overload]
