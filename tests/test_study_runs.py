"""What has run is found however much it is; a store that does not exist is not made by
looking.
"""

from mlflow import MlflowClient

from experiments.orchestration import study_runs
from experiments.orchestration.study_runs import (
    end_running,
    note_commit,
    runs_so_far,
)


def test_looking_for_runs_makes_no_store_and_no_study(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/none.db")
    assert runs_so_far("any") == []
    assert list(tmp_path.iterdir()) == []


def test_looking_for_a_study_that_does_not_exist_writes_nothing(store):
    before = (store / "mlflow.db").read_bytes()
    assert runs_so_far("any") == []
    assert (store / "mlflow.db").read_bytes() == before


def test_the_studys_running_trials_are_ended_all_or_some(store):
    client = MlflowClient()
    made = {
        key: client.create_run("0", tags={"trial": key, "study": "s"}).info.run_id
        for key in "abc"
    }
    made["main"] = client.create_run("0", tags={"trial": "x"}).info.run_id
    client.set_terminated(made["c"])

    def status():
        return {key: client.get_run(run_id).info.status for key, run_id in made.items()}

    end_running(client, "0", frozenset("a"))
    assert status() == {"a": "KILLED", "b": "RUNNING", "c": "FINISHED", "main": "RUNNING"}
    end_running(client, "0")
    assert status() == {"a": "KILLED", "b": "KILLED", "c": "FINISHED", "main": "RUNNING"}


def test_a_study_names_every_commit_that_has_trained_for_it_once(store, monkeypatch):
    client = MlflowClient()
    parent = client.create_run(client.create_experiment("resumed")).info.run_id
    for commit in ("aaaaaaa1", "aaaaaaa1", "bbbbbbb2", ""):
        monkeypatch.setattr(
            study_runs,
            "resolve_tags",
            lambda commit=commit: {"mlflow.source.git.commit": commit},
        )
        note_commit(client, parent)
    assert client.get_run(parent).data.tags["commits"] == "aaaaaaa bbbbbbb"


def test_a_study_begun_before_its_commits_were_listed_keeps_the_first(store, monkeypatch):
    client = MlflowClient()
    begun = {"mlflow.source.git.commit": "aaaaaaa1"}
    parent = client.create_run(client.create_experiment("old"), tags=begun).info.run_id
    monkeypatch.setattr(
        study_runs, "resolve_tags", lambda: {"mlflow.source.git.commit": "bbbbbbb2"}
    )
    note_commit(client, parent)
    assert client.get_run(parent).data.tags["commits"] == "aaaaaaa bbbbbbb"
