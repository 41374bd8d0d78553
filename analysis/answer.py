"""The whole answer about a table of learning curves; analysis/sections.py says it in words and tables."""

import math
from dataclasses import asdict, dataclass, replace

import numpy as np
import pandas as pd

from analysis.backtest import backtest
from analysis.forecast import DataNeeded, Forecast, forecast, needed_from
from analysis.powerlaw import FitError, PowerLaw, fit_power_law

TIMES = (2, 10, 50)  # the data: where every curve is forecast


@dataclass(frozen=True)
class Conclusion:
    """What is concluded about one architecture; law and forecast are None where nothing can be fitted, and `reason`
    says why. needed is None without a target; backtest: its own past forecasts, see analysis/backtest.py."""

    architecture: str
    law: PowerLaw | None
    reason: str
    sizes: int
    largest_n: float
    loss: float  # nats, measured at largest_n, mean over data seeds; NaN where unknown
    error: float  # fraction
    forecast: Forecast | None = None
    needed: DataNeeded | None = None
    backtest: pd.DataFrame | None = None


def conclude(table: pd.DataFrame, metric: str = "loss", confidence: float = 0.9, target: float | None = None):
    """A Conclusion for each architecture of a table of points (architecture, n, loss, perhaps se)."""
    curves = table.groupby("architecture", sort=True)
    return [_conclude(name, curve, metric, confidence, target) for name, curve in curves]


def _conclude(name, curve, metric, confidence, target) -> Conclusion:
    largest = curve[curve["n"] == curve["n"].max()]
    units = ("loss", "error")
    measured = {unit: largest[f"test_{unit}"].mean() if f"test_{unit}" in largest else math.nan for unit in units}
    if math.isnan(measured[metric]):
        measured[metric] = largest["loss"].mean()
    known = Conclusion(name, None, "", curve["n"].nunique(), largest["n"].iloc[0], **measured)
    se = curve["se"].to_numpy() if "se" in curve and curve["se"].notna().any() else None
    n, loss = curve["n"].to_numpy(dtype=float), curve["loss"].to_numpy(dtype=float)
    try:
        law = fit_power_law(n, loss, se=se, confidence=confidence)
        told = forecast(n, loss, known.largest_n * np.array(TIMES), se=se, confidence=confidence)
    except FitError as error:
        return replace(known, reason=str(error))
    needed = None if target is None else needed_from(told.predictive, target, confidence)
    past = backtest(n, loss, se=se, confidence=confidence)
    return replace(known, law=law, forecast=told, needed=needed, backtest=past)


def as_json(conclusions: list[Conclusion], **more) -> dict:
    """The same for machines: only what JSON allows; NaN becomes null and infinity the text "infinity"."""
    return plain({**more, "architectures": [_plain_conclusion(found) for found in conclusions]})


def _plain_conclusion(found: Conclusion) -> dict:
    values = {
        "architecture": found.architecture,
        "sizes": found.sizes,
        "largest_n": found.largest_n,
        "measured": {"loss": found.loss, "error": found.error},
        "reason": found.reason,
        "law": asdict(found.law) if found.law else None,
        "data_needed": asdict(found.needed) if found.needed else None,
        "forecast": None,
        "backtest": [],
    }
    if told := found.forecast:
        fields = ("confidence", "weights", "n_min", "n_max", "backtest", "grade", "warnings")
        rows = zip(TIMES, told.at, told.median, told.low, told.high)
        sizes = [dict(zip(("times", "n", "median", "low", "high"), row)) for row in rows]
        values["forecast"] = {name: getattr(told, name) for name in fields} | {"sizes": sizes}
        values["backtest"] = found.backtest.to_dict("records")
    return values


def plain(value):
    """`value` with dictionaries, lists, text, numbers and None only."""
    if isinstance(value, dict):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, pd.DataFrame):
        return plain(value.to_dict("records"))
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(part) for part in value]
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return None if math.isnan(value) else float(value) if math.isfinite(value) else "infinity"
    return value if value is None or isinstance(value, str) else str(value)
