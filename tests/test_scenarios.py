"""The random scenarios that a decision is tried on."""

import numpy as np
import pytest
from known import LAST, SIZES, known
from scipy.stats import t as student

from analysis import predictive
from analysis.curves.data_needed import needed_from
from analysis.curves.predictive import FREEDOM
from analysis.curves.tabulated import tabulated
from analysis.decision.prices import Engineering, Prices
from analysis.decision.scenarios import scenarios

NONE = Prices(engineering=Engineering(0, 0))
SURE = Prices(engineering=Engineering(0.2, 0.2))


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
    needed = scenarios(measured, None, 4000, 0).needed(0.8, False, NONE)
    told = needed_from(measured, 0.8, 0.9)
    for q, wanted in ((0.05, told.low), (0.5, told.median), (0.95, told.high)):
        assert np.quantile(needed, q, method="inverted_cdf") == pytest.approx(wanted, rel=0.01)
    assert np.isinf(needed).mean() == pytest.approx(told.p_never, abs=0.001)


def test_the_examples_needed_of_a_power_law_are_known_in_closed_form():
    drawn = scenarios(known(b=0.5, deviation=0.05), None, 1000, 0)
    needed = drawn.needed(0.5, False, NONE)
    t = student.ppf(drawn.chance[:, 0], FREEDOM)
    assert needed == pytest.approx(LAST * (np.exp(0.05 * t) / 0.5) ** (1 / 0.5), rel=1e-3)


def test_the_engineering_brings_its_gain_at_every_size():
    drawn = scenarios(known(b=0.5), None, 100, 0)
    before, after = (drawn.needed(0.5, engineered, SURE) for engineered in (False, True))
    assert after == pytest.approx(before * 0.8 ** (1 / 0.5), rel=1e-3)
    assert drawn.values(LAST, True, SURE) == pytest.approx(
        0.8 * drawn.values(LAST, False, SURE)
    )


def test_a_worse_architecture_is_not_used():
    drawn = scenarios(known(b=0.5), known(0.7, b=0.5), 500, 0)
    before, after = (drawn.needed(0.5, engineered, NONE) for engineered in (False, True))
    assert np.median(after / before) == pytest.approx(0.7 ** (1 / 0.5), rel=0.01)
    worse = scenarios(known(b=0.5), known(2.0, b=0.5), 500, 0)
    before, after = (worse.needed(0.5, engineered, NONE) for engineered in (False, True))
    assert np.array_equal(before, after)
    assert np.array_equal(worse.values(LAST, True, NONE), worse.values(LAST, False, NONE))


@pytest.mark.parametrize("better", [None, known(0.5)])
def test_engineering_fails_as_often_as_it_is_said_to(better):
    drawn = scenarios(known(), better, 1000, 0)
    unsure = Prices(engineering=Engineering(0.3, 0.3, success=0.75))
    failed = drawn.values(LAST, True, unsure) == drawn.values(LAST, False, unsure)
    assert failed.mean() == pytest.approx(0.25)
    before, after = (drawn.needed(0.4, engineered, unsure) for engineered in (False, True))
    assert np.array_equal(failed, before == after)


@pytest.mark.parametrize("nobody", [{"months": 0.0}, {"people": 0.0}])
def test_nobody_s_work_brings_nothing_but_a_measured_model_is_there(nobody):
    idle = Prices(engineering=Engineering(0.2, 0.2), **nobody)
    drawn = scenarios(known(), None, 50, 0)
    assert np.array_equal(drawn.values(LAST, True, idle), drawn.values(LAST, False, idle))
    measured = scenarios(known(), known(0.5), 50, 0)
    assert (measured.values(LAST, True, idle) < measured.values(LAST, False, idle)).all()


def test_the_loss_at_the_examples_needed_is_the_target():
    drawn = scenarios(known(floor=0.1), None, 500, 0)
    for engineered in (False, True):
        needed = drawn.needed(0.7, engineered, SURE)
        assert drawn.values(needed, engineered, SURE) == pytest.approx(0.7, rel=1e-6)


def test_a_target_below_the_floor_is_never_reached():
    drawn = scenarios(known(floor=0.5), None, 100, 0)
    for engineered in (False, True):
        assert np.isinf(drawn.needed(0.3, engineered, SURE)).all()


def test_the_same_seed_gives_the_same_scenarios_and_another_one_others():
    one, same, other = (scenarios(known(), None, 50, seed).chance for seed in (1, 1, 2))
    assert np.array_equal(one, same) and not np.array_equal(one, other)
    assert np.sort(one, axis=0)[:, 0] == pytest.approx((np.arange(50) + 0.5) / 50)
