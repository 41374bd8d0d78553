"""hold_out: the largest sizes are forecast before any of their trials begins."""

from datetime import datetime

import pandas as pd
import pytest
from mlflow import MlflowClient

from experiments import study
from tracking.forecasts import read_forecasts
from tracking.runs import load_runs

GRID = [
    "--study",
    "held",
    "--architectures",
    "linear",
    "--samples",
    "0",
    "--patience",
    "20",
    "--patience_epochs",
    "0",
    "--workers",
    "1",
]
SIZES = ["--fractions", "1,0.05,0.1,0.2,0.4"]


@pytest.fixture
def told(store, capfd):
    study.main([*GRID, *SIZES, "--hold_out", "2"])
    return capfd.readouterr().out


def test_the_largest_sizes_are_trained_after_their_forecast_is_logged(told):
    table = read_forecasts("held")
    runs = load_runs("held")
    assert sorted(set(table["n"])) == [432, 1079]
    assert "forecast before training: linear at n=1,079" in told
    made = pd.to_datetime(datetime.fromisoformat(table["made"].iloc[0]))
    assert (runs.loc[runs["n_train"] >= 432, "started"] >= made).all()
    assert (runs.loc[runs["n_train"] < 432, "started"] <= made + pd.Timedelta(seconds=1)).all()
    assert (runs["status"] == "FINISHED").all()
    assert len(runs) == 5

    study.main(
        [*GRID, *SIZES, "--hold_out", "2", "--samples", "1"]
    )  # a larger grid, later: the forecast stays
    pd.testing.assert_frame_equal(read_forecasts("held"), table)
    assert len(load_runs("held")) == 10


def test_a_study_whose_runs_are_all_bound_by_their_budget_says_so_in_one_line(store, capfd):
    study.main([*GRID, *SIZES, "--max_steps", "5"])
    said = capfd.readouterr().out
    assert (
        "no answer yet: error: study 'held' has no point of a curve yet; linear at n = "
        in said
    )
    assert "max_steps ended the best run while it still improved" in said
    assert "Traceback" not in said


def test_sizes_that_were_trained_before_are_not_forecast_and_the_study_says_so(store, capfd):
    study.main([*GRID, *SIZES])
    study.main([*GRID, *SIZES, "--samples", "1", "--hold_out", "1"])
    assert "no forecast: error: n = 1079 is trained already" in capfd.readouterr().out
    assert read_forecasts("held").empty
    assert MlflowClient().get_experiment_by_name("held")


@pytest.mark.parametrize("number", ["-1", "3", "many"])
def test_holding_out_too_many_is_refused(refuses, store, number):
    refuses(
        "experiments.study", *GRID, *SIZES, f"--hold_out={number}", words=["hold_out", number]
    )
