"""All that is concluded from one study, and each thing once."""

import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient
from records import record_study

from analysis.costs.prices import Prices
from analysis.evidence import Evidence, Question
from analysis.presentation.headline import headline
from analysis.study import Study, load_study, stamp

SIZES = 1000 * 2 ** np.arange(6)


def measured(**curves):
    """A CSV of power laws: architecture -> (exponent, sizes)."""
    tables = [
        pd.DataFrame({"architecture": name, "n": SIZES[:count], "loss": 3.0 * SIZES[:count] ** -b})
        for name, (b, count) in curves.items()
    ]
    return Evidence(Study("mine", measured=pd.concat(tables), metrics=("loss",)))


def test_architectures_come_in_order_of_their_loss_and_those_without_a_law_not_at_all():
    evidence = measured(slow=(0.2, 6), fast=(0.5, 6), short=(0.9, 2))
    assert evidence.names == ["fast", "slow"]
    assert [one.architecture for one in evidence.conclusions(0.9)] == ["fast", "short", "slow"]


def test_the_best_architecture_is_asked_about_unless_another_is_named():
    evidence = measured(slow=(0.2, 6), fast=(0.5, 6))
    assert evidence.asked(Question()).architecture == "fast"
    assert evidence.asked(Question(architecture="slow")).architecture == "slow"
    assert evidence.asked(Question(architecture="nosuch")).architecture == "fast"


def test_the_measured_better_model_is_another_one():
    evidence = measured(slow=(0.2, 6), fast=(0.5, 6))
    assert evidence.better(Question(architecture="slow", better="fast")).architecture == "fast"
    assert evidence.better(Question(architecture="slow", better="slow")) is None
    assert evidence.better(Question(architecture="slow")) is None


def test_nothing_is_computed_twice_for_the_same_question_or_fitted_for_another_price():
    evidence, dear = measured(fast=(0.5, 6)), Question(prices=Prices(label_price=9.0))
    assert evidence.decision(Question()) is evidence.decision(Question())
    assert evidence.asked(dear) is evidence.asked(Question())
    assert evidence.decision(dear) is not evidence.decision(Question())


def test_the_number_needed_is_in_the_sentence():
    target = float(3.0 * 64_000**-0.5)
    found = headline(measured(fast=(0.5, 6)), Question(prices=Prices(target=target)))
    assert "you need about 64,000 examples" in found.sentence
    assert "you have 32,000" in found.sentence


def test_a_target_that_is_met_costs_nothing():
    found = headline(measured(fast=(0.5, 6)), Question(prices=Prices(target=0.1)))
    assert found.sentence == "The fast reaches loss 0.1 with the 32,000 examples you have."


@pytest.mark.parametrize(("metric", "guess"), [("loss", np.log(10)), ("error", 0.9)])
def test_the_best_guess_follows_from_the_classes(store, metric, guess):
    record_study("demo", architectures={"cnn": 0.5}, sizes=(50, 100, 200), samples=0)
    assert load_study("demo").best_guess("digits", metric) == pytest.approx(guess)
    assert Study("mine", measured=pd.DataFrame()).best_guess(None, metric) is None


def test_the_stamp_of_a_study_changes_when_a_run_begins_or_ends_and_else_stays(store):
    record_study("demo", architectures={"cnn": 0.5}, sizes=(50,), samples=0)
    client, before = MlflowClient(), stamp("demo")
    assert stamp("demo") == before
    run = client.create_run(client.get_experiment_by_name("demo").experiment_id)
    begun = stamp("demo")
    client.set_terminated(run.info.run_id)
    assert len({before, begun, stamp("demo")}) == 3
