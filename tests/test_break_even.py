"""Where the choice between data and engineers flips."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known import LAST, known
from scipy.special import stdtrit

from analysis.curves.predictive import FREEDOM
from analysis.decision.break_even import break_even
from analysis.decision.decide import decide
from analysis.decision.prices import Engineering, Prices
from analysis.report.plan_words import break_even_words

NEAR = 1e-9
EXACT = Prices(target=0.5, label_price=0.1, fixed_cost=500, gpu_price=2, gpu_hours=100)


def known_enough(deviation):
    """Examples that reach 0.5 with 80 % probability: Student's 0.941 with 4 degrees."""
    return LAST * (4 * np.exp(2 * deviation * 0.941) - 1)


def side(today, prices, better):
    """Whether data is chosen."""
    return decide(today, prices, better=better, size=200).choice == "data"


@settings(max_examples=15, deadline=None)
@given(
    label=st.floats(0.01, 10),
    salary=st.floats(100, 50_000),
    gain=st.floats(0.05, 0.7),
    floor=st.floats(0, 0.2),
    better=st.sampled_from([None, known(0.4), known(0.8, b=0.6)]),
)
def test_the_choice_flips_exactly_at_the_break_even(label, salary, gain, floor, better):
    today = known(floor=floor, deviation=0.05)
    prices = replace(
        EXACT,
        label_price=label,
        engineer_price=salary,
        engineering=Engineering(gain / 2, gain),
    )
    found = break_even(decide(today, prices, better=better, size=200))
    for field, value in (("label_price", found.label_price), ("months", found.months)):
        if math.isfinite(value):
            below, above = (
                replace(prices, **{field: value * (1 + sign * NEAR)}) for sign in (-1, 1)
            )
            assert side(today, below, better) == (field == "label_price")
            assert side(today, above, better) == (field == "months")


def test_the_break_evens_are_those_of_the_closed_form():
    found = break_even(
        decide(known(deviation=0.004), EXACT, better=known(0.4, deviation=0.004))
    )
    more = 3 * LAST
    training = 200
    more = known_enough(0.004)  # for 80 % probability
    assert found.label_price == pytest.approx((144_000 - 500 - training * 3) / more, rel=5e-3)
    assert found.months == pytest.approx((500 + 0.1 * more + training * 3) / 24_000, rel=5e-3)
    price, months = break_even_words(found)
    assert "up to $0.37 per label" in price and "up to 1.66 months" in months


def test_the_intervals_are_those_of_the_examples_needed():
    found = break_even(decide(known(deviation=0.05), EXACT, better=known(0.3)))
    spread = np.exp(2 * 0.05 * stdtrit(FREEDOM, 0.95))
    for price, factor in (
        (found.label_price_high, 1 / spread),
        (found.label_price_low, spread),
    ):
        more = LAST * (4 * factor - 1)
        assert price == pytest.approx((144_000 - 500 - 200 * more / LAST) / more, rel=0.02)
    assert found.label_price_low < found.label_price < found.label_price_high
    assert found.months_low < found.months < found.months_high


@pytest.mark.parametrize(
    ("today", "changes", "words"),
    [
        (
            known(floor=0.6),
            {"engineering": Engineering(0.05, 0.1)},
            "Cannot say where the choice changes: even 10,000 times the data would not reach "
            "the target.",
        ),
        (
            known(),
            {"engineering": Engineering(0.5, 0.5, 0.0), "capacity": 100.0, "deadline": 3.0},
            "Data alone",
        ),
        (known(), {"target": 2.0}, "met already"),
        (
            known(),
            {"engineering": Engineering(0, 0), "engineer_price": 0.0},
            "No price per label changes",
        ),
    ],
)
def test_where_nothing_flips_there_is_no_break_even_and_the_words_say_why(
    today, changes, words
):
    found = break_even(decide(today, replace(EXACT, **changes)))
    assert math.isnan(found.label_price) and words in break_even_words(found)[0]


def test_engineers_who_never_do_are_not_balanced():
    found = break_even(
        decide(known(), replace(EXACT, wanted=0.9), better=known(0.1, floor=0.6))
    )
    assert math.isnan(found.months) or found.months < 1e-3


def test_months_end_where_the_deadline_does():
    prices = replace(
        EXACT, label_price=100, deadline=4, engineering=Engineering(0.6, 0.6), months=2
    )
    found = break_even(decide(known(), replace(prices, capacity=1e6), better=known(0.4)))
    assert found.months == pytest.approx(4)
