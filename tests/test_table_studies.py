"""Real studies of tables, from the command to the answer: classes, real values and texts."""

import inspect
import math

import jobs
import numpy as np
import pandas as pd
import pytest
import sklearn.metrics
from mlflow import MlflowClient

from experiments import study
from experiments.orchestration import engine

LEARNERS = "linear,boosting,forest,mlp"


@pytest.fixture
def runs_of(store, monkeypatch):
    """Run a study in this process; its trials' runs."""
    monkeypatch.setattr(engine, "run_here", jobs.here())

    def run(*given):
        shared = ["--study", "table", "--samples", "0", "--replicas", "1", "--workers", "1"]
        sizes = ["--fractions", "0.1,0.3,1", "--max_steps", "100", "--keep_models", "none"]
        study.main([*shared, *sizes, *given])
        client = MlflowClient()
        experiment = client.get_experiment_by_name("table").experiment_id
        found = client.search_runs([experiment], max_results=200)
        return [one for one in found if "trial" in one.data.tags]

    return run


def curve(runs, learner, metric):
    """Values by the number of examples."""
    chosen = [one.data for one in runs if one.data.params["architecture"] == learner]
    return {int(one.metrics["n_train"]): one.metrics[metric] for one in chosen}


def test_breast_cancer_with_four_learners(runs_of, capsys):
    runs = runs_of("--dataset", "breast_cancer")
    assert {one.info.status for one in runs} == {"FINISHED"}
    assert {one.data.params["architecture"] for one in runs} == set(LEARNERS.split(","))
    assert {one.data.tags["measures"] for one in runs} == {"loss,error,auc,f1"}
    for learner in LEARNERS.split(","):
        losses = curve(runs, learner, "test_loss")
        assert sorted(losses) == [34, 103, 343]
        assert losses[343] < 0.2 < runs[0].data.metrics["guess_loss"]
    said = capsys.readouterr().out
    assert "classification (2 classes) from 30 numbers" in said
    assert "Study table" in said
    assert "loss" in said


def test_diabetes_with_four_learners(runs_of, capsys):
    runs = runs_of("--dataset", "diabetes")
    assert {one.data.tags["measures"] for one in runs} == {"rmse,mae,r2"}
    assert {one.data.tags["classes"] for one in runs} == {"0"}
    for learner in LEARNERS.split(","):
        wrong = curve(runs, learner, "test_rmse")
        assert wrong[max(wrong)] < 0.9 * runs[0].data.metrics["guess_rmse"]
    assert all(one.data.metrics["test_rmse_se"] > 0 for one in runs)
    said = capsys.readouterr().out
    assert "regression from 10 numbers" in said
    assert "RMSE" in said
    assert "nats" not in said


def test_texts_that_a_package_ships(runs_of, tmp_path, capsys):
    documentation(tmp_path / "docs.csv")
    texts = ["--dataset", f"csv:{tmp_path}/docs.csv", "--text", "paragraph"]
    runs = runs_of(*texts, "--target", "package", "--architectures", "linear,mlp")
    for learner in ("linear", "mlp"):
        losses = curve(runs, learner, "test_loss")
        assert losses[max(losses)] < 0.8 * min(math.log(2), losses[min(losses)])
    assert "from the words of 'paragraph'" in capsys.readouterr().out


def documentation(path):
    """A table of docstrings, and which package each is of."""
    rows = []
    for module in (np, sklearn.metrics):
        for name in dir(module):
            text = inspect.getdoc(getattr(module, name)) or ""
            if len(text) > 40:
                rows.append({"paragraph": text[:300], "package": module.__name__})
    pd.DataFrame(rows).drop_duplicates("paragraph").to_csv(path, index=False)
