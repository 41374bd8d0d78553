"""Forecasts of sizes that are not trained yet are logged, stay as they are, and are scored."""

import json
import time

import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient
from test_runs import add_run

from analysis.diagnostics.logged_forecasts import forecast_held_out, score_held_out
from analysis.selection import best_runs, points
from tracking.forecasts import read_forecasts
from tracking.runs import load_runs
from tracking.study import load_study

SIZES = (100, 200, 400, 800)
LATER = (1600, 3200)
POOL = 3200


def train(experiment_id, sizes, architecture="cnn", factor=1.0):
    for n in sizes:
        loss = factor * n**-0.4
        summary = {"best_val_loss": loss, "test_loss": loss, "test_error": loss / 10}
        add_run(
            experiment_id,
            architecture=architecture,
            n_train=n,
            fraction=n / POOL,
            tags={"pool": str(POOL)},
            **summary,
        )


@pytest.fixture
def study(store):
    experiment_id = MlflowClient().create_experiment("study")
    MlflowClient().create_run(experiment_id, tags={"role": "study"})
    train(experiment_id, SIZES)
    return experiment_id


def parent(study):
    return MlflowClient().search_runs([study], "tags.role = 'study'")[0]


def scores(measure="loss"):
    curves = points(best_runs(load_runs("study")), measure)
    return score_held_out(read_forecasts("study"), curves, measure)


def test_forecasts_are_logged_as_a_table_metrics_and_tags(command, study):
    code, out, err = command(
        "analysis.report", "--study", "study", "--forecast_held_out", "1600,3200"
    )
    assert (code, err) == (0, "")
    assert "cnn at n=1,600" in out
    table = read_forecasts("study")
    assert len(table) == 4  # loss and error of two sizes
    assert set(table["from_n"]) == {800}
    run = parent(study)
    assert run.data.tags["held_out"] == "1600,3200"
    assert run.data.tags["forecast_made"] == table["made"].iloc[0]
    history = MlflowClient().get_metric_history(run.info.run_id, "forecast_predicted.cnn")
    assert {metric.step for metric in history} == set(LATER)
    assert run.data.metrics["forecast_low.cnn"] < run.data.metrics["forecast_high.cnn"]


def test_what_is_trained_already_cannot_be_forecast(refuses, study):
    train(study, (1600,))
    refuses(
        "analysis.report",
        "--study",
        "study",
        "--forecast_held_out",
        "1600,3200",
        words=["n = 1600", "before"],
    )
    assert read_forecasts("study").empty


@pytest.mark.parametrize("says_its_pool", [True, False])
def test_what_can_never_be_trained_cannot_be_forecast(refuses, study, says_its_pool):
    if not says_its_pool:
        for run in MlflowClient().search_runs([study], "tags.pool != ''"):
            MlflowClient().delete_tag(run.info.run_id, "pool")
    wanted = ["--forecast_held_out", "1600,100000000000"]
    words = ["100,000,000,000", "3,200 examples", "'study'"]
    refuses("analysis.report", "--study", "study", *wanted, words=words)
    assert read_forecasts("study").empty


def test_a_forecast_once_made_stays(study):
    forecast_held_out("study", list(LATER))
    first = read_forecasts("study")
    train(study, LATER)
    train(study, (150, 300), factor=2.0)
    assert forecast_held_out("study", list(LATER)).empty
    pd.testing.assert_frame_equal(read_forecasts("study"), first)


def test_further_sizes_are_added_to_the_table(study):
    forecast_held_out("study", [1600])
    forecast_held_out("study", [1600, 3200])
    table = read_forecasts("study")
    assert sorted(table["n"]) == [1600, 1600, 3200, 3200]


def test_scores_are_empty_until_the_sizes_are_trained(study):
    forecast_held_out("study", list(LATER))
    assert scores()["measured"].isna().all()
    train(study, (1600,))
    one = scores().set_index("n")
    assert one["inside"][1600]
    assert one["miss"][1600] == pytest.approx(0, abs=0.05)
    assert one["inside"][3200] is None
    train(study, (3200,), factor=3.0)
    assert not scores().set_index("n")["inside"][3200]


