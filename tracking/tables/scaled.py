"""Columns of numbers that are turned by a factor or a power: `500*share`, `10^size`."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from tracking.errors import StoreError
from tracking.tables.headings import column
from tracking.text import Text

SCALED = re.compile(r"^(?P<number>[0-9.]+(?:e[+-]?\d+)?|e)(?P<sign>[*^])(?P<column>.+)$", re.I)


@dataclass(frozen=True)
class Scaled:
    """A column of numbers, and how they are turned.

    column: its heading.
    number: by which it is multiplied (sign `*`), or which is raised to it (`^`).
    sign: "" for neither.
    """

    column: str
    number: float = 1.0
    sign: str = ""

    @property
    def scale(self) -> Callable[[pd.Series], pd.Series] | None:
        if not self.sign:
            return None
        return partial(_power if self.sign == "^" else _product, self.number)


def _product(factor: float, values: pd.Series) -> pd.Series:
    return values * factor


def _power(base: float, values: pd.Series) -> pd.Series:
    with np.errstate(over="ignore"):
        return np.power(base, values).round(6)


def read_scaled(said: str, known: list[str]) -> Scaled:
    """`500*share` and `10^size` where no heading is called so."""
    found = None if said in known else SCALED.match(said)
    if found is None:
        return Scaled(column(said, known))
    number = np.e if found["number"].lower() == "e" else _number(found["number"], said)
    return Scaled(column(found["column"].strip(), known), number, found["sign"])


def _number(written: str, said: str) -> float:
    try:
        value = float(written)
    except ValueError:
        value = 0.0
    if not 0 < value < np.inf:
        raise StoreError(Text("'{said}' scales by no number above 0", said=said))
    return value
