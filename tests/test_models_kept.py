"""One filter finds the best run of each architecture and fraction; it has its model, and the
beaten ones have none.
"""

import io
from contextlib import redirect_stdout

import jobs
import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.entities import LoggedModelOutput, LoggedModelStatus

from experiments import study
from experiments.orchestration import engine
from experiments.orchestration.models_kept import Best, model_ids
from experiments.training.trial import Trial
from tracking.store import trial_runs

GRID = [
    "--study",
    "kept",
    "--architectures",
    "linear,forest",
    "--fractions",
    "0.1,0.3",
    "--max_steps",
    "20",
]


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    monkeypatch.setattr(engine, "run_here", jobs.here())


def launch(*more, samples=2):
    with redirect_stdout(io.StringIO()) as said:
        study.main(
            [*GRID, "--samples", str(samples), "--workers", "1", "--report", "false", *more]
        )
    return said.getvalue()


def trials():
    return trial_runs(
        MlflowClient(), MlflowClient().get_experiment_by_name("kept").experiment_id
    )


def expected_best():
    """Run ids: of each architecture and fraction, that with the smallest validation loss."""
    best = {}
    for run in trials():
        cell = run.data.params["architecture"], run.data.params["fraction"]
        best.setdefault(cell, run)
        best[cell] = min(best[cell], run, key=lambda each: each.data.metrics["best_val_loss"])
    return {run.info.run_id for run in best.values()}


def tagged():
    found = MlflowClient().search_runs(["1"], "tags.best = 'true'")
    return {run.info.run_id for run in found}


def on_disk(folder):
    """Ids of models whose bytes are there."""
    return {path.parts[-3] for path in folder.glob("mlruns/*/models/*/artifacts/MLmodel")}


def with_model():
    return {
        run.info.run_id: set(model_ids(MlflowClient(), run.info.run_id)) for run in trials()
    }


def set_of_models(run_ids):
    models = with_model()
    return set().union(*(models[run_id] for run_id in run_ids))


def test_only_the_best_runs_are_tagged_and_have_models_also_after_a_larger_grid(store):
    launch()
    first = tagged()
    assert first == expected_best()
    assert len(first) == 4
    assert on_disk(store) == set_of_models(first)
    assert {run_id for run_id, models in with_model().items() if models} == first
    launch("--data_seeds", "0,1", samples=3)
    assert tagged() == expected_best() != first
    assert on_disk(store) == set_of_models(tagged())
    assert len(on_disk(store)) == 4
    for run_id in tagged():
        mlflow.pyfunc.load_model(f"runs:/{run_id}/model")


def test_what_a_launch_that_was_killed_left_half_done_is_set_right(store):
    launch()
    client = MlflowClient()
    best = expected_best()
    beaten = next(run for run in trials() if run.info.run_id not in best)
    client.set_tag(beaten.info.run_id, "best", "true")
    client.set_tag(beaten.info.run_id, "model", "best")
    client.delete_tag(next(iter(best)), "best")
    assert tagged() != best
    launch()
    assert tagged() == best
    assert on_disk(store) == set_of_models(best)
    assert "model" not in client.get_run(beaten.info.run_id).data.tags


def test_all_models_are_kept_when_all_are_wanted_also_by_later_launches(store):
    launch("--keep_models", "all")
    assert len(on_disk(store)) == len(trials()) == 12
    launch()
    assert len(on_disk(store)) == 12


def test_no_model_is_kept_when_none_is_wanted_and_the_best_are_still_tagged(store):
    launch("--keep_models", "none")
    assert on_disk(store) == set()
    assert tagged() == expected_best()


def test_an_architecture_whose_model_cannot_be_logged_still_counts(store):
    launch("--architectures", "toys:unexportable", "--fractions", "0.1", samples=0)
    (run,) = trials()
    assert run.info.status == "FINISHED"
    assert run.data.tags["model"].startswith("not logged: ")
    assert run.data.metrics["best_val_loss"] > 0


def test_the_best_of_each_architecture_is_registered_on_request_once_and_its_model_stays(
    store,
):
    assert "linear: registered as models:/kept-linear@best, version 1" in launch(
        "--register", "true"
    )
    assert "linear: registered as models:/kept-linear@best, version 1" in launch(
        "--register", "true"
    )
    client = MlflowClient()
    versions = [
        client.get_model_version_by_alias(f"kept-{name}", "best")
        for name in ("linear", "forest")
    ]
    smallest = {}
    for run in trials():
        name = run.data.params["architecture"]
        loss = run.data.metrics["best_val_loss"]
        smallest[name] = min(
            smallest.get(name, (loss, run.info.run_id)), (loss, run.info.run_id)
        )
    assert [version.run_id for version in versions] == [
        smallest[name][1] for name in ("linear", "forest")
    ]
    better = client.create_run("1").info.run_id
    best = Best(client, trials())
    for version in versions:
        name, fraction = next(
            (group[1:]) for group, one in best.of.items() if one.run_id == version.run_id
        )
        best.offer(Trial(architecture=name, fraction=fraction), 0.0, better, "")
        mlflow.pyfunc.load_model(f"models:/kept-{name}@best")


def test_a_best_run_that_somebody_deletes_meanwhile_is_no_obstacle(store):
    launch(samples=1)
    client = MlflowClient()
    runs = trials()
    best = Best(client, runs)
    beaten = next(run for run in runs if "best" in run.data.tags)
    client.delete_run(beaten.info.run_id)
    params = beaten.data.params
    trial = Trial(architecture=params["architecture"], fraction=float(params["fraction"]))
    other = next(run.info.run_id for run in runs if run is not beaten)
    best.offer(trial, 0.0, other, "")
    assert best.costs()["digits", trial.architecture, trial.fraction] == 0.0


def test_a_run_that_somebody_deletes_before_its_cell_has_ended_is_no_obstacle(store):
    launch(samples=1)
    client = MlflowClient()
    before = tagged()
    run = next(run for run in trials() if run.info.run_id not in before)
    best = Best(client, trials())
    params = run.data.params
    client.delete_run(run.info.run_id)
    for loss in (0.0, 100.0):
        best.offer(
            Trial(architecture=params["architecture"], fraction=float(params["fraction"])),
            loss,
            run.info.run_id,
            "best",
        )
    assert tagged() == before


def test_a_study_with_any_name_can_be_registered(store):
    said = launch("--study", "o'brien's/own", "--register", "true", samples=0)
    assert "linear: registered as models:/o-brien-s-own-linear@best, version 1" in said


def test_of_several_tries_to_log_a_model_the_last_whole_one_counts(store):
    client = MlflowClient()
    run_id = client.create_run("0").info.run_id
    made = [client.create_logged_model("0", source_run_id=run_id).model_id for _ in range(6)]
    client.log_outputs(run_id, [LoggedModelOutput(one, 0) for one in made])
    for one in made[1:4]:
        client.finalize_logged_model(one, LoggedModelStatus.READY)
    assert set(model_ids(client, run_id)) == set(made)
    assert model_ids(client, run_id)[-1] == made[3]
