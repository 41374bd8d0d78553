"""The random scenarios that a decision is tried on."""

import numpy as np
import pytest
from known import LAST, SIZES, known
from scipy.stats import t as student

from analysis import predictive
from analysis.curves.forecast import needed_from
from analysis.curves.predictive import FREEDOM
from analysis.curves.tabulated import tabulated
from analysis.decision.prices import Engineering
from analysis.decision.scenarios import scenarios

NONE = Engineering(0, 0)
SURE = Engineering(0.2, 0.2)


@pytest.fixture(scope="module")
def measured():
    noise = np.exp(0.02 * np.random.default_rng(0).standard_normal(len(SIZES)))
    return predictive(SIZES, (0.1 + 0.9 * (SIZES / LAST) ** -0.4) * noise)


def test_the_table_says_what_the_curve_says(measured):
    n = np.geomspace(SIZES[0] / 5, LAST * 5000, 301)
    for quantile in (0.05, 0.5, 0.95):
        assert tabulated(measured).quantile(n, quantile) == pytest.approx(
            measured.quantile(n, quantile), rel=2e-3
        )
    assert tabulated(tabulated(measured)) is not measured


def test_the_examples_needed_have_the_quantiles_of_data_needed(measured):
    needed = scenarios(measured, None, 4000, 0).needed(0.8, [0], NONE)[:, 0]
    told = needed_from(measured, 0.8, 0.9)
    for q, wanted in ((0.05, told.low), (0.5, told.median), (0.95, told.high)):
        assert np.quantile(needed, q, method="inverted_cdf") == pytest.approx(wanted, rel=0.01)
    assert np.isinf(needed).mean() == pytest.approx(told.p_never, abs=0.001)


def test_the_examples_needed_of_a_power_law_are_known_in_closed_form():
    drawn = scenarios(known(b=0.5, deviation=0.05), None, 1000, 0)
    needed = drawn.needed(0.5, [0], NONE)[:, 0]
    t = student.ppf(drawn.chance[:, 0], FREEDOM)
    assert needed == pytest.approx(LAST * (np.exp(0.05 * t) / 0.5) ** (1 / 0.5), rel=1e-3)


def test_a_share_of_the_engineering_brings_its_share_of_the_gain_in_logarithms():
    drawn = scenarios(known(b=0.5), None, 100, 0)
    needed = drawn.needed(0.5, [0, 0.5, 1], SURE)
    assert needed[:, 1] == pytest.approx(needed[:, 0] * 0.8 ** (0.5 / 0.5), rel=1e-3)
    assert needed[:, 2] == pytest.approx(needed[:, 0] * 0.8 ** (1 / 0.5), rel=1e-3)
    assert drawn.values(LAST, 1, SURE) == pytest.approx(0.8 * drawn.values(LAST, 0, SURE))


def test_a_better_architecture_comes_whole_and_a_worse_one_is_not_used():
    drawn = scenarios(known(b=0.5), known(0.7, b=0.5), 500, 0)
    needed = drawn.needed(0.5, [0, 0.5, 1], NONE)
    assert np.array_equal(needed[:, 0], needed[:, 1])
    assert np.median(needed[:, 2] / needed[:, 0]) == pytest.approx(0.7 ** (1 / 0.5), rel=0.01)
    assert np.array_equal(drawn.values(LAST, 0.5, NONE), drawn.values(LAST, 0, NONE))
    worse = scenarios(known(b=0.5), known(2.0, b=0.5), 500, 0)
    needed = worse.needed(0.5, [0, 1], NONE)
    assert np.array_equal(needed[:, 0], needed[:, 1])
    assert np.array_equal(worse.values(LAST, 1, NONE), worse.values(LAST, 0, NONE))


@pytest.mark.parametrize("better", [None, known(0.5)])
def test_engineering_fails_as_often_as_it_is_said_to(better):
    drawn = scenarios(known(), better, 1000, 0)
    unsure = Engineering(0.3, 0.3, success=0.75)
    failed = drawn.values(LAST, 1, unsure) == drawn.values(LAST, 0, unsure)
    assert failed.mean() == pytest.approx(0.25)
    assert np.array_equal(
        failed, np.diff(drawn.needed(0.4, [0, 1], unsure), axis=1)[:, 0] == 0
    )


def test_the_loss_at_the_examples_needed_is_the_target():
    drawn = scenarios(known(floor=0.1), None, 500, 0)
    for share in (0, 0.5, 1):
        needed = drawn.needed(0.7, [share], SURE)[:, 0]
        assert drawn.values(needed, share, SURE) == pytest.approx(0.7, rel=1e-6)


def test_a_target_below_the_floor_is_never_reached():
    assert np.isinf(scenarios(known(floor=0.5), None, 100, 0).needed(0.3, [0, 1], SURE)).all()


def test_the_same_seed_gives_the_same_scenarios_and_another_one_others():
    one, same, other = (scenarios(known(), None, 50, seed).chance for seed in (1, 1, 2))
    assert np.array_equal(one, same) and not np.array_equal(one, other)
    assert np.sort(one, axis=0)[:, 0] == pytest.approx((np.arange(50) + 0.5) / 50)
