"""Fits of the power law with a floor."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import FitError, fit_power_law
from analysis.report.messages import say, say_error

SIZES = 200 * 2.0 ** np.arange(9)


def measured(a, b, c, noise=0.0, seed=0, n=SIZES):
    return (a * n**-b + c) * np.exp(
        noise * np.random.default_rng(seed).standard_normal(len(n))
    )


@pytest.mark.parametrize(
    ("a", "b", "c"), [(5, 0.3, 0.1), (20, 0.5, 0.02), (3, 0.1, 0.3), (900, 1.2, 2.0)]
)
def test_known_constants_are_recovered_from_noiseless_losses(a, b, c):
    law = fit_power_law(SIZES, measured(a, b, c))
    assert (law.a, law.b, law.c) == pytest.approx((a, b, c), rel=1e-2)
    assert law.b_low <= b <= law.b_high and law.c_low <= c <= law.c_high
    assert law(SIZES) == pytest.approx(measured(a, b, c), rel=1e-4)


@pytest.mark.parametrize("seed", range(20))
def test_a_pure_power_law_never_yields_a_firm_floor(seed):
    law = fit_power_law(SIZES, measured(5, 0.05 + 0.03 * seed, 0, noise=0.01, seed=seed))
    assert law.c_low < 0.1 * law(SIZES[-1])
    assert any("floor is not identified" in say(note) for note in law.warnings)


@pytest.mark.parametrize("noise", [0.01, 0.03])
def test_intervals_cover_the_truth_as_often_as_they_say(noise):
    covered = []
    for seed in range(60):
        random = np.random.default_rng(seed)
        b = random.uniform(0.1, 0.6)
        share = random.uniform(0, 0.8)
        c = share * 5 * SIZES[-1] ** -b
        law = fit_power_law(SIZES, measured(5, b, c, noise, seed))
        covered.append((law.b_low <= b <= law.b_high, law.c_low <= c <= law.c_high))
    assert np.all(np.mean(covered, 0) >= 0.82)


def test_wider_confidence_gives_wider_intervals():
    loss = measured(5, 0.3, 0.1, noise=0.03)
    narrow, wide = (fit_power_law(SIZES, loss, confidence=q) for q in (0.5, 0.95))
    assert wide.b_low <= narrow.b_low <= narrow.b <= narrow.b_high <= wide.b_high
    assert wide.c_low <= narrow.c_low <= narrow.c <= narrow.c_high <= wide.c_high


@settings(max_examples=15, deadline=None)
@given(st.permutations(range(9)))
def test_the_order_of_the_points_does_not_matter(order):
    loss = measured(5, 0.3, 0.1, noise=0.02)
    assert fit_power_law(SIZES[order], loss[order]) == fit_power_law(SIZES, loss)


@settings(max_examples=15, deadline=None)
@given(st.floats(1e-3, 1e3), st.floats(1e-3, 1e6))
def test_the_units_of_loss_and_n_do_not_matter(k, m):
    loss = measured(5, 0.3, 0.1, noise=0.02)
    law = fit_power_law(SIZES, loss)
    scaled = fit_power_law(SIZES * m, loss * k)
    assert scaled.b == pytest.approx(law.b, rel=1e-6)
    assert scaled(SIZES * m) == pytest.approx(k * law(SIZES), rel=1e-6)
    assert (scaled.c_low, scaled.c_high) == pytest.approx(
        (k * law.c_low, k * law.c_high), rel=1e-6, abs=1e-12
    )


def test_giving_every_point_twice_changes_nothing():
    loss = measured(5, 0.3, 0.1, noise=0.02)
    assert fit_power_law(np.tile(SIZES, 2), np.tile(loss, 2)) == fit_power_law(SIZES, loss)


def test_the_head_near_the_best_guess_is_left_out_and_reported():
    n = 50 * 2.0 ** np.arange(14)
    loss = np.minimum(9 * n**-0.3, 0.9)
    law = fit_power_law(n, loss)
    assert law.n_min > 50 and law.b == pytest.approx(0.3, rel=0.1)
    assert any("are left out" in say(note) for note in law.warnings)


def test_one_outlier_moves_the_exponent_little():
    loss = measured(5, 0.3, 0, noise=0.005)
    loss[4] *= 1.5
    assert fit_power_law(SIZES, loss).b == pytest.approx(0.3, abs=0.05)


def test_three_points_work_and_say_that_they_fit_exactly():
    law = fit_power_law(SIZES[:3], measured(5, 0.3, 0)[:3])
    assert law.b_high > 2 * law.b_low and any("3 points" in say(note) for note in law.warnings)


@pytest.mark.parametrize(
    ("n", "loss", "more", "message"),
    [
        ([1, 2], [3, 2], {}, "at least 3 distinct sizes n, got 2"),
        ([1, 2, 2], [3, 2, 2], {}, "at least 3 distinct sizes n, got 2"),
        ([], [], {}, "got 0"),
        ([1, 2, 3], [3, 2], {}, "same length, got 3 and 2"),
        (
            [1, 2, 3],
            [3, 2, 1],
            {"se": [1, 1]},
            "n and se must have the same length, got 3 and 2",
        ),
        (
            [1, 2, 3],
            [3, 2, 0],
            {},
            "at n = 3 is 0; only what is above 0 can be fitted",
        ),
        (
            [1, 2, 3],
            [3, np.nan, 1],
            {},
            "value must be positive and finite, got nan at position 1",
        ),
        ([1, np.inf, 3], [3, 2, 1], {}, "n must be positive and finite, got inf"),
        ([-1, 2, 3], [3, 2, 1], {}, "n must be positive and finite, got -1"),
        (
            [1, 2, 3],
            [3, 2, 1],
            {"se": [0.1, -0.1, 0.1]},
            "se must be zero or positive, got -0.1",
        ),
        (
            [1, 2, 3],
            [3, 2, 1],
            {"confidence": 90},
            "confidence must lie between 0 and 1, got 90",
        ),
        (
            [1, 2, 3],
            [3, 2, 1],
            {"confidence": 0},
            "confidence must lie between 0 and 1, got 0",
        ),
        ([[1, 2, 3]], [3, 2, 1], {}, "n must be one-dimensional"),
        (["a", "b", "c"], [3, 2, 1], {}, "n must hold numbers"),
    ],
)
def test_wrong_input_is_refused_with_its_value(n, loss, more, message):
    with pytest.raises(FitError) as error:
        fit_power_law(n, loss, **more)
    assert message in say_error(error.value)
    assert "\n" not in say_error(error.value)


def test_thousands_of_points_are_fitted_in_a_second_with_their_head_left_out():
    n = np.geomspace(100, 1e6, 9000)
    loss = 0.8 * (n / 1000) ** -0.3
    loss[n < 1000] = 0.8 + 0.02 * np.log(1000 / n[n < 1000])
    start = time.process_time()
    law = fit_power_law(n, loss)
    assert time.process_time() - start < 2
    assert law.b == pytest.approx(0.3, abs=0.01)
    assert 700 < law.n_min < 1500


def nested_study(seed, data_seeds=3):
    """n, loss, data_seed of a known law.

    The errors of one data seed are those of nested subsets: neighbours share half the images.
    """
    rng = np.random.default_rng(seed)
    n = 100 * 2.0 ** np.arange(7)
    error = rng.normal(size=(data_seeds, 7))
    for size in range(1, 7):
        error[:, size] = np.sqrt(0.5) * (error[:, size - 1] + error[:, size])
    loss = (3 * n**-0.35 + 0.1) * np.exp(0.05 * error)
    return np.tile(n, data_seeds), loss.ravel(), np.repeat(np.arange(data_seeds), 7)


def test_the_exponents_interval_holds_for_nested_subsets_once_data_seeds_are_told():
    held = {True: 0, False: 0}
    for study in range(60):
        n, loss, data_seed = nested_study(study)
        for with_seeds in held:
            law = fit_power_law(n, loss, data_seed=data_seed if with_seeds else None)
            held[with_seeds] += law.b_low <= 0.35 <= law.b_high
    assert held[True] >= 0.83 * 60 > held[False]  # of a 90 % interval


@pytest.mark.parametrize(
    "keep", [slice(None, 14), slice(None, 20)], ids=["two seeds", "a size missing in one"]
)
def test_data_seeds_that_cannot_tell_change_nothing(keep):
    n, loss, data_seed = (values[keep] for values in nested_study(0))
    assert fit_power_law(n, loss, data_seed=data_seed) == fit_power_law(n, loss)
