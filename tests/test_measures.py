"""A measure is fitted as its gap to the best value, and shown as its reader knows it."""

import math
from dataclasses import replace

import pandas as pd
import pytest
from records import SIZES, record_measured

from analysis.diagnostics.logged_forecasts import forecast_held_out, score_held_out
from analysis.report.numbers import as_known, in_units
from analysis.report.study_analysis import StudyAnalysis
from analysis.selection import best_guess, best_runs, points
from tracking.errors import InputError
from tracking.export import export, read_export
from tracking.measures import (
    KNOWN,
    as_text,
    check_value,
    find_measure,
    from_text,
    read_target,
)
from tracking.restore import restore
from tracking.runs import chooser, load_runs, measures_of, validation
from tracking.study import Study

# --- a measure -------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [*KNOWN, "dice:score", "depth:cm", "iou:score:share", "cost"])
def test_a_measure_is_found_by_its_text_and_a_gap_is_turned_back(text):
    found = find_measure(text)
    assert found.text == text
    assert from_text(as_text([found, find_measure("loss")])) == (found, find_measure("loss"))
    value = 0.75 if found.is_score else 1.5
    assert found.shown(found.gap(value)) == pytest.approx(value)
    assert found.gap(found.best) == (0 if found.is_score else found.best)


def test_only_a_loss_is_in_nats():
    assert [name for name, one in KNOWN.items() if one.unit == "nats"] == ["loss"]


def test_no_forecast_of_a_perplexity_is_below_1():
    assert find_measure("perplexity").shown(0.4) == 1


@pytest.mark.parametrize(
    ("text", "value", "allowed"),
    [
        ("loss", -0.1, "0 or more"),
        ("error", 1.1, "0 to 1"),
        ("accuracy", 93.0, "0 to 1"),
        ("r2", 1.2, "up to 1"),
        ("rmse", math.nan, "0 or more"),
        ("perplexity", 0.5, "1 or more"),
        ("dice:score", 2.0, "up to 1"),
    ],
)
def test_a_value_that_a_measure_cannot_have_is_refused(text, value, allowed):
    with pytest.raises(InputError, match=f"mine: .* is {value:g}; allowed: {allowed}"):
        check_value(find_measure(text), value, "mine")


def test_a_bad_r2_and_a_perfect_score_are_values():
    check_value(find_measure("r2"), -3.0, "mine")
    check_value(find_measure("accuracy"), 1.0, "mine")


@pytest.mark.parametrize(
    ("text", "measure", "gap"),
    [("93%", "accuracy", 0.07), ("0.93", "accuracy", 0.07), (" 5 % ", "error", 0.05)],
)
def test_a_target_is_read_as_it_is_written(text, measure, gap):
    assert read_target(text, find_measure(measure)) == pytest.approx(gap)


@pytest.mark.parametrize(
    ("text", "measure", "words"),
    [
        ("1", "accuracy", "target 1 is no accuracy; allowed: 0 or more, below 1"),
        ("2", "r2", "target 2 is no r2; allowed: below 1"),
        ("0", "rmse", "target 0 is no rmse; allowed: above 0"),
        ("1e21", "loss", r"target 1e\+21 is no loss; allowed: above 0, up to 1e\+15"),
        ("1", "perplexity", "target 1 is no perplexity; allowed: above 1"),
        ("many", "rmse", "target 'many' is no number"),
    ],
)
def test_a_target_that_no_model_reaches_is_refused(text, measure, words):
    with pytest.raises(InputError, match=words):
        read_target(text, find_measure(measure))


@pytest.mark.parametrize(
    ("value", "measure", "written"),
    [
        (0.93, "accuracy", "93.00%"),
        (0.99996, "accuracy", "99.9960%"),
        (0.9, "auc", "0.900"),
        (0.99987, "auc", "0.99987"),
        (-0.312, "r2", "-0.312"),
        (54321.2, "rmse", "54,300"),
        (0.0123, "mae", "0.0123"),
        (math.nan, "accuracy", "–"),
    ],
)
def test_numbers_are_written_as_their_measure_is(value, measure, written):
    assert as_known(value, measure) == written
    found = find_measure(measure)
    assert in_units(found.gap(value), measure) == written


