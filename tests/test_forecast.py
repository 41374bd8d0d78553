"""Forecasts and the data a target needs."""

import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import FitError, Reason, data_needed, forecast, predictive
from analysis.report.messages import say, say_error

SIZES = 200 * 2.0 ** np.arange(8)
AHEAD = SIZES[-1] * np.array([2, 10, 50])


def law(n, b=0.3, floor=0.0):
    """1 at the largest of SIZES without the floor, a share of the loss there."""
    return floor + (1 - floor) * (np.asarray(n) / SIZES[-1]) ** -b


def noisy(loss, noise, seed):
    return loss * np.exp(noise * np.random.default_rng(seed).standard_normal(len(loss)))


LOSS = noisy(law(SIZES, floor=0.2), 0.02, 1)


@pytest.mark.parametrize(("b", "floor"), [(0.2, 0), (0.5, 0), (0.3, 0.3), (0.5, 0.6)])
def test_noiseless_laws_are_continued(b, floor):
    found = forecast(SIZES, law(SIZES, b, floor), AHEAD)
    assert found.median == pytest.approx(law(AHEAD, b, floor), rel=0.2)
    assert found.median[:2] == pytest.approx(law(AHEAD[:2], b, floor), rel=0.1)
    assert found.median[:1] == pytest.approx(law(AHEAD[:1], b, floor), rel=0.01)
    assert np.all((found.low <= law(AHEAD, b, floor)) & (law(AHEAD, b, floor) <= found.high))


def study(seed, noise):
    """A synthetic study: 6-9 doubling sizes, a floor in three of five; and new measurements
    ahead.
    """
    random = np.random.default_rng(seed)
    n = 200 * 2.0 ** np.arange(random.integers(6, 10))
    b = random.uniform(0.1, 0.6)
    floor = random.uniform(0, 0.8) * (random.random() < 0.6)
    at = n[-1] * np.array([2, 10, 50])
    truth = floor + (1 - floor) * (np.concatenate([n, at]) / n[-1]) ** -b
    loss = truth * np.exp(noise * random.standard_normal(len(truth)))
    return n, loss[: len(n)], at, loss[len(n) :]


@pytest.mark.parametrize("noise", [0.01, 0.03, 0.05])
def test_intervals_cover_new_measurements_at_2_10_and_50_times_the_data(noise):
    inside = []
    for seed in range(25):
        n, loss, at, truth = study(seed, noise)
        found = forecast(n, loss, at)
        inside.append((found.low <= truth) & (truth <= found.high))
    assert np.mean(inside) >= 0.85


@settings(max_examples=4, deadline=None)
@given(st.permutations(range(8)))
def test_the_order_of_the_points_does_not_matter(order):
    found = forecast(SIZES, LOSS, AHEAD)
    again = forecast(SIZES[order], LOSS[order], AHEAD)
    assert np.array_equal(found.median, again.median) and np.array_equal(
        found.high, again.high
    )


@settings(max_examples=4, deadline=None)
@given(st.floats(1e-3, 1e3), st.floats(1e-3, 1e6))
def test_the_units_of_loss_and_n_do_not_matter(k, m):
    found = forecast(SIZES, LOSS, AHEAD)
    scaled = forecast(SIZES * m, LOSS * k, AHEAD * m)
    for one, other in (
        (found.low, scaled.low),
        (found.median, scaled.median),
        (found.high, scaled.high),
    ):
        assert other == pytest.approx(k * one, rel=1e-3)


def test_giving_every_point_twice_changes_nothing():
    found = forecast(SIZES, LOSS, AHEAD)
    twice = forecast(np.tile(SIZES, 2), np.tile(LOSS, 2), AHEAD)
    assert twice.median == pytest.approx(found.median, rel=1e-9)
    assert twice.high == pytest.approx(found.high, rel=1e-9)


def test_the_same_call_twice_gives_the_same_numbers():
    found = forecast(SIZES, LOSS, AHEAD)
    again = forecast(SIZES, LOSS, AHEAD)
    assert np.array_equal(found.low, again.low)
    assert np.array_equal(
        found.predictive.draw(AHEAD, 50, seed=3), again.predictive.draw(AHEAD, 50, seed=3)
    )


def test_fewer_points_and_larger_distances_give_wider_intervals():
    full = forecast(SIZES, law(SIZES), AHEAD)
    few = forecast(SIZES[-3:], law(SIZES[-3:]), AHEAD)
    assert np.all(np.diff(np.log(full.high / full.low)) > 0)
    assert np.all(few.high / few.low > full.high / full.low)
    assert any("published curves alone" in say(note) for note in few.warnings)
    assert np.isnan(few.backtest)


def test_a_forecast_says_what_it_rests_on():
    found = forecast(SIZES, LOSS, AHEAD)
    assert sum(found.weights.values()) == pytest.approx(1) and set(found.weights) >= {
        "M1",
        "M2",
        "M4",
    }
    assert (found.n_min, found.n_max) == (SIZES[0], SIZES[-1])
    assert found.extrapolation == pytest.approx(50) and 0 < found.backtest < 0.3
    assert Reason.FAR_EXTRAPOLATION(times=50.0) in found.warnings
    assert any("50 times beyond" in say(note) for note in found.warnings)
    assert forecast(SIZES, LOSS, SIZES[-1] * 1.1).grade == "good"


