"""The first sentences never say more than was measured."""

import math
import re

import numpy as np
import pandas as pd
import pytest
from decided import record

from analysis.comparison.compare import compare
from analysis.curves.data_needed import data_needed
from analysis.curves.power_law import fit_power_law
from analysis.curves.predictive import predictive
from analysis.decision.decide import decide
from analysis.decision.prices import Prices
from analysis.report.headline import assumed, headline
from analysis.report.messages import say
from analysis.report.numbers import in_units, percent
from analysis.report.study_analysis import Question, StudyAnalysis
from tracking.study import Study

SIZES = 100 * 2 ** np.arange(7)
LAW = 3.0 * SIZES**-0.4


def answer(loss, sizes=SIZES, target=None, measure="loss", wanted=0.8, **others):
    """Of the architecture "mine" and others, name -> (sizes, loss)."""
    curves = {"mine": (sizes, loss), **others}
    table = pd.concat(
        [pd.DataFrame({"architecture": k, "n": n, "value": y}) for k, (n, y) in curves.items()]
    )
    analysis = StudyAnalysis(
        Study("mine", measured=table.assign(se=math.nan), measures=(measure,)), None, measure
    )
    return headline(analysis, Question(prices=Prices(target=target, wanted=wanted)))


def test_a_target_that_no_amount_of_data_reaches_is_no_reason_to_buy_some():
    found = answer(LAW + 0.5, target=0.3)
    assert "0.3, cannot be promised: even 10,000 times the data would not" in found.sentence
    assert "more data will not do" in found.surer
    assert "ollect" not in " ".join([found.surer, *found.money])


def test_a_target_that_the_fit_meets_and_the_measurement_missed_is_not_called_reached():
    loss = LAW * np.array([1, 1, 1, 1, 1, 1, 1.2])
    found = answer(loss, target=loss[-1] * 0.98, wanted=0.6)
    assert f"but {loss[-1]:.3g} was measured" in found.sentence
    assert found.money == () and "train today's model again" in found.surer
    met = answer(loss, target=loss[-1] * 1.1)
    assert met.sentence.startswith("The mine reaches loss")
    assert met.sentence.endswith("nothing needs to be paid.")


@pytest.mark.parametrize(
    ("loss", "why"),
    [
        (0.4 * (SIZES / 100) ** 0.3, "the curve rises with more data"),
        (
            LAW**0.5 * np.exp(0.3 * np.random.default_rng(0).standard_normal(7)),
            "the points scatter so much about the fitted curve",
        ),
        (0.5 + 0.002 * (-1.0) ** np.arange(7), "the curve is flat"),
    ],
)
def test_where_the_curve_shows_no_law_nothing_is_priced(loss, why):
    found = answer(loss, target=0.8 * loss[-1])
    assert found.grade == "cannot say" and why in found.sentence
    assert not any("$" in words for words in (found.sentence, *found.money))
    assert answer(loss).grade == "cannot say"


def test_a_flat_curve_that_measured_the_target_has_reached_it():
    found = answer(0.5 + 0.002 * (-1.0) ** np.arange(7), target=0.6)
    assert found.sentence.startswith("The mine reaches loss 0.6")
    assert "nothing needs to be paid" in found.sentence


def test_machines_are_told_no_more_than_people():
    rising = predictive(SIZES, 0.4 * (SIZES / 100) ** 0.3)
    found = record(decide(rising, Prices(target=1.2)))
    assert (found["recommended"], found["reason"]) == (
        "cannot say",
        "the curve rises with more data",
    )
    loss = LAW * np.array([1, 1, 1, 1, 1, 1, 1.2])
    for share, missed in ((0.98, True), (1.1, False)):
        found = record(
            decide(predictive(SIZES, loss), Prices(target=share * loss[-1], wanted=0.6))
        )
        assert (found["choice"], found["missed"]) == ("nothing", missed)
        step = found["questions"]["target"]["step"]["do"]
        assert step == ("train again" if missed else "nothing")


def test_a_better_architecture_of_too_few_sizes_is_not_passed_over():
    found = answer(LAW, cnn=(SIZES[-2:], LAW[-2:] / 4))
    assert found.sentence.startswith("Twice the data") and "the mine" in found.sentence
    assert "Look at the cnn, too: with 6,400 examples its loss is" in found.surer
    assert "Look at" not in answer(LAW, cnn=(SIZES[-2:], LAW[-2:] * 2)).surer


