"""Numbers into curves: measurements made elsewhere become a table of learning curves."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pandas as pd

from tracking.errors import StoreError
from tracking.measures import find_measure
from tracking.tables.cells import SHEET, Cells, Source, read_cells
from tracking.tables.doubts import check_direction, check_sizes
from tracking.tables.headings import ARCHITECTURE, BEST, RUN_COLUMNS, SE, column
from tracking.tables.numerals import (
    SIZES,
    count,
    has_decimal_comma,
    numbers,
    of_error,
    of_measure,
)
from tracking.tables.reading import BOTH, LAST, ONLY, Answer, Asked, Reading
from tracking.tables.roles import Roles, find_roles
from tracking.tables.rows import chosen, chosen_by_rank, complete
from tracking.tables.scaled import Scaled
from tracking.tables.separators import check_separated, shared_seeds
from tracking.text import Text, Verbatim, joined, template

MOST_CURVES = 60  # each takes a second or two, and their comparison more
MODEL = "model"  # name of a curve that has none
RUN = ("run_id", "experiment_id", "name")


@dataclass(frozen=True, eq=False)
class Measured:
    """Learning curves that somebody measured.

    table: architecture, n, and the values as their reader knows them: for each measure a
        column by its name, and `<measure>_se` where it is known. data_seed tells replicates
        apart where each size has the same.
    measures: texts of the measures (tracking/measures.py).
    left_out: text of a measure -> why its column could not be read, where others could.
    note: how it was read, where that is not what the headings say; "" otherwise.
    """

    table: pd.DataFrame
    measures: tuple[str, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


def read_csv(source: Source, reading: Reading | None = None, name: str = "") -> Measured:
    """Learning curves from a CSV or Excel file (tracking/tables/cells.py).

    source: a path or file. Columns: n, a measure (loss, error, accuracy, …); optional are its
        standard error, architecture, and seed or fold.
    reading: which column is what, where the headings do not say.
    name: of the file, as whoever gave it knows it.

    Raises StoreError, which names row and column, and Asked where the table can be read in
    several ways.
    """
    reading = reading or Reading()
    return curves(read_cells(source, name, reading.only.get(SHEET)), reading)


def curves(cells: Cells, reading: Reading) -> Measured:
    """Learning curves of cells. Raises StoreError, and Asked."""
    reading = _of_sheet(cells, reading)
    cells = chosen(cells, reading)
    roles = find_roles(cells.table, reading)
    cells, incomplete = complete(cells, roles)
    comma = has_decimal_comma(cells, [one.column for one in roles.measures.values()])
    table = pd.DataFrame({ARCHITECTURE: _names(cells, roles)})
    check_sizes(_as_written(cells, roles, comma), roles.n)
    table["n"] = numbers(cells, roles.n.column, SIZES, roles.n.scale, comma)
    cells, table = chosen_by_rank(cells, table, roles, reading)
    values, left_out = _values(cells, table, roles, reading, comma)
    table = table.join(values)
    measures = tuple(text for text in roles.measures if find_measure(text).name in values)
    _check(cells, table, roles, measures, reading)
    place = table[[ARCHITECTURE, "n"]].set_axis(["curve", "n"], axis=1)
    seeds = shared_seeds(cells.table, place, roles)
    if seeds:
        table["data_seed"] = cells.table.groupby(seeds, dropna=False).ngroup()
    if cells.of_runs:
        table = table.join(cells.table[list(RUN_COLUMNS)].set_axis(RUN, axis=1))
    said = [_read_as(roles, measures, reading), *_left_out(left_out), incomplete, cells.note]
    note = joined([sentence for sentence in said if sentence])
    return Measured(table.reset_index(drop=True), measures, left_out, note)


def _of_sheet(cells: Cells, reading: Reading) -> Reading:
    """The reading without the sheet, which is no column. Raises Asked which one is meant."""
    if not cells.sheets:
        return reading
    if SHEET not in reading.only:
        answers = [Answer(Verbatim(one), ONLY, SHEET, one) for one in cells.sheets]
        raise Asked(SHEET, Text("the file has several sheets"), answers)
    only = {key: value for key, value in reading.only.items() if key != SHEET}
    return Reading(reading.columns, only)


def _as_written(cells: Cells, roles: Roles, comma: bool) -> pd.Series:
    """The sizes before anything is refused of them."""
    written = cells.table[roles.n.column].str.rstrip(" %")
    return pd.to_numeric(count(written, roles.n.column, comma), errors="coerce")


def _check(
    cells: Cells,
    table: pd.DataFrame,
    roles: Roles,
    measures: Iterable[str],
    reading: Reading,
) -> None:
    """Raises Asked where the numbers may be others than they seem."""
    place = table[ARCHITECTURE], table["n"]
    known = list(cells.table)
    said = [column(key, known) for key, value in reading.only.items() if value == LAST]
    check_separated(cells.table, *place, roles, said)
    for text in measures:
        value = table[find_measure(text).name]
        check_direction(*place, value, text, roles.measures[text])
    _check_count(table, roles)


def _names(cells: Cells, roles: Roles) -> pd.Series:
    """The curve of each row; several columns are joined."""
    if not roles.architecture:
        return pd.Series(MODEL, cells.table.index)
    parts = [cells.table[name].fillna(MODEL).str.strip() for name in roles.architecture]
    first, *others = parts
    for other in others:
        first = first + ", " + other
    return first


def _values(
    cells: Cells, table: pd.DataFrame, roles: Roles, reading: Reading, comma: bool
) -> tuple[pd.DataFrame, dict[str, str]]:
    """The values of each measure and their standard errors; why some are left out.

    A measure that nobody named is left out where its column cannot be read, or is empty.
    """
    several = len(roles.measures) > 1
    found: dict[str, pd.Series] = {}
    left_out: dict[str, str] = {}
    for text, scaled in roles.measures.items():
        measure = find_measure(text)
        wanted = of_measure(measure, [table[ARCHITECTURE], table["n"]], may_lack=several)
        try:
            values = numbers(cells, scaled.column, wanted, scaled.scale, comma)
        except StoreError as error:
            if not several or text in reading.columns:
                raise
            left_out[text] = str(error)
            continue
        if values.notna().any():
            found[measure.name] = values
    if not found:
        raise StoreError(next(iter(left_out.values()), Text("no measure has a value")))
    values = pd.DataFrame(found)
    _check_empty(cells, values)
    return values.join(_errors(cells, values, roles, comma)), left_out


def _check_empty(cells: Cells, values: pd.DataFrame) -> None:
    empty = values.isna().all(axis=1)
    if empty.any():
        row = cells.named(int(empty.to_numpy().argmax()))
        raise StoreError(Text("{row} holds no value of any measure", row=row))


def _errors(cells: Cells, values: pd.DataFrame, roles: Roles, comma: bool) -> pd.DataFrame:
    found = {}
    for text, scaled in roles.errors.items():
        measure = find_measure(text)
        if measure.name not in values:
            continue
        wanted = of_error(measure, values[measure.name])
        found[f"{measure.name}{SE}"] = numbers(
            cells, scaled.column, wanted, scaled.scale, comma
        )
    return pd.DataFrame(found, cells.table.index)


# --- what is said of it ----------------------------------------------------------------------


def _check_count(table: pd.DataFrame, roles: Roles) -> None:
    names = table[ARCHITECTURE].drop_duplicates()
    if len(names) <= MOST_CURVES:
        return
    many = template(
        "the table has {count:,} architectures; the most allowed is {most}: "
        "choose some with --only {column}=NAME+NAME"
    )
    column = Verbatim(roles.architecture[0])
    raise StoreError(Text(many, count=len(names), most=MOST_CURVES, column=column))


def _read_as(roles: Roles, measures: tuple[str, ...], reading: Reading) -> str:
    """Which columns were read as what, where their names differ, and which rows count."""
    read = {"n": roles.n.column}
    read |= {find_measure(text).name: roles.measures[text].column for text in measures}
    if roles.architecture:
        read[ARCHITECTURE] = BOTH.join(roles.architecture)
    if roles.best:
        read[BEST] = roles.best
    pairs = [f"{role} = {name}" for role, name in read.items() if role != name.lower()]
    pairs += [f"{name} = {value}" for name, value in reading.only.items()]
    return Text("Read as: {pairs}.", pairs=Verbatim(", ".join(pairs))) if pairs else ""


def _left_out(left_out: Mapping[str, str]) -> list[Text]:
    """Which measures could not be read."""
    said = template("{measure} is left out: {why}.")
    return [
        Text(said, measure=find_measure(text).said, why=why) for text, why in left_out.items()
    ]


def check_values(table: pd.DataFrame, text: str, certain: bool) -> None:
    """Numbers that no file holds, checked like those of one.

    table: architecture, n and the values of the measure by its name.
    certain: whether the measure is what it is called, however it goes with n.

    Raises StoreError, and Asked.
    """
    name = find_measure(text).name
    table = table.reset_index(drop=True)
    cells = Cells(table.astype(str))
    numbers(cells, "n", SIZES)
    place = table[ARCHITECTURE], table["n"]
    numbers(cells, name, of_measure(find_measure(text), place))
    scaled = Scaled(name, sign="*" if certain else "")
    check_direction(*place, table[name], text, scaled)
