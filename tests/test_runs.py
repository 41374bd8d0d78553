"""The table of runs is typed and complete."""

import math
import sqlite3

import pandas as pd
import pytest
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

from analysis.selection import best_runs, points
from tracking.bulk import database_of
from tracking.errors import StoreError
from tracking.runs import load_runs
from tracking.store import all_runs, experiments, open_store, study_run

SUMMARY = {
    "best_val_loss": 0.5,
    "best_val_error": 0.2,
    "best_step": 40,
    "test_loss": 0.6,
    "test_error": 0.25,
    "n_train": 100,
    "n_parameters": 1000,
    "steps": 50,
    "seconds": 1.5,
}
PARAMS = {
    "dataset": "digits",
    "architecture": "cnn",
    "fraction": "0.1",
    "sample": "0",
    "data_seed": "0",
    "lr": "0.02",
    "max_steps": "50",
    "precision": "auto",
    "search_space": "default",
    "max_features": "sqrt",
}
TAGS = {
    "trial": "0123456789012345",
    "classes": "10",
    "pool": "1079",
    "dataset_fingerprint": "77",
    "precision": "fp32",
}


def add_run(experiment_id, status="FINISHED", tags=None, **changed):
    """A run as a study records one; `changed` are parameters or summary metrics."""
    client = MlflowClient()
    params = {name: str(changed.get(name, value)) for name, value in PARAMS.items()}
    metrics = (
        {name: changed.get(name, value) for name, value in SUMMARY.items()}
        if status == "FINISHED"
        else {}
    )
    run_id = client.create_run(experiment_id, run_name="a run").info.run_id
    client.log_batch(
        run_id,
        params=[Param(*pair) for pair in params.items()],
        metrics=[
            Metric(name, value, 0, 0) for name, value in metrics.items() if value is not None
        ],
        tags=[RunTag(*pair) for pair in (TAGS | (tags or {})).items()],
    )
    if status != "RUNNING":
        client.set_terminated(run_id, status)
    return run_id


@pytest.fixture
def study(store):
    """The id of an empty experiment named study."""
    return MlflowClient().create_experiment("study")


def multiply(store, run_id, copies):
    """Copies of a run in the store's tables, which is faster than asking MLflow a thousand
    times.
    """
    with sqlite3.connect(store / "mlflow.db") as database:
        for table in ("runs", "params", "tags", "latest_metrics", "metrics"):
            key = "run_uuid"
            columns = [row[1] for row in database.execute(f"pragma table_info({table})")]
            rows = database.execute(
                f"select * from {table} where {key} = ?", (run_id,)
            ).fetchall()
            place = columns.index(key)
            new = [
                (*row[:place], f"{run_id[:26]}{number:06}", *row[place + 1 :])
                for number in range(copies)
                for row in rows
            ]
            database.executemany(
                f"insert into {table} values ({','.join('?' * len(columns))})", new
            )
    database.close()


# --- load_runs -------------------------------------------------------------------------------


def test_every_run_is_loaded_beyond_the_thousand_that_mlflow_gives_at_once(store, study):
    multiply(store, add_run(study), 2049)
    table = load_runs("study")
    assert len(table) == table["run_id"].nunique() == 2050
    assert table["best_val_loss"].eq(0.5).all()
    assert table["lr"].eq(0.02).all()


def test_a_database_read_at_one_go_gives_what_mlflow_gives_page_by_page(study):
    for number in range(5):
        add_run(study, seconds=math.nan if number else 1.5, lr=f"0.{number + 1}")
    add_run(study, status="RUNNING")
    MlflowClient().delete_run(add_run(study))
    database = database_of(open_store())
    assert database is not None
    quick = all_runs(open_store(), study)
    slow = MlflowClient().search_runs([study])
    assert len(quick) == 6
    assert [dict(one.info) for one in quick] == [dict(one.info) for one in slow]
    assert [one.data.params for one in quick] == [one.data.params for one in slow]
    assert [one.data.tags for one in quick] == [one.data.tags for one in slow]
    assert [repr(sorted(one.data.metrics.items())) for one in quick] == [
        repr(sorted(one.data.metrics.items())) for one in slow
    ]
    assert sum(math.isnan(one.data.metrics.get("seconds", 0)) for one in quick) == 4


