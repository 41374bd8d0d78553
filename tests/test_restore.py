"""An exported study back in a store: the same study, which goes on there."""

import io
from contextlib import redirect_stdout
from dataclasses import replace

import pandas as pd
import pytest
from conftest import ROOT, store_in
from mlflow import MlflowClient
from records import record_study

from analysis.diagnostics.logged_forecasts import forecast_held_out
from analysis.export import write as export
from analysis.selection import best_runs
from experiments import study
from experiments.orchestration.study_runs import end_running
from tracking.export import read_export
from tracking.restore import found_at, restore
from tracking.store import study_run
from tracking.study import load_study

EXAMPLES = ROOT / "app" / "example"
GRID = [
    "--study",
    "on",
    "--architectures",
    "linear,forest",
    "--fractions",
    "0.05,0.1",
    "--max_steps",
    "20",
]
GRID += ["--workers", "1", "--keep_models", "none", "--report", "false"]
FIRST = (1600, 3200)
LATER = (1600, 3200, 6400)


@pytest.fixture
def exported(store, tmp_path):
    record_study(
        "demo",
        architectures={"cnn": 0.5},
        sizes=(50, 100, 200, 400, 800),
        samples=1,
        note="a note",
    )
    forecast_held_out("demo", list(FIRST))
    return read_export(export("demo", tmp_path / "to"))


