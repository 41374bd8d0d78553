"""Forecasts made before the largest sizes were trained.

They are logged to the study's run, and scored when those sizes are measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.curves.curve import known_of
from analysis.curves.forecast import forecast
from analysis.reasons import FitError
from analysis.selection import best_runs, points
from tracking.csv_cells import as_csv
from tracking.errors import StoreError
from tracking.forecasts import COLUMNS, log_forecasts, read_forecasts, standing
from tracking.measures import Measure, find_measure
from tracking.runs import load_runs, measures_of

if TYPE_CHECKING:
    from mlflow import MlflowClient

SCORES_FILE = "forecast/scored.csv"
SCORES = [*COLUMNS, "measured", "inside", "miss"]

Sizes = Mapping[str, list[int]]  # architecture -> sizes


def forecast_held_out(study: str, sizes: list[int], confidence: float = 0.9) -> pd.DataFrame:
    """Forecast the sizes for every architecture and log the table to the study's run.

    Returns what was added. A forecast once made stays as it is. An architecture of which a
    size is trained already gets none: that would be no forecast. Raises StoreError where this
    leaves none.
    """
    from tracking.store import open_store, study_run

    client = open_store(write=True)
    runs = load_runs(study)
    parent = study_run(client, study)
    if parent is None:
        raise StoreError(f"study '{study}' has no run of its own to log a forecast to")
    before = standing(read_forecasts(study), runs)
    best = best_runs(runs)
    new = _untrained(_not_forecast(best, before, sizes), runs)
    parts = [_forecasts(best, measure, new, confidence) for measure in measures_of(runs)]
    added = pd.concat(parts)
    if len(added):
        table = pd.concat([before, added]) if len(before) else added
        log_forecasts(client, parent.info.run_id, table, added)
    return added


def _not_forecast(best: pd.DataFrame, before: pd.DataFrame, sizes: list[int]) -> Sizes:
    """Of each architecture the sizes that have no forecast yet."""
    made = set(zip(before["architecture"], before["n"].astype(int)))
    return {
        name: [n for n in sizes if (name, n) not in made]
        for name in best["architecture"].unique()
    }


def _untrained(sizes: Sizes, runs: pd.DataFrame) -> Sizes:
    """Without the architectures of which one of the sizes is trained already.

    Raises StoreError where that is why nothing is left.
    """
    ended = runs.dropna(subset="n_train")
    trained = set(zip(ended["architecture"], ended["n_train"].astype(int)))
    late = {
        name: [n for n in missing if (name, n) in trained] for name, missing in sizes.items()
    }
    left = {name: missing for name, missing in sizes.items() if not late[name]}
    too_late = sorted({n for missing in late.values() for n in missing})
    if too_late and not any(left.values()):
        known = ", ".join(map(str, too_late))
        raise StoreError(f"n = {known} is trained already; a forecast must come before")
    return left


def _forecasts(
    best: pd.DataFrame, measure: str, sizes: Sizes, confidence: float
) -> pd.DataFrame:
    """Of each architecture that has a law; the report says why others have none.

    What is logged is as the reader knows the measure (tracking/measures.py).
    """
    judged = find_measure(measure)
    made = datetime.now(UTC).isoformat(timespec="seconds")
    tables = [pd.DataFrame(columns=COLUMNS)]
    for name, curve in points(best, measure).groupby("architecture", sort=True):
        at = sizes.get(name, [])
        seen = curve[curve["n"] < min(at, default=0)]
        try:
            found = forecast(
                seen["n"],
                seen["value"],
                np.array(at, dtype=float),
                confidence=confidence,
                **known_of(seen),
            )
        except FitError:
            continue
        ends = (judged.shown(found.low), judged.shown(found.high))
        low, high = reversed(ends) if judged.is_score else ends
        columns = {
            "architecture": name,
            "metric": judged.name,
            "n": at,
            "predicted": judged.shown(found.median),
            "low": low,
            "high": high,
            "confidence": confidence,
            "grade": found.grade,
            "from_n": int(seen["n"].max()),
            "made": made,
        }
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables[1:] or tables, ignore_index=True)


def score_held_out(
    forecasts: pd.DataFrame, curves: pd.DataFrame, measure: str = "loss"
) -> pd.DataFrame:
    """The forecasts of one measure beside what was measured since.

    forecasts: as read_forecasts gives them.
    curves: points of the learning curves by that measure.

    Returns the columns of the forecasts, as gaps (tracking/measures.py), and
    measured: mean over data seeds; nan where not yet.
    inside: whether it lies in the interval; None where not yet.
    miss: measured / predicted - 1.
    """
    judged = find_measure(measure)
    forecasts = _as_gaps(forecasts[forecasts["metric"] == judged.name], judged)
    mean = curves.groupby(["architecture", "n"])["value"].mean()
    cells = zip(forecasts["architecture"], forecasts["n"])
    measured = np.array([mean.get(cell, np.nan) for cell in cells], dtype=float)
    scored = forecasts.assign(measured=measured)
    inside = scored["measured"].between(scored["low"], scored["high"]).astype(object)
    scored["inside"] = inside.where(scored["measured"].notna(), None)
    scored["miss"] = scored["measured"] / scored["predicted"] - 1
    return scored[SCORES].reset_index(drop=True)


def _as_gaps(forecasts: pd.DataFrame, judged: Measure) -> pd.DataFrame:
    ends = (judged.gap(forecasts["low"]), judged.gap(forecasts["high"]))
    low, high = reversed(ends) if judged.is_score else ends
    return forecasts.assign(predicted=judged.gap(forecasts["predicted"]), low=low, high=high)


def log_scores(
    client: MlflowClient, run_id: str, scored: pd.DataFrame, measure: str = "loss"
) -> None:
    """Log the table and, once something is measured, the share inside and the typical miss.

    scored: from score_held_out; it is logged as the reader knows the measure.
    """
    from mlflow.entities import Metric

    known = scored[scored["measured"].notna()]
    if known.empty:
        return
    shown = _as_gaps(scored, find_measure(measure))  # gap and value swap by the same rule
    client.log_text(run_id, as_csv(shown), SCORES_FILE)
    misses = np.log(known["measured"] / known["predicted"])
    values = {
        "held_out_inside": float(known["inside"].astype(float).mean()),
        "held_out_miss": float(np.sqrt(np.mean(misses**2))),
    }
    metrics = [Metric(name, value, 0, 0) for name, value in values.items()]
    client.log_batch(run_id, metrics=metrics)