def test_parameters_metrics_and_tags_become_typed_columns(study):
    run_id = add_run(study)
    (row,) = load_runs("study").to_dict("records")
    expected = {
        "run_id": run_id,
        "experiment_id": study,
        "name": "a run",
        "status": "FINISHED",
    }
    expected |= {
        "fraction": 0.1,
        "sample": 0,
        "data_seed": 0,
        "lr": 0.02,
        "max_steps": 50,
        "max_features": "sqrt",
    }
    expected |= {
        "dataset": "digits",
        "architecture": "cnn",
        "search_space": "default",
        "precision": "auto",
    }
    expected |= {
        "trial": "0123456789012345",
        "dataset_fingerprint": "77",
        "classes": 10,
        "pool": 1079,
    } | SUMMARY
    assert {name: row[name] for name in expected} == expected
    assert row["started"].tzinfo is not None
    assert abs(row["started"] - pd.Timestamp.now(tz="utc")) < pd.Timedelta(minutes=10)


def test_columns_of_numbers_have_number_types(study):
    add_run(study, sample=3)
    table = load_runs("study")
    for name in ("fraction", "sample", "data_seed", "lr", "classes", "pool", *SUMMARY):
        assert pd.api.types.is_numeric_dtype(table[name]), name
    for name in ("dataset", "architecture", "trial", "dataset_fingerprint", "max_features"):
        assert not pd.api.types.is_numeric_dtype(table[name]), name


def test_names_that_look_like_numbers_stay_names(study):
    add_run(study, dataset="1984", architecture="007")
    table = load_runs("study")
    assert (table["dataset"][0], table["architecture"][0]) == ("1984", "007")


def test_a_hyperparameter_that_only_some_architectures_have_is_missing_in_the_others(study):
    add_run(study)
    run_id = add_run(study)
    MlflowClient().log_param(run_id, "width", "16")
    widths = load_runs("study").set_index("run_id")["width"]
    assert widths[run_id] == 16
    assert widths.isna().sum() == 1


def test_runs_that_are_no_trials_are_left_out(study):
    client = MlflowClient()
    parent = client.create_run(study, tags={"role": "study"}).info.run_id
    run_id = add_run(study)
    assert list(load_runs("study")["run_id"]) == [run_id]
    assert study_run(client, "study").info.run_id == parent


def test_a_run_that_has_not_ended_has_no_numbers_and_a_failed_one_its_reason(study):
    add_run(study, status="RUNNING")
    add_run(study, status="FAILED", tags={"failure": "diverged: nan"})
    table = load_runs("study").set_index("status")
    assert math.isnan(table.loc["RUNNING", "best_val_loss"])
    assert table.loc["FAILED", "failure"] == "diverged: nan"


def test_an_experiment_without_runs_is_an_empty_table_with_its_columns(study):
    table = load_runs("study")
    assert table.empty
    assert {"run_id", "architecture", "n_train", "best_val_loss", "failure"} <= set(table)
    assert best_runs(table).empty
    assert points(best_runs(table)).empty


def test_deleted_runs_are_left_out(study):
    MlflowClient().delete_run(add_run(study))
    assert load_runs("study").empty


def test_a_study_can_be_read_from_a_store_that_is_not_the_default(store, study, monkeypatch):
    add_run(study)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:////nowhere/else.db")
    assert len(load_runs("study", f"sqlite:///{store}/mlflow.db")) == 1


def test_a_database_may_be_named_with_options(store, study):
    add_run(study)
    assert len(load_runs("study", f"sqlite:///{store}/mlflow.db?timeout=60")) == 1


def test_an_unknown_study_is_refused_with_the_names_there_are(study):
    with pytest.raises(
        StoreError, match=r"study 'nosuch' is unknown; this store holds: .*study"
    ):
        load_runs("nosuch")


def test_experiments_are_listed_by_name(study):
    assert set(experiments()) == {"study", "Default"}


@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1:9",
        "nosuch://store",
        "sqlite:///HERE/missing.db",
        "sqlite:///HERE/broken.db",
        "./mlruns",
    ]
    + ["mysql://x/y"],
)
def test_a_store_that_cannot_be_opened_is_refused_in_one_line_and_not_created(store, uri):
    (store / "broken.db").write_bytes(b"this is not SQLite" * 100)
    uri = uri.replace("HERE", str(store))
    with pytest.raises(StoreError) as refusal:
        open_store(uri)
    assert f"'{uri}'" in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert not (store / "missing.db").exists()
