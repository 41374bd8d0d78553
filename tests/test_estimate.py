"""A dry run counts what is done, estimates the rest from what is known, and writes nothing."""

from collections import Counter
from dataclasses import replace
from itertools import product

import jobs
import pytest
import torch
from mlflow import MlflowClient
from trials import cpu_trial, ended

from experiments import study
from experiments.orchestration import engine, estimate
from experiments.orchestration.durations import Kind
from experiments.orchestration.replicas import with_replicas
from experiments.orchestration.standing import Standing
from experiments.orchestration.study_runs import runs_so_far
from experiments.orchestration.words import table
from experiments.tasks.image_throughput import StepTiming

CPU = torch.device("cpu")


A_POOL = range(1000)  # where nothing is timed


def rows_of(trials, runs, data=A_POOL):
    return estimate.estimate(trials, Standing.of(runs), data, CPU)


def only_row(trials, runs, data=A_POOL):
    (row,) = rows_of(trials, runs, data)
    return row


# --- counts ----------------------------------------------------------------------------------


def test_every_trial_is_counted_once_by_what_became_of_it():
    trials = [cpu_trial(sample=sample) for sample in range(6)]
    runs = [ended(trials[0], 10.0), ended(trials[0], status="FAILED"), ended(trials[1], 10.0)]
    runs += [
        ended(trials[2], status="FAILED", failure="diverged: the loss is nan"),
        ended(trials[3], status="FAILED"),
    ]
    runs += [ended(trials[4], status="KILLED"), ended(cpu_trial(fraction=0.5), 10.0)]
    row = only_row(trials, runs)
    assert (row.done, row.diverged, row.to_do, row.failed_before) == (2, 1, 3, 1)
    assert row.seconds == pytest.approx(30)
    assert row.basis == "from 3 finished runs"


def test_a_study_that_is_done_takes_no_time():
    row = only_row([cpu_trial()], [ended(cpu_trial(), 10.0)])
    assert (row.to_do, row.seconds, row.basis) == (0, 0, "")


# --- seconds ---------------------------------------------------------------------------------


def test_a_trial_takes_what_others_of_its_size_took():
    runs = [
        ended(cpu_trial(sample=1, fraction=0.1), 2.0),
        ended(cpu_trial(sample=2, fraction=0.1), 4.0),
    ]
    runs += [ended(cpu_trial(sample=1), 50.0)]
    assert only_row([cpu_trial(fraction=0.1, sample=5)], runs).seconds == pytest.approx(3.0)


def test_a_size_without_runs_takes_what_the_nearest_took_and_a_forest_in_proportion_to_it():
    assert only_row(
        [cpu_trial(fraction=0.5)], [ended(cpu_trial(fraction=0.25), 8.0)]
    ).seconds == pytest.approx(8.0)
    runs = [ended(cpu_trial(architecture="forest", fraction=0.25), 8.0)]
    assert only_row(
        [cpu_trial(architecture="forest", fraction=0.5)], runs
    ).seconds == pytest.approx(16.0)


def test_another_budget_is_taken_into_account():
    runs = [ended(cpu_trial(max_steps=300, patience=200), 3.0)]
    assert only_row(
        [cpu_trial(max_steps=10_000, patience=200)], runs
    ).seconds == pytest.approx(6.0)  # 3 × patience
    assert only_row([cpu_trial(max_steps=100, patience=200)], runs).seconds == pytest.approx(
        1.0
    )


def test_most_samples_of_a_bracket_are_expected_to_end_early():
    bracket = [cpu_trial(sample=sample, bracket=9) for sample in range(10)]
    assert only_row(
        bracket, [ended(replace(bracket[0], fraction=0.5), 6.0)]
    ).seconds == pytest.approx(6 + 9 * 2.0)