def test_draws_of_whole_curves_follow_the_quantiles():
    found = predictive(SIZES, LOSS)
    curves = found.draw(AHEAD, 4000, seed=1)
    assert curves.shape == (4000, 3)
    assert np.median(curves, 0) == pytest.approx(found.quantile(AHEAD, 0.5), rel=1e-3)
    assert np.quantile(curves, 0.05, 0) == pytest.approx(found.quantile(AHEAD, 0.05), rel=0.05)


def test_the_head_near_the_best_guess_does_not_bend_the_forecast():
    n = 50 * 2.0 ** np.arange(13)
    loss = np.minimum(9 * n**-0.3, 0.9)
    truth = 9 * (n[-1] * 8) ** -0.3
    found = forecast(n, loss, n[-1] * 8)
    assert found.median[0] == pytest.approx(truth, rel=0.08)
    assert any("before the power law" in say(note) for note in found.warnings)


def test_losses_above_one_nat_are_as_welcome_as_errors():
    found = forecast(SIZES, 3 * law(SIZES, 0.2, 0.5), AHEAD)
    assert found.median == pytest.approx(3 * law(AHEAD, 0.2, 0.5), rel=0.05)


def test_the_data_needed_agree_with_the_forecast():
    needed = data_needed(SIZES, LOSS, 0.8)
    assert needed.low < needed.median < needed.high and needed.reason is None
    at_median, at_low = (forecast(SIZES, LOSS, size) for size in (needed.median, needed.low))
    assert at_median.median == pytest.approx([0.8], rel=2e-2)  # nearly sure to be reached
    assert at_low.low == pytest.approx([0.8], rel=1e-3)


def test_the_data_needed_are_recovered_from_a_noiseless_law():
    needed = data_needed(SIZES, law(SIZES, 0.4), law(SIZES[-1] * 5, 0.4))
    assert needed.median == pytest.approx(SIZES[-1] * 5, rel=0.15) and needed.p_never < 0.1
    assert needed.reason is None and needed.low < SIZES[-1] * 5 < needed.high


def test_a_target_already_reached_lies_within_the_data():
    needed = data_needed(SIZES, law(SIZES), law(SIZES[4]))
    assert needed.median == pytest.approx(SIZES[4], rel=0.1) and needed.grade == "good"


def test_a_target_below_the_floor_is_refused():
    needed = data_needed(SIZES, law(SIZES, 0.5, 0.7), 0.2)
    assert needed.grade == "cannot say" and needed.out_of_reach
    assert say(needed.reason) == "even 10,000 times the data would not reach the target"
    assert needed.p_never > 0.9 and needed.median == np.inf


def test_a_chance_of_never_does_not_draw_out_the_number_of_examples():
    value = law(SIZES, 0.4) * (1 + 0.03 * np.cos(7 * np.arange(len(SIZES))))
    needed = data_needed(SIZES, value, law(SIZES[-1] * 4, 0.4))
    sizes, chance = predictive(SIZES, value).reached_by(needed.target)
    here, far = np.interp([SIZES[-1], 10 * SIZES[-1]], sizes, chance)
    assert 0.5 < far < 0.95
    assert np.interp(needed.median, sizes, chance) == pytest.approx((here + far) / 2, abs=0.01)
    assert SIZES[-1] * 2 < needed.median < SIZES[-1] * 8


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), share=st.floats(0.3, 0.99), noise=st.floats(0.01, 0.3))
def test_what_no_measurement_has_reached_takes_more_than_the_data(seed, share, noise):
    scatter = np.exp(noise * np.random.default_rng(seed).standard_normal(len(SIZES)))
    value = law(SIZES, 0.3, 0.1) * scatter
    needed = data_needed(SIZES, value, share * value.min())
    assert needed.median > SIZES[-1]
    assert needed.low <= needed.median <= needed.high


def test_a_target_too_far_beyond_the_data_is_refused():
    needed = data_needed(SIZES, LOSS, 0.45)
    assert needed.grade == "cannot say" and "beyond the data" in say(needed.reason)


def test_a_curve_that_its_own_past_did_not_foretell_is_refused():
    loss = np.array([0.9, 0.89, 0.88, 0.87, 0.86, 0.6, 0.3, 0.1])
    needed = data_needed(SIZES, loss, 0.03)
    assert needed.grade == "cannot say" and needed.reason.reason is Reason.BACKTEST_MISSES
    assert any("ill-behaved" in say(note) for note in forecast(SIZES, loss, AHEAD).warnings)


@pytest.mark.parametrize("left", [7, 6, 5, 4, 3])
def test_a_refusal_cannot_be_dodged_by_leaving_sizes_out(left):
    loss = np.array([0.9, 0.89, 0.88, 0.87, 0.86, 0.6, 0.3, 0.1])
    assert data_needed(SIZES[-left:], loss[-left:], 0.03).grade == "cannot say"


