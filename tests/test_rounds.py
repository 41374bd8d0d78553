"""A collection plan in rounds: the least expected cost for the wanted chance, and rounds
against buying the median at once.
"""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import predictive
from analysis.decision.decide import decide
from analysis.decision.prices import Prices
from analysis.decision.questions import for_target
from analysis.decision.rounds import plan_rounds
from analysis.report.messages import say
from analysis.report.plan_words import plan_words
from benchmarks.rounds import POLICIES, summary, synthetic

SIZES = 200 * 2.0 ** np.arange(8)
NOW = SIZES[-1]
TARGET = 3**-0.3  # reached at three times the data
AT = Prices(target=TARGET, label_price=1.0, capacity=10_000, people=0, gpu_hours=0, wanted=0.9)


def curve(b=0.3, floor=0.0, noise=0.02):
    scatter = np.exp(noise * np.random.default_rng(1).standard_normal(len(SIZES)))
    return predictive(SIZES, (floor + (1 - floor) * (SIZES / NOW) ** -b) * scatter)


FOUND = curve()
DECISION = decide(FOUND, AT)


def with_prices(**changes):
    return decide(FOUND, replace(AT, **changes))


def chance(decision, n):
    """That the target is reached by n, over the decision's scenarios."""
    more = decision.strategies[0].more
    return np.array([(more <= each - NOW).mean() for each in n])


def expected_cost(decision, n):
    """Of rounds that end at n, given that the examples at hand do not reach the target."""
    at_hand, *reached = chance(decision, [NOW, *n])
    missed = 1 - (np.array([at_hand, *reached[:-1]]) - at_hand) / (1 - at_hand)
    prices = decision.prices
    steps = prices.label_price * np.diff(n, prepend=NOW) + prices.training(np.array(n) - NOW)
    return (missed * steps).sum()


def test_the_last_round_ends_at_the_promised_price_and_the_first_before():
    plan = plan_rounds(DECISION, rounds=3)
    promised = DECISION.outcome("data")
    assert len(plan.n) == 3 and plan.sizes.sum() == pytest.approx(promised.more)
    assert plan.cost[-1] == promised.cost and plan.chance[-1] == promised.chance
    assert plan.months[-1] == promised.duration
    assert 0.1 < plan.chance[0] < plan.chance[1] < 0.9 <= plan.chance[2] < 0.91
    assert plan.chance == pytest.approx(chance(DECISION, plan.n))


def test_what_to_collect_next_is_the_first_round():
    step = for_target(DECISION).step
    plan = plan_rounds(DECISION)
    assert (step.do, step.examples) == ("collect", plan.sizes[0])
    assert step.price == plan.cost[0] and step.months == plan.months[0]


@pytest.mark.parametrize("changes", [{}, {"gpu_price": 20.0, "gpu_hours": 10.0}])
def test_no_other_sizes_cost_less_on_average(changes):
    decision = with_prices(**changes)
    plan = plan_rounds(decision, rounds=3, correction=0.0)
    least = expected_cost(decision, plan.n)
    random = np.random.default_rng(0)
    for rounds in (1, 2, 3):
        for _ in range(60):
            between = np.sort(random.uniform(NOW + 1, plan.n[-1] - 1, rounds - 1))
            assert expected_cost(decision, [*between, plan.n[-1]]) >= 0.99 * least


def test_more_rounds_cost_less_on_average_and_one_round_is_one_shot():
    plans = [plan_rounds(DECISION, rounds=rounds) for rounds in (1, 2, 3, 5)]
    assert np.all(np.diff([plan.expected_cost for plan in plans]) < 0)
    assert list(plans[0].cost) == [DECISION.outcome("data").cost]


def test_training_that_costs_much_leaves_fewer_rounds():
    dear = plan_rounds(with_prices(gpu_price=1e6, gpu_hours=1e3), rounds=5)
    assert len(dear.n) < len(plan_rounds(DECISION, rounds=5).n)


def test_a_small_penalty_for_too_little_data_is_rather_paid():
    whole = plan_rounds(DECISION)
    cheap = plan_rounds(DECISION, penalty=0.1 * whole.cost[-1])
    assert len(cheap.n) == 0 and cheap.expected_cost == 0
    assert "missing the target costs less" in plan_words(cheap, "$")
    assert np.array_equal(plan_rounds(DECISION, penalty=1e9).n, whole.n)


def test_engineers_come_first_where_that_is_the_choice():
    both = Prices(target=0.6, label_price=50.0, capacity=10_000, engineer_price=100.0)
    decision = decide(FOUND, both)
    plan = plan_rounds(decision)
    assert decision.choice == "both" and plan.engineered
    assert plan.cost[-1] == decision.outcome("both").cost
    assert for_target(decision).step.do == "engineers"


def test_a_target_that_is_reached_needs_no_round():
    plan = plan_rounds(with_prices(target=2.0))
    assert len(plan.n) == len(plan.sizes) == 0 and plan.expected_cost == 0
    assert plan.reason is None and plan.reached
    assert "is reached with the 25,600 examples at hand" in plan_words(plan, "$")


def test_a_target_below_the_floor_gets_no_plan():
    plan = plan_rounds(decide(curve(0.5, 0.7, 0.005), replace(AT, target=0.2)))
    assert len(plan.n) == 0 and "even 10,000 times" in say(plan.reason)
    assert plan_words(plan, "$") == f"No rounds: {say(plan.reason)}."


def test_a_target_that_cannot_be_forecast_still_says_what_to_collect_first():
    answer = for_target(with_prices(target=20**-0.3))
    assert answer.choice == "cannot say" and "beyond the data" in say(answer.reason)
    assert answer.step == answer.instead.step
    assert (answer.step.do, answer.step.n) == ("collect", 2 * NOW)


@settings(max_examples=15)
@given(
    st.floats(0.6, 0.99),
    st.integers(1, 5),
    st.floats(0.5, 0.95),
    st.floats(0, 100),
    st.floats(0, 1e4),
)
def test_every_plan_grows_to_the_promised_price(t, rounds, wanted, price, fixed):
    changes = {"target": t, "wanted": wanted, "label_price": price, "fixed_cost": fixed}
    decision = with_prices(**changes)
    plan = plan_rounds(decision, rounds)
    assert len(plan.n) <= rounds and np.all(plan.sizes > 0)
    assert np.all(np.diff(plan.chance) >= 0)
    if len(plan.n):
        assert plan.cost[-1] == decision.chosen.cost
        assert plan.chance[-1] == decision.chosen.chance >= wanted


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"rounds": 0}, "rounds must be a whole number above 0, got 0"),
        ({"rounds": 1.5}, "rounds must be a whole number above 0, got 1.5"),
        ({"penalty": -1}, "penalty must be zero or positive, got -1"),
        ({"penalty": float("nan")}, "penalty must be zero or positive, got nan"),
    ],
)
def test_wrong_values_are_named(wrong, words):
    with pytest.raises(ValueError, match=words):
        plan_rounds(DECISION, **wrong)


def test_rounds_reach_the_target_more_often_than_the_median_at_once_and_lose_less():
    compared = {name: POLICIES[name] for name in ("one shot, median", "plan, 3 rounds")}
    rows = synthetic(
        4, noises=(0.02,), laws=("power law", "with floor", "with break"), policies=compared
    )
    table = summary(rows, by=["policy"])
    assert table["reached"]["plan, 3 rounds"] >= 0.8
    assert table["reached"]["plan, 3 rounds"] > table["reached"]["one shot, median"] + 0.2
    assert table["loss"]["plan, 3 rounds"] < table["loss"]["one shot, median"]
