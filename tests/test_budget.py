"""The best loss for a budget."""

import math
from dataclasses import replace

import pytest
from decided import subject
from hypothesis import given, settings
from hypothesis import strategies as st
from known import LAST, known

from analysis.decision import gains
from analysis.decision.decide import decide
from analysis.decision.gains import for_budget
from analysis.decision.prices import Engineering, Prices
from analysis.report.answer_words import answer_words

AT = Prices(
    label_price=0.1,
    gpu_hours=0,
    engineering=Engineering(0.2, 0.2),
    engineer_price=100,
    people=1,
    months=10,
)


def best_for_budget(today, prices, money, **others):
    return gains.for_budget(decide(today, prices, **others), money)


def test_without_engineering_worth_its_money_all_of_it_buys_labels():
    found = best_for_budget(known(), replace(AT, engineering=Engineering(0, 0)), 38_400)
    assert (found.engineered, found.price) == (False, 38_400)
    assert found.n == pytest.approx(4 * LAST) and found.value == pytest.approx(0.5, rel=1e-3)


def test_dear_labels_leave_the_money_to_the_engineers():
    decision = decide(known(), replace(AT, label_price=1e6))
    found = for_budget(decision, 1000)
    assert (found.months, found.price) == (10, 1000)
    assert found.value == pytest.approx(0.8, rel=0.01)
    assert "engineers alone" in answer_words(found, subject(decision))


def test_the_better_of_both_uses_is_chosen_and_all_of_the_money_is_accounted_for():
    found = best_for_budget(known(), AT, 5000)
    assert found.price == pytest.approx(5000) and found.low < found.value < found.high
    without = best_for_budget(known(), replace(AT, engineering=Engineering(0, 0)), 5000)
    assert found.value < without.value


def test_the_engineers_are_paid_whole_or_not_at_all():
    dear = replace(AT, engineering=Engineering(0.5, 0.5), engineer_price=1000)
    assert not best_for_budget(known(), dear, 9_999).engineered
    found = best_for_budget(known(), dear, 10_000)
    assert found.engineered and found.months == AT.months and found.more == 0


def test_a_measured_architecture_is_bought_whole_or_not_at_all():
    assert best_for_budget(known(), AT, 5000, better=known(0.5)).engineered
    assert not best_for_budget(known(), AT, 900, better=known(0.5)).engineered


def test_no_money_leaves_things_as_they_are():
    found = best_for_budget(known(), replace(AT, gpu_hours=10), 0)
    assert (found.n, found.engineered, found.price) == (LAST, False, 0)
    assert found.value == pytest.approx(1, rel=1e-3)


def test_capacity_and_deadline_bound_what_money_can_buy():
    found = best_for_budget(known(), replace(AT, capacity=1000, deadline=5), 1e6)
    assert found.n == LAST + 5000 and found.months == 5 and not found.engineered
    assert found.price < 1e5


def test_free_labels_end_where_no_forecast_reaches():
    assert best_for_budget(known(), replace(AT, label_price=0), 10).n == pytest.approx(
        LAST * 1e4
    )


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 10), st.floats(0, 1000))
def test_more_money_never_brings_a_worse_loss(one, other, label_price, gpu_hours):
    prices = replace(
        AT, label_price=label_price, gpu_hours=gpu_hours, engineering=Engineering(0, 0)
    )
    poor, rich = (
        best_for_budget(known(), prices, budget, size=100).value
        for budget in sorted((one, other))
    )
    assert rich <= poor * (1 + 1e-9)


@pytest.mark.parametrize("budget", [-1, math.inf, math.nan, "much", None])
def test_a_wrong_budget_is_refused(budget):
    with pytest.raises(
        ValueError, match=r"^budget must be a number 0 or more and finite, got"
    ):
        best_for_budget(known(), AT, budget)
