"""The best run of each point is chosen by validation loss among the finished."""

import numpy as np
import pandas as pd
import pytest

from analysis.selection import best_runs, points, untuned


def table_of(*rows):
    """A table as load_runs gives it: rows of (architecture, n_train, data_seed, sample,
    status, best_val_loss).
    """
    columns = ["architecture", "n_train", "data_seed", "sample", "status", "best_val_loss"]
    table = pd.DataFrame(rows, columns=columns).assign(dataset="digits")
    table["run_id"] = [f"run {number}" for number in range(len(table))]
    return table.assign(
        test_loss=table["best_val_loss"] + 1, test_error=table["best_val_loss"] / 10
    )


def test_the_smallest_validation_loss_is_the_best():
    runs = table_of(
        ("cnn", 100, 0, 0, "FINISHED", 0.9),
        ("cnn", 100, 0, 1, "FINISHED", 0.3),
        ("cnn", 100, 0, 2, "FINISHED", 0.5),
    )
    best = best_runs(runs)
    assert list(best["run_id"]) == ["run 1"]
    assert list(best["samples"]) == [3]


def test_the_test_loss_does_not_choose():
    runs = table_of(("cnn", 100, 0, 0, "FINISHED", 0.9), ("cnn", 100, 0, 1, "FINISHED", 0.3))
    assert list(best_runs(runs.assign(test_loss=[0.1, 5.0]))["run_id"]) == ["run 1"]


def test_a_winner_trained_again_counts_as_long_as_it_wins():
    runs = table_of(
        ("cnn", 100, 0, 1, "FINISHED", 0.9),
        ("cnn", 100, 1, 1, "FINISHED", 0.5),
        ("cnn", 100, 0, 2, "FINISHED", 0.8),
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
    runs = table_of(
        ("cnn", 100, 0, 0, "FINISHED", 0.9), ("cnn", 100, 0, 1, "FINISHED", np.nan)
    )
    assert list(best_runs(runs)["run_id"]) == ["run 0"]


@pytest.mark.parametrize(
    ("last", "counts"),
    [("RUNNING", False), ("KILLED", False), ("FAILED", True), ("FINISHED", True)],
)
def test_samples_trained_against_each_other_count_once_all_have_ended(last, counts):
    """Those that end first are the hopeless ones."""
    runs = table_of(
        ("cnn", 100, 0, 0, "FINISHED", 0.8),
        ("cnn", 200, 0, 1, "FINISHED", 0.9),
        (
            "cnn",
            200,
            0,
            2,
            "KILLED",
            np.nan,
        ),  # an interrupted launch's; the next one ends it or not
        ("cnn", 200, 0, 2, last, 0.3 if last == "FINISHED" else np.nan),
    ).assign(
        fraction=[0.1, 0.2, 0.2, 0.2],
        trial=["a", "b", "c", "c"],
        pruned=["false", "true", None, None],
    )
    runs.loc[runs["status"] != "FINISHED", "n_train"] = np.nan
    assert list(best_runs(runs)["n_train"]) == ([100, 200] if counts else [100])
    alone = runs.assign(
        pruned="false"
    )  # without pruning the first to end are no worse than the others
    assert list(best_runs(alone)["n_train"]) == [100, 200]


def test_each_architecture_size_and_data_seed_has_its_own_best():
    cells = [(name, n, seed) for name in ("cnn", "mlp") for n in (100, 200) for seed in (0, 1)]
    runs = table_of(
        *(
            (*cell, sample, "FINISHED", 1 - sample / 10)
            for sample in (0, 1)
            for cell in reversed(cells)
        )
    )
    best = best_runs(runs)
    assert (
        list(zip(best["architecture"], best["n_train"], best["data_seed"])) == cells
    )  # sorted
    assert set(best["sample"]) == {1}


def test_datasets_are_not_mixed():
    runs = table_of(("cnn", 100, 0, 0, "FINISHED", 0.9), ("cnn", 100, 0, 0, "FINISHED", 0.1))
    runs["dataset"] = ["digits", "mnist"]
    assert len(best_runs(runs)) == 2


def test_points_are_the_test_loss_or_error_of_the_best_runs():
    best = best_runs(
        table_of(("cnn", 100, 0, 0, "FINISHED", 0.9), ("cnn", 100, 0, 1, "FINISHED", 0.3))
    )
    for metric, value in (("loss", 1.3), ("error", 0.03)):
        (row,) = points(best, metric).to_dict("records")
        assert row["value"] == pytest.approx(value)
        assert (row["architecture"], row["n"], row["run_id"]) == ("cnn", 100, "run 1")


def test_the_untuned_runs_are_those_of_sample_0():
    runs = table_of(("cnn", 100, 0, 0, "FINISHED", 0.9), ("cnn", 100, 0, 1, "FINISHED", 0.3))
    assert list(untuned(runs)["run_id"]) == ["run 0"]


def test_a_run_that_its_budget_ended_is_no_point_of_a_curve():
    best = best_runs(
        table_of(("cnn", 100, 0, 0, "FINISHED", 0.9), ("cnn", 200, 0, 0, "FINISHED", 0.3))
    ).assign(budget_bound=["false", "true"])
    assert list(points(best)["n"]) == [100]
    assert list(points(best.drop(columns="budget_bound"))["n"]) == [100, 200]
