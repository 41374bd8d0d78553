"""What a decision hangs on."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from decided import every_word, record
from hypothesis import given, settings
from hypothesis import strategies as st
from known import LAST, known

from analysis.decision.decide import decide
from analysis.decision.gains import doublings
from analysis.decision.prices import Engineering, Prices
from analysis.decision.sensitivity import costs_by_target, tornado
from analysis.report.decision_words import INPUTS
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
    data = 0.1 * LAST * (4 * np.exp(2 * 0.02 * 0.941) - 1)  # for 80 % probability
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


def test_a_tornado_survives_what_is_never_reached():
    table = by_words(tornado(decide(known(floor=0.47, deviation=0.05), AT)))
    assert table.loc["curve of today's model", "at_high"] == math.inf
    assert not table["swing"].isna().any()


def test_each_doubling_costs_twice_as_much_and_brings_less():
    table = doublings(decide(known(), AT), count=3)
    assert [one.n for one in table] == [2 * LAST, 4 * LAST, 8 * LAST]
    assert [one.price for one in table] == pytest.approx(
        [0.1 * LAST, 0.3 * LAST, 0.7 * LAST], rel=1e-6
    )
    assert [one.value for one in table] == pytest.approx([2**-0.5, 4**-0.5, 8**-0.5], rel=1e-3)


def test_near_the_floor_more_data_bring_hardly_anything():
    first, *_ = doublings(decide(known(at_last=0.05, floor=5.0), replace(AT, target=4)))
    assert first.hardly and first.step.do == "better model"


def test_costs_over_targets_are_those_of_the_decisions():
    table = costs_by_target(decide(known(deviation=0.05), AT))
    for target in sorted(set(table["target"]))[2:6]:
        rows = table[table["target"] == target]
        single = decide(known(deviation=0.05), replace(AT, target=target)).table
        promised = single["cost"].where(single["reason"].isna(), math.inf)
        assert list(rows["cost"]) == list(promised)


def test_without_targets_costs_run_from_today_s_loss_down_and_rise():
    decision = decide(known(), AT)
    table = costs_by_target(decision)
    data = table[table["strategy"] == "data"]
    assert data["target"].iloc[0] == pytest.approx(1, rel=0.01)
    own = data[data["target"] == AT.target]
    assert list(own["cost"]) == [decision.outcome("data").cost]
    assert data["target"].is_monotonic_decreasing and data["cost"].is_monotonic_increasing
    both, best = (
        table[table["strategy"] == name]["cost"].to_numpy() for name in ("both", "data")
    )
    assert (both[-1] < math.inf) and (best[-1] > both[-1])


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
    words = every_word(decision)
    assert all(words) and not any("nan" in one or "inf" in one.split() for one in words)
    tables = tornado(decision), costs_by_target(decision)
    json.dumps(plain([record(decision), *tables]), allow_nan=False)
    assert (
        not decision.table[["more", "cost", "cost_low", "cost_high", "duration"]]
        .isna()
        .any(axis=None)
    )
