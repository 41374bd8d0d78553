"""The whole answer about a table of learning curves; analysis/presentation/sections.py says it in words and tables."""

import math
from dataclasses import asdict, dataclass, replace

import numpy as np
import pandas as pd

from analysis.fits.backtest import COLUMNS, backtest
from analysis.forecast import DataNeeded, Forecast, forecast, needed_from
from analysis.powerlaw import FitError, PowerLaw, fit_power_law

TIMES = (2, 10, 50)  # the data: where every curve is forecast


@dataclass(frozen=True)
class Conclusion:
    """What is concluded about one architecture; law and forecast are None where nothing can be fitted, and `reason`
    says why. needed is None without a target."""

    architecture: str
    law: PowerLaw | None
    reason: str
    sizes: int
    largest_n: float
    loss: float  # nats, measured at largest_n, mean over data seeds; NaN where unknown
    error: float  # fraction
    forecast: Forecast | None = None
    needed: DataNeeded | None = None


def conclude(table: pd.DataFrame, metric: str = "loss", confidence: float = 0.9, target: float | None = None):
    """A Conclusion for each architecture of a table of points (architecture, n, loss, perhaps se)."""
    curves = table.groupby("architecture", sort=True)
    return [conclude_curve(name, curve, metric, confidence, target) for name, curve in curves]


def conclude_curve(
    name: str, curve: pd.DataFrame, metric: str = "loss", confidence: float = 0.9, target: float | None = None
) -> Conclusion:
    """The same for the points of one architecture."""
    largest = curve[curve["n"] == curve["n"].max()]
    units = ("loss", "error")
    measured = {unit: largest[f"test_{unit}"].mean() if f"test_{unit}" in largest else math.nan for unit in units}
    if math.isnan(measured[metric]):
        measured[metric] = largest["loss"].mean()
    known = Conclusion(name, None, "", curve["n"].nunique(), largest["n"].iloc[0], **measured)
    n, loss, se = _arrays(curve)
    try:
        law = fit_power_law(n, loss, se=se, confidence=confidence, data_seed=curve.get("data_seed"))
        told = forecast(n, loss, known.largest_n * np.array(TIMES), se=se, confidence=confidence)
    except FitError as error:
        return replace(known, reason=error.args[0])
    if metric == "error":
        told = told.at_most(1.0)
    needed = None if target is None else needed_from(told.predictive, target, confidence)
    return replace(known, law=law, forecast=told, needed=needed)


def _arrays(curve):
    """n, loss, and se or None, of one architecture's points."""
    se = curve["se"].to_numpy() if "se" in curve and curve["se"].notna().any() else None
    return curve["n"].to_numpy(dtype=float), curve["loss"].to_numpy(dtype=float), se


def backtests(table: pd.DataFrame, confidence: float = 0.9) -> pd.DataFrame:
    """Each architecture's own past forecasts (analysis/fits/backtest.py), of a table of points as in `conclude`."""
    parts = [pd.DataFrame(columns=["architecture", *COLUMNS])]
    for name, curve in table.groupby("architecture", sort=True):
        n, loss, se = _arrays(curve)
        parts.append(backtest(n, loss, se=se, confidence=confidence).assign(architecture=name))
    return pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)


def as_json(conclusions: list[Conclusion], past: pd.DataFrame, **more) -> dict:
    """The same for machines: only what JSON allows; NaN becomes null and infinity the text "infinity".

    past: their backtests.
    """
    architectures = [_plain_conclusion(found, past) for found in conclusions]
    return plain({**more, "architectures": architectures})


def _plain_conclusion(found: Conclusion, past: pd.DataFrame) -> dict:
    values = {
        "architecture": found.architecture,
        "sizes": found.sizes,
        "largest_n": found.largest_n,
        "measured": {"loss": found.loss, "error": found.error},
        "reason": found.reason,
        "law": asdict(found.law) if found.law else None,
        "data_needed": asdict(found.needed) if found.needed else None,
        "forecast": None,
        "backtest": past.loc[past["architecture"] == found.architecture, COLUMNS].to_dict("records"),
    }
    if told := found.forecast:
        fields = ("confidence", "weights", "n_min", "n_max", "backtest", "grade", "warnings")
        rows = zip(TIMES, told.at, told.median, told.low, told.high)
        sizes = [dict(zip(("times", "n", "median", "low", "high"), row)) for row in rows]
        values["forecast"] = {name: getattr(told, name) for name in fields} | {"sizes": sizes}
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
