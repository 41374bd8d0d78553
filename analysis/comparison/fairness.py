"""Fair by construction: which runs may be compared with each other; what is left out is named, with the reason."""

import numpy as np
import pandas as pd

from analysis.language import Text
from analysis.runs import is_diverged, is_replica

SPLIT = ("dataset", "dataset_fingerprint", "pool")  # the same images to train, choose and test on
BUDGET = ("search_space", "search_seed", "bracket", "max_steps", "patience")  # of the search, the same for all
CELL = ["architecture", "n_train", "data_seed"]


def fair_cells(runs: pd.DataFrame) -> tuple[pd.DataFrame, list[Text]]:
    """The runs (load_runs) that a fair comparison of architectures may use, and a sentence on each that it may not.

    A cell is an architecture, size and data seed. Kept are the runs that share split and search (SPLIT and BUDGET: what
    most cells have; the space itself is each architecture's own), cells with the usual number K of samples (of more,
    the first K), and at each size the data seeds that all architectures measured there have. Finished and diverged runs
    count as drawn; others have not happened. Winners trained again on other data seeds stay with the cell they won.
    """
    rows, notes = _drawn(runs), []
    searched = (~is_replica(rows)).groupby([rows[name] for name in CELL]).transform("any")
    again = is_replica(rows) & ~searched  # of a winner, with the search it won
    rows, replicas = rows[~again], rows[again]
    for column in (*SPLIT, *BUDGET):
        if column in rows and len(rows):
            rows = _same(rows, column, notes)
    if len(rows):
        rows = _same_count(rows, notes)
    rows = _same_seeds(pd.concat([rows, _of_kept(replicas, rows)]), notes)
    return runs[runs.index.isin(rows.index)], notes


def _of_kept(replicas, rows):
    """The replicas of cells that are kept, of the same split."""
    keys = [name for name in ("architecture", "n_train", "sample", *SPLIT) if name in rows]
    return replicas[pd.MultiIndex.from_frame(replicas[keys]).isin(pd.MultiIndex.from_frame(rows[keys]))]


def _drawn(runs):
    """Finished and diverged runs; a diverged one does not say its n, but shares it with its fraction."""
    rows = runs[(runs["status"].eq("FINISHED") & runs["best_val_loss"].notna()) | is_diverged(runs)].copy()
    if "fraction" in rows:
        rows["n_train"] = rows["n_train"].fillna(rows.groupby("fraction")["n_train"].transform("max"))
    return rows[rows["n_train"].notna()]


def _same(rows, column, notes):
    """The rows with the value of `column` that most cells have."""
    value = rows[column].astype("string").fillna("none")
    usual = rows.assign(value=value).drop_duplicates([*CELL, "value"])["value"].mode()[0]
    for about, other in _named(rows, value != usual, value):
        about |= {"what": column, "other": other, "usual": usual}
        notes.append(Text("{name} at n = {sizes}: {what} is {other} instead of {usual}; left out", **about))
    return rows[value == usual]


def _same_count(rows, notes):
    """Cells with the number of samples that most have; of cells with more, the first samples."""
    cells = rows.groupby(CELL)["sample"]
    count, usual = cells.transform("nunique"), int(cells.nunique().mode().max())
    for about, few in _named(rows, count < usual, count):
        about |= {"count": few, "usual": usual}
        notes.append(Text("{name} at n = {sizes}: {count} samples instead of {usual}; left out", **about))
    for about, many in _named(rows, count > usual, count):
        about |= {"count": many, "usual": usual}
        notes.append(Text("{name} at n = {sizes}: of {count} samples the first {usual} count", **about))
    return rows[(count >= usual) & (cells.rank("dense") <= usual)]


def _same_seeds(rows, notes):
    """Cells whose data seed every architecture measured at that size has."""
    there = rows.groupby("n_train")["architecture"].transform("nunique")
    with_seed = rows.groupby(["n_train", "data_seed"])["architecture"].transform("nunique")
    for about, seed in _named(rows, with_seed < there, rows["data_seed"]):
        about |= {"seed": int(seed)}
        notes.append(Text("{name} at n = {sizes}: not all architectures have data seed {seed}; left out", **about))
    return rows[with_seed == there]


def _named(rows, chosen, value):
    """Yield (name and sizes, value) for each architecture and value among the chosen rows."""
    for (name, found), part in rows[chosen].groupby(["architecture", value[chosen]], sort=True):
        yield {"name": name, "sizes": ", ".join(f"{n:,.0f}" for n in np.unique(part["n_train"]))}, found
