"""Which rows of a table count."""

from dataclasses import replace

import pandas as pd

from tracking.errors import StoreError
from tracking.measures import find_measure
from tracking.tables.cells import Cells
from tracking.tables.headings import ARCHITECTURE, column, listed, plain
from tracking.tables.numerals import MISSING
from tracking.tables.reading import BOTH, LAST, Reading
from tracking.tables.roles import Roles
from tracking.tables.separators import shared_seeds
from tracking.text import Text, Verbatim, counted, template


def complete(cells: Cells, roles: Roles) -> tuple[Cells, str]:
    """Runs without n or any value are left out, as those that crashed are, and counted."""
    if not cells.of_runs:
        return cells, ""
    measured = [cells.table[one.column] for one in roles.measures.values()]
    lacks = [_is_missing(cells.table[roles.n.column])]
    lacks.append(pd.concat(measured, axis=1).apply(_is_missing).all(axis=1))
    empty = lacks[0] | lacks[1]
    if empty.all():
        columns = [roles.n.column, *(one.column for one in roles.measures.values())]
        nothing = template("no finished run has both {columns}")
        raise StoreError(Text(nothing, columns=Verbatim(", ".join(columns))))
    said = counted(
        "{count} run without n or a value is left out.",
        "{count} runs without n or a value are left out.",
        count=int(empty.sum()),
    )
    return cells.chosen(~empty), said if empty.any() else ""


def _is_missing(written: pd.Series) -> pd.Series:
    return written.isna() | written.str.lower().isin({*MISSING, "inf", "-inf"})


def chosen(cells: Cells, reading: Reading) -> Cells:
    """The rows that `only` names, the largest ones aside."""
    table = cells.table
    for key, said in reading.only.items():
        name = column(key, list(cells.table.columns))
        if said == LAST and LAST not in set(table[name]):
            continue
        table = table[_is_one_of(table[name], said)]
        if table.empty:
            there = cells.table[name].dropna().drop_duplicates()
            missing = template("no row has {column} = '{value}'; there are: {known}")
            raise StoreError(
                Text(missing, column=Verbatim(name), value=said, known=listed(there))
            )
    return replace(cells, table=table)


def _is_one_of(written: pd.Series, said: str) -> pd.Series:
    """Which cells hold the value, or one of several with a + between them."""
    written = written.fillna("").str.strip()
    if said in set(written):
        return written.eq(said)
    wanted = [part.strip() for part in said.split(BOTH)]
    values = pd.to_numeric(pd.Series(wanted), errors="coerce").dropna()
    return written.isin(wanted) | pd.to_numeric(written, errors="coerce").isin(values)


def chosen_by_rank(
    cells: Cells, table: pd.DataFrame, roles: Roles, reading: Reading
) -> tuple[Cells, pd.DataFrame]:
    """Of each curve, size and seed the last row and the best one, where that is asked for."""
    for key, said in reading.only.items():
        name = column(key, list(cells.table.columns))
        if said == LAST and LAST not in set(cells.table[name]):
            value = pd.to_numeric(cells.table[name], errors="coerce")
            ids = [one for one in roles.seed if cells.table[one].duplicated().any()]
            cells, table = _first_of(cells, table, ids, -value)
    if roles.best is not None:
        measure = find_measure(_measure_in(roles.best))
        value = pd.to_numeric(cells.table[roles.best], errors="coerce")
        ids = shared_seeds(cells.table, table.set_axis(["curve", "n"], axis=1), roles)
        cells, table = _first_of(cells, table, ids, measure.gap(value))
    return cells, table


def _measure_in(heading: str) -> str:
    """The measure that a column is of, so that its direction is known."""
    words = plain(heading).split("_")
    aliases = {"acc": "accuracy", "auroc": "auc"}
    known = [aliases.get(word, word) for word in words]
    return next((one for one in known if find_measure(one).is_score), "loss")


def _first_of(
    cells: Cells, table: pd.DataFrame, ids: list[str], value: pd.Series
) -> tuple[Cells, pd.DataFrame]:
    """Of each curve, size and id the row with the smallest value."""
    place = [table[ARCHITECTURE], table["n"], *(cells.table[name].fillna("") for name in ids)]
    smallest = value.dropna().groupby([one[value.notna()] for one in place]).idxmin()
    kept = table.index.isin(smallest)
    return cells.chosen(kept), table[kept]
