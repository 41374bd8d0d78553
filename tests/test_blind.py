"""Forecasts are graded blind, and counted by curve as well as by point."""

import numpy as np
import pandas as pd
import pytest

from analysis.diagnostics.blind import is_blind, tally

MADE = "2026-11-22T12:00:00+00:00"
FORECASTS = pd.DataFrame(
    {
        "architecture": ["cnn", "cnn", "mlp"],
        "n": [2000, 4000, 2000],
        "from_n": 1000,
        "made": MADE,
    }
)


def runs(*rows):
    columns = ["architecture", "n_train", "started"]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(started=pd.to_datetime(table["started"], utc=True))


EARLY = "2026-11-22T11:00:00"
LATE = "2026-11-22T13:00:00"


def test_only_trials_beyond_what_the_forecast_saw_spoil_it():
    seen = ("cnn", 1000, EARLY)
    assert is_blind(FORECASTS, runs(seen, ("cnn", 2000, LATE))).all()
    another = ("cnn", 8000, EARLY)  # no size that was forecast, but the curve was known there
    assert is_blind(FORECASTS, runs(seen, another)).tolist() == [False, False, True]


def test_trials_of_unknown_size_and_other_architectures_count_for_nothing():
    assert is_blind(FORECASTS, runs(("cnn", np.nan, EARLY), ("forest", 9000, EARLY))).all()


def test_no_forecasts_give_no_answers():
    assert is_blind(FORECASTS[:0], runs(("cnn", 9000, EARLY))).empty
    scored = FORECASTS[:0].assign(measured=np.nan, predicted=np.nan, inside=None)
    found = tally(scored)
    assert (found.points, found.curves) == (0, 0) and np.isnan(found.miss)


def test_a_curve_holds_where_all_of_its_points_do():
    scored = FORECASTS.assign(
        predicted=1.0, measured=[1.1, 2.0, np.nan], inside=[True, False, None]
    )
    more = pd.concat([scored, scored.assign(architecture="mlp", inside=[True, True, None])])
    found = tally(more)
    assert (found.points, found.inside) == (4, 3)
    assert (found.curves, found.curves_inside) == (2, 1)
    assert found.miss == pytest.approx(np.sqrt((np.log(1.1) ** 2 + np.log(2) ** 2) / 2))
