"""A study as files: what is read back is what was in the store."""

import json
from dataclasses import replace

import pandas as pd
import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st
from mlflow import MlflowClient
from mlflow.entities import Metric
from records import record_study

from analysis.export import write as export
from analysis.selection import datasets, learning_curves
from tracking.errors import StoreError
from tracking.export import MOST_STEPS, exports, read_export, thinned, without_folder
from tracking.study import load_study

EXAMPLES = ROOT / "app" / "example"


@pytest.fixture
def study(store):
    record_study(
        "demo",
        architectures={"cnn": 0.5},
        sizes=(50, 100, 200),
        samples=1,
        note="a <b>note</b>, 中文",
    )
    client = MlflowClient()
    for run in client.search_runs(
        [client.get_experiment_by_name("demo").experiment_id], "tags.trial LIKE 'cnn-200%'"
    ):
        steps = [Metric("val_loss", 1 / (step + 1), 0, step) for step in range(0, 500, 5)]
        client.log_batch(run.info.run_id, metrics=steps)
    return store


def test_the_runs_read_back_are_those_of_the_store(study, tmp_path):
    before = load_study("demo")
    after = read_export(export("demo", tmp_path / "to"))
    assert (after.name, after.note) == ("demo", "a <b>note</b>, 中文")
    assert not after.running
    for metric in ("loss", "error"):
        pd.testing.assert_frame_equal(
            learning_curves(after, "digits", metric),
            learning_curves(before, "digits", metric),
            check_dtype=False,
            check_exact=True,
        )
    known = before.runs.columns.intersection(after.runs.columns)
    assert set(before.runs.columns) - set(known) <= {"data_dir"}
    pd.testing.assert_frame_equal(after.runs[known], before.runs[known], check_dtype=False)


def test_losses_over_steps_of_the_best_runs_are_there_but_not_too_many(study, tmp_path):
    steps = read_export(export("demo", tmp_path)).histories
    assert steps.groupby("run_id").size().max() <= MOST_STEPS
    (drawn,) = steps["run_id"].unique()
    assert steps["step"].iloc[[0, -1]].tolist() == [0, 495]
    assert drawn in set(learning_curves(load_study("demo"), "digits", "loss")["run_id"])


def test_where_somebody_keeps_a_dataset_is_not_exported():
    names = (
        "npz:/home/somebody/cifar10.npz",
        "folder:../photos/",
        "csv:/home/somebody/sales.csv",
        "parquet:data/sales.parquet",
        "digits",
        "package.module:function",
    )
    assert [*map(without_folder, names)] == [
        "npz:cifar10.npz",
        "folder:photos",
        "csv:sales.csv",
        "parquet:sales.parquet",
        "digits",
        "package.module:function",
    ]


def test_an_export_overwrites_no_other_study(study, tmp_path):
    record_study("a/b", architectures={"cnn": 0.5}, sizes=(50, 100), samples=0)
    record_study("a_b", architectures={"cnn": 0.5}, sizes=(50, 100), samples=0)
    assert export("a/b", tmp_path) == export("a/b", tmp_path) == tmp_path / "a_b"
    with pytest.raises(StoreError, match="holds the study 'a/b'"):
        export("a_b", tmp_path)


@pytest.mark.parametrize("file", ["study.json", "runs.csv"])
def test_a_broken_export_is_written_anew(study, tmp_path, file):
    place = export("demo", tmp_path)
    (place / file).write_text("cut o")
    assert read_export(export("demo", tmp_path)).name == "demo"


def test_datasets_that_would_have_one_name_are_not_exported(study, tmp_path, monkeypatch):
    found = load_study("demo")
    runs = found.runs.assign(dataset=["npz:a/x.npz", "npz:b/x.npz"] * (len(found.runs) // 2))
    monkeypatch.setattr("analysis.export.load_study", lambda name: replace(found, runs=runs))
    with pytest.raises(StoreError, match=r"have one name: npz:a/x\.npz, npz:b/x\.npz"):
        export("demo", tmp_path)


def test_a_short_history_is_kept_whole():
    table = pd.DataFrame({"run_id": "a", "step": range(9), "val_loss": 1.0, "train_loss": 1.0})
    pd.testing.assert_frame_equal(thinned(table), table)


@given(st.lists(st.integers(1, 400), min_size=1, max_size=4))
def test_a_history_keeps_at_most_its_most_steps_with_both_ends_and_then_all(sizes):
    runs = {f"run {i}": range(0, 50 * size, 50) for i, size in enumerate(sizes)}
    rows = [(name, step) for name, steps in runs.items() for step in steps]
    kept = thinned(pd.DataFrame(rows, columns=["run_id", "step"]))
    for name, steps in runs.items():
        found = kept.loc[kept["run_id"] == name, "step"].tolist()
        assert (found[0], found[-1]) == (steps[0], steps[-1])
        assert len(found) == min(len(steps), MOST_STEPS)
    pd.testing.assert_frame_equal(thinned(kept), kept)


def test_date_settings_and_hardware_are_said(command, study, tmp_path):
    code, _, err = command(
        "analysis.export", "--study", "demo", "--to", tmp_path, "--hardware", "one abacus"
    )
    assert (code, err) == (0, "")
    about = json.loads((tmp_path / "demo" / "study.json").read_text())
    assert about["hardware"] == "one abacus"
    assert about["max_steps"] == "100"
    assert pd.Timestamp(about["date"]) <= pd.Timestamp.now()
    assert exports(tmp_path) == ["demo"]


def test_an_unknown_or_empty_study_is_refused_in_one_line(refuses, study, tmp_path):
    refuses(
        "analysis.export", "--study", "nosuch", "--to", tmp_path, words=["'nosuch'", "demo"]
    )
    refuses(
        "analysis.export",
        "--study",
        "Default",
        "--to",
        tmp_path,
        words=["'Default'", "no finished run"],
    )
    refuses("analysis.export", "--study", "demo", words=["--to"])


def test_the_report_says_of_an_exported_study_what_it_says_of_the_study(
    command, study, tmp_path
):
    place = export("demo", tmp_path)
    _, there, _ = command("analysis.report", "--study", "demo", "--json")
    code, here, err = command("analysis.report", place, "--json")
    assert (code, err) == (0, "")
    assert json.loads(here)["architectures"] == json.loads(there)["architectures"]


def test_a_folder_without_an_exported_study_is_refused_in_one_line(refuses, tmp_path):
    refuses("analysis.report", tmp_path, words=[f"'{tmp_path}'", "study.json"])


@pytest.mark.parametrize("name", exports(EXAMPLES))
def test_every_bundled_example_says_when_how_and_on_what_it_was_run(name):
    study = read_export(EXAMPLES / name)
    assert datasets(study)
    for what in ("date", "commit", "hardware", "max_steps"):
        assert study.about[what], what
    assert study.runs["status"].eq("FINISHED").any()
