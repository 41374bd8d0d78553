"""One trial becomes one MLflow run, complete, with a model that loads.

What cannot work is said in one line.
"""

import json
import subprocess
import sys
from types import SimpleNamespace

import mlflow
import numpy as np
import pytest
import torch
from conftest import ROOT, assert_one_line, environment, store_in
from mlflow import MlflowClient

from experiments.orchestration.record import summary
from experiments.training.networks import ARCHITECTURES
from experiments.training.search_spaces import SEARCH_SPACES
from experiments.training.subsets import fingerprint, subset_indices
from experiments.training.train import train
from experiments.training.trial import Trial
from tracking.runs import METRICS, unquoted

MAX_STEPS = 40
SHORT = ("--max_steps", "5", "--fraction", "0.05")


def only_run():
    (found,) = MlflowClient().search_runs(["0"])
    return found


def history(run_id, metric):
    """(steps, values) of a metric."""
    points = sorted(
        MlflowClient().get_metric_history(run_id, metric), key=lambda point: point.step
    )
    return [point.step for point in points], [point.value for point in points]


# --- `mlflow run`, for real ------------------------------------------------------------------


@pytest.fixture(scope="module")
def project_run(tmp_path_factory, empty_store, digits):
    """`mlflow run . -P fraction=5e-2`, and the same trial trained here."""
    with store_in(tmp_path_factory.mktemp("project"), empty_store):
        done = subprocess.run(
            [sys.executable, "-m", "mlflow", "run", str(ROOT), "--env-manager", "local"]
            + ["-P", "fraction=5e-2", "-P", f"max_steps={MAX_STEPS}", "-P", "precision=fp32"],
            capture_output=True,
            text=True,
            env=environment(PYTHONPATH=""),
            timeout=300,
        )
        trial = Trial(fraction=0.05, max_steps=MAX_STEPS, precision="fp32")
        yield SimpleNamespace(
            done=done, run=only_run(), trial=trial, here=train(trial, digits)
        )


def test_mlflow_run_succeeds_and_prints_the_result(project_run):
    assert project_run.done.returncode == 0, project_run.done.stderr
    assert project_run.run.info.status == "FINISHED"
    assert "cnn · n=54 · #0: validation loss" in project_run.done.stdout
    assert project_run.run.info.run_id in project_run.done.stdout


def test_mlflow_run_makes_a_single_run_named_for_people(project_run):
    assert project_run.run.info.run_name == "cnn · n=54 · #0"
    assert project_run.run.data.tags["mlflow.project.entryPoint"] == "main"
    assert project_run.run.data.tags["trial"] == project_run.trial.key


def test_every_field_and_hyperparameter_is_a_parameter_of_the_run(project_run):
    expected = project_run.trial.as_dict()
    expected |= expected.pop("hyperparameters")
    logged = {name: unquoted(text) for name, text in project_run.run.data.params.items()}
    assert float(logged["fraction"]) == 0.05
    assert {name: logged[name] for name in expected if name != "fraction"} == {
        name: str(value) for name, value in expected.items() if name != "fraction"
    }


def test_the_metrics_of_the_run_are_those_of_the_trial(project_run):
    metrics = project_run.run.data.metrics
    expected = summary(project_run.here)
    assert set(expected) == set(METRICS)
    assert {name: metrics[name] for name in METRICS if name != "seconds"} == pytest.approx(
        {name: value for name, value in expected.items() if name != "seconds"}, rel=1e-5
    )
    assert metrics["seconds"] > 0


@pytest.mark.parametrize("name", ["train_loss", "val_loss", "val_error"])
def test_metrics_are_logged_over_steps(project_run, name):
    of, measure = name.split("_")
    steps, values = history(project_run.run.info.run_id, name)
    assert steps == [row.step for row in project_run.here.history]
    assert values == pytest.approx(
        [getattr(row, of)[measure] for row in project_run.here.history], rel=1e-5
    )
    assert steps[-1] == MAX_STEPS


def test_the_best_validation_loss_is_the_minimum_of_its_history(project_run):
    _, values = history(project_run.run.info.run_id, "val_loss")
    assert project_run.run.data.metrics["best_val_loss"] == min(values)


def test_the_dataset_is_logged_with_the_fingerprint_of_the_subset(project_run, digits):
    (given,) = project_run.run.inputs.dataset_inputs
    assert given.dataset.name == "digits"
    assert given.dataset.digest == fingerprint(subset_indices(digits.strata, 0.05, 0))
    assert json.loads(given.dataset.profile)["features_shape"] == [54, 1, 8, 8]
    assert project_run.run.data.tags["dataset_fingerprint"] == digits.fingerprint


