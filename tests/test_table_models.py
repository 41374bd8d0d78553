"""The models of tables are kept as scikit-learn's, which load without this project's code."""

import warnings

import mlflow
import numpy as np
import pytest

from experiments.orchestration.model_flavours import log_model
from experiments.tasks.arrays import call_loader
from experiments.tasks.table_learning import TableTask
from experiments.tasks.tables import make_table
from experiments.training.table_learners import TABLE_LEARNERS
from experiments.training.train import train
from experiments.training.trial import Trial

LOADERS = ("mixed_rows", "texts", "line")


def load(name):
    return TableTask(make_table(call_loader(f"toys_tables:{name}", None), name))


@pytest.mark.parametrize("architecture", sorted(TABLE_LEARNERS))
def test_a_kept_model_is_loaded_and_answers_alike(store, architecture):
    for name in LOADERS:
        task = load(name)
        trial = Trial(architecture=architecture, form="table", max_steps=5, fraction=0.5)
        model = train(trial, task).model
        with mlflow.start_run() as run:
            log_model(run.info.run_id, model, task)
        loaded = mlflow.sklearn.load_model(f"runs:/{run.info.run_id}/model")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # categories that were never seen
            assert np.array_equal(
                loaded.predict(task.table.test.x), model.predict(task.table.test.x)
            )
