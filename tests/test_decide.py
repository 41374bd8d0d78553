"""Engineers or data: answers whose truth is known."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known import LAST, SIZES, known

from analysis import FitError, plan_rounds, predictive
from analysis.curves.forecast import needed_from
from analysis.decision.decide import decide
from analysis.decision.prices import Engineering, Prices
from analysis.report.decision_words import decision_record, decision_words, next_measurement
from analysis.report.messages import say
from analysis.report.plan_words import plan_words
from tracking.plain import plain

FREE_TRAINING = {"gpu_hours": 0.0}
PLAIN = Prices(
    target=0.5, label_price=0.1, **FREE_TRAINING
)  # of known(): 4 LAST examples are needed
GAIN = Engineering(0.6, 0.6)


def finite(decision):
    return decision.table.select_dtypes("number")


def test_data_alone_cost_the_examples_missing_times_their_price():
    found = decide(known(deviation=0.004), PLAIN).outcome("data")
    assert found.more == pytest.approx(3 * LAST, rel=2e-3)
    assert found.cost == pytest.approx(3 * LAST * 0.1, rel=2e-3)
    assert found.duration == pytest.approx(3 * LAST / PLAIN.capacity, rel=2e-3)


def test_the_cost_of_data_has_the_interval_of_data_needed():
    noise = np.exp(0.02 * np.random.default_rng(0).standard_normal(len(SIZES)))
    today = predictive(SIZES, (SIZES / LAST) ** -0.4 * noise)
    found = decide(today, Prices(target=0.7, **FREE_TRAINING)).outcome("data")
    told = needed_from(today, 0.7, 0.9)
    for cost, n in (
        (found.cost, told.median),
        (found.cost_low, told.low),
        (found.cost_high, told.high),
    ):
        assert cost == pytest.approx(0.08 * (n - LAST), rel=0.01)
    assert (found.grade, found.reason) == (told.grade, told.reason)


def test_the_cost_of_data_is_recovered_from_noiseless_measurements():
    found = decide(
        predictive(SIZES, (SIZES / LAST) ** -0.4), replace(PLAIN, target=2**-0.4)
    ).outcome("data")
    assert found.cost == pytest.approx(0.1 * LAST, rel=0.05)
    assert found.cost_low < 0.1 * LAST < found.cost_high


def test_the_interval_of_the_cost_holds_nine_in_ten_of_the_curves_that_are_expected():
    found = decide(known(deviation=0.1), PLAIN).outcome("data")
    scale = np.exp(0.1 * np.random.default_rng(0).standard_t(4, 20_000))
    true = 0.1 * LAST * np.maximum((scale / 0.5) ** 2 - 1, 0)
    assert np.mean((found.cost_low <= true) & (true <= found.cost_high)) == pytest.approx(
        0.9, abs=0.01
    )


def test_engineers_alone_do_if_and_only_if_the_gain_is_enough():
    for gain, p in ((0.45, 0.0), (0.55, 1.0)):
        found = decide(known(), replace(PLAIN, engineering=Engineering(gain, gain))).outcome(
            "model"
        )
        assert found.p_reached == pytest.approx(p, abs=0.01)
        assert found.cost == (math.inf if p == 0 else 2 * 12_000 * 6)


def test_both_cost_the_engineers_and_the_examples_that_remain():
    prices = replace(PLAIN, engineering=Engineering(0.3, 0.3), engineer_price=100)
    found = decide(known(deviation=0.004), prices, better=known(0.7, deviation=0.004)).outcome(
        "both"
    )
    remaining = LAST * ((0.7 / 0.5) ** 2 - 1)
    assert found.cost == pytest.approx(2 * 100 * 6 + 0.1 * remaining, rel=0.01)
    assert found.duration == pytest.approx(6 + remaining / prices.capacity, rel=0.01)


def test_training_costs_more_with_more_examples():
    prices = replace(PLAIN, label_price=0.0, gpu_price=2, gpu_hours=100)
    assert decide(known(), prices).outcome("data").cost == pytest.approx(200 * 4, rel=0.01)


def test_part_of_the_engineering_is_paid_where_it_is_enough():
    prices = replace(PLAIN, engineering=Engineering(0.75, 0.75), label_price=10, target=0.46)
    found = decide(known(), prices)
    assert found.choice == "both" and found.outcome("both").share == pytest.approx(
        7 / 12
    )  # 0.25^(7/12) < 0.46
    assert found.outcome("both").cost == pytest.approx(7 / 12 * 144_000, rel=0.01)


def test_the_cheaper_is_recommended_with_its_probability():
    cheap, dear = (
        decide(known(), replace(PLAIN, engineering=GAIN, label_price=price))
        for price in (0.01, 10)
    )
    assert cheap.recommended == "data" and cheap.outcome("data").p_cheapest > 0.99
    assert dear.recommended in ("model", "both") and dear.outcome("data").p_cheapest < 0.01
    assert decision_words(cheap)[0].startswith("Collect data: about 380,000 more examples")
    assert "3,800 $" in decision_words(cheap)[0] and "loss to 0.5" in decision_words(cheap)[0]


def test_near_balance_the_probability_says_so():
    at_balance = 144_000 / (3 * LAST)
    unsure = decide(
        known(deviation=0.05), replace(PLAIN, label_price=at_balance), better=known(0.4)
    )
    assert unsure.outcome("data").p_cheapest == pytest.approx(0.5, abs=0.02)


def test_a_measured_architecture_is_asked_for_its_own_curve():
    steeper = known(0.9, b=1.0)  # needs LAST · 0.9 / 0.5
    found = decide(known(), replace(PLAIN, engineer_price=0), better=steeper)
    assert found.outcome("model").p_reached < 0.01
    assert found.outcome("both").more == pytest.approx(0.8 * LAST, rel=0.01)
    assert found.recommended == "both"


def test_a_target_that_is_met_costs_nothing_and_the_answer_says_so():
    found = decide(known(), replace(PLAIN, target=1.5, label_price=math.inf))
    assert found.recommended == "nothing" and found.p_met > 0.99
    assert (finite(found)[["cost", "cost_high", "duration", "expected_cost"]] == 0).all(
        axis=None
    )
    assert (
        "Nothing needs to be paid" in decision_words(found)[0]
        and next_measurement(found) is None
    )


def test_a_target_below_the_floor_cannot_be_said_to_be_cheaper_by_data():
    found = decide(known(floor=0.5), replace(PLAIN, target=0.45))
    data = found.outcome("data")
    assert (
        found.recommended == "cannot say" and data.p_reached < 0.01 and data.cost == math.inf
    )
    (sentence,) = decision_words(found)
    assert "even 10,000 times" in say(found.reason) and say(found.reason) in sentence
    assert next_measurement(found).startswith("More of the same data will not help")
    helped = decide(known(floor=0.5), replace(PLAIN, target=0.45), better=known(0.3))
    assert (
        helped.recommended == "cannot say"
        and "Engineers alone bring the loss to 0.45 with more" in decision_words(helped)[1]
    )


def test_engineers_are_recommended_against_data_that_no_money_buys():
    prices = replace(PLAIN, engineering=GAIN, label_price=math.inf)
    found = decide(known(floor=0.1), prices, better=known(0.3))
    assert found.recommended == "model" and found.grade == "good"
    assert found.outcome("data").cost == math.inf and "finite price" in say(
        found.outcome("data").shortfall
    )
    assert "finite price" in decision_words(found)[1]


def test_a_curve_that_is_flat_cannot_say_and_names_what_to_measure():
    flat = predictive(
        SIZES, 0.5 * np.exp(0.005 * np.random.default_rng(0).standard_normal(len(SIZES)))
    )
    found = decide(flat, replace(PLAIN, target=0.4))
    assert found.recommended == found.grade == "cannot say" and "flat" in say(found.reason)
    measure = "Measure more sizes up to 128,000 examples, with several data seeds"
    assert measure in next_measurement(found)
    larger = decide(flat, replace(PLAIN, target=0.4, n=200_000))
    assert "Train on all 200,000 examples" in next_measurement(larger)


def test_infinite_prices_on_both_sides_leave_nothing():
    found = decide(
        known(),
        replace(PLAIN, label_price=math.inf, engineer_price=math.inf, engineering=GAIN),
    )
    assert found.recommended == "none" and (finite(found)["cost"] == math.inf).all()
    words = decision_words(found)
    assert "No option" in words[0] and "data alone has no finite price" in words[1]


def test_free_labels_are_chosen_and_free_engineers_too():
    assert (
        decide(known(), replace(PLAIN, engineering=GAIN, label_price=0)).recommended == "data"
    )
    assert (
        decide(known(), replace(PLAIN, engineering=GAIN, engineer_price=0)).recommended
        == "model"
    )


def test_engineering_that_brings_nothing_is_never_chosen():
    found = decide(known(), replace(PLAIN, engineering=Engineering(0, 0), label_price=1e6))
    assert found.recommended == "data" and found.outcome("model").p_reached < 0.01
    assert found.outcome("both").more == found.outcome("data").more


def test_labellers_that_are_too_slow_for_the_deadline_lose_to_engineers():
    prices = replace(PLAIN, engineering=GAIN, capacity=10_000, deadline=7)
    found = decide(known(), prices)
    data = found.outcome("data")
    assert (
        found.recommended in ("model", "both")
        and data.p_reached > 0.99
        and data.p_in_time < 0.01
    )
    assert data.duration == pytest.approx(38.4, rel=0.05) and "in time" in say(data.shortfall)
    assert (
        decide(
            known(), replace(prices, deadline=5, months=6.0, engineering=Engineering(0, 0))
        ).recommended
        == "none"
    )


def test_what_a_better_loss_is_worth_is_set_against_what_is_spent():
    prices = replace(PLAIN, value_per_point=1000, engineering=GAIN)
    found = decide(known(deviation=0.004), prices)
    assert found.outcome("data").net_value == pytest.approx(50 * 1000 - 38_400, rel=0.02)
    assert found.outcome("model").net_value == pytest.approx(60 * 1000 - 144_000, rel=0.02)
    assert "worth" in decision_words(found)[-1]
    assert math.isnan(decide(known(), PLAIN).outcome("data").net_value)


def test_expected_costs_stay_finite_where_some_futures_never_reach_the_target():
    found = decide(known(floor=0.45, deviation=0.05), PLAIN).outcome("data")
    assert 0.5 < found.p_reached < 0.99 and found.cost_high == math.inf
    assert math.isfinite(found.expected_cost)


@settings(max_examples=25, deadline=None)
@given(
    st.floats(0, 100),
    st.floats(0, 50_000),
    st.floats(0, 0.5),
    st.floats(0, 1),
    st.floats(0.3, 1.2),
    st.floats(0.1, 40),
)
def test_probabilities_are_probabilities_and_intervals_hold_their_median(
    label, salary, gain, success, target, deadline
):
    engineering = Engineering(gain / 2, gain, success)
    prices = Prices(
        label, engineer_price=salary, engineering=engineering, target=target, deadline=deadline
    )
    table = decide(known(deviation=0.1), prices, size=200).table
    for column in ("p_reached", "p_in_time", "p_cheapest"):
        assert table[column].between(0, 1).all()
    assert (table["p_in_time"] <= table["p_reached"]).all()
    for column in ("more", "cost", "duration"):
        assert (table[f"{column}_low"] <= table[column]).all() and (
            table[column] <= table[f"{column}_high"]
        ).all()


@settings(max_examples=25, deadline=None)
@given(
    st.floats(0, 2),
    st.floats(0, 2),
    st.sampled_from(["label_price", "engineer_price", "fixed_cost", "gpu_price"]),
)
def test_no_strategy_gets_cheaper_when_a_price_rises(one, other, field):
    low, high = sorted((one, other))
    costs = [
        decide(
            known(deviation=0.1), replace(Prices(target=0.6), **{field: price}), size=200
        ).table
        for price in (low, high)
    ]
    for column in ("cost", "cost_low", "cost_high"):
        assert (costs[0][column] <= costs[1][column]).all()


def test_the_same_seed_gives_the_same_answer():
    one, same, other = (decide(known(), Prices(target=0.6), seed=seed) for seed in (0, 0, 1))
    assert one.table.equals(same.table) and not one.table.equals(other.table)


def test_the_answer_can_be_written_as_json():
    found = decide(known(floor=0.5), replace(PLAIN, target=0.45))
    record = json.loads(json.dumps(plain(decision_record(found)), allow_nan=False))
    assert (
        record["recommended"] == "cannot say"
        and record["prices"]["engineering"]["high"] == 0.2
    )
    assert [row["name"] for row in record["strategies"]] == ["data", "model", "both"]
    assert record["strategies"][0]["cost"] == "infinity"


def test_a_cheaper_way_that_is_too_unsure_is_named():
    cheap = Prices(target=0.53, label_price=0.01, **FREE_TRAINING)
    today = known(at_last=0.05, floor=0.5, deviation=0.04)
    sure, surer = (decide(today, replace(cheap, wanted=wanted)) for wanted in (0.8, 0.9))
    assert (sure.recommended, surer.recommended) == ("data", "both")
    assert decision_words(sure)[-1] == "The choice is the cheapest with 78% probability."
    assert decision_words(surer)[-1].startswith(
        "More often data alone would be the cheapest (78% against 32%), but not as surely"
    )
    assert decision_words(surer)[-1].endswith("wanted (90%).")


def test_errors_are_told_in_per_cent():
    found = decide(known(0.1), Prices(target=0.05), measure="error")
    assert "error to 5.00%" in decision_words(found)[0]


def test_a_wrong_confidence_is_refused():
    with pytest.raises(FitError, match="confidence must lie between 0 and 1, got 2"):
        decide(known(), PLAIN, confidence=2)


def test_what_was_measured_counts_as_reached_whatever_the_fit_says():
    loss = [0.80, 0.70, 0.61, 0.535, 0.47, 0.38]
    today = predictive(250 * 2.0 ** np.arange(6), loss)
    found = decide(today, Prices(target=0.385))
    assert (
        found.recommended == "nothing"
        and found.p_met < 0.5
        and "Nothing needs to be paid" in decision_words(found)[0]
    )
    assert "reached" in plan_words(plan_rounds(today, 0.385, 8000))
    assert decide(today, Prices(target=0.385, n=4000)).choice != "nothing"


def test_a_chance_below_the_wanted_one_is_said_where_nothing_needs_to_be_paid():
    today = predictive(250 * 2.0 ** np.arange(6), [0.80, 0.70, 0.61, 0.535, 0.47, 0.41])
    found = decide(today, Prices(target=0.36, n=16_000, wanted=0.95))
    assert found.choice == "nothing" and "less than the 95% wanted" in decision_words(found)[0]
