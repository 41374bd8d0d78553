"""What failed is said: an architecture that never trained must not vanish unnoticed."""

import math

import numpy as np
import pandas as pd
import pytest

from analysis.diagnostics.failures import failures, missing
from analysis.reasons import Reason
from analysis.report.failure_words import missing_words, nothing_finished
from analysis.report.sections import Section
from analysis.report.study_analysis import Question, StudyAnalysis
from analysis.report.trust_sections import trust_sections
from tracking.runs import is_diverged
from tracking.study import Study


def runs(*rows):
    """Of (architecture, trial, status, failure)."""
    table = pd.DataFrame(rows, columns=["architecture", "trial", "status", "failure"])
    return table.assign(run_id=[f"run {i}" for i in range(len(table))])


def test_trials_that_failed_are_counted_once_with_their_commonest_reason():
    table = failures(
        runs(
            ("cnn", "a", "FINISHED", None),
            ("cnn", "b", "FAILED", "OSError: disk"),
            ("cnn", "b", "FAILED", "OSError: disk"),  # tried again
            ("mine", "c", "FAILED", "ValueError: x"),
            ("mine", "d", "FAILED", "ValueError: x"),
            ("mine", "e", "FAILED", "OSError: disk"),
        )
    )
    assert table.to_dict("records") == [
        {"architecture": "cnn", "failed": 1, "trials": 2, "reason": "OSError: disk"},
        {"architecture": "mine", "failed": 3, "trials": 3, "reason": "ValueError: x"},
    ]


@pytest.mark.parametrize(
    "ended",
    [
        [("FAILED", "OSError: disk"), ("FINISHED", None)],
        [("KILLED", None)],
        [("RUNNING", None)],
    ],
)
def test_what_finished_at_last_was_stopped_or_still_runs_is_no_failure(ended):
    assert failures(runs(*[("cnn", "a", status, failure) for status, failure in ended])).empty


def test_divergence_is_part_of_a_search_unless_nothing_else_came_of_it():
    lost = [("cnn", trial, "FAILED", "diverged: the loss is nan") for trial in "ab"]
    assert failures(
        runs(*lost, ("cnn", "c", "FINISHED", None), ("mlp", "d", "FINISHED", None))
    ).empty
    assert missing_words(runs(*lost, ("mlp", "d", "FINISHED", None))) == [
        "cnn: 2 of 2 trials failed: diverged: the loss is nan"
    ]


def test_a_failure_without_a_reason_or_key_counts_too():
    lost = runs(("cnn", None, "FAILED", None), ("cnn", None, "FAILED", None))
    assert missing_words(lost) == ["cnn: 2 of 2 trials failed: unknown"]
    (found,) = missing(lost)
    assert found.reason is Reason.TRIALS_FAILED
    assert (found.numbers["failed"], found.numbers["trials"]) == (2, 2)


def test_divergence_is_told_from_other_failures():
    table = runs(
        ("cnn", "a", "FAILED", "diverged: nan"),
        ("cnn", "b", "FAILED", "OSError"),
        ("cnn", "c", "OK", None),
    )
    assert is_diverged(table).tolist() == [True, False, False]
    assert not is_diverged(table.drop(columns="failure")).any()


def test_a_size_that_is_still_in_training_is_said_to_be_left_out():
    table = runs(
        ("cnn", "a", "FINISHED", None),
        ("cnn", "b", "KILLED", None),
        ("cnn", "c", "FINISHED", None),
    )
    table = table.assign(
        fraction=[0.2, 0.2, 0.1], n_train=[2000, math.nan, 1000], pruned=["true", None, "true"]
    )
    said = ["cnn at n = 2,000: not all samples are trained to their end; left out"]
    assert missing_words(table) == said
    assert missing(table) == [Reason.STILL_IN_TRAINING(name="cnn", sizes=(2000.0,))]
    assert missing_words(table[table["status"] == "FINISHED"]) == []


def test_a_study_of_which_nothing_finished_says_why():
    said = nothing_finished("mine", runs(("cnn", "a", "FAILED", "OSError: disk")))
    assert said == (
        "study 'mine' has no finished run yet (1 started); "
        "cnn: 1 of 1 trials failed: OSError: disk"
    )


def warnings_about(study: Study) -> Section:
    (section,) = [
        part
        for part in trust_sections(StudyAnalysis(study), Question())
        if part.title == "Warnings"
    ]
    return section


def test_where_nothing_is_known_about_the_search_no_praise_is_given():
    sizes = 1000 * 2 ** np.arange(6)
    noise = 1 + 0.005 * np.array([1, -1, -1, 1, 1, -1])
    curve = pd.DataFrame(
        {
            "architecture": "mine",
            "n": sizes,
            "value": (3 * sizes**-0.4 + 0.1) * noise,
            "se": math.nan,
        }
    )
    section = warnings_about(Study("mine", measured=curve, measures=("loss",)))
    assert section.table is None
    assert (
        section.words
        == "None about the curves. Whether the search was long enough is not known."
    )


def test_an_architecture_without_a_law_is_warned_about():
    short = pd.DataFrame(
        {"architecture": "mine", "n": [100, 200], "value": [1.0, 0.8], "se": math.nan}
    )
    section = warnings_about(Study("mine", measured=short, measures=("loss",)))
    assert section.table.to_dict("records") == [
        {"architecture": "mine", "remark": "needs at least 3 distinct sizes n, got 2"}
    ]


def test_sizes_whose_best_run_was_ended_by_its_budget_are_named():
    finished = [("cnn", trial, "FINISHED", None) for trial in "abc"]
    found = runs(*finished).assign(
        dataset="digits", data_seed=0, n_train=[100, 200, 200], best_val_loss=[0.9, 0.5, 0.6]
    )
    assert missing(found.assign(budget_bound=["false", "false", "true"])) == []
    bound = found.assign(budget_bound=["false", "true", "false"])
    (finding,) = missing(bound)
    assert finding.reason is Reason.BUDGET_BOUND
    assert finding.numbers["sizes"] == (200,)
    assert "max_steps ended the best run while it still improved" in missing_words(bound)[0]