def test_samples_still_trained_against_each_other_take_what_is_left_of_a_whole_bracket():
    trials = [
        cpu_trial(sample=sample, bracket=4, fraction=fraction)
        for fraction in (0.5, 1.0)
        for sample in range(5)
    ]
    whole = [ended(trial, 30.0 if trial.sample else 90.0) for trial in trials[:5]]
    hopeless = [
        ended(trial, 7.5, steps=250) for trial in trials[6:8]
    ]  # of 1,000 that a sample takes on average
    row = only_row(trials, [*whole, *hopeless])
    assert (row.to_do, row.seconds) == (3, pytest.approx(90.0 + 4 * 30.0 - 2 * 7.5))


def test_of_samples_that_are_compared_those_missing_take_no_less_than_as_many_others():
    bracket = [cpu_trial(sample=sample, bracket=4) for sample in range(5)]
    row = only_row(bracket, [ended(trial, 60.0, steps=3000) for trial in bracket[2:]])
    assert row.seconds == pytest.approx(60.0 + 20.0)


def test_the_few_samples_of_a_bracket_that_are_known_say_what_as_many_others_take():
    trials = [
        cpu_trial(sample=sample, bracket=2, fraction=fraction)
        for fraction in (0.5, 1.0)
        for sample in range(3)
    ]
    runs = [ended(trial, 16.0) for trial in trials[:3]]  # none was ended early
    assert only_row(trials, runs).seconds == pytest.approx(48.0)


def test_a_forest_of_a_bracket_takes_its_time_whatever_the_sample():
    trials = [
        cpu_trial(architecture="forest", sample=sample, bracket=4) for sample in range(5)
    ]
    for known in (0, 3):
        assert only_row(trials, [ended(trials[known], 12.0)]).seconds == pytest.approx(48.0)


@pytest.mark.parametrize("architecture", ["mlp", "forest", "toys:neighbours"])
def test_an_architecture_without_runs_is_timed_here(tiny, monkeypatch, architecture):
    monkeypatch.setattr("experiments.tasks.image_throughput.SECONDS", 0.1)
    row = only_row([cpu_trial(architecture=architecture, max_steps=100)], [], tiny)
    assert 0 < row.seconds < 60
    assert row.basis in (
        "from steps timed on this machine",
        "from a fit timed on this machine",
    )


def test_an_architecture_that_crashes_is_said_to_and_the_others_are_timed(tiny, monkeypatch):
    monkeypatch.setattr("experiments.tasks.image_throughput.SECONDS", 0.1)
    trials = [cpu_trial(architecture=name, max_steps=100) for name in ("toys:crashing", "mlp")]
    crashing, timed = rows_of(trials, [], tiny)
    assert (crashing.seconds, crashing.basis) == (
        0,
        "cannot be trained: architecture 'toys:crashing' raised ValueError: no such width",
    )
    assert timed.seconds > 0


def test_steps_and_evaluations_are_taken_as_often_as_the_budget_needs_them():
    # evaluated after 5, 10, 15, 20, 25, 30, 36 and 43 steps
    kind = Kind.of(cpu_trial(max_steps=40, patience=100), pool=90)
    budget = {"steps": kind.steps, "patience": kind.patience, "n": 90}
    assert StepTiming(step=0.1, evaluation=0.0).seconds(**budget) == pytest.approx(4.0)
    assert StepTiming(step=0.0, evaluation=1.0).seconds(**budget) == pytest.approx(8.0)


def test_a_sample_that_diverged_is_no_work_left():
    bracket = [cpu_trial(sample=sample, bracket=4) for sample in range(5)]
    diverged = [
        ended(trial, status="FAILED", failure="diverged: the loss is nan")
        for trial in bracket[1:3]
    ]
    runs = [
        ended(bracket[0], 90.0, steps=3000),
        *diverged,
        ended(bracket[3], 30.0, steps=1000),
    ]
    assert only_row(bracket, runs).seconds == pytest.approx(30.0)


