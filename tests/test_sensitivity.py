"""What a decision hangs on."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known import LAST, known

from analysis.decision.break_even import break_even
from analysis.decision.decide import decide
from analysis.decision.prices import Engineering, Prices
from analysis.decision.sensitivity import costs_by_target, diminishing_returns, tornado
from analysis.report.decision_words import (
    INPUTS,
    decision_record,
    decision_words,
    next_measurement,
)
from analysis.report.plan_words import break_even_words
from tracking.plain import plain

AT = Prices(target=0.5, label_price=0.1, gpu_hours=0, engineering=Engineering(0.5, 0.7))


def by_words(table):
    """A tornado by what its inputs are called."""
    words = table["input"].map(INPUTS)
    return table.set_index(words)


def test_the_tornado_has_one_sorted_row_for_each_uncertain_input():
    table = tornado(
        decide(known(deviation=0.05), replace(AT, engineering=Engineering(0.5, 0.7, 0.8)))
    )
    assert list(table["swing"]) == sorted(table["swing"], reverse=True)
    assert {INPUTS[name] for name in table["input"]} == {
        "curve of today's model",
        "what engineering brings",
        "engineering succeeds",
        "price per label",
        "engineer's price per month",
        "engineering months",
        "GPU price per hour",
    }


def test_a_tornado_s_bars_are_the_costs_of_data_less_those_of_engineers():
    table = by_words(tornado(decide(known(), AT, better=known(0.4))))
    data = 0.1 * 3 * LAST
    model = 144_000
    assert table.attrs["difference"] == pytest.approx(data - model, rel=0.01)
    labels = table.loc["price per label"]
    salary = table.loc["engineer's price per month"]
    assert (labels["low"], labels["high"]) == pytest.approx((0.05, 0.15))
    assert (labels["at_low"], labels["at_high"]) == pytest.approx(
        (data / 2 - model, 1.5 * data - model), rel=0.01
    )
    assert (salary["at_low"], salary["at_high"]) == pytest.approx(
        (data - model / 2, data - 1.5 * model), rel=0.01
    )
    assert salary["swing"] == pytest.approx(model)
    assert {"curve of today's model", "curve of the better model"} <= set(table.index)


def test_a_tornado_takes_given_ranges_and_survives_what_is_never_reached():
    found = decide(known(floor=0.47, deviation=0.05), AT)
    table = by_words(tornado(found, {"label_price": (0.1, 0.4)}))
    assert tuple(table.loc["price per label", ["low", "high"]]) == (0.1, 0.4)
    assert table.loc["curve of today's model", "at_high"] == math.inf
    assert not table["swing"].isna().any()


def test_the_next_per_cent_costs_in_proportion_to_n_on_a_power_law():
    table = diminishing_returns(decide(known(), AT), steps=3)
    assert list(table["n"]) == [LAST, 2 * LAST, 4 * LAST, 8 * LAST]
    assert table["more"].to_numpy() == pytest.approx(table["n"] * (0.99**-2 - 1), rel=0.01)
    assert table["cost"].to_numpy() == pytest.approx(0.1 * table["more"], rel=1e-6)
    assert table["value"].to_numpy() == pytest.approx((table["n"] / LAST) ** -0.5, rel=1e-3)


def test_near_the_floor_the_next_per_cent_costs_without_limit():
    table = diminishing_returns(decide(known(floor=5.0), replace(AT, target=4)), steps=13)
    more = table["more"].to_numpy()
    assert (np.diff(more[np.isfinite(more)]) > 0).all() and more[-1] == math.inf


def test_costs_over_targets_are_those_of_the_decisions():
    decision = decide(known(deviation=0.05), AT)
    table = costs_by_target(decision, [0.9, 0.5])
    for target, rows in table.groupby("target"):
        single = decide(known(deviation=0.05), replace(AT, target=target)).table.set_index(
            "name"
        )
        for row in rows.itertuples():
            expected = single.loc[row.strategy]
            wanted = expected["cost"] if expected["p_in_time"] >= AT.wanted else math.inf
            assert row.cost == pytest.approx(wanted, rel=0.03)


def test_without_targets_costs_run_from_today_s_loss_down_and_rise():
    table = costs_by_target(decide(known(), AT))
    data = table[table["strategy"] == "data"]
    assert len(data) == 20 and data["target"].iloc[0] == pytest.approx(1, rel=0.01)
    assert data["target"].is_monotonic_decreasing and data["cost"].is_monotonic_increasing
    both, best = (
        table[table["strategy"] == name]["cost"].to_numpy() for name in ("both", "data")
    )
    assert (both[-1] < math.inf) and (best[-1] > both[-1])


@pytest.mark.parametrize(
    ("ranges", "message"),
    [
        ({"coffee": (1, 2)}, "ranges must be of label_price, .*, got 'coffee'"),
        ({"label_price": (2, 1)}, "the range of label_price must rise, got 2 to 1"),
        ({"label_price": (-1, 1)}, "label_price must be a number from 0"),
    ],
)
def test_a_wrong_range_is_refused(ranges, message):
    with pytest.raises(ValueError, match=message):
        tornado(decide(known(), AT, size=100), ranges)


@settings(max_examples=40, deadline=None)
@given(
    today=st.sampled_from(
        [known(), known(floor=0.5, deviation=0.05), known(floor=0.1, deviation=0.3)]
    ),
    better=st.sampled_from(
        [None, known(0.5), known(1.1), known(0.8, b=0.7), known(0.4, floor=0.4)]
    ),
    label_price=st.sampled_from([0, 0.1, 1e15, math.inf]),
    fixed_cost=st.sampled_from([0, 1e5]),
    capacity=st.sampled_from([1e-9, 1e4, math.inf]),
    engineer_price=st.sampled_from([0, 1e4, math.inf]),
    people=st.sampled_from([0, 2]),
    months=st.sampled_from([0, 6, 1e15]),
    engineering=st.sampled_from(
        [Engineering(0, 0), Engineering(0.1, 0.9, 0.5), Engineering(0.3, 0.3, 0)]
    ),
    gpu_hours=st.sampled_from([0, 100]),
    value_per_point=st.sampled_from([None, 0, 1e6]),
    deadline=st.sampled_from([0, 6, math.inf]),
    target=st.sampled_from([1e-9, 0.5, 0.9, 1, 50]),
    n=st.sampled_from([None, LAST / 100, 1e8]),
)
def test_whatever_is_allowed_gets_an_answer_in_words_tables_and_json(today, better, **prices):
    decision = decide(today, Prices(**prices), better=better, size=60)
    sentences = decision_words(decision)
    words = *sentences, *break_even_words(break_even(decision)), next_measurement(decision)
    assert sentences and not any(
        "nan" in sentence or "inf" in sentence.split() for sentence in words if sentence
    )
    tables = (
        tornado(decision),
        diminishing_returns(decision),
        costs_by_target(decision, size=30),
    )
    json.dumps(plain([decision_record(decision), *tables]), allow_nan=False)
    assert (
        not decision.table[["more", "cost", "cost_low", "cost_high", "duration"]]
        .isna()
        .any(axis=None)
    )