def test_the_model_loads_and_predicts_with_the_logged_error(project_run, digits):
    model = mlflow.pytorch.load_model(f"runs:/{project_run.run.info.run_id}/model")
    logits = model(digits.validation.images.float())
    assert logits.shape == (len(digits.validation), 10)
    error = (logits.argmax(1) != digits.validation.labels).double().mean().item()
    loss = torch.nn.functional.cross_entropy(logits, digits.validation.labels).item()
    assert error == pytest.approx(project_run.run.data.metrics["best_val_error"])
    assert loss == pytest.approx(project_run.run.data.metrics["best_val_loss"], rel=1e-3)


def test_the_model_has_a_signature_and_predicts_arrays(project_run, digits):
    model = mlflow.pyfunc.load_model(f"runs:/{project_run.run.info.run_id}/model")
    signature = model.metadata.signature
    shapes = [
        (side.inputs[0].type, side.inputs[0].shape)
        for side in (signature.inputs, signature.outputs)
    ]
    assert shapes == [("float32", (-1, 1, 8, 8)), ("float32", (-1, 10))]
    pixels = digits.test.images[:7].float().numpy()
    assert np.asarray(model.predict(pixels)).shape == (7, 10)


# --- `python -m experiments.run` -------------------------------------------------------------


def test_the_command_records_the_same_run(command, store):
    code, out, _ = command(
        "experiments.run", "--architecture", "mlp", "--sample", "2", "--data_seed", "3", *SHORT
    )
    assert code == 0
    found = only_run()
    assert "mlp · n=54 · #2 · seed 3: validation loss" in out
    assert found.info.run_name == "mlp · n=54 · #2 · seed 3"
    assert found.info.status == "FINISHED"
    assert (
        found.data.tags["trial"]
        == Trial(architecture="mlp", sample=2, data_seed=3, max_steps=5, fraction=0.05)
        .resolved(torch.device("cpu"))
        .key
    )
    assert found.data.metrics["n_train"] == 54


def test_a_forest_is_recorded_and_its_model_predicts_with_the_logged_error(
    command, store, digits
):
    assert command("experiments.run", "--architecture", "forest", *SHORT)[0] == 0
    found = only_run()
    assert "train_loss" not in found.data.metrics
    model = mlflow.sklearn.load_model(f"runs:/{found.info.run_id}/model")
    flat = digits.validation.images.reshape(len(digits.validation), -1).numpy()
    error = (model.predict(flat) != digits.validation.labels.numpy()).mean()
    assert error == pytest.approx(found.data.metrics["best_val_error"])


@pytest.mark.parametrize("architecture", ["toys:narrow", "toys:neighbours"])
def test_an_architecture_of_the_users_own_is_recorded(command, store, architecture):
    code, out, err = command(
        "experiments.run", "--architecture", architecture, "--dataset", "toys:loader", *SHORT
    )
    assert code == 0, out + err
    assert only_run().data.params["architecture"] == architecture
    assert "model" in [model.name for model in MlflowClient().search_logged_models(["0"])]


def test_a_diverged_run_fails_with_the_reason(refuses, store):
    refuses(
        "experiments.run",
        "--architecture",
        "toys:exploding",
        *SHORT,
        words=["the loss is nan at step"],
    )
    found = only_run()
    assert found.info.status == "FAILED"
    assert found.data.tags["failure"].startswith("diverged: the loss is nan")
    assert "best_val_loss" not in found.data.metrics


# --- what is no image ----------------------------------------------------------------------


def test_a_table_gets_an_architecture_for_tables(command, store):
    code, out, _ = command("experiments.run", "--dataset", "diabetes")
    assert code == 0
    assert "architecture linear" in out
    assert only_run().data.params["architecture"] == "linear"


@pytest.mark.parametrize(
    ("asked", "architecture"),
    [
        (("--dataset", "diabetes"), "linear"),
        (("--trainer", "own_trainers:fit"), "own_trainers:fit"),
    ],
)
def test_what_mlflow_run_has_logged_otherwise_gets_a_run_of_its_own(
    command, store, monkeypatch, asked, architecture
):
    project = MlflowClient().create_run("0")
    MlflowClient().log_param(project.info.run_id, "architecture", "cnn")
    monkeypatch.setenv("MLFLOW_RUN_ID", project.info.run_id)
    assert command("experiments.run", *asked)[0] == 0
    (run,) = MlflowClient().search_runs(["0"], "tags.trial != ''")
    assert run.data.params["architecture"] == architecture
    assert run.data.tags["mlflow.parentRunId"] == project.info.run_id
    assert MlflowClient().get_run(project.info.run_id).info.status == "FINISHED"


