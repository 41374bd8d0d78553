"""How many times the data a switch equals: known, infinite, and what cannot be said."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import FitError, predictive
from analysis.comparison.data_multiplier import data_multiplier
from analysis.curves.drawn_curves import first_below
from analysis.reasons import Reason
from analysis.report.messages import say

SIZES = 200 * 2.0 ** np.arange(8)
LAST = SIZES[-1]
NOW = LAST * np.array([1, 2, 5])


@cache
def curve(a=1.0, b=0.3, c=0.0, noise=0.0, seed=0):
    """Predictive of the law a (n / LAST)^-b + c, measured at SIZES."""
    loss = (a * (SIZES / LAST) ** -b + c) * np.exp(
        noise * np.random.default_rng(seed).standard_normal(len(SIZES))
    )
    return predictive(SIZES, loss)


@pytest.mark.parametrize(("ratio", "b"), [(0.8, 0.3), (0.5, 0.5), (0.9, 0.1), (1.25, 0.3)])
def test_two_power_laws_with_one_exponent_differ_by_one_factor(ratio, b):
    found = data_multiplier(curve(b=b), curve(ratio, b), NOW)
    truth = ratio ** (-1 / b)
    assert found.median[:2] == pytest.approx(truth, rel=0.1)
    assert np.all((found.low <= truth) & (truth <= found.high))
    assert np.all((found.p_better > 0.5) == (ratio < 1))


def test_intervals_hold_the_truth_of_noisy_curves():
    """At LAST itself: beyond it they hold nearly always, being as wide as real curves need
    (benchmarks/compare.py).
    """
    inside = []
    for seed in range(12):
        found = data_multiplier(
            curve(noise=0.03, seed=2 * seed), curve(0.8, noise=0.03, seed=2 * seed + 1), LAST
        )
        inside.append(found.low[0] <= 0.8 ** (-1 / 0.3) <= found.high[0])
    assert np.mean(inside) >= 0.85


def test_different_exponents_are_worth_more_the_more_data_there_is():
    found = data_multiplier(curve(b=0.2), curve(b=0.4), NOW)
    assert found.median == pytest.approx([1, 4 / 2, 25 / 5], rel=0.2)


def test_a_curve_is_worth_itself_once():
    found = data_multiplier(curve(noise=0.02), curve(noise=0.02), NOW)
    assert found.median == pytest.approx(1, rel=0.01)
    assert found.p_better == pytest.approx(0.5, abs=0.02)
    assert found.grade[0] == "good"


def test_what_lies_below_the_floor_of_the_other_is_worth_infinitely_much_data():
    found = data_multiplier(curve(0.3, 0.8, c=0.9), curve(0.5, 0.3), LAST)
    assert (found.median[0], found.high[0], found.p_better[0]) == (np.inf, np.inf, 1)
    assert found.low[0] > 10 and found.grade[0] in ("fair", "cannot say")
    back = data_multiplier(curve(0.5, 0.3), curve(0.3, 0.8, c=0.9), LAST)
    assert back.high[0] < 1 and back.p_better[0] == 0


def test_far_beyond_the_data_only_the_end_of_the_interval_that_they_reach_is_told():
    found = data_multiplier(
        curve(b=0.15, noise=0.01), curve(0.6, 0.15, noise=0.01, seed=1), NOW
    )  # truth 30 times
    assert 1 < found.low[0] < 10 < found.median[0]
    assert (found.bound[0], found.reason[0], found.grade[0]) == ("least", None, "poor")
    back = data_multiplier(
        curve(0.6, 0.15, noise=0.08, seed=1), curve(b=0.15, noise=0.08), SIZES[3]
    )
    assert (back.bound[0], back.median[0] * SIZES[3] < SIZES[0]) == ("most", True)
    near = data_multiplier(curve(noise=0.02), curve(0.9, noise=0.02, seed=1), LAST)
    assert near.bound == (None,)


def test_a_bound_that_may_be_a_loss_is_none():
    found = data_multiplier(
        curve(0.1, 0.3, c=0.9, noise=0.03), curve(0.1, 0.3, c=0.88, noise=0.03, seed=1), LAST
    )
    assert found.low[0] < 1 and found.median[0] > 10
    assert found.grade[0] == "cannot say" and "data" in say(found.reason[0])
    assert found.reason[0].reason is Reason.MATCHES_FAR_BEYOND_DATA


def test_what_never_reached_the_smallest_size_of_the_other_is_worth_nothing():
    found = data_multiplier(curve(), curve(9.0), LAST)
    assert (found.median[0], found.high[0]) == (0, 0) and found.grade[0] == "fair"


def test_more_draws_and_other_seeds_tell_the_same_and_one_seed_exactly_so():
    a = curve(noise=0.02, seed=1)
    b = curve(0.8, noise=0.02, seed=2)
    first = data_multiplier(a, b, NOW)
    again = data_multiplier(a, b, NOW)
    other = data_multiplier(a, b, NOW, size=6000, seed=9)
    assert np.array_equal(first.draws, again.draws) and first.draws.shape == (2000, 3)
    assert first.median == pytest.approx(other.median, rel=0.1)


def test_the_interval_holds_as_many_draws_as_it_says():
    found = data_multiplier(curve(noise=0.02), curve(0.8, noise=0.02), NOW, confidence=0.5)
    inside = (found.low <= found.draws) & (found.draws <= found.high)
    assert inside.mean(0) == pytest.approx(0.5, abs=0.01)


@settings(max_examples=6)
@given(st.floats(1e-3, 1e3), st.floats(0.01, 100))
def test_the_units_of_loss_and_n_do_not_matter(unit, scale):
    a, b = (predictive(SIZES * scale, curve(q).curve.value * unit) for q in (1.0, 0.8))
    plain = data_multiplier(curve(), curve(0.8), LAST, size=200)
    scaled = data_multiplier(a, b, LAST * scale, size=200)
    assert scaled.draws == pytest.approx(plain.draws, rel=1e-6)


def test_standard_errors_may_be_unknown():
    loss = (SIZES / LAST) ** -0.3
    some = np.where(np.arange(8) < 4, np.nan, 0.01)
    found = data_multiplier(
        predictive(SIZES, loss, se=some),
        predictive(SIZES, 0.8 * loss, se=np.full(8, np.nan)),
        LAST,
    )
    assert found.low[0] < 0.8 ** (-1 / 0.3) < found.high[0]


def test_a_flat_curve_cannot_be_compared_in_multiples_of_data():
    flat = curve(0.0, c=0.5, noise=0.005)
    for a, b in ((flat, curve()), (curve(), flat)):
        found = data_multiplier(a, b, LAST, names=("forest", "cnn"))
        (why,) = found.reason
        assert found.grade == ("cannot say",) and "flat" in say(why)
        assert why.reason is Reason.ONE_HAS_NO_LAW
        assert ("forest" if a is flat else "cnn") == why.numbers["name"]


def test_sizes_far_beyond_the_data_cannot_be_said():
    found = data_multiplier(curve(), curve(0.8), 20 * LAST)
    (why,) = found.reason
    assert found.grade == ("cannot say",) and "20 times beyond the data" in say(why)
    assert why == Reason.SIZE_FAR_BEYOND_DATA(name="A", times=20, allowed=10)


def test_a_curve_that_its_own_past_did_not_foretell_cannot_carry_an_answer():
    wild = predictive(SIZES, np.array([0.9, 0.89, 0.88, 0.87, 0.86, 0.6, 0.3, 0.1]))
    found = data_multiplier(wild, curve(0.08), 2 * LAST)
    (why,) = found.reason
    assert found.grade == ("cannot say",) and "back-test" in say(why)
    assert why.reason is Reason.BACKTEST_OF_ONE_MISSES and why.numbers["name"] == "A"


@pytest.mark.parametrize("wrong", [0, -1, np.nan, np.inf, "many"])
def test_wrong_sizes_are_refused(wrong):
    with pytest.raises(FitError, match=r"^n must"):
        data_multiplier(curve(), curve(0.8), wrong)


def test_wrong_confidence_is_refused():
    with pytest.raises(FitError, match=r"confidence must lie between 0 and 1, got 2"):
        data_multiplier(curve(), curve(0.8), LAST, confidence=2)


# --- inversion -------------------------------------------------------------------------------


@given(st.lists(st.floats(0, 1), min_size=3, max_size=12), st.floats(-1, 13))
def test_the_first_place_below_is_where_a_search_by_hand_finds_it(falls, target):
    place = np.arange(len(falls), dtype=float)
    losses = -np.cumsum(falls) + 5
    (found,) = first_below(place, losses[None], np.array([[target]]))[0]
    fine = np.linspace(0, len(falls) - 1, 200_001)
    below = np.interp(fine, place, losses) <= target
    if losses[0] <= target:
        assert found == -np.inf
    elif not below.any():
        assert found == np.inf or losses[-1] == pytest.approx(target)
    else:
        assert np.interp(found, place, losses) == pytest.approx(target, abs=1e-9)
        assert (
            found == pytest.approx(fine[below.argmax()], abs=1e-4)
            or losses[below.argmax() // 200_001] > target
        )
