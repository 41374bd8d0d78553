"""What has ended is known, and old runs get the keys that their trials have now."""

from dataclasses import replace
from types import SimpleNamespace

from mlflow import MlflowClient

from experiments.orchestration.standing import Standing, renew_keys
from experiments.training.trial import Trial
from tracking import schema
from tracking.runs import params_of
from tracking.store import trial_runs


def run(key, status="FINISHED", **tags):
    return SimpleNamespace(
        data=SimpleNamespace(tags={"trial": key, **tags}, metrics={}),
        info=SimpleNamespace(status=status),
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
    standing = Standing.of(runs)
    assert standing.finished | standing.diverged == {"a", "b", "e"}


# --- runs of before the precision was resolved


def recorded(client, trial, **tags):
    """A finished run as it was recorded when a key said precision=auto.

    It knows nothing of the fields that came later.
    """
    key = schema.key(trial.as_dict())
    later = {one.name for one in schema.SETTINGS if one.before is not None}
    params = [param for param in params_of(trial.as_dict()) if param.key not in later]
    assert len(params) < len(params_of(trial.as_dict()))
    run = client.create_run("0", tags={"trial": key, **tags})
    client.log_batch(run.info.run_id, params=params)
    client.set_terminated(run.info.run_id)
    return run.info.run_id


def test_a_run_that_was_recorded_as_auto_gets_the_key_that_its_trial_has_now(store):
    client = MlflowClient()
    net = Trial(architecture="mlp", fraction=0.1, sample=3, patience_epochs=0.0)
    forest = Trial(architecture="forest", sample=1, patience_epochs=0.0)
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
    renew_keys(runs, "bf16")
    assert keys(runs) == expected
    assert keys(trial_runs(client, "0")) == before
    renew_keys(trial_runs(client, "0"), "bf16", client)
    assert keys(trial_runs(client, "0")) == expected
    renew_keys(trial_runs(client, "0"), "bf16", client)
    assert keys(trial_runs(client, "0")) == expected


def test_a_run_of_another_draw_or_of_an_architecture_that_is_gone_keeps_its_key(store):
    client = MlflowClient()
    other = client.create_run("0", tags={"trial": "another draw"}).info.run_id
    client.log_batch(other, params=params_of(Trial(sample=2).as_dict()))
    gone = client.create_run("0", tags={"trial": "gone"}).info.run_id
    client.log_param(gone, "architecture", "nosuch:net")
    renew_keys(trial_runs(client, "0"), "bf16", client)
    assert keys(trial_runs(client, "0")) == {other: "another draw", gone: "gone"}


def keys(runs):
    return {run.info.run_id: run.data.tags["trial"] for run in runs}
