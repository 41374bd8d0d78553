"""The filters that docs/studies.md gives for MLflow answer their questions, on a store of
1,000 runs.
"""

import re

import mlflow
import pytest
from conftest import ROOT, store_in
from mlflow import MlflowClient
from trials import resolved

from benchmarks.clones import clone
from experiments import study
from experiments.orchestration.grid import grid
from experiments.orchestration.options import parse
from experiments.orchestration.record import record
from experiments.training.trial import Trial

GRID = [
    "--study",
    "read",
    "--architectures",
    "linear,mlp,cnn,forest",
    "--fractions",
    "0.1,0.2,0.4,0.8,1",
]
GRID += [
    "--samples",
    "9",
    "--data_seeds",
    "0,1,2,3,4",
    "--max_steps",
    "5",
    "--report",
    "false",
]
WORST = 5.0


def loss(trial):
    """Falls with the size; which sample is best differs from cell to cell, and no two runs are
    equal.
    """
    luck = int(trial.key, 16) / 16**16
    return 2 * trial.fraction**-0.5 + luck


@pytest.fixture(scope="module")
def thousand(tmp_path_factory, empty_store, digits):
    """The trials of a study of 1,000 runs, of which 7 diverged, launched once more."""
    with store_in(tmp_path_factory.mktemp("read"), empty_store) as folder:
        trials = resolved(grid(parse(GRID)), "auto")
        mlflow.set_experiment("read")
        with mlflow.start_run(tags={"study": "read"}) as template:
            record(
                Trial(architecture="linear", fraction=0.1, max_steps=5, precision="fp32"),
                digits,
                "cpu",
                keep_model=False,
            )
        clone(
            folder / "mlflow.db",
            template.info.run_id,
            [(trial, {"best_val_loss": loss(trial)}) for trial in trials],
        )
        client = MlflowClient()
        client.delete_run(template.info.run_id)
        diverged = trials[::150]
        for trial in diverged:
            (run,) = found(f"tags.trial = '{trial.key}'")
            client.set_terminated(run.info.run_id, "FAILED")
            client.set_tag(
                run.info.run_id, "failure", "diverged: the loss is nan at step 5 (lr 0.2)"
            )
        study.main(GRID)
        yield [trial for trial in trials if trial not in diverged], diverged


def found(where):
    client = MlflowClient()
    return client.search_runs(
        [client.get_experiment_by_name("read").experiment_id], where, max_results=1000
    )


def keys(where):
    return sorted(run.data.tags["trial"] for run in found(where))


def filters():
    """Question -> filter, as docs/studies.md has them."""
    section = (
        (ROOT / "docs" / "studies.md")
        .read_text()
        .partition("## Reading the runs in MLflow")[2]
        .partition("\n## ")[0]
    )
    return dict(re.findall(r"^\| ([^|]+\?) \| `([^`]+)`", section, flags=re.M))


def test_the_store_holds_a_thousand_runs_and_the_study_has_nothing_to_add(thousand):
    finished, diverged = thousand
    assert len(found("tags.study = 'read'")) == len(finished) + len(diverged) == 1000


def test_the_best_run_of_each_size(thousand):
    best = {}
    for trial in thousand[0]:
        cell = trial.architecture, trial.fraction
        best[cell] = min(best.get(cell, trial), trial, key=loss)
    assert keys(filters()["What is the best at each size?"]) == sorted(
        trial.key for trial in best.values()
    )


def test_the_curve_without_tuning(thousand):
    untuned = [trial.key for trial in thousand[0] if trial.sample == 0]
    assert keys(filters()["What would it be without tuning?"]) == sorted(untuned)


def test_what_the_search_tried_at_one_size(thousand):
    tried = [
        trial.key
        for trial in thousand[0]
        if (trial.architecture, trial.fraction) == ("cnn", 1)
    ]
    assert keys(filters()["What did the search try at one size?"]) == sorted(tried)


def test_what_failed_and_why(thousand):
    assert keys(filters()["What failed, and why?"]) == sorted(
        trial.key for trial in thousand[1]
    )


def test_every_question_of_the_readme_is_checked_here():
    assert len(filters()) == 4
