"""Which runs may be compared with each other; what is left out is named, with the reason."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from analysis.reasons import Finding, Reason
from analysis.selection import drawn, with_sizes
from tracking import schema
from tracking.runs import is_replica

CELL = ["architecture", "n_train", "data_seed"]
MISSING = "none"  # the value of a run that does not say one


def fair_cells(runs: pd.DataFrame) -> tuple[pd.DataFrame, list[Finding]]:
    """The runs that a fair comparison of architectures may use, and why not the others.

    A cell is an architecture, size and data seed; a run counts as drawn once it has finished
    or diverged. Kept are:
    - of each field that must agree (tracking.schema.fair), the value that most cells have; the
      hyperparameters drawn from a search space are each architecture's own;
    - cells with the usual number K of samples; of cells with more, the first K;
    - at each size, the data seeds that all architectures measured there have;
    - winners trained again on other data seeds, where the cell that they won is kept.

    runs: as load_runs gives them.
    """
    rows = with_sizes(runs[drawn(runs)])
    rows = rows[rows["n_train"].notna()]
    findings: list[Finding] = []
    searched = (~is_replica(rows)).groupby([rows[name] for name in CELL]).transform("any")
    again = is_replica(rows) & ~searched
    replicas = rows[again]
    rows = rows[~again]
    for field in schema.fair():
        if field not in rows or rows.empty:
            continue
        usual = _usual(rows, field)
        rows = _with_usual(rows, field, usual, findings)
        if field not in schema.racing():  # a winner trained again has no rivals
            replicas = _with_usual(replicas, field, usual, findings)
    if len(rows):
        rows = _same_count(rows, findings)
    rows = _same_seeds(pd.concat([rows, _of_kept(replicas, rows)]), findings)
    return runs[runs.index.isin(rows.index)], findings


def _usual(rows: pd.DataFrame, field: str) -> str | None:
    """The value that most cells have; None where all values may be compared with any other."""
    value = _values(rows, field)
    telling = rows.assign(value=value)[~value.isin(schema.matches_any(field))]
    found = telling.drop_duplicates([*CELL, "value"])["value"].mode()
    return None if found.empty else found[0]


def _with_usual(
    rows: pd.DataFrame, field: str, usual: str | None, findings: list[Finding]
) -> pd.DataFrame:
    """The rows whose value may be compared with the usual one."""
    if usual is None:
        return rows
    value = _values(rows, field)
    alike = value.eq(usual) | value.isin(schema.matches_any(field))
    for about, other in _groups(rows, ~alike, value):
        findings.append(
            Reason.OTHER_SETTING(**about, what=field, other=str(other), usual=usual)
        )
    return rows[alike]


def _values(rows: pd.DataFrame, field: str) -> pd.Series:
    return rows[field].astype("string").fillna(MISSING)


def _same_count(rows: pd.DataFrame, findings: list[Finding]) -> pd.DataFrame:
    """Cells with the number of samples that most have; of cells with more, the first ones."""
    cells = rows.groupby(CELL)["sample"]
    count = cells.transform("nunique")
    usual = int(cells.nunique().mode().max())
    for about, few in _groups(rows, count < usual, count):
        findings.append(Reason.FEWER_SAMPLES(**about, count=int(few), usual=usual))
    for about, many in _groups(rows, count > usual, count):
        findings.append(Reason.MORE_SAMPLES(**about, count=int(many), usual=usual))
    return rows[(count >= usual) & (cells.rank("dense") <= usual)]


def _of_kept(replicas: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """The winners trained again whose trial is kept where it won."""
    keys = ["architecture", "n_train", "sample"]
    kept = pd.MultiIndex.from_frame(rows[keys])
    return replicas[pd.MultiIndex.from_frame(replicas[keys]).isin(kept)]


def _same_seeds(rows: pd.DataFrame, findings: list[Finding]) -> pd.DataFrame:
    """Cells whose data seed every architecture measured at that size has."""
    there = rows.groupby("n_train")["architecture"].transform("nunique")
    with_seed = rows.groupby(["n_train", "data_seed"])["architecture"].transform("nunique")
    for about, seed in _groups(rows, with_seed < there, rows["data_seed"]):
        findings.append(Reason.SEED_NOT_SHARED(**about, seed=int(seed)))
    return rows[with_seed == there]


def _groups(
    rows: pd.DataFrame, chosen: pd.Series, value: pd.Series
) -> Iterator[tuple[dict[str, Any], Any]]:
    """Yield (name and sizes, value) for each architecture and value among the chosen rows."""
    for (name, found), part in rows[chosen].groupby(
        ["architecture", value[chosen]], sort=True
    ):
        sizes = tuple(float(n) for n in np.unique(part["n_train"]))
        yield {"name": name, "sizes": sizes}, found
