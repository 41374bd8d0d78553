"""The inputs of a decision: what they cost, and which are refused."""

import math

import numpy as np
import pytest
from known import LAST, known

from analysis.decision.prices import Engineering, Prices, times
from analysis.report.__main__ import parse
from analysis.report.given_prices import read_prices

AT = Prices(
    label_price=0.5,
    fixed_cost=100,
    capacity=1000,
    engineer_price=10,
    people=2,
    months=6,
    gpu_price=3,
    gpu_hours=4,
    n=1000,
)


def test_data_cost_the_fixed_sum_the_labels_and_a_training_that_grows_with_them():
    assert AT.cost(False, 500) == 100 + 500 * 0.5 + 3 * 4 * 1.5


def test_engineers_cost_people_times_months_and_a_training():
    assert AT.cost(True, 0) == 10 * 2 * 6 + 3 * 4


def test_what_is_never_enough_costs_without_limit_even_where_labels_are_free():
    free = Prices(label_price=0, n=1000)
    assert np.isinf(free.cost(False, math.inf)) and np.isfinite(free.cost(False, 1e9))


def test_none_of_an_infinite_price_is_nothing():
    assert times(math.inf, 0) == 0 and times(0, math.inf) == 0
    assert Prices(engineer_price=math.inf, people=0).team == 0
    assert Prices(label_price=math.inf).labels(0.0) == 0


def test_engineering_comes_first_and_then_the_labelling():
    assert AT.duration(True, 2000) == 6 + 2
    assert AT.duration(False, 2000) == 2
    assert AT.collected(True, 8) == 2000
    assert AT.collected(True, 5) < 0
    assert AT.collected(True, math.inf) == math.inf


def test_without_more_being_said_the_largest_size_is_at_hand_and_a_fifth_is_to_be_gained():
    settled = Prices().settled(known(at_last=0.5))
    assert (settled.n, settled.target) == (LAST, pytest.approx(0.4))


def test_a_fifth_is_to_be_gained_of_what_is_shown_as_today_s_value():
    off = known(at_last=0.5)
    off.curve.value[-1] = 0.6  # measured above the curve
    settled = Prices().settled(off)
    assert (settled.now, settled.target) == (0.6, pytest.approx(0.48))
    between = Prices(n=LAST * 0.9).settled(off)  # where nothing was measured
    assert between.now == pytest.approx(0.5 / 0.9**0.5, rel=1e-3)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            {"label_price": -1},
            "label_price must be a number from 0 to 1e+15, or infinite, got -1",
        ),
        (
            {"label_price": math.nan},
            "label_price must be a number from 0 to 1e+15, or infinite, got nan",
        ),
        (
            {"capacity": 0},
            "capacity must be a number above 0, up to 1e+15, or infinite, got 0",
        ),
        ({"people": "two"}, "people must be a number from 0 to 1e+15, got 'two'"),
        ({"people": None}, "people must be a number from 0 to 1e+15, got None"),
        ({"months": math.inf}, "months must be a number from 0 to 1e+15, got inf"),
        ({"gpu_hours": True}, "gpu_hours must be a number from 0 to 1e+15, got True"),
        ({"target": 0}, "target must be a number above 0, up to 1e+15, got 0"),
        ({"n": -5}, "n must be a number above 0, up to 1e+15, got -5"),
        ({"wanted": 1}, "wanted must be a number from 0.5 to below 1, got 1"),
        ({"wanted": 0.4}, "wanted must be a number from 0.5 to below 1, got 0.4"),
        ({"value_per_point": -1}, "value_per_point must be a number from 0 to 1e+15, got -1"),
        ({"engineering": 0.1}, "engineering must be an Engineering, got 0.1"),
        ({"currency": 5}, "currency must be text, got 5"),
    ],
)
def test_a_wrong_price_is_refused_in_one_line(wrong, message):
    with pytest.raises(ValueError) as refused:
        Prices(**wrong)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"high": 1}, "engineering's high must be a number from 0 to below 1, got 1"),
        (
            {"low": 0.3, "high": 0.2},
            "engineering's high must be at least its low, 0.3, got 0.2",
        ),
        ({"success": 1.1}, "engineering's success must be a number from 0 to 1, got 1.1"),
    ],
)
def test_a_wrong_gain_is_refused_in_one_line(wrong, message):
    with pytest.raises(ValueError) as refused:
        Engineering(**wrong)
    assert str(refused.value) == message


@pytest.mark.parametrize("n", [100, 1e12])
def test_a_size_that_the_curve_cannot_be_asked_for_is_refused(n):
    with pytest.raises(
        ValueError,
        match=r"^n must lie from 1,000, the smallest size measured, to 1,280,000,000, got",
    ):
        Prices(n=n).settled(known())


def test_infinite_prices_and_numpy_s_numbers_are_allowed():
    Prices(
        label_price=math.inf,
        engineer_price=math.inf,
        deadline=math.inf,
        people=np.int64(2),
        n=np.float32(1e4),
    )


def test_a_command_is_told_some_prices_and_takes_the_rest_as_usual():
    told = read_prices("label_price=0.5, people=3,gain_high=30%,wanted=0.9")
    assert told == Prices(
        label_price=0.5, people=3, engineering=Engineering(high=0.3), wanted=0.9
    )
    assert read_prices("") == Prices()


@pytest.mark.parametrize(
    "text, names",
    [
        ("label_price=cheap", ["'cheap'", "number"]),
        ("rent=5", ["'rent' is no price", "label_price", "gain_low"]),
        ("n=500", ["'n' is no price"]),
        ("label_price", ["'label_price' is not NAME=VALUE"]),
        ("people=-1", ["people", "0 to", "-1"]),
        ("gain_low=50%,gain_high=30%", ["high must be at least its low, 0.5", "0.3"]),
        ("people=1,people=2", ["'people' is said twice"]),
    ],
)
def test_a_price_that_is_none_is_refused_in_one_line(capsys, text, names):
    with pytest.raises(SystemExit) as refusal:
        parse(["--prices", text])
    said = capsys.readouterr().err
    assert refusal.value.code == 2
    assert len(said.splitlines()) == 1
    assert all(name in said for name in ["prices", *names])
