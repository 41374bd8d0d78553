"""Whatever a trainer returns as its model is logged by the flavour that fits it, and loads."""

import mlflow
import numpy as np
import own_trainers
import pytest
import torch
from mlflow import MlflowClient
from mlflow.utils import requirements_utils
from sklearn.linear_model import LinearRegression

from experiments.orchestration.model_flavours import log_model, try_to_log
from experiments.orchestration.models_kept import model_ids
from experiments.tasks.own import Own
from tracking import retry

X = np.arange(6.0).reshape(3, 2)


@pytest.fixture
def logged(store):
    """What MLflow loads of a model, as a Python function and as it was."""

    def log(model):
        with mlflow.start_run() as active:
            log_model(active.info.run_id, model, Own("own", np.zeros(9, int), 0, "f", "/"))
        return f"runs:/{active.info.run_id}/model"

    return log


def test_a_network(logged):
    net = torch.nn.Linear(2, 1)
    there = mlflow.pytorch.load_model(logged(net))
    assert torch.equal(there(torch.ones(1, 2)), net(torch.ones(1, 2)))


def test_a_scikit_learn_model(logged):
    model = LinearRegression().fit(X, X[:, 0])
    assert mlflow.sklearn.load_model(logged(model)).predict(X) == pytest.approx(X[:, 0])


def test_anything_that_predicts_is_a_python_function(logged):
    there = mlflow.pyfunc.load_model(logged(own_trainers.Answer()))
    assert there.predict(X) == [0.5] * 3


def test_what_cannot_predict_is_refused_and_its_run_counts_without_it(logged):
    with pytest.raises(TypeError, match="model of type dict is of no flavour of MLflow"):
        logged({"weights": 3})
    assert MlflowClient().search_logged_models(["0"]) == []


def test_a_model_is_logged_without_a_look_at_every_installed_package(store, monkeypatch):
    """MLflow would list them to see whether the model's few are among them."""
    looks = []
    monkeypatch.setattr(
        requirements_utils, "_init_packages_to_modules_map", lambda: looks.append(1)
    )
    task = Own("own", np.zeros(9, int), 0, "f", "/")
    with mlflow.start_run() as active:
        reason = try_to_log(MlflowClient(), active.info.run_id, torch.nn.Linear(2, 1), task)
    assert reason == ""
    assert looks == []


def test_a_model_is_logged_though_the_answer_was_lost_that_it_is_noted(store, monkeypatch):
    """MLflow then notes it a second time, which the database refuses."""
    monkeypatch.setattr(retry, "PAUSE", (0, 0))
    note = MlflowClient.log_outputs
    lost = iter([True])

    def twice(self, *given, **options):
        note(self, *given, **options)
        if next(lost, False):
            note(self, *given, **options)

    monkeypatch.setattr(MlflowClient, "log_outputs", twice)
    task = Own("own", np.zeros(9, int), 0, "f", "/")
    client = MlflowClient()
    run = client.create_run("0").info.run_id
    assert try_to_log(client, run, LinearRegression().fit(X, X[:, 0]), task) == ""
    there = mlflow.sklearn.load_model(f"models:/{model_ids(client, run)[-1]}")
    assert there.predict(X) == pytest.approx(X[:, 0])
