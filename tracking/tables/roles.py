"""Which column of a table is what: by its heading, or as somebody says."""

from dataclasses import dataclass

import pandas as pd

from tracking.errors import StoreError
from tracking.measures import KNOWN, find_measure
from tracking.tables.headings import (
    ARCHITECTURE,
    BEST,
    ERRORS,
    MODELS,
    RUN_COLUMNS,
    SE,
    SEED,
    SIZES,
    N,
    column,
    is_seed,
    listed,
    measures_likely,
    measures_named,
    of_measure,
    plain,
)
from tracking.tables.reading import BOTH, COLUMNS, Answer, Asked, Reading
from tracking.tables.scaled import Scaled, read_scaled
from tracking.text import Text, Verbatim


@dataclass(frozen=True)
class Roles:
    """Which columns are what.

    n: the number of examples.
    measures: the text of a measure -> its column.
    errors: the text of a measure -> the column of its standard error.
    architecture: columns that name the curve together; () for one curve.
    seed: columns that tell replicates apart.
    best: by which of several rows one is chosen, if that is said.
    """

    n: Scaled
    measures: dict[str, Scaled]
    errors: dict[str, Scaled]
    architecture: tuple[str, ...]
    seed: tuple[str, ...]
    best: str | None = None

    @property
    def used(self) -> set[str]:
        """All columns with a role."""
        scaled = [self.n, *self.measures.values(), *self.errors.values()]
        columns = {one.column for one in scaled} | {*self.architecture, *self.seed}
        return columns | ({self.best} if self.best else set())


def find_roles(table: pd.DataFrame, reading: Reading) -> Roles:
    """Which column is what. Raises StoreError, and Asked where it may be several."""
    known = list(table)
    given = dict(reading.columns)
    measures = {
        find_measure(role).text: read_scaled(given.pop(role), known)
        for role in list(given)
        if role not in (N, ARCHITECTURE, SEED, BEST) and not _is_error(role, given)
    }
    n = _size(given.pop(N, None), table)
    taken = {n.column, *(one.column for one in measures.values())}
    if not measures:
        measures = _measures([name for name in known if name not in taken])
    if not measures:
        raise Asked("measure", _needs(known), _may_be(_numeric(table), {N: n.column}))
    errors = _errors(given, known, measures)
    seed = given.get(SEED)
    architecture = given.get(ARCHITECTURE)
    best = given.get(BEST)
    return Roles(
        n,
        measures,
        errors,
        _joined(architecture, known) if architecture else _architecture(known),
        _joined(seed, known) if seed else tuple(filter(is_seed, known)),
        None if best is None else column(best, known),
    )


def _joined(said: str, known: list[str]) -> tuple[str, ...]:
    """Several columns with a + between them, unless that is a heading itself."""
    if said in known:
        return (said,)
    return tuple(column(part.strip(), known) for part in said.split(BOTH))


def _is_error(role: str, given: dict[str, str]) -> bool:
    return role == SE[1:] or (role.endswith(SE) and role not in KNOWN)


# --- by the headings -------------------------------------------------------------------------


def _size(said: str | None, table: pd.DataFrame) -> Scaled:
    known = list(table)
    if said is not None:
        return read_scaled(said, known)
    for names in SIZES:
        found = [name for name in known if plain(name) in names]
        if len(found) > 1 and len({plain(name) for name in found}) == 1:
            raise StoreError(
                Text("the CSV has more than one column {name}", name=plain(found[0]))
            )
        if len(found) > 1:
            raise _which(N, Text("several columns may be n"), found)
        if found:
            return Scaled(found[0])
    raise Asked(
        N, _needs(known), [Answer(Verbatim(one), COLUMNS, N, one) for one in _numeric(table)]
    )


def _needs(known: list[str]) -> Text:
    return Text(
        "the table needs columns n and loss (or another measure); it has: {columns}",
        columns=listed(name for name in known if name not in RUN_COLUMNS),
    )


def _numeric(table: pd.DataFrame) -> list[str]:
    """Columns whose first cell that is not empty is a number."""
    return [name for name in table if _begins_with_a_number(table[name].dropna())]


def _begins_with_a_number(cells: pd.Series) -> bool:
    return bool(pd.to_numeric(cells.head(1), errors="coerce").notna().any())


def _may_be(columns: list[str], taken: dict[str, str]) -> list[Answer]:
    """Which columns may be which measures, those first whose headings say so."""
    others = [name for name in columns if name not in taken.values() and not is_seed(name)]
    return [
        Answer(
            Text("{column} is {measure}", column=Verbatim(name), measure=measure.said),
            COLUMNS,
            measure.text,
            name,
        )
        for name in sorted(others, key=lambda one: not measures_named(one))
        for measure in measures_likely(name)
    ]


def _measures(known: list[str]) -> dict[str, Scaled]:
    """Those that the headings name, by the name alone or as test_<name>."""
    found = {}
    for text in KNOWN:
        names = of_measure(text, known)
        if len(names) > 1 and len({plain(name) for name in names}) == 1:
            raise StoreError(Text("the CSV has more than one column {name}", name=text))
        if len(names) > 1:
            asked = Text("several columns may be {measure}", measure=KNOWN[text].said)
            raise _which(text, asked, names)
        if names:
            found[text] = Scaled(names[0])
    return found


def _errors(
    given: dict[str, str], known: list[str], measures: dict[str, Scaled]
) -> dict[str, Scaled]:
    """The standard errors: `<measure>_se`, or `se` of a single measure."""
    errors = {}
    for text, measured in measures.items():
        name = find_measure(text).name
        said = given.get(f"{name}{SE}") or (given.get("se") if len(measures) == 1 else None)
        own = {f"{one}_{se}" for one in (name, plain(measured.column)) for se in ERRORS}
        found = [one for one in known if plain(one) in own]
        if said or found:
            errors[text] = read_scaled(said, known) if said else Scaled(found[0])
    bare = [one for one in known if plain(one) in ERRORS]
    if not bare or errors:
        return errors
    if len(measures) == 1:
        return {next(iter(measures)): Scaled(bare[0])}
    asked = Text("column {column} may be of several measures", column=Verbatim(bare[0]))
    names = [find_measure(text) for text in measures]
    answers = [Answer(one.said, COLUMNS, f"{one.name}{SE}", bare[0]) for one in names]
    raise Asked("se", asked, answers)


def _architecture(known: list[str]) -> tuple[str, ...]:
    """The column that names the curves; which others separate them is asked later."""
    for names in MODELS:
        found = [name for name in known if plain(name) in names]
        if found:
            return (found[0],)
    return ()


def _which(role: str, question: Text, names: list[str]) -> Asked:
    answers = [Answer(Verbatim(name), COLUMNS, role, name) for name in names]
    return Asked(role, question, answers)
