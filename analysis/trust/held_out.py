"""Forecasts made before the largest sizes were trained: logged to the study's run, scored when they are measured."""

import io
from datetime import UTC, datetime

import numpy as np
import pandas as pd
from mlflow.entities import Metric, RunTag
from mlflow.exceptions import MlflowException

from analysis.fits.curve import FitError
from analysis.forecast import forecast
from analysis.runs import StoreError, best_runs, load_runs, open_store, points, study_file, study_run

FILE, SCORED = "forecast/held_out.csv", "forecast/scored.csv"
METRICS = ("loss", "error")
COLUMNS = ["architecture", "metric", "n", "predicted", "low", "high", "confidence", "grade", "from_n", "made"]
SCORES = [*COLUMNS, "measured", "inside", "miss"]


def forecast_held_out(study: str, sizes: list[int], confidence: float = 0.9) -> pd.DataFrame:
    """Forecast the sizes for every architecture and log the table to the study's run; returns what was added.

    A forecast once made stays as it is. An architecture of which a size is trained already gets none: that would be no
    forecast. StoreError where this leaves none.
    """
    client, runs = open_store(), load_runs(study)
    parent = study_run(client, study)
    if parent is None:
        raise StoreError(f"study '{study}' has no run of its own to log a forecast to")
    before, best, ended = standing(held_out(study), runs), best_runs(runs), runs.dropna(subset="n_train")
    told, trained = (
        set(zip(table["architecture"], table[n].astype(int))) for table, n in ((before, "n"), (ended, "n_train"))
    )
    new = {name: [n for n in sizes if (name, n) not in told] for name in best["architecture"].unique()}
    late = sorted({n for name, missing in new.items() for n in missing if (name, n) in trained})
    new = {name: missing for name, missing in new.items() if not trained & {(name, n) for n in missing}}
    if late and not any(new.values()):
        raise StoreError(f"n = {', '.join(map(str, late))} is trained already; a forecast must come before")
    added = pd.concat([_forecasts(best, metric, new, confidence) for metric in METRICS])
    if len(added):
        log_forecasts(client, parent.info.run_id, pd.concat([before, added]) if len(before) else added, added)
    return added


def _forecasts(best, metric, new, confidence):
    made, rows = datetime.now(UTC).isoformat(timespec="seconds"), []
    for name, curve in points(best, metric).groupby("architecture", sort=True):
        seen = curve[curve["n"] < min(new.get(name, ()), default=0)]
        try:
            told = forecast(seen["n"], seen["loss"], np.array(new.get(name, ()), dtype=float), confidence=confidence)
        except FitError:
            continue  # the report says for each architecture why it has no law
        rows += [
            (name, metric, n, *values, confidence, told.grade, int(seen["n"].max()), made)
            for n, *values in zip(new[name], told.median, told.low, told.high)
        ]
    return pd.DataFrame(rows, columns=COLUMNS)


def log_forecasts(client, run_id: str, table: pd.DataFrame, added: pd.DataFrame) -> None:
    """Log a table of forecasts to a study's run, and those that were added to it as metrics."""
    client.log_text(run_id, table.to_csv(index=False), FILE)
    metrics = [
        Metric(f"forecast_{value}.{row.architecture}", getattr(row, value), 0, int(row.n))  # step: the size
        for row in added[added["metric"] == "loss"].itertuples()
        for value in ("predicted", "low", "high")
    ]
    tags = {"held_out": ",".join(str(n) for n in sorted(set(table["n"]))), "forecast_made": added["made"].iloc[0]}
    client.log_batch(run_id, metrics=metrics, tags=[RunTag(*pair) for pair in tags.items()])


def held_out(study: str, tracking_uri: str | None = None) -> pd.DataFrame:
    """The forecasts that were logged before training; empty where there are none, or their file is gone."""
    client = open_store(tracking_uri)
    parent = study_run(client, study)
    if parent is None or "held_out" not in parent.data.tags:
        return pd.DataFrame(columns=COLUMNS)
    try:
        return pd.read_csv(io.StringIO(study_file(parent, FILE)))
    except (MlflowException, OSError):  # a store that was moved without its files
        return pd.DataFrame(columns=COLUMNS)


def standing(told: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """The forecasts that came after runs they can have been made from, and before any run of what they foretell.

    Others do not count: where runs were deleted and trained anew, say.
    """
    done = runs[runs["status"] == "FINISHED"]

    def stands(row) -> bool:
        mine, made = done[done["architecture"] == row.architecture], pd.Timestamp(row.made)  # in whole seconds
        seen, foretold = mine[mine["n_train"] <= row.from_n], mine[mine["n_train"] == row.n]
        return (seen["started"] < made + pd.Timedelta(seconds=1)).any() and not (foretold["started"] < made).any()

    return told[np.array([stands(row) for row in told.itertuples()], dtype=bool)].reset_index(drop=True)


def score_held_out(told: pd.DataFrame, table: pd.DataFrame, metric: str = "loss") -> pd.DataFrame:
    """The forecasts of this metric beside what was measured since (mean over data seeds; NaN where not yet)."""
    told = told[told["metric"] == metric]
    mean = table.groupby(["architecture", "n"])["loss"].mean()
    measured = [mean.get((name, n), np.nan) for name, n in zip(told["architecture"], told["n"])]
    scored = told.assign(measured=np.array(measured, dtype=float))
    inside = scored["measured"].between(scored["low"], scored["high"]).astype(object)
    scored["inside"] = inside.where(scored["measured"].notna(), None)
    scored["miss"] = scored["measured"] / scored["predicted"] - 1
    return scored[SCORES].reset_index(drop=True)


def log_scores(client, run_id: str, scored: pd.DataFrame) -> None:
    """Log the table and, once something is measured, the share inside and the typical miss."""
    known = scored[scored["measured"].notna()]
    if known.empty:
        return
    client.log_text(run_id, scored.to_csv(index=False), SCORED)
    typical = float(np.sqrt(np.mean(np.log(known["measured"] / known["predicted"]) ** 2)))
    values = {"held_out_inside": float(known["inside"].astype(float).mean()), "held_out_miss": typical}
    client.log_batch(run_id, metrics=[Metric(name, value, 0, 0) for name, value in values.items()])
