"""Strategies, and the rule that chooses between them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known import LAST, known

from analysis.decision.prices import Engineering, Prices
from analysis.decision.scenarios import scenarios
from analysis.decision.strategies import best, eligible, quantile, strategies

AT = Prices(
    target=0.7,
    n=LAST,
    engineering=Engineering(0.1, 0.4, 0.9),
    gpu_price=1,
    gpu_hours=50,
    fixed_cost=300,
)
DRAWN = scenarios(known(floor=0.1, deviation=0.06), None, 1000, 0)
EVERY = strategies(DRAWN, AT)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(EVERY),
    st.floats(0, 10),
    st.floats(0, 20),
    st.floats(0, 24),
    st.floats(1, 1e6),
)
def test_the_price_is_that_with_which_the_wanted_share_of_all_scenarios_is_in_time(
    strategy, label, months, deadline, capacity
):
    prices = replace(
        AT, label_price=label, months=months, deadline=deadline, capacity=capacity
    )
    in_time = strategy.in_time(prices)
    assert strategy.p_in_time(prices) == in_time.mean()
    costs = np.where(in_time, strategy.cost(prices), np.inf)
    assert strategy.price(prices) == quantile(np.sort(costs), prices.wanted)
    if eligible(strategy, prices):
        assert (costs <= strategy.price(prices)).mean() >= prices.wanted


def test_in_time_is_what_takes_no_longer_than_the_deadline():
    prices = replace(AT, months=2, deadline=3, capacity=50_000)
    for strategy in EVERY:
        durations = strategy.duration(prices)
        clear = np.abs(durations - 3) > 1e-9
        assert np.array_equal(strategy.in_time(prices)[clear], (durations <= 3)[clear])


def test_engineering_first_needs_no_more_examples_than_data_alone_and_the_model_none():
    data, model, both = EVERY
    assert [strategy.engineered for strategy in EVERY] == [False, True, True]
    assert (both.more <= data.more).all() and (both.more < data.more).any()
    assert set(model.more) == {0, np.inf}
    assert np.array_equal(model.more == 0, both.more == 0)


@pytest.mark.parametrize("nobody", [{"months": 0.0}, {"people": 0.0}])
def test_no_work_brings_no_gain(nobody):
    data, model, both = strategies(DRAWN, replace(AT, **nobody))
    assert np.array_equal(both.more, data.more)
    assert np.isinf(model.more[~model.met]).all()


def test_what_was_measured_is_met_in_every_scenario():
    measured = float(DRAWN.today.curve.value[-1])
    met = strategies(DRAWN, replace(AT, target=measured))
    assert all(strategy.met.all() and strategy.price(AT) == 0 for strategy in met)


def test_where_today_s_model_meets_the_target_nothing_is_spent():
    data, model, _ = strategies(DRAWN, replace(AT, target=1.05))
    assert 0.2 < data.met.mean() < 0.8
    for strategy in (data, model):
        assert (strategy.cost(AT)[data.met] == 0).all() and (
            strategy.duration(AT)[data.met] == 0
        ).all()
        assert (strategy.cost(AT)[~data.met] > 0).all()


def test_the_smallest_price_of_those_that_reach_the_target_in_time_is_chosen():
    chosen = best(EVERY, AT)
    assert eligible(chosen, AT)
    costs = [
        quantile(np.sort(strategy.cost(AT)), AT.wanted)
        for strategy in EVERY
        if strategy.in_time(AT).mean() >= AT.wanted
    ]
    assert chosen.price(AT) == pytest.approx(min(costs))


def test_what_reaches_the_target_too_rarely_is_not_chosen_even_where_it_is_free():
    free = replace(
        AT,
        engineer_price=0,
        gpu_price=0,
        target=0.95,
        engineering=Engineering(0.1, 0.4, success=0.75),
    )
    model = strategies(DRAWN, free)[1]
    assert not eligible(model, free)
    assert best(strategies(DRAWN, free), free).name == "both"


def test_where_none_is_eligible_the_likeliest_is_named():
    late = replace(AT, deadline=0.5, months=6, capacity=1000, target=0.5)
    assert not any(eligible(strategy, late) for strategy in EVERY)
    chosen = best(EVERY, late)
    assert chosen.p_in_time(late) == max(strategy.p_in_time(late) for strategy in EVERY)


def test_a_quantile_is_one_of_the_values():
    values = np.array([1.0, 2.0, np.inf, np.inf])
    assert [quantile(values, q) for q in (0.01, 0.25, 0.5, 0.51, 1)] == [
        1,
        1,
        2,
        np.inf,
        np.inf,
    ]
