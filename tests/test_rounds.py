"""A collection plan in rounds: the least expected cost for a wanted chance, and rounds against
one shot.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import FitError, predictive
from analysis.decision.rounds import plan_rounds
from analysis.report.messages import say
from analysis.report.numbers import amount
from analysis.report.plan_words import plan_words
from benchmarks.rounds import POLICIES, summary, synthetic

SIZES = 200 * 2.0 ** np.arange(8)
NOW = SIZES[-1]


def curve(b=0.3, floor=0.0, noise=0.02):
    scatter = np.exp(noise * np.random.default_rng(1).standard_normal(len(SIZES)))
    return predictive(SIZES, (floor + (1 - floor) * (SIZES / NOW) ** -b) * scatter)


FOUND = curve()
TARGET = 3**-0.3  # reached at three times the data


def conditional(n, target=TARGET):
    """The distribution of n(target), given that the examples at hand do not reach it."""
    now = FOUND.reached(NOW, target)
    return (FOUND.reached(n, target) - now) / (1 - now)


def expected_cost(n, price=1.0, fixed=0.0):
    missed = (
        1 - np.concatenate([[0], conditional(np.array(n[:-1]))]) if len(n) > 1 else np.ones(1)
    )
    return (missed * (fixed + price * np.diff(n, prepend=NOW))).sum()


def test_the_last_round_goes_to_the_wanted_chance_and_the_first_to_less():
    plan = plan_rounds(FOUND, TARGET, NOW, rounds=3, success=0.9)
    assert len(plan.n) == 3 and plan.n[-1] == pytest.approx(plan.n_now + plan.sizes.sum())
    assert plan.chance == pytest.approx(conditional(plan.n))
    assert 0.1 < plan.chance[0] < plan.chance[1] < 0.9 <= plan.chance[2] < 0.92


@pytest.mark.parametrize(("price", "fixed"), [(1.0, 0.0), (0.1, 150.0)])
def test_no_other_sizes_cost_less_on_average(price, fixed):
    plan = plan_rounds(FOUND, TARGET, NOW, rounds=3, price=price, fixed=fixed)
    assert plan.expected_cost == pytest.approx(expected_cost(plan.n, price, fixed))
    random = np.random.default_rng(0)
    for rounds in (1, 2, 3):
        for _ in range(100):
            between = np.sort(random.uniform(NOW, plan.n[-1], rounds - 1))
            assert (
                expected_cost([*between, plan.n[-1]], price, fixed)
                >= 0.999 * plan.expected_cost
            )


def test_the_expected_cost_is_what_curves_drawn_from_the_distribution_cost():
    plan = plan_rounds(FOUND, TARGET, NOW, rounds=3)
    quantile = np.random.default_rng(0).uniform(size=40_000)
    reached = (
        quantile[:, None] <= plan.chance
    )  # the round at whose end a drawn n(target) is reached
    paid = np.where(reached.any(1), reached.argmax(1) + 1, 3)
    assert plan.cost.cumsum()[paid - 1].mean() == pytest.approx(plan.expected_cost, rel=0.01)


def test_more_rounds_cost_less_on_average_and_one_round_is_one_shot():
    plans = [plan_rounds(FOUND, TARGET, NOW, rounds=rounds) for rounds in (1, 2, 3, 5)]
    assert np.all(np.diff([plan.expected_cost for plan in plans]) < 0)
    assert plans[0].expected_cost == plans[0].at_once == plans[0].sizes[0]


def test_rounds_that_cost_much_to_start_become_one():
    assert len(plan_rounds(FOUND, TARGET, NOW, rounds=3, fixed=1e9).n) == 1


def test_data_for_nothing_are_collected_at_once():
    plan = plan_rounds(FOUND, TARGET, NOW, price=0.0)
    assert len(plan.n) == 1 and plan.expected_cost == 0 and plan.chance[-1] >= 0.9


def test_a_budget_cuts_the_plan_and_says_what_chance_is_left():
    whole = plan_rounds(FOUND, TARGET, NOW, price=0.5, fixed=100)
    half = plan_rounds(FOUND, TARGET, NOW, price=0.5, fixed=100, budget=whole.cost.sum() / 2)
    assert half.cost.sum() <= whole.cost.sum() / 2
    assert 0.2 < half.chance[-1] < whole.chance[-1]
    assert f"{half.chance[-1]:.0%}" in plan_words(half)


@pytest.mark.parametrize(
    "wrong", [{"budget": 10, "fixed": 20}, {"price": np.inf}, {"price": np.inf, "budget": 100}]
)
def test_a_budget_that_pays_for_nothing_gives_no_plan(wrong):
    plan = plan_rounds(FOUND, TARGET, NOW, **wrong)
    assert len(plan.n) == 0 and plan.grade == "cannot say" and "budget" in say(plan.reason)


def test_a_target_that_is_reached_needs_no_round():
    plan = plan_rounds(FOUND, 2.0, NOW)
    assert len(plan.n) == len(plan.sizes) == 0 and plan.expected_cost == plan.at_once == 0
    assert plan.reason is None and plan.reached
    assert "is reached with the 25,600 examples at hand" in plan_words(plan)


def test_a_target_below_the_floor_gets_no_plan():
    plan = plan_rounds(curve(0.5, 0.7, 0.005), 0.2, NOW)
    assert len(plan.n) == 0 and plan.grade == "cannot say"
    assert "even 10,000 times" in say(plan.reason)
    assert plan_words(plan) == f"no plan: {say(plan.reason)}"


def test_a_target_that_cannot_be_forecast_still_says_what_to_collect_first():
    plan = plan_rounds(FOUND, 20**-0.3, NOW)
    assert plan.grade == "cannot say" and "beyond the data" in say(plan.reason)
    assert NOW < plan.n[0] <= plan.n[-1] <= 10 * NOW and plan.chance[-1] < 0.9
    assert plan_words(plan).startswith("cannot say")
    assert f"up to {amount(plan.n[0])} examples" in plan_words(plan)


@settings(max_examples=15)
@given(
    st.floats(0.3, 0.99),
    st.integers(1, 5),
    st.floats(0.1, 0.95),
    st.floats(0, 100),
    st.floats(0, 1e4),
    st.floats(1e3, 1e6),
)
def test_every_plan_grows_within_its_budget_and_never_costs_more_than_at_once(
    t, rounds, success, price, fixed, budget
):
    plan = plan_rounds(
        FOUND, t, NOW, rounds=rounds, success=success, price=price, fixed=fixed, budget=budget
    )
    assert (
        len(plan.n) <= rounds and np.all(plan.sizes > 0) and np.all(np.diff(plan.chance) >= 0)
    )
    assert plan.cost.sum() <= budget * (1 + 1e-9)
    assert plan.expected_cost <= plan.cost.sum() * (1 + 1e-9)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"rounds": 0}, "rounds must be a whole number above 0, got 0"),
        ({"rounds": 1.5}, "rounds must be a whole number above 0, got 1.5"),
        ({"success": 1}, "success must lie between 0 and 1, got 1"),
        ({"success": "high"}, "success must lie between 0 and 1, got 'high'"),
        ({"price": -1}, "price must be zero or positive, got -1"),
        ({"fixed": float("nan")}, "fixed must be zero or positive, got nan"),
        ({"budget": None}, "budget must be zero or positive, got None"),
        ({"n_now": 0}, "n_now must be positive and finite, got 0"),
        ({"target": [0.1, 0.2]}, "target must be one number"),
    ],
)
def test_wrong_values_are_named(wrong, words):
    with pytest.raises(FitError, match=words):
        plan_rounds(**({"found": FOUND, "target": TARGET, "n_now": NOW} | wrong))


def test_rounds_reach_the_target_more_often_than_one_shot_at_little_more_than_the_least_cost():
    compared = {
        name: POLICIES[name]
        for name in ("one shot, power law", "one shot, median", "plan, 3 rounds")
    }
    rows = synthetic(
        4, noises=(0.02,), laws=("power law", "with floor", "with break"), policies=compared
    )
    table = summary(rows, by=["policy"])
    assert table["reached"]["plan, 3 rounds"] >= 0.85
    assert (
        table["reached"]["plan, 3 rounds"] > table["reached"].drop("plan, 3 rounds") + 0.2
    ).all()
    assert table["cost"]["plan, 3 rounds"] < 1.75
