"""A table to learn from: rows of numbers, categories or words, split once for all studies."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse


@dataclass(frozen=True)
class Columns:
    """What the columns of a table hold.

    numbers, categories: names in a DataFrame; () for an array, which holds numbers only.
    text: the name of the column of texts; "" for none.
    left_out: name -> why the column says nothing.
    """

    numbers: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    text: str = ""
    left_out: tuple[tuple[str, str], ...] = ()

    @property
    def used(self) -> list[str]:
        """Names of those that are learned from."""
        return [*self.numbers, *self.categories, *([self.text] if self.text else [])]


@dataclass(frozen=True, eq=False)
class Rows:
    """Examples with their targets.

    x: DataFrame, array float64 (N, F) or sparse matrix (N, F); missing numbers are NaN.
    y: class numbers, int64 (N,), or real values, float64 (N,).
    groups: of each example the number of its group, int64 (N,); None where none are asked for.
    """

    x: Any
    y: np.ndarray
    groups: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.y)

    @property
    def is_sparse(self) -> bool:
        """Whether x is a sparse matrix."""
        return sparse.issparse(self.x)

    def take(self, indices: np.ndarray | slice) -> "Rows":
        """The rows at the indices (n,), in their order."""
        x = self.x.iloc[indices] if isinstance(self.x, pd.DataFrame) else self.x[indices]
        groups = None if self.groups is None else self.groups[indices]
        return Rows(x=x, y=self.y[indices], groups=groups)


@dataclass(frozen=True, eq=False)
class Table:
    """A table, split once for all studies.

    name: as a trial's `dataset` says it.
    columns: what they hold.
    classes: their names; () where real values are predicted.
    groups: their names; () where none are asked for.
    pool: what subsets are drawn from.
    validation: chooses step and sample, whole for every size.
    test: evaluated once per trial.
    strata: of the pool, int64 (N,), what subsets are stratified by.
    fingerprint: of every value and target.
    places: of the rows of the pool among the training rows as given, int64 (N,).
    """

    name: str
    columns: Columns
    classes: tuple[Any, ...]
    pool: Rows
    validation: Rows
    test: Rows
    strata: np.ndarray
    fingerprint: str
    places: np.ndarray
    groups: tuple[str, ...] = ()
