"""What has run is found however much it is; a store that does not exist is not made by
looking.
"""

from dataclasses import replace
from types import SimpleNamespace

import torch
from mlflow import MlflowClient

from experiments.orchestration import study_runs
from experiments.orchestration.study_runs import (
    end_running,
    finished_keys,
    note_commit,
    renew_keys,
    runs_so_far,
)
from experiments.training.trial import Trial
from tracking import schema
from tracking.runs import params_of
from tracking.store import trial_runs


def run(key, status="FINISHED", **tags):
    return SimpleNamespace(
        data=SimpleNamespace(tags={"trial": key, **tags}), info=SimpleNamespace(status=status)
    )


def test_a_trial_needs_no_other_run_when_it_has_finished_or_diverged():
    runs = [
        run("a"),
        run("b", "FAILED", failure="diverged: the loss is nan"),
        run("c", "KILLED"),
        run("c", "RUNNING"),
    ]
    runs += [
        run("d", "FAILED", failure="MemoryError: none left"),
        run("e", "FAILED"),
        run("e"),
    ]
    assert finished_keys(runs) == {"a", "b", "e"}


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


# --- runs of before the precision was resolved


def recorded(client, trial, **tags):
    """A finished run as it was recorded when a key said precision=auto."""
    key = schema.key(trial.as_dict())
    run = client.create_run("0", tags={"trial": key, **tags})
    client.log_batch(run.info.run_id, params=params_of(trial.as_dict()))
    client.set_terminated(run.info.run_id)
    return run.info.run_id


def in_bf16(trials):
    """The trials as a machine resolves them that multiplies bf16 natively."""
    asked = [
        replace(trial, precision="bf16")
        if (trial.architecture, trial.precision) == ("mlp", "auto")
        else trial
        for trial in trials
    ]
    return [trial.resolved(torch.device("cpu")) for trial in asked]


def test_a_run_that_was_recorded_as_auto_gets_the_key_that_its_trial_has_now(store):
    client = MlflowClient()
    net = Trial(architecture="mlp", fraction=0.1, sample=3)
    forest = Trial(architecture="forest", sample=1)
    told = recorded(client, net, precision="fp32")
    untold = recorded(client, replace(net, sample=4))
    fitted = recorded(client, forest, precision="fp32")
    explicit = recorded(client, replace(forest, sample=2, precision="fp32"))
    new = recorded(client, replace(net, sample=5, precision="fp32"))

    expected = {
        told: replace(net, precision="fp32").key,
        untold: replace(net, sample=4, precision="bf16").key,
        fitted: replace(forest, precision="none").key,
        explicit: replace(forest, sample=2, precision="none").key,
        new: replace(net, sample=5, precision="fp32").key,
    }
    before = keys(trial_runs(client, "0"))
    runs = trial_runs(client, "0")
    renew_keys(runs, in_bf16)
    assert keys(runs) == expected
    assert keys(trial_runs(client, "0")) == before
    renew_keys(trial_runs(client, "0"), in_bf16, client)
    assert keys(trial_runs(client, "0")) == expected
    renew_keys(trial_runs(client, "0"), in_bf16, client)
    assert keys(trial_runs(client, "0")) == expected


def test_a_run_of_another_draw_or_of_an_architecture_that_is_gone_keeps_its_key(store):
    client = MlflowClient()
    other = client.create_run("0", tags={"trial": "another draw"}).info.run_id
    client.log_batch(other, params=params_of(Trial(sample=2).as_dict()))
    gone = client.create_run("0", tags={"trial": "gone"}).info.run_id
    client.log_param(gone, "architecture", "nosuch:net")
    renew_keys(trial_runs(client, "0"), never, client)
    assert keys(trial_runs(client, "0")) == {other: "another draw", gone: "gone"}


def never(trials):
    raise AssertionError("there is nothing to resolve")


def keys(runs):
    return {run.info.run_id: run.data.tags["trial"] for run in runs}
