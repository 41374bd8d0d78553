"""Results in the terms of whoever reads them, for JSON: gaps become scores again."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis.curves.conclusion import TIMES
from analysis.curves.forecast import Forecast
from analysis.curves.power_law import PowerLaw
from analysis.diagnostics.diagnosis import Diagnosis
from analysis.diagnostics.search import test_of
from tracking.measures import find_measure

SIZE = ("times", "n", "median", "low", "high")  # of a forecast, for each size


def described(measure: str) -> dict[str, Any]:
    """What a measure is."""
    found = find_measure(measure)
    return {
        "name": found.name,
        "unit": found.unit,
        "best": found.best,
        "higher_is_better": found.is_score,
    }


def shown_table(table: pd.DataFrame, measure: str, *columns: str) -> pd.DataFrame:
    """A table whose columns of gaps are as the reader knows them; low stays below high."""
    found = find_measure(measure)
    turned = table.assign(**{name: found.shown(table[name]) for name in columns})
    if found.is_score and {"low", "high"} <= set(columns):
        turned = turned.assign(low=turned["high"], high=turned["low"])
    return turned


def shown_law(law: PowerLaw, measure: str) -> dict[str, Any]:
    """a and b as fitted; c is what any amount of data would bring: a floor, or a ceiling.

    The value at n is c + a n^-b, or of a score c - a n^-b.
    """
    low, high = _interval(law.c_low, law.c_high, measure)
    c = find_measure(measure).shown(law.c)
    return {**vars(law), "c": c, "c_low": low, "c_high": high}


def shown_forecast(found: Forecast, measure: str) -> list[dict[str, Any]]:
    """The forecast at each size."""
    medians = find_measure(measure).shown(found.median)
    low, high = _interval(found.low, found.high, measure)
    rows = zip(TIMES, found.at, medians, low, high)
    return [dict(zip(SIZE, row)) for row in rows]


def _interval(low: Any, high: Any, measure: str) -> tuple[Any, Any]:
    found = find_measure(measure)
    ends = (found.shown(low), found.shown(high))
    return (ends[1], ends[0]) if found.is_score else ends


def shown_diagnosis(diagnosis: Diagnosis, measure: str, chooser: str) -> dict[str, Any]:
    """The tables of a diagnosis. What is relative, is so to the gap.

    chooser: the measure that chose step and sample, in which the search is judged.
    """
    best = shown_table(diagnosis.expected_best, chooser, "expected", "low", "high")
    test = test_of(measure)
    if test in best:
        best = shown_table(best, measure, test)
    adequacy = shown_table(diagnosis.adequacy, chooser, "half", "full", "low", "high")
    held_out = shown_table(diagnosis.held_out, measure, "predicted", "low", "high", "measured")
    return {
        **vars(diagnosis),
        "expected_best": best,
        "adequacy": adequacy,
        "held_out": held_out,
    }


def shown_prices(prices: Mapping[str, Any], measure: str) -> dict[str, Any]:
    """The fields of settled Prices, the target as its reader knows it."""
    return {**prices, "target": find_measure(measure).shown(prices["target"])}
