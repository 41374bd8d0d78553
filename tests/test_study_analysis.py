"""All that is concluded from one study, and each thing once."""

import re

import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient
from records import record_study

from analysis.decision.prices import Prices
from analysis.report.headline import headline
from analysis.report.study_analysis import Question, StudyAnalysis
from analysis.selection import best_guess
from tracking.study import Study, load_study, stamp

SIZES = 1000 * 2 ** np.arange(6)


def measured(**curves):
    """A CSV of power laws: architecture -> (exponent, sizes)."""
    tables = [
        pd.DataFrame(
            {"architecture": name, "n": SIZES[:count], "value": 3.0 * SIZES[:count] ** -b}
        )
        for name, (b, count) in curves.items()
    ]
    return StudyAnalysis(Study("mine", measured=pd.concat(tables), measures=("loss",)))


def test_architectures_come_in_order_of_their_loss_and_those_without_a_law_not_at_all():
    analysis = measured(slow=(0.2, 6), fast=(0.5, 6), short=(0.9, 2))
    assert analysis.names == ["fast", "slow"]
    assert [one.architecture for one in analysis.conclusions(0.9)] == ["fast", "short", "slow"]


def test_the_best_architecture_is_asked_about_unless_another_is_named():
    analysis = measured(slow=(0.2, 6), fast=(0.5, 6))
    assert analysis.asked(Question()).architecture == "fast"
    assert analysis.asked(Question(architecture="slow")).architecture == "slow"
    assert analysis.asked(Question(architecture="nosuch")).architecture == "fast"


def test_the_measured_better_model_is_another_one():
    analysis = measured(slow=(0.2, 6), fast=(0.5, 6))
    assert analysis.better(Question(architecture="slow", better="fast")).architecture == "fast"
    assert analysis.better(Question(architecture="slow", better="slow")) is None
    assert analysis.better(Question(architecture="slow")) is None


def test_nothing_is_computed_twice_for_the_same_question_or_fitted_for_another_price():
    analysis = measured(fast=(0.5, 6))
    dear = Question(prices=Prices(label_price=9.0))
    assert analysis.decision(Question()) is analysis.decision(Question())
    assert analysis.asked(dear) is analysis.asked(Question())
    assert analysis.decision(dear) is not analysis.decision(Question())


def test_the_number_needed_is_in_the_sentence():
    target = float(3.0 * 64_000**-0.5)
    found = headline(measured(fast=(0.5, 6)), Question(prices=Prices(target=target)))
    assert re.search(r"[34]\d,000 more examples \(\d", found.sentence)
    assert found.facts["you have"] == "32,000"


def test_a_target_that_is_met_costs_nothing():
    found = headline(measured(fast=(0.5, 6)), Question(prices=Prices(target=0.1)))
    assert found.sentence == (
        "The fast reaches loss 0.1 with the 32,000 examples you have: nothing needs to be "
        "paid."
    )


@pytest.mark.parametrize(("measure", "guess"), [("loss", np.log(10)), ("error", 0.9)])
def test_the_best_guess_follows_from_the_classes(store, measure, guess):
    record_study("demo", architectures={"cnn": 0.5}, sizes=(50, 100, 200), samples=0)
    assert best_guess(load_study("demo"), "digits", measure) == pytest.approx(guess)
    assert best_guess(Study("mine", measured=pd.DataFrame()), None, measure) is None


def test_the_stamp_of_a_study_changes_when_a_run_begins_or_ends_and_else_stays(store):
    record_study("demo", architectures={"cnn": 0.5}, sizes=(50,), samples=0)
    client = MlflowClient()
    before = stamp("demo")
    assert stamp("demo") == before
    run = client.create_run(client.get_experiment_by_name("demo").experiment_id)
    begun = stamp("demo")
    client.set_terminated(run.info.run_id)
    assert len({before, begun, stamp("demo")}) == 3
