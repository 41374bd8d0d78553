"""The predictive distribution of each architecture, from a table of points."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.curves.curve import read_points
from analysis.curves.predictive import Predictive, predict_curve
from analysis.curves.tabulated import tabulated
from analysis.reasons import Finding, FitError, Reason


def predictives(
    table: pd.DataFrame, known: Mapping[str, Predictive]
) -> tuple[dict[str, Predictive], list[Finding]]:
    """architecture -> Predictive of those with enough sizes, and why the others have none.

    table: points of learning curves, as analysis/selection.py gives them.
    known: made before; used again where they saw the same points.
    """
    found: dict[str, Predictive] = {}
    left_out = []
    for name, part in table.groupby("architecture", sort=True):
        try:
            found[str(name)] = predictive_of(part, known.get(str(name)))
        except FitError as error:
            if error.finding is None:  # a wrong argument
                raise
            left_out.append(Reason.NOT_COMPARED(name=name, why=error.finding))
    return found, left_out


def predictive_of(part: pd.DataFrame, known: Predictive | None = None) -> Predictive:
    """Of the points of one architecture: the known one if it saw the same.

    Raises FitError where there are too few.
    """
    means = part.groupby("n")["value"].mean()
    if known is not None and _saw(known, means):
        return tabulated(known)
    return tabulated(predict_curve(read_points(part)))


def _saw(known: Predictive, means: pd.Series) -> bool:
    same_sizes = np.array_equal(known.curve.n, means.index)
    return same_sizes and np.allclose(known.curve.value, means, rtol=1e-9)