# --- runs by it ------------------------------------------------------------------------------


def test_runs_of_other_measures_are_read_and_the_best_is_chosen(classified):
    runs = classified.runs
    assert measures_of(runs) == ("accuracy", "auc")
    assert chooser(runs) == "accuracy"
    best = best_runs(runs)
    assert len(best) == 2 * len(SIZES)
    assert set(best["sample"]) == {2}
    known = runs.groupby(["architecture", "n_train"])["best_val_accuracy"].max()
    assert sorted(best["best_val_accuracy"]) == sorted(known)


def test_what_is_missing_of_a_run_that_failed_does_not_choose(classified):
    from mlflow import MlflowClient

    client = MlflowClient()
    experiment = client.get_experiment_by_name("classified").experiment_id
    tags = {"mlflow.parentRunId": "study", "trial": "failed"}
    failed = client.create_run(experiment, tags=tags)
    client.set_terminated(failed.info.run_id, "FAILED")
    runs = load_runs("classified")
    assert measures_of(runs) == ("accuracy", "auc")
    assert validation(runs).isna().sum() == 1


def test_points_are_gaps_and_hold_what_was_measured(classified):
    found = points(best_runs(classified.runs), "auc")
    assert found["value"].to_numpy() == pytest.approx(1 - found["test_auc"].to_numpy())
    assert {"test_accuracy", "test_auc", "test_se"} <= set(found)
    assert "test_loss" not in found


@pytest.mark.parametrize(
    ("measure", "guess"), [("rmse", 2500), ("r2", 1.0), ("depth:cm", None)]
)
def test_the_best_guess_is_known_where_it_is_recorded(regressed, measure, guess):
    assert best_guess(regressed, "own", measure) == guess


# --- kept elsewhere, and told before ---------------------------------------------------------


def test_an_export_keeps_the_measures_and_a_restored_study_has_them(classified, store):
    runs = classified.runs
    place = export(classified, store / "out", list(runs["run_id"][:2]), "a machine")
    back = read_export(place)
    assert measures_of(back.runs) == ("accuracy", "auc")
    assert list(back.histories) == ["run_id", "step", "val_accuracy", "train_accuracy"]
    restore(replace(back, name="again"))
    again = load_runs("again")
    assert measures_of(again) == ("accuracy", "auc")
    for name in ("test_auc", "test_auc_se", "best_val_accuracy"):
        assert sorted(again[name]) == pytest.approx(sorted(runs[name]))


def test_a_forecast_before_training_is_logged_as_its_reader_knows_it(classified):
    added = forecast_held_out("classified", [900])
    assert set(added["metric"]) == {"accuracy", "auc"}
    ordered = added[["low", "predicted", "high"]].to_numpy()
    assert (ordered[:, 0] < ordered[:, 1]).all() and (ordered[:, 1] < ordered[:, 2]).all()
    assert ordered.min() > 0.5 and ordered.max() <= 1
    curves = points(best_runs(classified.runs), "auc")
    scored = score_held_out(added, curves, "auc")
    told = added[added["metric"] == "auc"]
    assert list(scored["predicted"]) == pytest.approx(list(1 - told["predicted"]))
    assert (scored["low"] < scored["predicted"]).all()


def test_trainers_of_other_measures_are_judged_by_what_they_share(store):
    one = {"accuracy": lambda gap: 1 - gap / 3}
    record_measured("both", one | {"loss": lambda gap: gap}, {"mine": 0.5}, SIZES)
    runs = load_runs("both")
    other = runs.assign(architecture="theirs", measures="accuracy", test_loss=math.nan)
    both = pd.concat([runs, other], ignore_index=True)
    assert measures_of(both) == ("accuracy", "loss")
    study = Study("both", both)
    assert set(StudyAnalysis(study, "own", "accuracy").curves) == {"mine", "theirs"}
    assert set(StudyAnalysis(study, "own", "loss").curves) == {"mine"}
