"""A trial is written into its run whole, whoever writes beside it."""

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from experiments.orchestration.record import log_metrics, name_of, record
from experiments.training.results import Evaluation, Result, Score
from experiments.training.trial import Trial
from tracking.runs import METRICS


def only_run():
    (found,) = MlflowClient().search_runs(["0"])
    return found


def history(run_id, metric):
    """(steps, values) of a metric."""
    points = sorted(
        MlflowClient().get_metric_history(run_id, metric), key=lambda point: point.step
    )
    return [point.step for point in points], [point.value for point in points]


def test_two_workers_that_log_the_same_subset_at_once_lose_nothing(store, digits, monkeypatch):
    """MLflow looks whether the dataset is there and then inserts it: of two at once, one is
    refused.
    """
    log_inputs = MlflowClient.log_inputs
    refused = []

    def log_inputs_too_late(*arguments, **options):
        if not refused:
            refused.append("UNIQUE constraint failed: datasets.experiment_id, datasets.name")
            raise MlflowException(refused[0])
        return log_inputs(*arguments, **options)

    monkeypatch.setattr(MlflowClient, "log_inputs", log_inputs_too_late)
    with mlflow.start_run():
        trial = Trial(architecture="linear", max_steps=2, precision="fp32")
        record(trial, digits, "cpu", keep_model=False)
    found = only_run()
    assert set(METRICS) <= set(found.data.metrics)
    assert len(found.inputs.dataset_inputs) == len(refused)


def test_a_long_history_is_logged_whole(store):
    rows = tuple(
        Evaluation(step, 1.0 + step, {"loss": 1.0 + step, "error": 0.5}, {"loss": 2.0})
        for step in range(1, 701)
    )  # 2,100 metrics
    result = Result(
        history=rows,
        best=rows[0],
        test=Score({"loss": 1.0, "error": 0.5}, {"loss": 0.1, "error": 0.01}),
        n_parameters=1,
        steps=700,
        n_train=1,
        seconds=1.0,
        subset_fingerprint="",
        precision="fp32",
    )
    with mlflow.start_run() as active:
        log_metrics(MlflowClient(), active.info.run_id, result)
    steps, values = history(active.info.run_id, "val_loss")
    assert steps == list(range(1, 701))
    assert values == [row.val["loss"] for row in rows]
    over_steps = {"train_loss", "val_loss", "val_error"}
    assert over_steps | set(METRICS) == set(only_run().data.metrics)
    assert only_run().data.tags["measures"] == "loss,error"


def test_a_name_tells_architecture_size_and_sample_and_the_data_seed_unless_it_is_0():
    assert name_of(Trial(sample=7), 1600) == "cnn · n=1,600 · #7"
    assert name_of(Trial(data_seed=2), 9) == "cnn · n=9 · #0 · seed 2"
