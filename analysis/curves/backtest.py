"""A learning curve tests its own forecasts: it predicts each larger size from smaller ones."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.curves.forecast import Forecast, forecast
from analysis.reasons import FitError

AHEAD = 1.4  # a forecast looks at least this factor ahead
MOST = 7  # sizes predicted, of a long curve those evenly spaced in ln n
COLUMNS = ["n", "from_n", "steps", "predicted", "low", "high", "measured", "inside", "miss"]


def backtest(
    n: ArrayLike,
    value: ArrayLike,
    *,
    se: ArrayLike | None = None,
    test_se: ArrayLike | None = None,
    confidence: float = 0.9,
) -> pd.DataFrame:
    """Each larger size predicted from smaller ones; empty below 4 sizes.

    n, value, se, test_se: (points,) as in `forecast`.

    Returns rows, the newest forecast of each size first, with columns
    n, from_n: the size predicted, from the sizes up to from_n.
    steps: how many sizes ahead that is; 1 is the newest forecast of a size.
    predicted, low, high: median and interval, in units of `value`.
    measured: mean over replicates.
    inside: whether it lies in the interval.
    miss: measured / predicted - 1.
    """
    n = np.asarray(n, dtype=float)
    value = np.asarray(value, dtype=float)
    measured = pd.Series(value).groupby(n).mean()
    errors = {"se": se, "test_se": test_se}
    known = {name: np.asarray(one) for name, one in errors.items() if one is not None}
    ends = _ends(measured.index.to_numpy())
    tables = []
    for i, end in enumerate(ends[:-1]):
        seen = n <= end
        at = np.array(ends[i + 1 :])
        then: dict[str, Any] = {name: one[seen] for name, one in known.items()}
        try:
            found = forecast(n[seen], value[seen], at, confidence=confidence, **then)
        except FitError:
            continue
        tables.append(_compared(found, measured[at].to_numpy(), end))
    if not tables:
        return pd.DataFrame(columns=COLUMNS)
    return pd.concat(tables).sort_values(["steps", "n"], ignore_index=True)


def _compared(found: Forecast, measured: np.ndarray, end: float) -> pd.DataFrame:
    columns = {
        "n": found.at,
        "from_n": np.full(len(measured), end),
        "steps": np.arange(1, len(measured) + 1),
        "predicted": found.median,
        "low": found.low,
        "high": found.high,
        "measured": measured,
        "inside": (found.low <= measured) & (measured <= found.high),
        "miss": measured / found.median - 1,
    }
    return pd.DataFrame(columns)


def _ends(sizes: np.ndarray) -> list[float]:
    """The sizes at which the curve is cut or predicted.

    From the third on, AHEAD apart, counted from the largest.
    """
    kept = [float(sizes[-1])]
    for size in sizes[2:-1][::-1]:
        if kept[-1] >= AHEAD * size:
            kept.append(float(size))
    kept = kept[::-1]
    if len(kept) > MOST + 1:
        kept = [kept[i] for i in np.linspace(0, len(kept) - 1, MOST + 1).round().astype(int)]
    return kept