def test_what_cannot_be_kept_as_a_model_is_said_and_its_measurements_count(command, store):
    code, out, _ = command("experiments.run", "--trainer", "own_trainers:with_text_as_model")
    assert code == 0
    assert "model not logged: TypeError: a model of type str" in out
    assert only_run().data.metrics["test_loss"] == 0.5


# --- bad input -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--fraction 0", ["fraction 0 ", "(0, 1]"]),
        ("--fraction 2", ["fraction 2 ", "(0, 1]"]),
        ("--fraction nan", ["fraction nan ", "(0, 1]"]),
        ("--fraction abc", ["fraction", "'abc' is not a number"]),
        ("--fraction 1e-5", ["fraction 1e-05", "1,079 examples", "allowed"]),
        ("--fraction", ["--fraction"]),
        ("--sample -1", ["sample -1 ", "0, 1, 2"]),
        ("--sample 1.5", ["sample", "'1.5' is not a whole number"]),
        ("--data_seed -1", ["data_seed -1 ", "0, 1, 2"]),
        ("--max_steps 0", ["max_steps 0 ", "1 step or more"]),
        ("--dataset nosuch", ["'nosuch'", "digits", "npz:PATH"]),
        ("--dataset npz:missing.npz", ["missing.npz", "does not exist"]),
        ("--dataset npz:broken.npz", ["broken.npz", "not a readable .npz"]),
        ("--dataset folder:missing", ["missing", "does not exist"]),
        ("--dataset toys:nothing", ["toys:nothing"]),
        ("--architecture nosuch", ["'nosuch'", *ARCHITECTURES]),
        ("--architecture nosuch.net:build", ["nosuch.net:build"]),
        ("--search_space wide", ["'wide'", *SEARCH_SPACES]),
        ("--search_space notebook --architecture mlp", ["'notebook'", "cnn", "'mlp'"]),
        ("--precision fp8", ["'fp8'", "auto, fp32, bf16"]),
        ("--precision none", ["'none'", "'cnn'", "auto, fp32, bf16"]),
        ("--device nosuch", ["'nosuch'", "auto, cpu"]),
        ("--frac 0.5", ["--frac"]),
        ("surplus", ["surplus"]),
    ],
)
def test_bad_input_is_refused_in_one_line(refuses, store, arguments, words):
    (store / "broken.npz").write_bytes(b"PK\x03\x04 cut off")
    refuses("experiments.run", *arguments.split(), words=words)
    assert MlflowClient().search_runs(["0"]) == []


def test_an_unknown_parameter_is_refused_with_what_is_allowed(refuses, store):
    refuses(
        "experiments.run", "--nosuch", "1", words=["--nosuch", "--fraction", "--architecture"]
    )


@pytest.mark.parametrize("module", ["experiments.run", "experiments.study"])
@pytest.mark.parametrize(
    "uri",
    ["http://127.0.0.1:9", "nosuch://store", "./mlruns", "sqlite:///BROKEN", "mysql://x/y"],
)
def test_a_store_that_cannot_be_opened_is_refused_in_one_line(
    refuses, store, monkeypatch, module, uri
):
    (store / "broken.db").write_bytes(b"this is not SQLite" * 100)
    uri = uri.replace("BROKEN", str(store / "broken.db"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    refuses(module, "--max_steps", "1", words=[f"'{uri}'", "MLFLOW_TRACKING_URI"])


def test_a_folder_in_the_place_of_the_store_is_refused_without_waiting(
    refuses, store, monkeypatch
):
    def wait(seconds):
        raise AssertionError(f"waits {seconds} s before it tries again")

    monkeypatch.setattr("time.sleep", wait)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{store}")
    refuses("experiments.run", "--max_steps", "1", words=[str(store), "MLFLOW_TRACKING_URI"])


@pytest.mark.parametrize("module", ["experiments.run", "experiments.study", "analysis.report"])
def test_a_command_of_its_own_process_refuses_bad_input_in_one_line(store, module):
    wrong = ("--confidence", "2") if module == "analysis.report" else ("--dataset", "nosuch")
    done = subprocess.run(
        [sys.executable, "-m", module, *wrong],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=60,
    )
    assert_one_line(done.returncode, done.stdout, done.stderr, [wrong[1]])


def test_help_is_said_and_nothing_done(command, store):
    for module in ("experiments.run", "experiments.study", "analysis.report"):
        code, out, _ = command(module, "--help")
        assert code == 0
        assert f"python -m {module}" in out
