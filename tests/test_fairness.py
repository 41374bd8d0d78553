"""Only what was measured alike is compared; what is left out is named."""

import numpy as np
import pandas as pd
import pytest

from analysis.comparison.fairness import fair_cells
from analysis.reasons import Reason
from analysis.report.messages import say
from analysis.selection import best_runs

SIZES = (100, 200, 400)


def study(architectures=("cnn", "mlp"), seeds=(0, 1), samples=3, **more):
    rows = [
        {"architecture": name, "n_train": float(n), "data_seed": seed, "sample": k}
        for name in architectures
        for n in SIZES
        for seed in seeds
        for k in range(samples)
    ]
    table = pd.DataFrame(rows).assign(
        dataset="digits",
        dataset_fingerprint="abc",
        pool=1000,
        search_space="default",
        search_seed=0,
        max_steps=100,
        patience=10,
        status="FINISHED",
        failure=None,
        fraction=lambda t: t["n_train"] / 1000,
    )
    table["best_val_loss"] = table["test_loss"] = (
        table["n_train"] ** -0.3 + 0.01 * table["sample"]
    )
    return table.assign(**more)


def cell(runs, name, n, seed=None):
    chosen = (runs["architecture"] == name) & (runs["n_train"] == n)
    return chosen if seed is None else chosen & (runs["data_seed"] == seed)


def said(notes):
    return [say(note) for note in notes]


def test_a_study_measured_alike_is_kept_whole():
    runs = study()
    kept, notes = fair_cells(runs)
    assert kept.equals(runs) and notes == []


@pytest.mark.parametrize(
    ("column", "value", "shown"),
    [
        ("max_steps", 5000, "max_steps is 5000 instead of 100"),
        ("search_space", "augmented", "search_space is augmented instead of default"),
        ("search_seed", 7, "search_seed is 7 instead of 0"),
        ("dataset_fingerprint", "xyz", "dataset_fingerprint is xyz instead of abc"),
        ("pool", 900, "pool is 900 instead of 1000"),
        ("dataset_fingerprint", None, "dataset_fingerprint is none instead of abc"),
    ],
)
def test_another_budget_or_split_is_left_out_by_name(column, value, shown):
    runs = study()
    runs.loc[cell(runs, "mlp", 400), column] = value
    kept, notes = fair_cells(runs)
    assert said(notes) == [f"mlp at n = 400: {shown}; left out"]
    assert set(kept.index) == set(runs.index[~cell(runs, "mlp", 400)])


def test_cells_with_fewer_samples_are_left_out_and_of_more_the_first_count():
    runs = study(seeds=(0,))
    runs = pd.concat(
        [runs, runs[cell(runs, "cnn", 100)].assign(sample=lambda t: t["sample"] + 3)],
        ignore_index=True,
    )
    runs = runs[~(cell(runs, "mlp", 200) & (runs["sample"] == 2))]
    kept, notes = fair_cells(runs)
    assert said(notes) == [
        "mlp at n = 200: 2 samples instead of 3; left out",
        "cnn at n = 100: only the first 3 of 6 samples count",
    ]
    assert (best_runs(kept)["samples"] == 3).all() and len(best_runs(kept)) == 5
    assert kept.loc[cell(kept, "cnn", 100), "sample"].max() == 2


def test_a_diverged_sample_was_drawn_and_a_running_one_was_not():
    runs = study(seeds=(0,))
    lost = cell(runs, "cnn", 200) & (runs["sample"] == 1)
    runs.loc[lost, ["status", "failure"]] = "FAILED", "diverged: NaN"
    runs.loc[lost, ["best_val_loss", "n_train"]] = np.nan
    assert fair_cells(runs)[1] == []
    runs.loc[cell(runs, "mlp", 400) & (runs["sample"] == 1), "status"] = "RUNNING"
    kept, notes = fair_cells(runs)
    assert said(notes) == ["mlp at n = 400: 2 samples instead of 3; left out"]
    assert not cell(kept, "mlp", 400).any()


def test_a_data_seed_that_one_architecture_lacks_is_left_out_for_all():
    runs = study()
    kept, notes = fair_cells(runs[~cell(runs, "mlp", 400, seed=1)])
    assert said(notes) == ["cnn at n = 400: not all architectures have data seed 1; left out"]
    assert not cell(kept, "cnn", 400, seed=1).any() and cell(kept, "cnn", 400, seed=0).any()


def test_a_size_that_an_architecture_was_not_measured_at_is_no_reason():
    runs = study()
    runs = runs[~cell(runs, "mlp", 400)]
    kept, notes = fair_cells(runs)
    assert kept.equals(runs) and notes == []


def test_several_sizes_are_named_in_one_sentence():
    runs = study()
    runs.loc[runs["architecture"].eq("mlp") & (runs["n_train"] > 100), "patience"] = 99
    (note,) = fair_cells(runs)[1]
    assert say(note) == "mlp at n = 200, 400: patience is 99 instead of 10; left out"
    about = {"name": "mlp", "sizes": (200, 400)}
    assert note == Reason.OTHER_SETTING(**about, what="patience", other="99", usual="10")


def test_nothing_finished_leaves_nothing_and_says_nothing():
    kept, notes = fair_cells(study(status="RUNNING"))
    assert kept.empty and notes == []


def test_a_winner_trained_again_is_one_of_the_search_where_its_subset_is_searched_later():
    runs = study(seeds=(0, 1))
    runs["replica"] = np.where(runs["data_seed"].eq(1) & runs["sample"].eq(0), "true", None)
    kept, notes = fair_cells(runs)
    assert len(kept) == len(runs) and notes == []


def test_networks_in_different_precision_are_not_compared_without_a_word():
    runs = study()
    runs["precision"] = np.where(runs["architecture"].eq("mlp"), "fp32", "bf16")
    kept, notes = fair_cells(runs)
    assert set(kept["architecture"]) == {"cnn"}
    assert said(notes) == [
        "mlp at n = 100, 200, 400: precision is fp32 instead of bf16; left out"
    ]


@pytest.mark.parametrize("unknown", ["none", "auto", None])
def test_what_has_no_precision_or_an_unknown_one_is_compared_with_all(unknown):
    runs = study(architectures=("cnn", "forest", "mlp"))
    runs["precision"] = np.where(runs["architecture"].eq("forest"), unknown, "bf16")
    kept, notes = fair_cells(runs)
    assert kept.equals(runs) and notes == []
    runs.loc[cell(runs, "mlp", 400), "precision"] = "fp32"
    kept, notes = fair_cells(runs)
    assert said(notes) == ["mlp at n = 400: precision is fp32 instead of bf16; left out"]
    assert set(kept.index) == set(runs.index[~cell(runs, "mlp", 400)])


def test_where_no_precision_is_known_all_are_compared():
    runs = study(precision="none")
    assert fair_cells(runs)[1] == []


def test_a_winner_trained_again_with_another_budget_is_left_out_by_name():
    runs = study(seeds=(0,))
    again = runs[runs["sample"].eq(0)].assign(data_seed=1, replica="true")
    again.loc[again["architecture"].eq("mlp") & again["n_train"].eq(400), "max_steps"] = 7
    whole = pd.concat([runs.assign(bracket=2), again.assign(bracket=0)], ignore_index=True)
    kept, notes = fair_cells(whole)
    assert said(notes)[0] == "mlp at n = 400: max_steps is 7 instead of 100; left out"
    assert len(kept) == len(runs) + len(again) - 2  # nor is the cnn of that data seed
