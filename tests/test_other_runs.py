"""Any MLflow experiment is read by the names that its runs have."""

import json
import math

import pytest
from conftest import store_in
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

from tracking.errors import StoreError
from tracking.other_runs import NothingFinished, read_runs
from tracking.study import load_experiment
from tracking.tables.reading import Asked, Reading

SIZES = (1000, 2000, 4000, 8000, 16_000)
NAMES = {"n": "train_size", "loss": "val/loss", "architecture": "model"}


def log(client, experiment, params, metrics, tags=(), status="FINISHED"):
    run = client.create_run(experiment, run_name=f"run {params.get('train_size')}").info.run_id
    client.log_batch(
        run,
        metrics=[Metric(name, value, 0, 0) for name, value in metrics.items()],
        params=[Param(name, str(value)) for name, value in params.items()],
        tags=[RunTag(name, value) for name, value in dict(tags).items()],
    )
    if status != "RUNNING":
        client.set_terminated(run, status)


@pytest.fixture(scope="module")
def logged(tmp_path_factory, empty_store):
    """A store with two models, as somebody else logged them."""
    folder = tmp_path_factory.mktemp("theirs")
    with store_in(folder, empty_store):
        client = MlflowClient()
        experiment = client.create_experiment("theirs")
        for model, b in {"cnn": 0.4, "mlp": 0.3}.items():
            for n in SIZES:
                params = {"train_size": n, "model": model, "lr": 0.1}
                metrics = {"val/loss": 3 * n**-b, "val/acc": 1 - n**-b, "loss": 1.0}
                log(client, experiment, params, metrics, {"loss": "a tag"})
    return folder / "mlflow.db"


@pytest.fixture
def theirs(tmp_path, logged):
    """The id of that experiment, in a copy of the store."""
    with store_in(tmp_path, logged):
        yield MlflowClient().get_experiment_by_name("theirs").experiment_id


def read(columns, only=None):
    return read_runs("theirs", Reading(columns, only or {}))


def test_params_metrics_and_tags_are_mapped_by_name(theirs):
    found = read(NAMES)
    assert found.measures == ("loss",)
    assert found.table["architecture"].value_counts().to_dict() == {"cnn": 5, "mlp": 5}
    cnn = found.table[found.table["architecture"] == "cnn"].sort_values("n")
    assert cnn["n"].tolist() == list(SIZES)
    assert cnn["loss"].tolist() == [3 * n**-0.4 for n in SIZES]
    assert found.table["run_id"].nunique() == 10
    assert found.table["name"].str.startswith("run ").all()
    assert found.note == "Read as: n = train_size, loss = val/loss, architecture = model."


def test_several_measures_are_read_at_once(theirs):
    study = load_experiment("theirs", Reading({**NAMES, "accuracy": "val/acc"}))
    assert study.measures == ("loss", "accuracy")
    assert study.name == "theirs"


def test_a_name_of_several_kinds_is_told_apart_as_mlflow_does(theirs):
    assert read({**NAMES, "loss": "metrics.loss"}).table["loss"].eq(1).all()
    assert read({**NAMES, "n": "params.train_size"}).table["n"].max() == 16_000
    with pytest.raises(StoreError, match=r"no column 'loss'; there are: .*metrics\.loss"):
        read({**NAMES, "loss": "loss"})


def test_what_is_missing_is_named_with_the_names_that_exist(theirs):
    with pytest.raises(StoreError, match=r"'nosuch'; there are: .*train_size, model, lr"):
        read({**NAMES, "n": "nosuch"})
    with pytest.raises(Asked, match=r"it has: train_size, model.*--columns loss=val/loss"):
        read({})
    with pytest.raises(StoreError, match=r"'nobody's' is unknown; this store holds: .*theirs"):
        read_runs("nobody's")


