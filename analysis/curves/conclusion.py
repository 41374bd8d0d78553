"""What is concluded about each learning curve of a table."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.curves.backtest import COLUMNS, backtest
from analysis.curves.curve import check_confidence, read_points, without_each_seed
from analysis.curves.data_needed import DataNeeded, needed_from
from analysis.curves.forecast import Forecast, forecast_curve
from analysis.curves.power_law import PowerLaw, fit_curve, head_length
from analysis.reasons import Finding, FitError, Reason
from tracking.measures import Measure, find_measure

TIMES = (2, 10, 50)  # the data: where every curve is forecast


@dataclass(frozen=True)
class Conclusion:
    """What is concluded about one architecture.

    architecture: its name.
    sizes: how many were measured.
    largest_n: the largest of them, in examples.
    value: measured at largest_n, mean over data seeds; a gap (tracking/measures.py).
    measured: the same by every measure that is known, as its reader knows it: name -> value.
    reason: why nothing can be fitted; None where it can.
    law, forecast: None where nothing can be fitted.
    needed: examples that reach the target; None without one.
    """

    architecture: str
    sizes: int
    largest_n: float
    value: float
    measured: Mapping[str, float]
    reason: Finding | None = None
    law: PowerLaw | None = None
    forecast: Forecast | None = None
    needed: DataNeeded | None = None


def conclude_curve(
    name: str,
    points: pd.DataFrame,
    measure: str = "loss",
    confidence: float = 0.9,
    target: float | None = None,
) -> Conclusion:
    """Conclusion about one architecture.

    points: of its curve (analysis/selection.py); n and value of `measure`, maybe se, test_se,
        best_guess and data_seed.
    measure: its text.
    confidence: of all intervals.
    target: in units of the measure.

    Raises FitError for a confidence out of range.
    """
    judged = find_measure(measure)
    known = _measured(name, points, judged)
    if bad := _not_above_zero(points):
        return replace(known, reason=bad)
    check_confidence(confidence)
    try:
        curve = read_points(points)
        head = head_length(curve)
        used = curve.cut(slice(head, None))
        others = without_each_seed(points, used.n[0])
    except FitError as error:
        if error.finding is None:
            raise
        return replace(known, reason=error.finding)
    law = fit_curve(curve, used, others, confidence)
    found = forecast_curve(curve, head, known.largest_n * np.array(TIMES), confidence)
    if math.isfinite(judged.most):
        found = found.at_most(judged.most)
    needed = None if target is None else needed_from(found.predictive, target, confidence)
    return replace(known, law=law, forecast=found, needed=needed)


def backtests(table: pd.DataFrame, confidence: float = 0.9) -> pd.DataFrame:
    """Each architecture's own past forecasts: architecture and the columns of `backtest`.

    table: points of learning curves, as analysis/selection.py gives them.
    """
    parts = [pd.DataFrame(columns=["architecture", *COLUMNS])]
    for name, curve in table.groupby("architecture", sort=True):
        known = {one: curve.get(one) for one in ("se", "test_se")}
        past = backtest(curve["n"], curve["value"], confidence=confidence, **known)
        parts.append(past.assign(architecture=name))
    return pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)


def _measured(name: str, curve: pd.DataFrame, measure: Measure) -> Conclusion:
    """What is known without a fit."""
    largest = curve[curve["n"] == curve["n"].max()]
    value = float(largest["value"].mean())
    measured = {
        column.removeprefix("test_"): float(largest[column].mean())
        for column in largest
        if column.startswith("test_") and column != "test_se" and largest[column].notna().any()
    }
    return Conclusion(
        architecture=name,
        sizes=curve["n"].nunique(),
        largest_n=largest["n"].iloc[0],
        value=value,
        measured=measured
        if measure.name in measured
        else {measure.name: measure.shown(value)},
    )


def _not_above_zero(curve: pd.DataFrame) -> Finding | None:
    """A value that no fit takes; a zero may be one of several replicates: it is seen later."""
    values = curve["value"].to_numpy(dtype=float)
    bad = ~((values >= 0) & np.isfinite(values))
    if not bad.any():
        return None
    first = int(bad.argmax())
    return Reason.NOT_ABOVE_ZERO(n=float(curve["n"].iloc[first]), value=float(values[first]))