def test_the_report_scores_them_prints_them_and_logs_the_score(command, study, tmp_path):
    forecast_held_out("study", list(LATER))
    train(study, LATER)
    code, out, err = command("analysis.report", "--study", "study", "--full")
    assert (code, err) == (0, "")
    assert "before these sizes were trained. 2 of 2 measurements fell inside." in out
    run = parent(study)
    assert run.data.metrics["held_out_inside"] == 1
    assert run.data.metrics["held_out_miss"] < 0.05
    path = MlflowClient().download_artifacts(
        run.info.run_id, "forecast/scored.csv", str(tmp_path)
    )
    assert list(pd.read_csv(path)["inside"]) == [True, True]


def test_an_architecture_with_too_few_sizes_gets_no_forecast(command, study):
    train(study, SIZES[:2], "mlp")
    forecast_held_out("study", [1600])
    assert set(read_forecasts("study")["architecture"]) == {"cnn"}


def test_an_architecture_that_joins_later_gets_its_own_forecasts(study):
    forecast_held_out("study", list(LATER))
    first = read_forecasts("study")
    train(study, LATER)
    train(study, SIZES, "mlp", factor=2.0)
    added = forecast_held_out("study", list(LATER))
    assert set(added["architecture"]) == {"mlp"}
    table = read_forecasts("study")
    pd.testing.assert_frame_equal(
        table[table["architecture"] == "cnn"].reset_index(drop=True), first
    )
    assert scores().set_index(["architecture", "n"])["measured"].isna().to_dict() == {
        **{("cnn", n): False for n in LATER},
        **{("mlp", n): True for n in LATER},
    }


def test_a_forecast_whose_runs_were_deleted_and_trained_anew_does_not_count(study):
    forecast_held_out("study", list(LATER))
    train(study, LATER)
    assert len(load_study("study").logged_forecasts) == 4
    first = load_runs("study")
    time.sleep(1.1)  # forecasts are dated in whole seconds
    train(study, SIZES)
    for run_id in first.loc[first["n_train"] < 1000, "run_id"]:
        MlflowClient().delete_run(run_id)
    assert load_study("study").logged_forecasts.empty


def test_a_forecast_made_after_a_run_of_its_size_does_not_count(study):
    train(study, LATER)
    late = load_runs("study").query("n_train > 1000")
    for run_id in late["run_id"]:
        MlflowClient().delete_run(run_id)
    time.sleep(1.1)
    forecast_held_out("study", list(LATER))
    assert len(load_study("study").logged_forecasts) == 4
    MlflowClient().restore_run(late.query("n_train == 1600")["run_id"].iloc[0])
    assert set(load_study("study").logged_forecasts["n"]) == {3200}


def test_a_study_without_its_own_run_is_refused(refuses, store):
    train("0", SIZES)
    refuses(
        "analysis.report",
        "--study",
        "Default",
        "--forecast_held_out",
        "1600",
        words=["no run of its own"],
    )


@pytest.mark.parametrize("text", ["x", "0", "1.5", "-3", "nan", "inf"])
def test_wrong_sizes_are_refused(refuses, store, text):
    refuses(
        "analysis.report",
        f"--forecast_held_out={text}",
        words=["forecast_held_out", f"'{text}'"],
    )


def test_the_json_of_a_study_holds_the_scores_and_is_valid(command, study):
    forecast_held_out("study", list(LATER))
    code, out, _ = command("analysis.report", "--study", "study", "--json")
    assert code == 0

    def never(constant):
        raise AssertionError(constant)

    said = json.loads(out, parse_constant=never)
    assert [row["measured"] for row in said["held_out"]] == [None, None]
    assert said["architectures"][0]["law"]["b"] == pytest.approx(0.4, abs=0.03)
    assert {row["source"] for row in said["noise"]} == {
        "data draw",
        "initialisation",
        "search",
    }
    assert np.isfinite(said["architectures"][0]["forecast"]["sizes"][0]["median"])


def test_a_store_without_its_files_is_read_without_its_forecasts(study, store):
    forecast_held_out("study", [1600])
    for path in store.rglob("held_out.csv"):
        path.unlink()
    assert read_forecasts("study").empty and len(load_study("study").runs) == len(SIZES)
