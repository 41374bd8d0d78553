"""Groups of a table's rows, such as regions: told apart in what is measured."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from experiments.tasks.frames import whole_column
from experiments.tasks.held_back import TRAIN
from experiments.tasks.targets import numbered
from tracking.errors import InputError

MOST = 100  # groups; of more, each has too few rows to be measured


def read_groups(
    given: Mapping[str, Any], group: str, name: str
) -> tuple[tuple[str, ...], dict[str, np.ndarray]]:
    """The names of the groups, and the number of each row's group.

    given: set -> rows.
    group: the column whose values are the groups. It stays one to learn from.
    name: of the dataset, for the message.
    Returns the names, and set -> int64 (N,).
    Raises InputError for a column that is none, or holds no groups.
    """
    columns = {which: _column(x, group, name) for which, x in given.items()}
    names = np.unique(columns[TRAIN])
    if not 2 <= len(names) <= MOST:
        raise InputError(
            f"dataset '{name}': group '{group}' has {len(names):,} different values; "
            f"allowed: 2 to {MOST}"
        )
    return tuple(names.tolist()), numbered(columns, names, "group", name)


def _column(x: Any, group: str, name: str) -> np.ndarray:
    """Its values as text, (N,)."""
    if not isinstance(x, pd.DataFrame):
        raise InputError(f"group '{group}' names a column, and dataset '{name}' has no names")
    frame = x.set_axis(x.columns.astype(str), axis=1)
    return whole_column(frame, "group", group, name).astype(str).to_numpy(dtype=str)