def test_replicas_are_counted_before_their_winners_are_known():
    trials = [
        cpu_trial(sample=sample, fraction=fraction)
        for fraction in (0.5, 1.0)
        for sample in range(3)
    ]
    runs = [ended(trials[1], loss=0.2), ended(trials[2], loss=0.1)]
    losses = Standing.of(runs).costs
    planned = with_replicas(trials, losses, 3)[len(trials) :]
    assert Counter((trial.fraction, trial.data_seed) for trial in planned) == Counter(
        product((0.5, 1.0), (1, 2))
    )
    assert {trial.sample for trial in planned if trial.fraction == 0.5} == {2}
    assert with_replicas(trials, losses, 1) == trials


# --- the command -----------------------------------------------------------------------------

GRID = [
    "--study",
    "dry",
    "--architectures",
    "linear",
    "--fractions",
    "0.1,0.2",
    "--samples",
    "1",
    "--max_steps",
    "20",
]


def test_a_dry_run_says_counts_and_time_and_writes_nothing(store, capsys, monkeypatch):
    monkeypatch.setattr(engine, "run_here", jobs.here())
    study.main([*GRID, "--workers", "1", "--report", "false"])
    before = (store / "mlflow.db").read_bytes()
    capsys.readouterr()
    study.main([*GRID, "--samples", "2", "--workers", "2", "--dry-run"])
    said = capsys.readouterr().out.splitlines()
    assert "6 trials, 4 done, 2 to do on 2 workers" in said[0]
    assert said[2].split()[:5] == ["linear", "4", "0", "2", "0"]
    assert said[2].endswith("from 4 finished runs")
    assert said[-1].endswith("on 2 workers; this was a dry run, nothing was written")
    assert (store / "mlflow.db").read_bytes() == before
    assert len(runs_so_far("dry")) == 4


def test_a_dry_run_of_a_new_study_makes_no_study(store, capsys, monkeypatch):
    monkeypatch.setattr("experiments.tasks.image_throughput.SECONDS", 0.05)
    study.main([*GRID, "--dry_run", "true"])
    assert "4 trials, 0 done, 4 to do" in capsys.readouterr().out
    assert [found.name for found in MlflowClient().search_experiments()] == ["Default"]


def test_a_dry_run_for_a_cluster_with_gpus_times_what_this_machine_has(
    store, capsys, monkeypatch
):
    monkeypatch.setattr("experiments.tasks.image_throughput.SECONDS", 0.05)
    study.main([*GRID, "--dry_run", "true", "--engine", "ray", "--gpus_per_trial", "0.5"])
    said = capsys.readouterr().out
    assert "from steps timed on this machine" in said
    assert "on this machine; on the cluster it may be another" in said


def test_the_time_is_shared_by_the_workers():
    rows = [
        estimate.Row("cnn", 1, 0, 4, 0, 400.0, 90.0, "x"),
        estimate.Row("mlp", 0, 0, 2, 2, 200.0, 100.0, "x"),
    ]
    assert "about 5:00 on 2 workers" in table(rows, 2)


def test_more_workers_than_jobs_do_not_make_the_longest_job_shorter():
    trials = [cpu_trial(sample=sample, bracket=4) for sample in range(5)]
    rows = rows_of(trials, [ended(replace(trial, fraction=0.5), 60.0) for trial in trials])
    assert "about 5:00 on 4 workers" in table(rows, 4)
    alone = [cpu_trial(sample=sample) for sample in range(4)]
    rows = rows_of(alone, [ended(replace(trial, fraction=0.5), 60.0) for trial in alone])
    assert "about 1:00 on 4 workers" in table(rows, 4)


def test_where_epochs_are_longer_than_the_patience_they_count():
    trial = cpu_trial(fraction=0.5, max_steps=10**6, patience=100)
    assert trial.hyperparameters["batch_size"] == 32
    assert Kind.of(trial, pool=640).patience == 100
    assert Kind.of(trial, pool=64_000).patience == 3000
    run = ended(trial, pool="64000")
    assert Kind.of_run(run.data.params, 64_000) == Kind.of(trial, pool=64_000)
