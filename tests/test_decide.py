"""Engineers or data: answers whose truth is known."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from decided import next_words, record, sentence
from hypothesis import given, settings
from hypothesis import strategies as st
from known import LAST, SIZES, known

from analysis import FitError, Reason, predictive
from analysis.curves.data_needed import needed_from
from analysis.curves.predictive import FREEDOM
from analysis.decision.decide import decide
from analysis.decision.prices import Engineering, Prices
from analysis.decision.rounds import plan_rounds
from analysis.diagnostics.evidence import Past
from analysis.report.decision_words import decision_words
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


def surely(deviation, at_last=1.0):
    """Examples that known() needs for 0.5 with 80 % probability, less those at hand.

    0.941 is that quantile of Student's distribution with 4 degrees of freedom.
    """
    return LAST * ((at_last * np.exp(0.941 * deviation) / 0.5) ** 2 - 1)


def test_data_alone_cost_the_examples_missing_times_their_price():
    found = decide(known(deviation=0.004), PLAIN).outcome("data")
    more = surely(0.004)
    assert found.more == pytest.approx(more, rel=2e-3)
    assert found.cost == pytest.approx(more * 0.1, rel=2e-3)
    assert found.duration == pytest.approx(more / PLAIN.capacity, rel=2e-3)


def test_the_price_of_data_has_its_chance_and_the_interval_of_data_needed():
    noise = np.exp(0.02 * np.random.default_rng(0).standard_normal(len(SIZES)))
    today = predictive(SIZES, (SIZES / LAST) ** -0.4 * noise)
    found = decide(today, Prices(target=0.7, **FREE_TRAINING)).outcome("data")
    told = needed_from(today, 0.7, 0.9)
    surely = needed_from(today, 0.7, 0.6).high  # 80 % lie below
    for cost, n in (
        (found.cost, surely),
        (found.cost_low, told.low),
        (found.cost_high, told.high),
    ):
        assert cost == pytest.approx(0.08 * (n - LAST), rel=0.01)
    assert found.chance == pytest.approx(0.8, abs=0.001)
    assert found.reason == told.reason


def test_the_cost_of_data_is_recovered_from_noiseless_measurements():
    found = decide(
        predictive(SIZES, (SIZES / LAST) ** -0.4), replace(PLAIN, target=2**-0.4)
    ).outcome("data")
    assert found.cost_low < 0.1 * LAST < found.cost < found.cost_high
    assert found.cost < 2 * 0.1 * LAST
    assert found.cost_low < 0.1 * LAST < found.cost_high


def test_the_interval_of_the_cost_holds_nine_in_ten_of_the_curves_that_are_expected():
    found = decide(known(deviation=0.1), PLAIN).outcome("data")
    scale = np.exp(0.1 * np.random.default_rng(0).standard_t(FREEDOM, 20_000))
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
    remaining = surely(0.004, at_last=0.7)
    assert found.cost == pytest.approx(2 * 100 * 6 + 0.1 * remaining, rel=0.01)
    assert found.duration == pytest.approx(6 + remaining / prices.capacity, rel=0.01)


def test_training_costs_more_with_more_examples():
    prices = replace(PLAIN, label_price=0.0, gpu_price=2, gpu_hours=100)
    assert decide(known(deviation=0.004), prices).outcome("data").cost == pytest.approx(
        200 * (1 + surely(0.004) / LAST), rel=0.01
    )


def test_the_months_are_those_of_the_input_or_none():
    prices = replace(PLAIN, engineering=Engineering(0.75, 0.75), label_price=10, target=0.46)
    found = decide(known(), prices)
    assert found.choice == "model"
    assert found.outcome("model").duration == prices.months
    assert found.outcome("both").duration == prices.months
    assert found.outcome("model").cost == found.outcome("both").cost == 144_000


def test_the_cheaper_is_recommended_with_its_probability():
    cheap, dear = (
        decide(known(), replace(PLAIN, engineering=GAIN, label_price=price))
        for price in (0.01, 10)
    )
    assert cheap.recommended == "data" and cheap.outcome("data").p_cheapest > 0.99
    assert dear.recommended in ("model", "both") and dear.outcome("data").p_cheapest < 0.01
    assert sentence(cheap).startswith(
        "$4,000 would bring the model's loss from 1 to 0.5 with 80% probability: "
        "400,000 more examples"
    )


def test_near_balance_the_probability_says_so():
    at_balance = 144_000 / (3 * LAST)  # half of the time data are cheaper
    unsure = decide(
        known(deviation=0.05), replace(PLAIN, label_price=at_balance), better=known(0.4)
    )
    assert unsure.outcome("data").p_cheapest == pytest.approx(0.5, abs=0.02)


def test_a_measured_architecture_is_asked_for_its_own_curve():
    steeper = known(0.9, b=1.0)  # needs LAST · 0.9 / 0.5
    found = decide(known(), replace(PLAIN, engineer_price=0), better=steeper)
    assert found.outcome("model").p_reached < 0.01
    assert found.outcome("both").more == pytest.approx(
        LAST * (0.9 * np.exp(0.941 * 0.02) / 0.5 - 1), rel=0.01
    )
    assert found.recommended == "both"


def test_a_target_that_is_met_costs_nothing_and_the_answer_says_so():
    found = decide(known(), replace(PLAIN, target=1.5, label_price=math.inf))
    assert found.recommended == "nothing" and found.p_met > 0.99
    assert (finite(found)[["cost", "cost_high", "duration"]] == 0).all(axis=None)
    assert "nothing needs to be paid" in sentence(
        found
    ) and "nothing needs to be done" in next_words(found)


def test_a_target_below_the_floor_cannot_be_said_to_be_cheaper_by_data():
    found = decide(known(floor=0.5), replace(PLAIN, target=0.45))
    data = found.outcome("data")
    assert (
        found.recommended == "cannot say" and data.p_reached < 0.01 and data.cost == math.inf
    )
    assert (
        "even 10,000 times" in say(data.reason)
        and say(data.reason) in decision_words(found)[0]
    )
    assert "more data will not do" in next_words(found)
    helped = decide(known(floor=0.5), replace(PLAIN, target=0.45), better=known(0.3))
    assert helped.recommended == "model" and helped.reason is None
    assert "with more than 99% probability: engineers for 6 months" in sentence(helped)


def test_engineers_are_recommended_against_data_that_no_money_buys():
    prices = replace(PLAIN, engineering=GAIN, label_price=math.inf)
    found = decide(known(floor=0.1), prices, better=known(0.3))
    assert found.recommended == "model" and found.grade == "good"
    assert found.outcome("data").cost == math.inf and "finite price" in say(
        found.outcome("data").shortfall
    )
    assert "finite price" in decision_words(found)[0]


def test_a_curve_that_is_flat_cannot_say_and_names_what_to_measure():
    flat = predictive(
        SIZES, 0.5 * np.exp(0.005 * np.random.default_rng(0).standard_normal(len(SIZES)))
    )
    found = decide(flat, replace(PLAIN, target=0.4))
    assert found.recommended == found.grade == "cannot say" and "flat" in say(found.reason)
    measure = "train on more sizes up to 128,000 examples, with several data seeds"
    assert measure in next_words(found)
    larger = decide(flat, replace(PLAIN, target=0.4, n=200_000))
    assert "train on all 200,000 examples" in next_words(larger)


def test_infinite_prices_on_both_sides_leave_nothing():
    found = decide(
        known(),
        replace(PLAIN, label_price=math.inf, engineer_price=math.inf, engineering=GAIN),
    )
    assert found.recommended == "none" and (finite(found)["cost"] == math.inf).all()
    assert "cannot be promised" in sentence(found)
    assert "data alone has no finite price" in decision_words(found)[0]


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
        found.recommended in ("model", "both") and data.p_reached > 0.99 and data.chance < 0.01
    )
    assert data.duration == math.inf and "in time" in say(data.shortfall)
    assert (
        decide(
            known(), replace(prices, deadline=5, months=6.0, engineering=Engineering(0, 0))
        ).recommended
        == "none"
    )


def test_what_a_better_loss_is_worth_is_set_against_what_is_spent():
    prices = replace(PLAIN, value_per_point=1000, engineering=GAIN)
    found = decide(known(deviation=0.004), prices)
    assert found.outcome("data").net_value == pytest.approx(50 * 1000 - 38_400, rel=0.03)
    assert found.outcome("model").net_value == pytest.approx(60 * 1000 - 144_000, rel=0.02)
    assert "worth" in decision_words(found)[-1]
    assert math.isnan(decide(known(), PLAIN).outcome("data").net_value)


def test_the_value_stays_finite_where_some_futures_never_reach_the_target():
    unsure = replace(PLAIN, wanted=0.6, value_per_point=1000)
    found = decide(known(floor=0.45, deviation=0.05), unsure).outcome("data")
    assert 0.5 < found.p_reached < 0.99 and found.cost_high == math.inf
    assert math.isfinite(found.net_value)


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
    for column in ("p_reached", "chance"):
        assert table[column].between(0, 1).all()
    shares = table["p_cheapest"]
    assert shares.isna().all() or shares.between(0, 1).all()
    assert (table["chance"] <= table["p_reached"]).all()
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
    written = json.loads(json.dumps(plain(record(found)), allow_nan=False))
    assert written["recommended"] == "cannot say"
    assert written["prices"]["engineering"]["high"] == 0.2
    assert [row["name"] for row in written["strategies"]] == ["data", "model", "both"]
    assert written["strategies"][0]["cost"] is None  # it cannot be said
    assert written["strategies"][1]["cost"] == "infinity"
    assert written["questions"]["target"]["instead"]["n"] == 2 * LAST


def test_a_cheaper_way_that_is_too_unsure_is_named():
    cheap = Prices(target=0.53, label_price=0.01, **FREE_TRAINING)
    today = known(at_last=0.05, floor=0.5, deviation=0.04)
    sure, surer = (
        decide(today, replace(cheap, wanted=wanted), past=Past(20, 20, 0.9))
        for wanted in (0.7, 0.9)
    )
    assert (sure.recommended, surer.recommended) == ("data", "model")
    assert "The choice turns out the cheapest with 74% probability." in decision_words(sure)
    more_often = "More often data alone turns out the cheapest (74% against"
    assert any(words.startswith(more_often) for words in decision_words(surer))


def test_errors_are_told_in_per_cent():
    found = decide(known(0.1), Prices(target=0.05), measure="error")
    assert "model's error from 10.00% to 5.00%" in sentence(found)


# --- evidence --------------------------------------------------------------------------------


def test_probabilities_of_the_alternatives_make_one_with_ties_shared():
    engineering = replace(PLAIN, engineering=GAIN, label_price=10)  # model and both cost alike
    for prices in (PLAIN, engineering, replace(PLAIN, deadline=7, capacity=40_000)):
        found = decide(known(deviation=0.05), prices)
        shares = [outcome.p_cheapest for outcome in found.outcomes]
        assert sum(shares) + found.p_none == pytest.approx(1)
    model, both = (decide(known(), engineering).outcome(name) for name in ("model", "both"))
    assert model.p_cheapest == pytest.approx(0.5, abs=0.001)
    assert both.p_cheapest == pytest.approx(0.5, abs=0.001)


def test_a_curve_that_missed_its_past_promises_no_probabilities():
    few = decide(known(deviation=0.05), PLAIN, past=Past(2, 4, 0.9))
    assert few.recommended == "cannot say"
    assert few.reason == Reason.PAST_MISSED(inside=2, count=4)
    assert all(math.isnan(outcome.p_cheapest) for outcome in few.outcomes)
    untested = decide(known(deviation=0.05), PLAIN, past=Past(1, 1, 0.9))
    assert untested.choice == "data" and untested.grade == "fair"
    assert all(math.isnan(outcome.p_cheapest) for outcome in untested.outcomes)


def test_a_curve_that_foretold_its_past_is_not_simply_poor():
    wide = known(b=0.15, deviation=0.1)
    by_width, held = (
        decide(wide, replace(PLAIN, target=0.85), past=past)
        for past in (None, Past(75, 75, 0.9))
    )
    assert (by_width.grade, held.grade) == ("poor", "fair")
    assert Reason.PAST_HELD(inside=75, count=75) in held.sure.evidence
    assert math.isnan(by_width.outcome("data").p_cheapest)
    assert held.outcome("data").p_cheapest > 0.5


def test_where_the_fitted_floor_forbids_the_target_data_are_not_advised():
    exact = known(floor=0.5, at_last=0.5)
    hopeful = replace(exact, middle=replace(exact.middle, floor=0.3))  # than the law's 0.5
    found = decide(hopeful, replace(PLAIN, target=0.48, engineering=Engineering(0, 0)))
    assert found.outcome("data").p_reached > 0.95
    assert found.recommended == "cannot say"
    assert found.reason in (Reason.BELOW_FLOOR(), Reason.LIKELY_BELOW_FLOOR())
    assert "cannot be promised" in sentence(found)
    assert "more data will not do" in next_words(found)


def test_a_wrong_confidence_is_refused():
    with pytest.raises(FitError, match="confidence must lie between 0 and 1, got 2"):
        decide(known(), PLAIN, confidence=2)


def test_what_was_measured_counts_as_reached_whatever_the_fit_says():
    loss = [0.80, 0.70, 0.61, 0.535, 0.47, 0.38]
    today = predictive(250 * 2.0 ** np.arange(6), loss)
    found = decide(today, Prices(target=0.381))
    assert (
        found.recommended == "nothing"
        and found.p_met < 0.5
        and "nothing needs to be paid" in sentence(found)
    )
    assert (finite(found)[["cost", "duration", "more"]] == 0).all(axis=None)
    assert "reached" in plan_words(plan_rounds(found), "$")
    assert decide(today, Prices(target=0.381, n=4000)).choice != "nothing"


def test_a_chance_below_the_wanted_one_is_not_called_met():
    today = predictive(250 * 2.0 ** np.arange(6), [0.80, 0.70, 0.61, 0.535, 0.47, 0.41])
    found = decide(today, Prices(target=0.36, n=16_000, wanted=0.95))
    assert 0.5 < found.p_met < 0.95 and found.choice != "nothing"
