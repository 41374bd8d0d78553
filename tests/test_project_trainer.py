"""A trainer that is an MLflow project: run as it is, its answer read from its run."""

import shutil
from pathlib import Path

import pytest
import torch
from conftest import TESTS, environment
from mlflow import MlflowClient

from experiments.tasks.load import load_task, on_task, with_trainer
from experiments.training.results import TrainerFailed
from experiments.training.train import train
from experiments.training.trial import Trial
from tracking.schema import RunSettings

PROJECT = f"mlproject:{TESTS / 'example_project'}"


@pytest.fixture
def trained(store, monkeypatch):
    monkeypatch.setenv("PATH", environment()["PATH"])

    def run(space='{"lr": [0.5, [0.5, 0.7]]}', **more):
        asked = RunSettings(trainer=PROJECT, examples="400", space=space, **more)
        settings = with_trainer(asked)
        task = load_task(settings)
        trial = Trial(**vars(on_task(settings, task))).resolved(torch.device("cpu"))
        return trial, train(trial, task)

    return run


def test_its_metrics_are_the_result_and_its_run_is_kept_beside_the_study(trained):
    trial, result = trained(fraction=0.25)
    assert trial.architecture == "example_project"
    assert trial.hyperparameters == {"lr": 0.5}
    assert result.best.val == result.test.values == {"loss": 2 * 100**-0.5 + 0.005}
    assert "n = 100" in result.log
    client = MlflowClient()
    beside = client.get_experiment_by_name("example_project (trainer)")
    (run,) = client.search_runs([beside.experiment_id])
    assert run.data.params["lr"] == "0.5"
    assert run.data.metrics["epochs"] == 3


def test_its_last_line_is_the_reason_why_it_failed(trained):
    with pytest.raises(
        TrainerFailed, match=r"trainer 'example_project' ended with \d+: "
    ) as it:
        trained(space='{"lr": [2.0, [2.0]]}')
    assert "the learning rate is too large" in it.value.__notes__[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, ["there is no file"]),
        ("name: x", ["no entry point main"]),
        ("entry_points:\n  main:\n    command: ls", ["no parameter subset", "none"]),
        (": : :", ["no entry point main"]),
    ],
)
def test_a_folder_that_is_no_such_project_is_refused_in_one_line(
    refuses, store, tmp_path, text, words
):
    if text is not None:
        Path(tmp_path / "MLproject").write_text(text)
    given = ["--trainer", f"mlproject:{tmp_path}", "--examples", "9"]
    refuses("experiments.study", *given, words=[tmp_path.name, *words])


def test_a_hyperparameter_that_it_has_no_parameter_for_is_refused(refuses, store, tmp_path):
    project = tmp_path / "copy"
    shutil.copytree(TESTS / "example_project", project)
    given = ["--trainer", f"mlproject:{project}", "--examples", "9"]
    refuses("experiments.run", *given, "--space", '{"width": [1, [1]]}', words=["takes width"])
