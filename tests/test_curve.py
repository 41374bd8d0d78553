"""A learning curve as the fits see it: replicates pooled, test noise kept, the head told."""

import numpy as np
import pandas as pd
import pytest
from test_selection import table_of

from analysis import FitError, fit_power_law, forecast
from analysis.curves.backtest import backtest
from analysis.curves.curve import known_of, read_curve, read_points, thinned
from analysis.curves.power_law import head_length
from analysis.selection import points

SIZES = 100 * 2.0 ** np.arange(8)
LOSS = 3 * SIZES**-0.35


def with_head(best_guess):
    """A curve that saturates at best_guess, then falls as n^-0.8 from n = 400 on."""
    n = 50 * 2.0 ** np.arange(13)
    return n, best_guess / (1 + (n / 400) ** 0.8)


def test_points_carry_the_noise_of_the_test_set_and_the_best_guess():
    runs = table_of(("cnn", 100, 0, 0, "FINISHED", 0.9)).assign(samples=1, classes=10)
    runs = runs.assign(test_loss_se=0.02, test_error_se=0.004)
    (loss,) = points(runs, "loss").to_dict("records")
    (error,) = points(runs, "error").to_dict("records")
    assert (loss["test_se"], error["test_se"]) == (0.02, 0.004)
    assert (loss["best_guess"], error["best_guess"]) == pytest.approx((np.log(10), 0.9))


def test_points_of_earlier_runs_do_not_know_them():
    earlier = points(table_of(("cnn", 100, 0, 0, "FINISHED", 0.9)).assign(samples=1))
    assert earlier[["test_se", "best_guess"]].isna().all(axis=None)


def test_noise_that_is_not_known_changes_nothing():
    unknown = np.full(8, np.nan)
    plain = forecast(SIZES, LOSS, 1e5)
    same = forecast(SIZES, LOSS, 1e5, se=unknown, test_se=unknown, best_guess=np.nan)
    assert np.array_equal([*plain.low, *plain.high], [*same.low, *same.high])
    assert fit_power_law(SIZES, LOSS) == fit_power_law(SIZES, LOSS, test_se=unknown)


def test_replicates_do_not_average_the_noise_of_the_test_set_out():
    replicated = np.repeat(SIZES, 25)
    noise = 0.05 * LOSS
    seed = read_curve(replicated, np.repeat(LOSS, 25), np.repeat(noise, 25))
    test = read_curve(replicated, np.repeat(LOSS, 25), test_se=np.repeat(noise, 25))
    assert seed.error == pytest.approx(0.05 / 5, rel=0.03)
    assert test.error == pytest.approx(0.05, rel=0.03)


def test_a_forecast_holds_the_noise_of_the_test_set():
    quiet = forecast(SIZES, LOSS, 2 * SIZES[-1])
    noisy = forecast(SIZES, LOSS, 2 * SIZES[-1], test_se=0.1 * LOSS)
    assert np.log(noisy.high / noisy.low) > np.log(quiet.high / quiet.low) + 0.1
    assert noisy.high / noisy.low - 1 > np.exp(2 * 1.6 * 0.1) - 1


def test_past_forecasts_hold_it_too():
    past = {}
    for name, test_se in (("quiet", None), ("noisy", 0.1 * LOSS)):
        found = backtest(SIZES, LOSS, test_se=test_se).query("steps == 1")
        past[name] = np.log((found["high"] / found["low"]).astype(float))
    assert (past["noisy"] > past["quiet"]).all()


def test_the_columns_of_points_are_read_in_one_place():
    table = pd.DataFrame({"n": SIZES, "value": LOSS, "se": 0.01, "test_se": 0.02})
    table["best_guess"] = 2.3
    curve = read_points(table)
    assert curve.best_guess == 2.3 and (curve.test > 0).all()
    assert set(known_of(table)) == {"se", "test_se", "best_guess"}
    bare = read_points(table[["n", "value"]])
    assert np.isnan(bare.best_guess) and not bare.test.any()


def test_a_thinned_curve_keeps_what_is_known():
    n = np.geomspace(100, 1e5, 90)
    curve = thinned(read_curve(n, n**-0.3, test_se=0.05 * n**-0.3, best_guess=2.3))
    assert curve.best_guess == 2.3 and curve.test == pytest.approx(0.05)


def test_wrong_standard_errors_are_refused_by_name():
    with pytest.raises(FitError, match=r"test_se must be zero or positive, got -1"):
        read_curve(SIZES, LOSS, test_se=[-1] * 8)
    with pytest.raises(FitError, match=r"n and test_se must have the same length"):
        forecast(SIZES, LOSS, 1e5, test_se=[0.1])


def test_points_near_the_best_guess_are_the_head():
    n, loss = with_head(2.3)
    head = head_length(read_curve(n, loss, best_guess=2.3))
    assert head and (loss[:head] > 1.15).all()


def test_a_bend_far_below_the_best_guess_is_no_head():
    n, loss = with_head(0.85)
    assert head_length(read_curve(n, loss, best_guess=np.log(10))) == 0
    assert fit_power_law(n, loss, best_guess=np.log(10)).n_min == n[0]


def to_a_high_floor():
    n = 25.0 * 2 ** np.arange(12)
    return n, np.minimum(0.8 + 60 / n, 1.4)


def test_how_near_the_best_guess_is_counts_from_the_floor():
    n, loss = to_a_high_floor()
    head = head_length(read_curve(n, loss, best_guess=1.4))
    assert head and (loss[:head] > 1.1).all()
    assert fit_power_law(n, loss, best_guess=1.4).b == pytest.approx(1, abs=0.05)


def test_a_head_near_the_best_guess_does_not_bend_the_forecast():
    n, loss = to_a_high_floor()
    head = head_length(read_curve(n, loss, best_guess=1.4))
    late = forecast(n[head:], loss[head:], n[-1] * 4)
    known = forecast(n, loss, n[-1] * 4, best_guess=1.4)
    assert known.median == pytest.approx(late.median)
    assert known.median != pytest.approx(forecast(n, loss, n[-1] * 4).median)


def test_where_the_best_guess_is_unknown_only_a_plateau_is_a_head():
    n, loss = with_head(0.85)
    head = head_length(read_curve(n, loss))
    assert (loss[:head] >= 0.9 * loss[0]).all()
    flat = np.minimum(9 * n**-0.3, 0.9)
    assert head_length(read_curve(n, flat)) >= 4