def test_a_curve_that_foretold_its_own_past_earns_a_narrow_interval():
    few, more = (data_needed(SIZES[:k], law(SIZES[:k]), law(SIZES[k])) for k in (4, 8 - 1))
    assert more.high / more.low < few.high / few.low
    assert data_needed(SIZES, law(SIZES, 0.4), law(2 * SIZES[-1], 0.4)).grade == "good"


def test_a_miss_that_noise_explains_is_no_miss():
    wild = law(SIZES) * np.array([1, 1, 1, 1, 1, 1, 0.7, 0.7])
    plain = forecast(SIZES, wild, AHEAD)
    told = forecast(SIZES, wild, AHEAD, test_se=0.3 * wild)
    assert told.backtest < plain.backtest


@pytest.mark.parametrize("noise", [0.1, 0.2])
@pytest.mark.parametrize("count", [3, 4, 6])
def test_few_noisy_sizes_say_how_little_they_know(count, noise):
    inside = []
    for seed in range(40):
        n, loss, at, truth = study(seed, noise)
        found = forecast(n[-count:], loss[-count:], at[:1])
        inside.append(found.low[0] <= truth[0] <= found.high[0])
    assert np.mean(inside) >= 0.7


def test_a_flat_curve_is_refused():
    flat = noisy(np.full(8, 0.5), 0.005, 0)
    needed = data_needed(SIZES, flat, 0.4)
    assert needed.grade == "cannot say" and "flat" in say(needed.reason)
    assert forecast(SIZES, flat, AHEAD).grade == "cannot say"


def test_a_rise_is_reported():
    loss = law(SIZES).copy()
    loss[5] *= 1.4
    assert any("rises" in say(note) for note in forecast(SIZES, loss, AHEAD).warnings)


def test_two_sizes_are_refused_with_their_count():
    for call, n in ((forecast, [100, 200, 200]), (data_needed, [100, 200])):
        with pytest.raises(FitError) as refusal:
            call(n, [3, 2, 2][: len(n)], 1)
        assert refusal.value.finding == Reason.TOO_FEW_SIZES(least=3, count=2)
        assert "at least 3 distinct sizes n, got 2" in say_error(refusal.value)


@pytest.mark.parametrize("wrong", [0, -1, np.nan, np.inf, "many"])
def test_wrong_sizes_and_targets_are_refused(wrong):
    with pytest.raises(FitError, match=r"^at must"):
        forecast(SIZES, LOSS, wrong)
    with pytest.raises(FitError, match=r"^target must"):
        data_needed(SIZES, LOSS, wrong)


def test_a_forecast_of_no_size_is_refused():
    with pytest.raises(FitError, match=r"^at must hold one size"):
        forecast(SIZES, LOSS, [])


def test_wrong_confidence_is_refused():
    for call in (forecast, data_needed):
        with pytest.raises(FitError, match=r"confidence must lie between 0 and 1, got 1.5"):
            call(SIZES, LOSS, 0.5, confidence=1.5)


def test_dense_curves_take_less_than_half_a_second():
    n = np.geomspace(1e6, 1e9, 400)
    start = time.process_time()
    forecast(n, noisy(0.05 + 50 * n**-0.3, 0.01, 0), n[-1] * np.array([2, 10]))
    assert time.process_time() - start < 2  # a fifth of it on a quiet machine


def test_importing_analysis_loads_neither_torch_nor_mlflow():
    code = "import sys, analysis; sys.exit(bool({'torch', 'mlflow'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("replicates", [1, 3, 10, 30])
def test_an_interval_holds_one_new_training_however_many_replicates_were_measured(replicates):
    inside = []
    random = np.random.default_rng(replicates)
    for _ in range(12):
        n = np.repeat(SIZES, replicates)
        found = forecast(n, law(n) * np.exp(0.1 * random.standard_normal(len(n))), SIZES[-1])
        fresh = np.exp(0.1 * random.standard_normal(200))
        inside.append(((found.low <= fresh) & (fresh <= found.high)).mean())
    assert np.mean(inside) >= 0.78


def test_below_the_smallest_size_nothing_is_known():
    found = forecast(SIZES, LOSS, [SIZES[0] / 10, SIZES[-1]])
    assert found.grades == ("cannot say", "good")
    assert "below the smallest size measured, 200" in say(found.warnings[0])
    needed = data_needed(SIZES, LOSS, 2 * LOSS[0])
    assert needed.low == needed.median == needed.high == SIZES[0]


def test_a_replicate_without_any_error_is_one_of_several():
    n = np.repeat(SIZES, 3)
    error = np.repeat(LOSS, 3)
    error[-3:] = 0, 2 * error[-1], error[-1]
    assert forecast(n, error, AHEAD[:1]).median == pytest.approx(
        forecast(SIZES, LOSS, AHEAD[:1]).median, rel=0.1
    )
    with pytest.raises(FitError) as refusal:
        forecast(SIZES, [*LOSS[:-1], 0], AHEAD)
    assert "at n = 25,600 is 0" in say_error(refusal.value)
