"""An exported study read against the schema, before anything is made of it.

An export is text that travels: it is cut off, sorted by a spreadsheet, or changed by hand.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pandas as pd

from tracking import schema
from tracking.csv_cells import NUMBER
from tracking.data_check import PREFIX, read_check
from tracking.errors import InputError
from tracking.forecasts import COLUMNS as FORECASTS
from tracking.measures import check_value, from_text
from tracking.schema import FAILED, FINISHED, KILLED, RUNNING

STATES = (RUNNING, "SCHEDULED", FINISHED, FAILED, KILLED)  # MLflow's
NEEDED = ("run_id", "name", "status", "started", "trial", "n_train")
PARAMETER = re.compile(r"[\w./: -]{1,250}")  # what MLflow takes as the name of one
MOST_LETTERS = 5000  # of a cell
MOST_OF_A_NAME = 200
MOST = 1e18  # whole numbers beyond are kept by no database
YEARS = (2000, 2200)
STEP_COLUMNS = re.compile(r"(val|train)_.+")
USUAL = "loss"  # what a run is judged by whose tag `measures` does not say

Row = Mapping[str, str]


def check_runs(table: pd.DataFrame) -> None:
    """Raises InputError where runs, all cells as text, are none that `export` writes.

    table: empty cells are "".
    """
    needed = [*NEEDED, *(one.name for one in schema.SETTINGS if one.name in schema.GRID)]
    _check_columns(table, [*needed, "dataset"])
    if table.empty:
        raise InputError("it holds no runs")
    for name in table.columns:
        if not PARAMETER.fullmatch(str(name)):
            raise InputError(f"column '{_short(str(name))}' is no name of a field")
    _check_unique(table, "run_id")
    fields = {one.name: one for one in schema.FIELDS}
    for number, row in enumerate(table.to_dict("records"), start=2):
        with _Place(f"row {number}"):
            for name, cell in row.items():
                _check_cell(str(name), cell, fields.get(str(name)))
            _check_run(row)


def check_steps(table: pd.DataFrame, run_ids: Iterable[str]) -> None:
    """The same for losses over steps, of the runs with these ids."""
    _check_columns(table, ["run_id", "step"])
    values = [name for name in table.columns if name not in ("run_id", "step")]
    if not values or not all(STEP_COLUMNS.fullmatch(str(name)) for name in values):
        raise InputError(f"columns {', '.join(map(str, table.columns))} are no steps of runs")
    known = set(run_ids)
    for number, row in enumerate(table.to_dict("records"), start=2):
        with _Place(f"row {number}"):
            if row["run_id"] not in known:
                raise InputError(f"run_id '{_short(row['run_id'])}' is not among the runs")
            _whole("step", row["step"])
            for name in values:
                if row[name]:
                    _number(str(name), row[name])


def check_forecasts(table: pd.DataFrame) -> None:
    """The same for forecasts that were logged before training."""
    _check_columns(table, FORECASTS)
    for number, row in enumerate(table.to_dict("records"), start=2):
        with _Place(f"row {number}"):
            _needed(row, ("architecture", "metric", "grade"))
            for name in ("n", "from_n"):
                _whole(name, row[name], least=1)
            predicted, low, high = (
                _finite(name, row[name]) for name in ("predicted", "low", "high")
            )
            if not low <= predicted <= high:
                raise InputError(f"predicted {predicted:g} is outside {low:g} to {high:g}")
            if not 0 < _finite("confidence", row["confidence"]) < 1:
                raise InputError(f"confidence {row['confidence']} is outside (0, 1)")
            _date("made", row["made"])


def check_about(about: Any) -> None:
    """The same for what a study says about itself."""
    if not isinstance(about, dict):
        raise InputError("it holds no names with values")
    for name, value in about.items():
        if not isinstance(value, str):
            raise InputError(f"{_short(name)} is {_short(repr(value))}; allowed: text")
        if len(value) > MOST_LETTERS or "\0" in value:
            raise InputError(f"{_short(name)} is too long, or no text")
        if name.startswith(PREFIX):
            read_check(value)
    for name in ("name", "note"):
        if name not in about:
            raise InputError(f"it has no {name}")
    name = about["name"]
    if not name.strip() or len(name) > MOST_OF_A_NAME or not name.isprintable():
        raise InputError(f"name '{_short(name)}' is no name of a study")


# --- a run -----------------------------------------------------------------------------------


def _check_cell(name: str, cell: str, field: schema.Field | None) -> None:
    if len(cell) > MOST_LETTERS or "\0" in cell:
        raise InputError(f"{name} is too long, or no text")
    if not cell or field is None:
        return
    if name == "status" and cell not in STATES:
        raise InputError(f"status '{_short(cell)}' is unknown; allowed: {', '.join(STATES)}")
    if name == "started":
        _date(name, cell)
    elif field.role == schema.Role.MEASURED and field.type is float:
        _number(name, cell)
    elif field.type in (int, float):
        value = _whole(name, cell) if field.type is int else _finite(name, cell)
        field.check(value)
    else:
        field.check(cell)


def _check_run(row: Row) -> None:
    """What one cell alone does not tell."""
    needed = [name for name in NEEDED if name != "n_train"]
    _needed(row, [*needed, *schema.GRID, "dataset"])
    fraction = _finite("fraction", row["fraction"])
    if not 0 < fraction <= 1:
        raise InputError(f"fraction {fraction:g} is outside (0, 1]")
    if row.get("seconds") and not 0 <= _finite("seconds", row["seconds"]) < MOST:
        raise InputError(f"seconds {row['seconds']} is negative")
    if row["status"] == FINISHED:
        _whole("n_train", row["n_train"], least=1)
        _check_result(row)


def _check_result(row: Row) -> None:
    """Of a run that finished: what it is judged by is there, and can be."""
    measures = from_text(row.get("measures", "")) or from_text(USUAL)
    for measure in measures:
        names = schema.measured(measure.name)
        for name in (names["validation"], names["test"]):
            if not row.get(name):
                raise InputError(f"{name} of a run that is {FINISHED} is missing")
            check_value(measure, _finite(name, row[name]), name)
    if not row.get("measures"):
        for name in ("best_val_error", "test_error"):
            if row.get(name) and not 0 <= _finite(name, row[name]) <= 1:
                raise InputError(f"{name} {row[name]} is outside 0 to 1")


# --- cells -----------------------------------------------------------------------------------


def _check_columns(table: pd.DataFrame, needed: Iterable[str]) -> None:
    missing = [name for name in needed if name not in table]
    if missing:
        raise InputError(f"column {missing[0]} is missing")
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise InputError(f"column {_short(str(twice[0]))} stands there twice")


def _check_unique(table: pd.DataFrame, name: str) -> None:
    twice = table[name][table[name].duplicated()]
    if len(twice):
        raise InputError(f"{name} '{_short(twice.iloc[0])}' stands there twice")


def _needed(row: Row, names: Iterable[str]) -> None:
    for name in names:
        if not row[name].strip():
            raise InputError(f"{name} is missing")


def _number(name: str, cell: str) -> float:
    """A number, infinity and NaN included: what a loss may become."""
    if NUMBER.fullmatch(cell) or cell.lower() in ("inf", "-inf", "nan"):
        return float(cell)
    raise InputError(f"{name} '{_short(cell)}' is not a number")


def _finite(name: str, cell: str) -> float:
    value = _number(name, cell)
    if not math.isfinite(value):
        raise InputError(f"{name} is {value:g}; allowed: finite numbers")
    return value


def _whole(name: str, cell: str, least: int = 0) -> int:
    value = _finite(name, cell)
    if not (value.is_integer() and least <= value < MOST):
        raise InputError(f"{name} {_short(cell)} is no whole number from {least} on")
    return int(value)


def _date(name: str, cell: str) -> None:
    try:
        when = pd.Timestamp(cell)
    except (ValueError, OverflowError):
        when = pd.NaT
    if pd.isna(when) or not YEARS[0] <= when.year < YEARS[1]:
        raise InputError(f"{name} '{_short(cell)}' is no date")


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}…"


class _Place:
    """Says where in the file an error is."""

    def __init__(self, where: str):
        self.where = where

    def __enter__(self) -> Callable[..., None]:
        return lambda: None

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, InputError):
            raise InputError(f"{self.where}: {error}") from None
