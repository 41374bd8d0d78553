"""An exported study back in a store: the same study, which goes on there."""

import io
from contextlib import redirect_stdout

import pandas as pd
import pytest
from conftest import ROOT, store_in
from mlflow import MlflowClient
from records import record_study

from analysis.export import export, read_export
from analysis.restore import restore
from analysis.runs import study_run
from analysis.study import load_study
from analysis.trust.held_out import forecast_held_out
from experiments import study

EXAMPLES = ROOT / "app" / "example"
GRID = ["--study", "on", "--architectures", "linear,forest", "--fractions", "0.05,0.1", "--max_steps", "20"]
GRID += ["--workers", "1", "--keep_models", "none", "--report", "false"]
FIRST, LATER = (1600, 3200), (1600, 3200, 6400)


@pytest.fixture
def exported(store, tmp_path):
    record_study("demo", architectures={"cnn": 0.5}, sizes=(50, 100, 200, 400, 800), samples=1, note="a note")
    forecast_held_out("demo", list(FIRST))
    return read_export(export("demo", tmp_path / "to"))


@pytest.fixture
def another_store(exported, tmp_path, empty_store):
    """The store that is in use after the study was exported from the first one."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    with store_in(folder, empty_store):
        yield folder


def in_order(runs: pd.DataFrame) -> pd.DataFrame:
    """Without what a store chooses by itself, and without columns that say nothing."""
    kept = runs.drop(columns=["run_id", "experiment_id"]).dropna(axis=1, how="all")
    return kept.sort_values("trial").sort_index(axis=1).reset_index(drop=True)


def test_the_study_is_the_one_that_was_exported(exported, another_store):
    assert restore(exported) == 10
    here = load_study("demo")
    pd.testing.assert_frame_equal(in_order(here.runs), in_order(exported.runs), check_dtype=False)
    pd.testing.assert_frame_equal(here.told, exported.told, check_dtype=False)
    assert (here.note, here.running) == ("a note", False)


def test_real_studies_are_exported_again_as_they_were(another_store, tmp_path):
    there = read_export(EXAMPLES / "teacher-long_tail")
    restore(there)
    here = read_export(export(there.name, tmp_path, hardware=there.about["hardware"]))
    pd.testing.assert_frame_equal(in_order(here.runs), in_order(there.runs), check_exact=True)
    assert here.about == there.about
    for one in (here, there):
        one.histories["name"] = one.histories["run_id"].map(one.runs.set_index("run_id")["name"])
    kept = [table.histories.drop(columns="run_id").set_index(["name", "step"]).sort_index() for table in (here, there)]
    pd.testing.assert_frame_equal(*kept)


def test_what_the_store_has_stays_as_it_is_and_the_rest_is_added(exported, another_store):
    record_study("demo", architectures={"cnn": 0.5}, sizes=(50, 100), samples=1, note="another note")
    before = load_study("demo")
    assert restore(exported) == 6
    assert restore(exported) == 0
    after = load_study("demo")
    assert set(before.runs["run_id"]) < set(after.runs["run_id"])
    assert (len(after.runs), after.note) == (10, "another note")


def test_forecasts_made_here_before_are_kept(exported, another_store):
    record_study("demo", architectures={"cnn": 0.4}, sizes=(50, 100, 200, 400, 800), samples=1)
    forecast_held_out("demo", list(LATER))
    here = load_study("demo").told
    restore(exported)
    pd.testing.assert_frame_equal(load_study("demo").told, here)


def test_a_restored_study_goes_on_without_training_anything_again(store, tmp_path, empty_store):
    def launch(*more):
        with redirect_stdout(io.StringIO()) as said:
            study.main([*GRID, *more])
        return said.getvalue()

    assert "8 trials, 0 done, 8 to do" in launch("--samples", "1")
    there = read_export(export("on", tmp_path / "to"))
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    with store_in(folder, empty_store):
        restore(there)
        assert "8 trials, 8 done, 0 to do" in launch("--samples", "1")
        assert "12 trials, 8 done, 4 to do" in launch("--samples", "2")


def test_the_commits_of_both_are_named_and_a_lease_is_not_touched(exported, another_store):
    exported.about["commit"] = "aaaaaaa, bbbbbbb"
    record_study("demo", architectures={"cnn": 0.5}, sizes=(50,), samples=1)
    client = MlflowClient()
    parent = study_run(client, "demo").info.run_id
    client.set_tag(parent, "commits", "ccccccc aaaaaaa")
    client.set_tag(parent, "driver", "somebody")
    restore(exported)
    tags = study_run(client, "demo").data.tags
    assert (tags["commits"], tags["driver"]) == ("ccccccc aaaaaaa bbbbbbb", "somebody")


def test_a_dataset_in_a_file_gets_the_path_it_has_here(exported, another_store):
    exported.runs["dataset"] = "npz:photos.npz"
    restore(exported, "npz:/data/photos.npz")
    assert set(load_study("demo").runs["dataset"]) == {"npz:/data/photos.npz"}


def test_the_command_says_what_it_did_and_makes_the_database(command, exported, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/new.db")
    code, out, _ = command("analysis.restore", tmp_path / "to" / "demo")
    assert code == 0
    assert out == f"10 runs of study 'demo' restored to sqlite:///{tmp_path}/new.db\n"
    assert len(load_study("demo").runs) == 10


def test_no_study_in_the_folder_or_no_store_is_refused_in_one_line(refuses, exported, tmp_path, monkeypatch):
    refuses("analysis.restore", tmp_path / "nosuch", words=["nosuch", "study.json"])
    refuses("analysis.restore", words=["folder"])
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    refuses("analysis.restore", tmp_path / "to" / "demo", words=["http://127.0.0.1:9", "cannot be opened"])
