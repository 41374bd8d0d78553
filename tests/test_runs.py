"""The table of runs is typed and complete; the best run per point is chosen by validation loss among the finished."""

import io
import math
import sqlite3

import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

from analysis.runs import (
    StoreError,
    best_runs,
    experiments,
    load_runs,
    open_store,
    points,
    read_csv,
    study_run,
    tuning_gain,
    untuned,
)

SUMMARY = {
    **{"best_val_loss": 0.5, "best_val_error": 0.2, "best_step": 40, "test_loss": 0.6, "test_error": 0.25},
    **{"n_train": 100, "n_parameters": 1000, "steps": 50, "seconds": 1.5},
}
PARAMS = {
    **{"dataset": "digits", "architecture": "cnn", "fraction": "0.1", "sample": "0", "data_seed": "0", "lr": "0.02"},
    **{"max_steps": "50", "precision": "auto", "search_space": "default", "max_features": "sqrt"},
}
TAGS = {"trial": "0123456789012345", "classes": "10", "pool": "1079", "dataset_fingerprint": "77", "precision": "fp32"}


def add_run(experiment_id, status="FINISHED", tags=None, **changed):
    """A run as a study records one; `changed` are parameters or summary metrics."""
    client = MlflowClient()
    params = {name: str(changed.get(name, value)) for name, value in PARAMS.items()}
    metrics = {name: changed.get(name, value) for name, value in SUMMARY.items()} if status == "FINISHED" else {}
    run_id = client.create_run(experiment_id, run_name="a run").info.run_id
    client.log_batch(
        run_id,
        params=[Param(*pair) for pair in params.items()],
        metrics=[Metric(name, value, 0, 0) for name, value in metrics.items() if value is not None],
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
    """Copies of a run in the store's tables, which is faster than asking MLflow a thousand times."""
    with sqlite3.connect(store / "mlflow.db") as database:
        for table, key in (("runs", "run_uuid"), ("params", "run_uuid"), ("tags", "run_uuid")) + (
            ("latest_metrics", "run_uuid"),
            ("metrics", "run_uuid"),
        ):
            columns = [row[1] for row in database.execute(f"pragma table_info({table})")]
            rows = database.execute(f"select * from {table} where {key} = ?", (run_id,)).fetchall()
            place = columns.index(key)
            new = [
                (*row[:place], f"{run_id[:26]}{number:06}", *row[place + 1 :])
                for number in range(copies)
                for row in rows
            ]
            database.executemany(f"insert into {table} values ({','.join('?' * len(columns))})", new)
    database.close()


# --- load_runs -------------------------------------------------------------------------------------------


def test_every_run_is_loaded_beyond_the_thousand_that_mlflow_gives_at_once(store, study):
    multiply(store, add_run(study), 2049)
    table = load_runs("study")
    assert len(table) == table["run_id"].nunique() == 2050
    assert table["best_val_loss"].eq(0.5).all()
    assert table["lr"].eq(0.02).all()


def test_parameters_metrics_and_tags_become_typed_columns(study):
    run_id = add_run(study)
    (row,) = load_runs("study").to_dict("records")
    expected = {"run_id": run_id, "experiment_id": study, "name": "a run", "status": "FINISHED"}
    expected |= {"fraction": 0.1, "sample": 0, "data_seed": 0, "lr": 0.02, "max_steps": 50, "max_features": "sqrt"}
    expected |= {"dataset": "digits", "architecture": "cnn", "search_space": "default", "precision": "auto"}
    expected |= {"trial": "0123456789012345", "dataset_fingerprint": "77", "classes": 10, "pool": 1079} | SUMMARY
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
    with pytest.raises(StoreError, match=r"study 'nosuch' is unknown; this store holds: .*study"):
        load_runs("nosuch")


def test_experiments_are_listed_by_name(study):
    assert set(experiments()) == {"study", "Default"}


@pytest.mark.parametrize(
    "uri",
    ["http://127.0.0.1:9", "nosuch://store", "sqlite:///HERE/missing.db", "sqlite:///HERE/broken.db", "./mlruns"]
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


# --- best_runs, points, tuning_gain ---------------------------------------------------------------------------


def table_of(*rows):
    """A table as load_runs gives it: rows of (architecture, n_train, data_seed, sample, status, best_val_loss)."""
    columns = ["architecture", "n_train", "data_seed", "sample", "status", "best_val_loss"]
    table = pd.DataFrame(rows, columns=columns).assign(dataset="digits")
    table["run_id"] = [f"run {number}" for number in range(len(table))]
    return table.assign(test_loss=table["best_val_loss"] + 1, test_error=table["best_val_loss"] / 10)


def test_the_smallest_validation_loss_is_the_best():
    runs = table_of(
        ("cnn", 100, 0, 0, "FINISHED", 0.9), ("cnn", 100, 0, 1, "FINISHED", 0.3), ("cnn", 100, 0, 2, "FINISHED", 0.5)
    )
    best = best_runs(runs)
    assert list(best["run_id"]) == ["run 1"]
    assert list(best["samples"]) == [3]


def test_the_test_loss_does_not_choose():
    runs = table_of(("cnn", 100, 0, 0, "FINISHED", 0.9), ("cnn", 100, 0, 1, "FINISHED", 0.3))
    assert list(best_runs(runs.assign(test_loss=[0.1, 5.0]))["run_id"]) == ["run 1"]


def test_a_winner_trained_again_counts_as_long_as_it_wins():
    runs = table_of(
        ("cnn", 100, 0, 1, "FINISHED", 0.9), ("cnn", 100, 1, 1, "FINISHED", 0.5), ("cnn", 100, 0, 2, "FINISHED", 0.8)
    ).assign(replica=[None, "true", None])
    assert list(best_runs(runs[:2])["run_id"]) == ["run 0", "run 1"]
    assert list(best_runs(runs)["run_id"]) == ["run 2"]


@pytest.mark.parametrize("status", ["FAILED", "RUNNING", "KILLED", "SCHEDULED"])
def test_only_finished_runs_count(status):
    runs = table_of(("cnn", 100, 0, 0, "FINISHED", 0.9), ("cnn", 100, 0, 1, status, 0.1))
    assert list(best_runs(runs)["run_id"]) == ["run 0"]
    assert list(best_runs(runs)["samples"]) == [1]
    assert best_runs(runs[runs["status"] == status]).empty


def test_a_finished_run_without_a_validation_loss_is_never_the_best():
    runs = table_of(("cnn", 100, 0, 0, "FINISHED", 0.9), ("cnn", 100, 0, 1, "FINISHED", np.nan))
    assert list(best_runs(runs)["run_id"]) == ["run 0"]


@pytest.mark.parametrize(
    ("last", "counts"), [("RUNNING", False), ("KILLED", False), ("FAILED", True), ("FINISHED", True)]
)
def test_samples_trained_against_each_other_count_once_all_have_ended(last, counts):
    """Those that end first are the hopeless ones."""
    runs = table_of(
        ("cnn", 100, 0, 0, "FINISHED", 0.8),
        ("cnn", 200, 0, 1, "FINISHED", 0.9),
        ("cnn", 200, 0, 2, "KILLED", np.nan),  # an interrupted launch's; the next one ends it or not
        ("cnn", 200, 0, 2, last, 0.3 if last == "FINISHED" else np.nan),
    ).assign(fraction=[0.1, 0.2, 0.2, 0.2], trial=["a", "b", "c", "c"], pruned=["false", "true", None, None])
    runs.loc[runs["status"] != "FINISHED", "n_train"] = np.nan
    assert list(best_runs(runs)["n_train"]) == ([100, 200] if counts else [100])
    alone = runs.assign(pruned="false")  # without pruning the first to end are no worse than the others
    assert list(best_runs(alone)["n_train"]) == [100, 200]


def test_each_architecture_size_and_data_seed_has_its_own_best():
    cells = [(name, n, seed) for name in ("cnn", "mlp") for n in (100, 200) for seed in (0, 1)]
    runs = table_of(*((*cell, sample, "FINISHED", 1 - sample / 10) for sample in (0, 1) for cell in reversed(cells)))
    best = best_runs(runs)
    assert list(zip(best["architecture"], best["n_train"], best["data_seed"])) == cells  # sorted
    assert set(best["sample"]) == {1}


def test_datasets_are_not_mixed():
    runs = table_of(("cnn", 100, 0, 0, "FINISHED", 0.9), ("cnn", 100, 0, 0, "FINISHED", 0.1))
    runs["dataset"] = ["digits", "mnist"]
    assert len(best_runs(runs)) == 2


def test_points_are_the_test_loss_or_error_of_the_best_runs():
    best = best_runs(table_of(("cnn", 100, 0, 0, "FINISHED", 0.9), ("cnn", 100, 0, 1, "FINISHED", 0.3)))
    for metric, value in (("loss", 1.3), ("error", 0.03)):
        (row,) = points(best, metric).to_dict("records")
        assert row["loss"] == pytest.approx(value)
        assert (row["architecture"], row["n"], row["run_id"]) == ("cnn", 100, "run 1")


def test_the_untuned_runs_are_those_of_sample_0():
    runs = table_of(("cnn", 100, 0, 0, "FINISHED", 0.9), ("cnn", 100, 0, 1, "FINISHED", 0.3))
    assert list(untuned(runs)["run_id"]) == ["run 0"]


def test_what_tuning_brought_is_the_share_by_which_it_lowered_the_mean_loss():
    runs = table_of(
        ("cnn", 100, 0, 0, "FINISHED", 1.0),  # test losses are 1 larger
        ("cnn", 100, 1, 0, "FINISHED", 3.0),
        ("cnn", 100, 0, 1, "FINISHED", 0.2),
        ("cnn", 100, 1, 1, "FINISHED", 0.4),
        ("cnn", 200, 0, 1, "FINISHED", 0.1),  # not there untuned
    )
    (row,) = tuning_gain(runs).to_dict("records")
    assert (row["architecture"], row["n"]) == ("cnn", 100)
    assert (row["untuned"], row["tuned"]) == pytest.approx((3.0, 1.3))
    assert row["reduction"] == pytest.approx(1 - 1.3 / 3)


# --- CSV -------------------------------------------------------------------------------------------------------


def read(text):
    return read_csv(io.StringIO(text))


def test_a_csv_with_n_and_loss_is_one_model():
    table, metric = read("n,loss\n100,1.5\n200,1.2\n")
    assert metric == "loss"
    assert table[["architecture", "n", "loss"]].to_dict("list") == {
        "architecture": ["model", "model"],
        "n": [100, 200],
        "loss": [1.5, 1.2],
    }
    assert table["se"].isna().all()


def test_a_csv_may_hold_errors_standard_errors_and_architectures_in_any_order_and_case():
    table, metric = read("Architecture, SE ,Error,N,remark\n cnn ,0.01,0.5,100,x\nmlp,,0.4,2e2,y\n,0,0.3,300,z\n")
    assert metric == "error"
    assert list(table["architecture"]) == ["cnn", "mlp", "model"]
    assert list(table["n"]) == [100, 200, 300]
    assert list(table["loss"]) == [0.5, 0.4, 0.3]
    assert table["se"].tolist()[::2] == [0.01, 0]
    assert math.isnan(table["se"][1])


def test_a_csv_is_read_from_a_file_with_a_byte_order_mark(tmp_path):
    (tmp_path / "curve.csv").write_bytes(b"\xef\xbb\xbfn,loss\r\n100,1.5\r\n")
    assert list(read_csv(tmp_path / "curve.csv")[0]["n"]) == [100]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("n,loss\n100,1.5\nmany,1.2\n", ["row 3", "column n", "'many'", "1 or more"]),
        ("n,loss\n100,1.5\n200,\n", ["row 3", "column loss", "above 0"]),
        ("n,loss\n0,1.5\n", ["row 2", "column n", "'0'", "1 or more"]),
        ("n,loss\n0.5,1.5\n", ["row 2", "column n", "'0.5'", "1 or more"]),
        ("n,error\n100,8.01\n", ["row 2", "column error", "'8.01'", "up to 1", "0.08 for 8 %"]),
        ("n,loss\n100,-1\n", ["row 2", "column loss", "'-1'", "above 0"]),
        ("n,loss\n100,inf\n", ["row 2", "column loss", "'inf'", "above 0"]),
        ("n,loss\n100,nan\n", ["row 2", "column loss", "above 0"]),
        ("n,loss,se\n100,1,-2\n", ["row 2", "column se", "'-2'", "or empty"]),
        ("n,loss,se\n100,1,?\n", ["row 2", "column se", "'?'", "or empty"]),
        ("n,loss\n100,1.5\n\n\n300,x\n", ["row 5", "column loss", "'x'"]),
        ("size,loss\n100,1\n", ["columns n and loss", "size, loss"]),
        ("n,accuracy\n100,1\n", ["columns n and loss", "n, accuracy"]),
        ("n;loss\n100;1\n", ["columns n and loss", "n;loss"]),
        ("n,loss,Loss\n100,1,2\n", ["loss"]),
        ("n,loss\n", ["no rows"]),
        ("", ["not a readable CSV"]),
        ("n,loss\n1,2\n1,2,3,4\n", ["not a readable CSV"]),
        ("n,loss,se\n1000,2.3,0.1,\n2000,2,0.1,\n", ["not a readable CSV", "Expected 3 fields in line 2, saw 4"]),
        ("n,loss\n1,000,0.91\n2,000,0.8\n", ["not a readable CSV", "Expected 2 fields in line 2, saw 3"]),
        ("n,loss,loss\n100,1,2\n", ["more than one column loss"]),
        (",,\n,,\n", ["no heading"]),
        ("n,loss\n" + "1,1\n" * 10_001, ["10,000 rows"]),
    ],
)
def test_a_bad_csv_is_refused_in_one_line_that_names_row_and_column(text, words):
    with pytest.raises(StoreError) as refusal:
        read(text)
    said = str(refusal.value)
    assert "\n" not in said
    assert [word for word in words if word not in said] == [], said


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n\x00\xff\xfe", "n,loss\n1,2".encode("utf-16")])
def test_a_file_that_is_no_text_is_refused_in_one_line(tmp_path, content):
    (tmp_path / "curve.csv").write_bytes(content)
    with pytest.raises(StoreError) as refusal:
        read_csv(tmp_path / "curve.csv")
    assert "\n" not in str(refusal.value)


def test_columns_without_a_heading_are_row_numbers_or_nothing():
    assert read(",n,loss\n0,100,1.5\n1,200,1.2\n")[0]["n"].tolist() == [100, 200]
    assert read("n,loss,\n100,1.5,\n\n200,1.2,\n")[0]["loss"].tolist() == [1.5, 1.2]


def test_architectures_may_be_called_what_pandas_takes_for_missing():
    table, _ = read("n,loss,architecture,se\n100,1.5,None,NaN\n100,1.2,NA,n/a\n")
    assert table["architecture"].tolist() == ["None", "NA"] and table["se"].isna().all()


def test_a_missing_csv_or_a_folder_is_refused_by_its_name(tmp_path):
    with pytest.raises(StoreError, match=r"nosuch\.csv' does not exist"):
        read_csv(tmp_path / "nosuch.csv")
    with pytest.raises(StoreError, match="not a readable CSV"):
        read_csv(tmp_path)