def test_trust_is_good_only_where_the_curve_has_foretold_its_own_past():
    assert answer(LAW, target=LAW[-1] * 0.95).grade == "good"
    assert (
        data_needed(SIZES[-3:], LAW[-3:], LAW[-1] * 1.2).grade == "fair"
    )  # three sizes have no past
    assert answer(LAW, target=LAW[-1] * 0.95).trust.startswith(
        "Trust: good (sure enough to sign for; the curve foretold its own past 10 of 10 times"
    )


def test_a_target_below_the_floor_of_the_law_is_not_promised():
    loss = (LAW + 0.3) * np.exp(0.02 * np.random.default_rng(2).standard_normal(7))
    floor = fit_power_law(SIZES, loss).c
    below, above = (answer(loss, target=floor * times) for times in (0.95, 1.3))
    assert "cannot be promised" in below.sentence and "ollect" not in below.surer
    assert "levels off" not in above.sentence


def test_one_price_is_said_with_its_chance():
    found = answer(LAW, target=LAW[-1] * 0.8)
    assert re.match(
        r"\$[\d,]+ would bring the mine's loss .* with 8\d% probability", found.sentence
    )


def test_what_was_assumed_is_said_unless_it_was_given():
    table = pd.DataFrame({"architecture": "mine", "n": SIZES, "value": LAW, "se": math.nan})
    analysis = StudyAnalysis(Study("mine", measured=table, measures=("loss",)))
    assert assumed(analysis, Question()).startswith(
        "Assumed: a target 20% below today's loss; "
    )
    given = assumed(analysis, Question(prices=Prices(target=0.1, label_price=0.5)))
    assert given.startswith("Assumed: $0.50 per label; 2 people for 6 months at $12,000 a")


def test_architectures_measured_far_apart_do_not_refuse_the_answer():
    large = 10.0**5 * 2 ** np.arange(6)
    found = answer(LAW, large=(large, 3.0 * large**-0.4))
    assert "the large's loss from" in found.sentence
    curves = {"small": (SIZES, LAW), "large": (large, 3.0 * large**-0.4)}
    table = pd.concat(
        [pd.DataFrame({"architecture": k, "n": n, "value": y}) for k, (n, y) in curves.items()]
    )
    left_out = " ".join(map(say, compare(table).left_out))
    assert (
        "large and small are not compared: their sizes lie more than 10 times apart"
        in left_out
    )


def test_one_worth_for_all_sizes_is_not_said_of_curves_that_cross():
    slow = 3.0 * SIZES**-0.40 + 0.004
    fast = 3.4 * SIZES**-0.42
    table = pd.concat(
        [
            pd.DataFrame({"architecture": k, "n": SIZES, "value": y})
            for k, y in (("a", slow), ("b", fast))
        ]
    )
    found = compare(table)
    crossing = any(len(one.ranges) > 1 for one in found.crossovers.values())
    assert crossing and not found.constant("a", "b")


@pytest.mark.parametrize(
    ("confidence", "said"), [(0.9, "90%"), (0.999, "99.9%"), (0.5, "50%")]
)
def test_a_confidence_keeps_its_digits(confidence, said):
    assert percent(confidence) == said


@pytest.mark.parametrize(
    ("number", "measure", "said"),
    [
        (0.19512, "loss", "0.195"),
        (0.0512, "error", "5.12%"),
        (0.00002, "error", "0.002%"),
        (0.0, "error", "0.00%"),
        (math.nan, "loss", "–"),
    ],
)
def test_a_loss_or_error_is_never_rounded_to_nothing(number, measure, said):
    assert in_units(number, measure) == said


def test_an_architecture_that_made_no_mistake_is_not_asked_for_more_sizes():
    found = answer(LAW / 4, measure="error", perfect=(SIZES, [*LAW[:-1] / 5, 0]))
    assert (
        "Look at the perfect, too" in found.surer
        and "the error at n = 6,400 is 0" in found.surer
    )
    assert "Measure more sizes" not in found.surer


def test_why_the_examples_needed_cannot_be_estimated_stands_once():
    noise = np.exp(0.05 * np.random.default_rng(0).standard_normal(7))
    found = answer(LAW * noise, target=LAW[-1] / 4)
    assert found.grade == "cannot say" and found.sentence.startswith("Twice the data")
    assert found.sentence.count("10,000 times") == 1
    assert "10,000 times" not in found.because
