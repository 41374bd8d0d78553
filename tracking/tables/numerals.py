"""Cells into numbers: as people write them, or refused by row and column."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tracking.errors import StoreError
from tracking.measures import Measure
from tracking.tables.cells import Cells
from tracking.text import Text, Verbatim, template

MISSING = {"nan", "na", "n/a", "none", "null"}  # ways to write that a number is not known
MOST_N = 1e15  # examples; beyond are computations, or a mistake
MOST = 1e15  # of a measure; what lies beyond is a mistake
MOST_ERROR = 10.0  # times the largest gap, of a standard error
LONGEST = 40  # characters of a cell that are quoted
PER_CENT = re.compile(r"^(.*?)\s*[%％]$")
GROUPED = {  # thousands, by what stands between them
    ",": re.compile(r"^\d{1,3}(,\d{3})+$"),
    ".": re.compile(r"^\d{1,3}(\.\d{3})+$"),
}
THOUSANDS = re.compile(r"^[1-9]\d{0,2}(,\d{3})+$")
BLANKS = re.compile(r"(?<=\d)[\u00a0\u202f\u2009 '’](?=\d{3}\b)")  # between thousands
DECIMAL_COMMA = re.compile(r"^[+-]?(\d{1,3}(\.\d{3})+|\d*),\d+(e[+-]?\d+)?$", re.IGNORECASE)
DECIMAL_POINT = re.compile(r"^[+-]?\d{1,3}(,\d{3})+\.\d+$")


@dataclass(frozen=True)
class Numbers:
    """Which numbers a column may hold.

    is_allowed: numbers -> whether each is.
    allowed: the same in words.
    is_count: numbers of examples, which are whole and no shares.
    is_share: 35 % is 0.35.
    may_lack: whether a cell may be empty.
    """

    is_allowed: Callable[[pd.Series], pd.Series]
    allowed: str
    is_count: bool = False
    is_share: bool = False
    may_lack: bool = False


SIZES = Numbers(
    lambda values: values.ge(1) & values.le(MOST_N),
    template("a number of examples, 1 or more, up to 1e15"),
    is_count=True,
)


def of_measure(
    measure: Measure, place: Sequence[pd.Series], may_lack: bool = False
) -> Numbers:
    """What a measure may be: no point's gap is 0, for a law has a logarithm of it.

    place: what tells the points apart, architecture and n; a replicate's gap may be 0 where
        that of its point is not.
    """

    def is_allowed(values: pd.Series) -> pd.Series:
        gap = measure.gap(values) - (0.0 if measure.is_score else measure.best)
        of_point = gap.groupby(list(place)).transform("mean")
        least = gap.eq(0) | gap.ge(1 / MOST)
        return of_point.ge(1 / MOST) & least & gap.le(min(measure.most, MOST))

    is_share = measure.is_score or measure.is_share
    return Numbers(is_allowed, _allowed(measure), is_share=is_share, may_lack=may_lack)


def of_error(measure: Measure, measured: pd.Series) -> Numbers:
    """Standard errors of a measure.

    measured: its values; an error of many times the largest gap is a mistake, or of another
        unit.
    """
    largest = MOST_ERROR * float(measure.gap(measured).max())
    return Numbers(
        lambda values: values.ge(0) & values.le(largest),
        template("a number from 0 to 10 times the largest value, or empty"),
        is_share=measure.is_score or measure.is_share,
        may_lack=True,
    )


def _allowed(measure: Measure) -> str:
    if measure.is_score and math.isfinite(measure.most):
        return template("a fraction, 0 or more, below 1 (0.92 for 92 %)")
    if measure.is_score:
        return template("a number below 1")
    if measure.is_share:
        return template("a fraction above 0, up to 1 (0.08 for 8 %)")
    if measure.best:
        return template("a number above 1, up to 1e15")
    return template("a number above 0, from 1e-15 to 1e15")


# --- numbers ---------------------------------------------------------------------------------


def numbers(
    cells: Cells,
    column: str,
    wanted: Numbers,
    scale: Callable[[pd.Series], pd.Series] | None = None,
    comma: bool = False,
) -> pd.Series:
    """A column as numbers, each of them allowed; NaN where it may lack one and does.

    scale: what the written numbers are turned by first.
    comma: whether other columns of the table have decimal commas.
    Raises StoreError, which names row and column.
    """
    written = cells.table[column].str.strip()
    plain, share = _without_signs(written, column, wanted)
    values = _parsed(_plain(plain, column, wanted, comma)) / np.where(share, 100, 1)
    if scale is not None:
        values = scale(values)
    good = wanted.is_allowed(values) & values.ne(math.inf)
    if wanted.may_lack:
        good |= written.isna() | written.str.lower().isin(MISSING)
    if good.all():
        return values
    place = int((~good).to_numpy().argmax())
    raise StoreError(
        Text(
            "{row}, column {column}: '{cell}'; allowed: {allowed}",
            row=cells.named(place),
            column=Verbatim(column),
            cell=Verbatim(written.fillna("").iloc[place][:LONGEST]),
            allowed=Text(wanted.allowed),
        )
    )


def _parsed(plain: pd.Series) -> pd.Series:
    """NaN for what is no number; to_numeric drops the last digits of a fraction."""
    known = pd.to_numeric(plain, errors="coerce").notna()
    return plain.where(known).astype(float)


def _without_signs(
    written: pd.Series, column: str, wanted: Numbers
) -> tuple[pd.Series, pd.Series]:
    """The cells without per cent signs, and which are per cent, as their heading may say."""
    signed = written.str.match(PER_CENT, na=False)
    plain = written.str.replace(PER_CENT, r"\1", regex=True)
    if not wanted.is_share:
        return written, pd.Series(False, written.index)  # "35%" of a loss is refused
    return plain, signed | _is_per_cent(column)


def _is_per_cent(heading: str) -> bool:
    return bool(re.search(r"[(\[]\s*(in\s+)?(%|％|per ?cent|pct)\s*[)\]]$", heading.lower()))


def has_decimal_comma(cells: Cells, columns: list[str]) -> bool:
    """Whether a number of the columns has a decimal comma for certain: `0,312`."""
    for column in columns:
        written = cells.table[column].str.strip().str.replace(PER_CENT, r"\1", regex=True)
        comma = written.str.match(DECIMAL_COMMA, na=False)
        if (comma & ~written.str.match(THOUSANDS, na=False)).any():
            return True
    return False


def _plain(written: pd.Series, column: str, wanted: Numbers, comma: bool) -> pd.Series:
    """The cells without thousands separators, with decimal points."""
    if wanted.is_count:
        return count(written, column, comma)
    plain = written.str.replace(BLANKS, "", regex=True)
    commas = plain.str.contains(",", na=False)
    if not commas.any():
        return plain
    if commas.all() and not comma and plain.str.match(GROUPED[","]).all():
        raise _ambiguous(plain, column)
    pointed = plain.str.match(DECIMAL_POINT, na=False)
    decimal = plain.str.match(DECIMAL_COMMA, na=False) & ~pointed
    as_decimal = plain.str.replace(".", "", regex=False).str.replace(",", ".", regex=False)
    return plain.mask(pointed, plain.str.replace(",", "", regex=False)).mask(
        decimal, as_decimal
    )


def count(written: pd.Series, column: str, comma: bool) -> pd.Series:
    """Numbers of examples without thousands separators: 16,000 and, if certain, 16.000.

    Raises StoreError where it is not.
    """
    plain = written.str.replace(BLANKS, "", regex=True)
    for sign, pattern in GROUPED.items():
        signed = plain.str.contains(sign, regex=False, na=False)
        if not signed.any() or not plain[signed].str.match(pattern).all():
            continue
        twice = plain.str.count(re.escape(sign)).max() > 1
        larger = plain[~signed].str.match(r"^\d{4,}").any()  # 16000 beside 1.000
        certain = twice or (comma if sign == "." else not comma)
        if larger or not certain:
            raise _ambiguous(plain[signed], column)
        return plain.str.replace(sign, "", regex=False)
    return plain


def _ambiguous(written: pd.Series, column: str) -> StoreError:
    cell = written.iloc[0]
    return StoreError(
        Text(
            "column {column}: '{cell}' may be {small} or {large}; "
            "write numbers without a thousands separator",
            column=Verbatim(column),
            cell=Verbatim(cell),
            small=Verbatim(re.sub("[.,]", ".", cell, count=1)),
            large=Verbatim(re.sub("[.,]", "", cell)),
        )
    )
