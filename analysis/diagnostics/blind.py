"""Forecasts graded blind: of curves that nobody had trained when the forecast was logged."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

CURVE = ["architecture"]


@dataclass(frozen=True)
class Tally:
    """How many forecasts held.

    points: measured sizes that were forecast.
    inside: those in their interval.
    curves: learning curves that they belong to. Points of one curve miss together, so this is
        the number of independent tries.
    curves_inside: those with all of their points in their intervals.
    miss: root mean square of ln(measured / predicted); nan where nothing is measured.
    """

    points: int
    inside: int
    curves: int
    curves_inside: int
    miss: float


def is_blind(forecasts: pd.DataFrame, runs: pd.DataFrame) -> pd.Series:
    """Which forecasts came before every trial of what they foretell.

    A trial of the same architecture on more examples than the forecast saw shows how the curve
    goes on, whichever study trained it and for what: then the forecast is none.

    forecasts: with the columns of tracking.forecasts.COLUMNS.
    runs: of all studies of that dataset and search space, as load_runs gives them.
    """
    started = runs.dropna(subset=["n_train", "started"])
    began = pd.to_datetime(started["started"], utc=True)

    def stands(row: pd.Series) -> bool:
        mine = started["architecture"].eq(row["architecture"])
        beyond = mine & started["n_train"].gt(row["from_n"])
        return not (began[beyond] < pd.Timestamp(row["made"])).any()

    kept = [stands(row) for _, row in forecasts.iterrows()]
    return pd.Series(kept, forecasts.index, dtype=bool)


def tally(scored: pd.DataFrame, curve: list[str] = CURVE) -> Tally:
    """Count forecasts that held, by point and by curve.

    scored: from logged_forecasts.score_held_out.
    curve: columns that name one curve.
    """
    known = scored[scored["measured"].notna()]
    inside = known["inside"].astype(bool)
    whole = inside.groupby([known[name] for name in curve]).all()
    misses = np.log((known["measured"] / known["predicted"]).to_numpy(dtype=float))
    return Tally(
        points=len(known),
        inside=int(inside.sum()),
        curves=len(whole),
        curves_inside=int(whole.sum()),
        miss=float(np.sqrt(np.mean(misses**2))) if len(known) else np.nan,
    )
