"""A learning curve grades its own forecasts: from its smaller sizes each larger one is predicted."""

import numpy as np
import pandas as pd

from analysis.fits.curve import FitError
from analysis.forecast import forecast

AHEAD = 1.4  # a forecast looks at least this factor ahead
MOST = 7  # sizes predicted, of a long curve those evenly spaced in ln n
COLUMNS = ["n", "from_n", "steps", "predicted", "low", "high", "measured", "inside", "miss"]


def backtest(n, loss, *, se=None, confidence=0.9) -> pd.DataFrame:
    """Each larger size predicted from the sizes up to from_n, the newest forecast of each first (steps = 1).

    n, loss, se (points,) as in `forecast`. measured: mean over replicates; inside: whether it lies in the interval;
    miss: measured / predicted - 1. Empty where fewer than 4 sizes were measured.
    """
    n, loss = np.asarray(n, dtype=float), np.asarray(loss, dtype=float)
    measured = pd.Series(loss).groupby(n).mean()
    se = np.full(len(n), np.nan) if se is None else np.asarray(se, dtype=float)
    ends, rows = _ends(measured.index.to_numpy()), []
    for i, end in enumerate(ends[:-1]):
        seen, at = n <= end, np.array(ends[i + 1 :])
        try:
            told = forecast(n[seen], loss[seen], at, se=_known(se[seen]), confidence=confidence)
        except FitError:
            continue
        rows.append(_compare(told, measured[at].to_numpy(), end))
    if not rows:
        return pd.DataFrame(columns=COLUMNS)
    return pd.concat(rows).sort_values(["steps", "n"], ignore_index=True)


def _known(se):
    return None if np.isnan(se).all() else se


def _compare(told, measured, end):
    inside = (told.low <= measured) & (measured <= told.high)
    steps, miss = np.arange(1, len(measured) + 1), measured / told.median - 1
    parts = (told.at, np.full(len(measured), end), steps, told.median, told.low, told.high, measured, inside, miss)
    return pd.DataFrame(dict(zip(COLUMNS, parts)))


def _ends(sizes):
    """The sizes at which the curve is cut or predicted: from the third on, AHEAD apart, counted from the largest."""
    kept = [float(sizes[-1])]
    for size in sizes[2:-1][::-1]:
        if kept[-1] >= AHEAD * size:
            kept.append(float(size))
    kept = kept[::-1]
    if len(kept) > MOST + 1:
        kept = [kept[i] for i in np.linspace(0, len(kept) - 1, MOST + 1).round().astype(int)]
    return kept
