"""The best loss for a budget."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known import LAST, known

from analysis.decision.budget import best_for_budget
from analysis.decision.prices import Engineering, Prices
from analysis.report.plan_words import budget_words

AT = Prices(
    label_price=0.1,
    gpu_hours=0,
    engineering=Engineering(0.2, 0.2),
    engineer_price=100,
    people=1,
    months=10,
)


def test_without_engineering_worth_its_money_all_of_it_buys_labels():
    found = best_for_budget(known(), replace(AT, engineering=Engineering(0, 0)), 38_400)
    assert (found.months, found.engineers, found.labels) == (0, 0, 38_400)
    assert found.n == pytest.approx(4 * LAST) and found.value == pytest.approx(0.5, rel=1e-3)


def test_dear_labels_leave_the_money_to_the_engineers():
    found = best_for_budget(known(), replace(AT, label_price=1e6), 1000)
    assert (found.months, found.engineers) == (10, 1000)
    assert found.value == pytest.approx(0.8, rel=0.01)
    assert "1,000 $ for 10 months of engineering" in budget_words(found)[0]


def test_the_table_holds_all_splits_and_the_best_is_its_smallest_loss():
    found = best_for_budget(known(), AT, 5000)
    assert found.value == found.table["value"].min() and len(found.table) == 13
    spent = found.table[["engineers", "labels", "gpu", "left"]].sum(axis=1)
    assert spent.to_numpy() == pytest.approx(5000)
    assert found.low < found.value < found.high


def test_the_best_split_of_a_power_law_is_known_in_closed_form():
    """ln loss = s ln(1 - g) - b ln n: the next share of months must bring what its money buys
    in labels.
    """
    prices = replace(AT, engineering=Engineering(0.5, 0.5), months=24, engineer_price=1000)
    found = best_for_budget(known(), prices, 24_000)
    assert 0 < found.months < 24 and found.labels > 0
    # d/ds: ln 2 = b E / (p n), so p n = b E / ln 2 and the rest is for engineers
    money_in_data = 0.5 * 24_000 / math.log(2)
    assert 0.1 * found.n == pytest.approx(money_in_data, abs=2100)


def test_a_measured_architecture_is_bought_whole_or_not_at_all():
    found = best_for_budget(known(), AT, 5000, better=known(0.5))
    assert list(found.table["months"]) == [0, 10] and found.months == 10
    assert list(best_for_budget(known(), AT, 900, better=known(0.5)).table["months"]) == [0]


def test_no_money_leaves_things_as_they_are():
    found = best_for_budget(known(), replace(AT, gpu_hours=10), 0)
    assert (found.n, found.engineers, found.labels, found.gpu) == (LAST, 0, 0, 0)
    assert found.value == pytest.approx(1, rel=1e-3)


def test_capacity_and_deadline_bound_what_money_can_buy():
    found = best_for_budget(known(), replace(AT, capacity=1000, deadline=5), 1e6)
    assert found.table["n"].max() <= LAST + 5000 and found.table["months"].max() <= 5
    assert found.left > 9e5


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
