"""Winners are trained again on other subsets, and counted as what they are: no search, but the
search they won.
"""

import numpy as np
import pytest
from mlflow import MlflowClient
from trials import resolved

from analysis.comparison.fairness import fair_cells
from analysis.diagnostics.search import draws
from analysis.selection import best_runs, points
from experiments import study
from experiments.orchestration.grid import grid
from experiments.orchestration.options import parse
from experiments.orchestration.replicas import replicas
from tracking.runs import is_replica, load_runs
from tracking.store import study_run

SEARCH = ["--architectures", "linear,mlp", "--fractions", "0.1,0.2", "--samples", "2"]


def test_the_best_trial_of_each_architecture_and_size_is_trained_again_on_further_subsets():
    trials = resolved(grid(parse([*SEARCH, "--pruning", "halving"])), "cpu")
    losses = {
        trial.key: float(trial.sample != 1)
        for trial in trials
        if trial.architecture == "linear"
    }
    again = replicas(trials, losses, 3)
    assert {(t.architecture, t.fraction, t.sample) for t in again} == {
        ("linear", 0.1, 1),
        ("linear", 0.2, 1),
    }
    assert [trial.data_seed for trial in again] == [1, 2, 1, 2]
    assert not any(trial.bracket for trial in again)  # alone, it is compared with nobody


def test_data_seeds_that_the_search_has_count_and_its_first_one_chooses():
    asked = ["--architectures", "linear", "--fractions", "1", "--samples", "1"]
    trials = resolved(grid(parse([*asked, "--data_seeds", "1,4"])), "cpu")
    losses = {trial.key: abs(trial.sample - (trial.data_seed == 1)) for trial in trials}
    assert [(trial.sample, trial.data_seed) for trial in replicas(trials, losses, 4)] == [
        (1, 0),
        (1, 2),
    ]
    assert replicas(trials, losses, 2) == []


@pytest.fixture
def trained(store):
    def launch(*more):
        study.main(
            [
                "--study",
                "again",
                *SEARCH,
                "--max_steps",
                "40",
                "--report",
                "false",
                "--keep_models",
                "none",
                *more,
            ]
        )
        return load_runs("again")

    launch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "experiments.orchestration.study_runs.resolve_tags",
            lambda: {"mlflow.source.git.commit": "later00"},
        )
        return launch("--replicas", "3"), launch


def test_a_study_trains_its_winners_again_once(trained, capsys):
    runs, launch = trained
    winners = runs[~is_replica(runs)]
    again = runs[is_replica(runs)]
    assert (len(winners), len(again)) == (2 * 2 * 3, 2 * 2 * 2)
    best = winners.loc[winners.groupby(["architecture", "n_train"])["best_val_loss"].idxmin()]
    chosen = best.set_index(["architecture", "n_train"])["sample"]
    assert all(
        row.sample == chosen[row.architecture, row.n_train] for row in again.itertuples()
    )
    assert sorted(again["data_seed"].unique()) == [1, 2]
    assert len(launch("--replicas", "3")) == len(runs)
    assert study_run(MlflowClient(), "again").data.tags["commits"].endswith("later00")


def test_replicas_are_points_of_the_curve_with_the_search_they_won(trained):
    runs, _ = trained
    best = best_runs(runs)
    assert len(best) == 2 * 2 * 3
    assert best["samples"].eq(3).all()
    assert points(best)["se"].notna().all()


def test_replicas_are_compared_and_are_no_search(trained):
    runs, _ = trained
    kept, left_out = fair_cells(runs)
    assert (len(kept), left_out) == (len(runs), [])
    assert {len(cell) for _, cell in draws(runs)} == {2}
    losing = runs[is_replica(runs)].iloc[0]
    other = runs.assign(
        dataset_fingerprint=np.where(runs["run_id"] == losing["run_id"], "x", "y")
    )
    kept, _ = fair_cells(other)
    assert losing["run_id"] not in set(kept["run_id"])


def test_too_few_replicas_are_refused(refuses, store):
    refuses(
        "experiments.study",
        "--replicas",
        "0",
        words=["replicas 0 ", "1 (the data_seeds alone)"],
    )
