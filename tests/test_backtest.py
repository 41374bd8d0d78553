"""A learning curve tests its own forecasts."""

import numpy as np
import pytest

from analysis import forecast
from analysis.curves.backtest import MOST, backtest

SIZES = 100 * 2.0 ** np.arange(7)
LOSS = SIZES**-0.35 + 0.02


@pytest.fixture(scope="module")
def graded():
    return backtest(SIZES, LOSS)


def test_each_larger_size_is_predicted_from_every_smaller_set(graded):
    pairs = {(row.from_n, row.n) for row in graded.itertuples()}
    ends = SIZES[2:]
    assert pairs == {(small, large) for small in ends for large in ends if small < large}
    assert list(graded["steps"]) == sorted(graded["steps"])


def test_a_clean_law_is_predicted_within_its_intervals(graded):
    assert graded["inside"].all()
    assert graded["miss"].abs().max() < 0.1
    assert (graded["low"] < graded["predicted"]).all()
    assert (graded["predicted"] < graded["high"]).all()
    assert graded["measured"].to_numpy() == pytest.approx(
        graded["n"].to_numpy() ** -0.35 + 0.02
    )


def test_a_curve_that_breaks_off_is_said_to_miss():
    broken = np.where(SIZES > 1600, 1.5 * LOSS, LOSS)
    graded = backtest(SIZES, broken)
    first = graded[(graded["from_n"] == 1600) & (graded["n"] == 3200)].iloc[0]
    assert not first["inside"]
    assert first["miss"] > 0.3


def test_only_the_sizes_before_are_used():
    changed = np.append(LOSS[:-1], 7.0)
    predicted = [
        backtest(SIZES, loss).query("n < 6400")["predicted"].to_numpy()
        for loss in (LOSS, changed)
    ]
    assert np.array_equal(*predicted)


def test_replicates_are_compared_by_their_mean():
    graded = backtest(
        np.tile(SIZES[:4], 2), np.concatenate([LOSS[:4] * 0.98, LOSS[:4] * 1.02])
    )
    assert graded["measured"].to_numpy() == pytest.approx(LOSS[3:4])


def test_standard_errors_may_be_missing_for_some_or_all():
    se = np.full(len(SIZES), np.nan)
    assert len(backtest(SIZES[:5], LOSS[:5], se=se[:5])) == 3
    se[-1] = 0.01
    assert len(backtest(SIZES[:5], LOSS[:5], se=se[2:])) == 3


def test_three_sizes_leave_nothing_to_predict():
    assert backtest(SIZES[:3], LOSS[:3]).empty


def test_a_dense_curve_is_predicted_at_a_few_sizes_only():
    n = np.geomspace(100, 1e5, 60)
    graded = backtest(n, n**-0.3)
    assert graded["n"].nunique() <= MOST


def test_a_gap_too_wide_for_a_back_test_is_no_back_test():
    found = forecast(
        [100, 200, 400, 800, 1280, 12_800], [1, 0.8, 0.62, 0.5, 0.43, 0.21], 25_600
    )
    assert np.isfinite(found.backtest)
    assert np.isfinite([*found.low, *found.median, *found.high]).all()