def test_runs_that_lack_something_or_have_not_finished_are_counted_and_left_out(theirs):
    client = MlflowClient()
    log(client, theirs, {"train_size": 500}, {})
    log(client, theirs, {"model": "cnn"}, {"val/loss": 1.0})
    log(client, theirs, {"train_size": 500, "model": "cnn"}, {"val/loss": math.nan})
    for status in ("FAILED", "RUNNING"):
        log(client, theirs, {"train_size": 500, "model": "cnn"}, {"val/loss": 1.0}, (), status)
    found = read(NAMES)
    assert len(found.table) == 10
    assert "3 runs without n or a value are left out." in found.note
    assert "2 runs that have not finished do not count." in found.note


def test_columns_that_no_run_has_together_are_named(store):
    client = MlflowClient()
    experiment = client.create_experiment("theirs")
    log(client, experiment, {"train_size": 500}, {})
    log(client, experiment, {}, {"val/loss": 1.0})
    with pytest.raises(StoreError, match="no finished run has both train_size, val/loss"):
        read({"n": "train_size", "loss": "val/loss"})


def test_a_wrong_value_is_named_by_its_run(theirs):
    log(MlflowClient(), theirs, {"train_size": 500, "model": "cnn"}, {"val/loss": -1.0})
    with pytest.raises(StoreError, match=r"run run 500, column val/loss: '-1\.0'; allowed"):
        read(NAMES)


def test_hyperparameters_that_differ_are_asked_about_or_the_best_run_is_taken(theirs):
    client = MlflowClient()
    for n in SIZES:
        log(
            client,
            theirs,
            {"train_size": n, "model": "cnn", "lr": 0.01},
            {"val/loss": 9 * n**-0.4, "val/acc": 0.5, "loss": 1.0},
        )
    with pytest.raises(Asked, match="column lr has 2 values"):
        read(NAMES)
    assert len(read(NAMES, {"lr": "0.1"}).table) == 10
    best = read({**NAMES, "best": "val/loss"})
    assert best.table["loss"].max() < 0.5
    assert (
        read({**NAMES, "best": "val/acc"}).table["loss"].tolist()
        == best.table["loss"].tolist()
    )


def test_an_experiment_without_a_finished_run_is_refused(store):
    client = MlflowClient()
    client.create_run(client.create_experiment("empty"))
    with pytest.raises(NothingFinished, match="'empty' has no finished run, of 1"):
        read_runs("empty")


def test_the_command_answers_for_an_experiment(theirs, command):
    columns = "n=train_size,loss=val/loss,accuracy=val/acc,architecture=model"
    asked = ("--experiment", "theirs", "--columns", columns)
    code, out, err = command("analysis.report", *asked, "--target", "0.05")
    assert (code, err) == (0, "")
    assert "the cnn's loss" in out
    assert "accuracy = val/acc" in out
    code, out, err = command("analysis.report", *asked, "--metric", "accuracy", "--json")
    assert (code, err) == (0, "")
    answer = json.loads(out)
    assert answer["experiment"] == "theirs"
    assert [one["architecture"] for one in answer["architectures"]] == ["cnn", "mlp"]
    runs = MlflowClient().search_runs(
        [MlflowClient().get_experiment_by_name("theirs").experiment_id]
    )
    assert len(runs) == 10
    assert all("answer" not in name for run in runs for name in run.data.tags)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ("n", ["--columns", "'n' is not NAME=VALUE"]),
        ("n=", ["--columns", "'n=' is not NAME=VALUE"]),
        ("n=a,n=b", ["--columns", "'n' is said twice"]),
        ("n=nosuch", ["no column 'nosuch'", "train_size"]),
        ("n=0*train_size,loss=val/loss", ["'0*train_size'", "above 0"]),
    ],
)
def test_wrong_columns_are_refused_in_one_line(theirs, refuses, columns, words):
    refuses("analysis.report", "--experiment", "theirs", "--columns", columns, words=words)


def test_columns_of_a_study_of_ours_are_refused(store, refuses):
    refuses("analysis.report", "--columns", "n=x", words=["--columns", "--experiment"])