@pytest.fixture
def another_store(exported, tmp_path, empty_store):
    """The store that is in use after the study was exported from the first one."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    with store_in(folder, empty_store):
        yield folder


def launch(*more):
    """Run a study in this process (its worker in its own); what it printed."""
    with redirect_stdout(io.StringIO()) as said:
        study.main([*GRID, *more])
    return said.getvalue()


def in_order(runs: pd.DataFrame) -> pd.DataFrame:
    """Without what a store chooses by itself, and without columns that say nothing."""
    kept = runs.drop(columns=["run_id", "experiment_id"]).dropna(axis=1, how="all")
    return kept.sort_values("trial").sort_index(axis=1).reset_index(drop=True)


def test_the_study_is_the_one_that_was_exported(exported, another_store):
    assert restore(exported) == 10
    here = load_study("demo")
    pd.testing.assert_frame_equal(
        in_order(here.runs), in_order(exported.runs), check_dtype=False
    )
    pd.testing.assert_frame_equal(
        here.logged_forecasts, exported.logged_forecasts, check_dtype=False
    )
    assert (here.note, here.running) == ("a note", False)


def test_real_studies_are_exported_again_as_they_were(another_store, tmp_path):
    there = read_export(EXAMPLES / "teacher-long_tail")
    restore(there)
    here = read_export(export(there.name, tmp_path))
    pd.testing.assert_frame_equal(in_order(here.runs), in_order(there.runs), check_exact=True)
    assert here.about == there.about
    for one in (here, there):
        one.histories["name"] = one.histories["run_id"].map(
            one.runs.set_index("run_id")["name"]
        )
    kept = [
        table.histories.drop(columns="run_id").set_index(["name", "step"]).sort_index()
        for table in (here, there)
    ]
    pd.testing.assert_frame_equal(*kept)


def test_what_the_store_has_stays_as_it_is_and_the_rest_is_added(exported, another_store):
    record_study(
        "demo", architectures={"cnn": 0.5}, sizes=(50, 100), samples=1, note="another note"
    )
    before = load_study("demo")
    assert restore(exported) == 6
    assert restore(exported) == 0
    after = load_study("demo")
    assert set(before.runs["run_id"]) < set(after.runs["run_id"])
    assert (len(after.runs), after.note) == (10, "another note")


def test_forecasts_made_here_before_are_kept(exported, another_store):
    record_study("demo", architectures={"cnn": 0.4}, sizes=(50, 100, 200, 400, 800), samples=1)
    forecast_held_out("demo", list(LATER))
    here = load_study("demo").logged_forecasts
    restore(exported)
    pd.testing.assert_frame_equal(load_study("demo").logged_forecasts, here)


def test_a_restored_study_goes_on_without_training_anything_again(
    store, tmp_path, empty_store
):
    assert "8 trials, 0 done, 8 to do" in launch("--samples", "1")
    there = read_export(export("on", tmp_path / "to"))
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    with store_in(folder, empty_store):
        restore(there)
        assert "8 trials, 8 done, 0 to do" in launch("--samples", "1")
        assert "12 trials, 8 done, 4 to do" in launch("--samples", "2")


def test_a_sample_that_is_missing_is_compared_with_what_the_export_says_of_the_others(
    store, tmp_path, empty_store
):
    compared = (
        "--fractions",
        "0.2",
        "--architectures",
        "linear",
        "--samples",
        "8",
        "--pruning",
        "halving",
    )
    budget = "--max_steps", "300", "--patience", "60"
    launch(*compared, *budget)
    there = read_export(export("on", tmp_path / "to"))
    before = there.runs.set_index("sample")
    first = before.loc[before["pruned"] == "true", "steps"].idxmin()
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    with store_in(folder, empty_store):
        restore(replace(there, runs=there.runs[there.runs["sample"] != first]))
        assert "9 trials, 8 done, 1 to do" in launch(*compared, *budget)
        again = load_study("on").runs.set_index("sample")
    assert (again.loc[first, "pruned"], again.loc[first, "steps"]) == (
        "true",
        before.loc[first, "steps"],
    )


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


def test_a_dataset_in_a_file_gets_the_path_it_has_here(exported):
    exported.runs.loc[:3, "dataset"] = "npz:photos.npz"
    here = found_at(exported, "npz:/data/photos.npz").runs["dataset"]
    assert here.tolist() == ["npz:/data/photos.npz"] * 4 + ["digits"] * 6


def test_a_cell_that_was_stopped_stays_undecided_and_what_ended_elsewhere_is_not_lost(
    exported, another_store
):
    """Of five samples two were ended early, one went on to its end, one was at it and one
    crashed.
    """
    cell = exported.runs["n_train"] == 800
    one = exported.runs[cell].iloc[[0]]
    status = ["FINISHED", "FINISHED", "FINISHED", "RUNNING", "FAILED"]
    rows = one.loc[one.index.repeat(5)].assign(
        status=status,
        sample=range(5),
        trial=list("abcde"),
        run_id=list("vwxyz"),
        bracket=4,
        pruned=None,
    )
    rows["pruned"] = ["true", "true", "false", None, None]
    stopped = replace(
        exported, runs=pd.concat([exported.runs[~cell], rows], ignore_index=True)
    )
    assert 800 not in set(best_runs(stopped.runs)["n_train"])
    assert restore(stopped) == 13
    here = load_study("demo").runs
    assert here.set_index("trial").loc[list("abcde"), "status"].tolist() == [
        *status[:3],
        "KILLED",
        "FAILED",
    ]
    assert 800 not in set(best_runs(here)["n_train"])
    elsewhere = stopped.runs.assign(
        status="FINISHED", pruned=stopped.runs["pruned"].fillna("false")
    )
    assert restore(replace(stopped, runs=elsewhere)) == 2
    assert 800 in set(best_runs(load_study("demo").runs)["n_train"])


def test_a_restore_that_was_interrupted_is_made_whole_by_the_next(
    exported, another_store, monkeypatch
):
    ended = []

    def interrupted(client, *arguments, **options):
        ended.append(arguments)
        if len(ended) == 4:
            raise KeyboardInterrupt
        return terminate(client, *arguments, **options)

    terminate = MlflowClient.set_terminated
    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, "set_terminated", interrupted)
        with pytest.raises(KeyboardInterrupt):
            restore(exported)
    client = MlflowClient()
    end_running(
        client, client.get_experiment_by_name("demo").experiment_id
    )  # as the next launch of the study does
    restore(exported)
    here, there = (
        in_order(best_runs(runs)) for runs in (load_study("demo").runs, exported.runs)
    )
    pd.testing.assert_frame_equal(
        here.drop(columns="samples"), there.drop(columns="samples"), check_dtype=False
    )


def test_hyperparameters_keep_their_last_digit(store, tmp_path):
    record_study("demo", architectures={"cnn": 0.5}, sizes=(50,), samples=0)
    client = MlflowClient()
    (run,) = client.search_runs(
        [client.get_experiment_by_name("demo").experiment_id], "tags.trial LIKE 'cnn%'"
    )
    for name, value in {"lr": "0.0026343878205562516", "width": "64", "act": "None"}.items():
        client.log_param(run.info.run_id, name, value)
    exported = replace(read_export(export("demo", tmp_path)), name="again")
    restore(exported)
    (again,) = client.search_runs(
        [client.get_experiment_by_name("again").experiment_id], "tags.trial LIKE 'cnn%'"
    )
    params = client.get_run(run.info.run_id).data.params
    assert again.data.params == params | {"fraction": str(float(params["fraction"]))}


def test_the_command_says_what_it_did_and_makes_the_database(
    command, exported, tmp_path, monkeypatch
):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/new.db")
    code, out, _ = command("analysis.restore", tmp_path / "to" / "demo", "--study", "again")
    assert code == 0
    assert out.startswith(
        f"10 trials of study 'again' restored to sqlite:///{tmp_path}/new.db\n"
    )
    assert len(load_study("again").runs) == 10


def test_no_study_in_the_folder_or_no_store_is_refused_in_one_line(
    refuses, exported, tmp_path, monkeypatch
):
    refuses("analysis.restore", tmp_path / "nosuch", words=["nosuch", "study.json"])
    refuses("analysis.restore", words=["folder"])
    place = tmp_path / "to" / "demo"
    refuses(
        "analysis.restore",
        place,
        "--dataset",
        "npz:/a/b.npz",
        words=["npz:/a/b.npz", "allowed", "digits"],
    )
    client = MlflowClient()
    client.delete_experiment(client.get_experiment_by_name("demo").experiment_id)
    refuses("analysis.restore", place, words=["'demo'", "deleted", "--study"])
    for file, text in {
        "held_out.csv": "",
        "study.json": "{",
        "runs.csv": "a,b\n1,2\n",
    }.items():
        whole = (place / file).read_text()
        (place / file).write_text(text)
        refuses("analysis.restore", place, words=["not a whole export"])
        refuses("analysis.report", place, words=["not a whole export"])
        (place / file).write_text(whole)
    (place / "runs.csv").unlink()
    refuses("analysis.restore", place, words=["runs.csv"])
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    refuses(
        "analysis.restore",
        EXAMPLES / "digits",
        words=["http://127.0.0.1:9", "cannot be opened"],
    )
