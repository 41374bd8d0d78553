"""The time left is said, and for people."""

import math

import pytest
from trials import cpu_trial, ended

from experiments.orchestration import progress
from experiments.orchestration.outcome import Outcome
from experiments.orchestration.progress import Progress
from experiments.orchestration.words import clock

POOL = range(1000)


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0:00"), (59.6, "1:00"), (61, "1:01"), (3600, "1:00:00")]
)
def test_times_are_said_in_minutes_and_from_an_hour_on_in_hours(seconds, said):
    assert clock(seconds) == said


def test_the_time_left_is_that_of_the_trials_of_the_same_kind(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])
    slow = cpu_trial(architecture="cnn")
    fast = cpu_trial(architecture="linear")
    shown = Progress([slow, slow, fast, fast], POOL)
    now[0] += 12
    for trial, seconds in ((slow, 10.0), (fast, 2.0)):
        shown.step([Outcome(trial, "FINISHED", seconds, 0.5)])
    assert shown.remaining() == pytest.approx(12)  # one slow and one fast trial are left


def test_what_the_other_workers_are_at_is_half_done(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])
    trials = [cpu_trial(sample=sample) for sample in range(6)]
    shown = Progress(trials, POOL, workers=3)
    now[0] += 12
    shown.step([Outcome(trials[0], "FINISHED", 12.0, 0.5)])
    assert shown.remaining() == pytest.approx(12 * 4 / 2)  # 1 done and 2 half done of 6
    for trial in trials[1:5]:
        shown.step([Outcome(trial, "FINISHED", 12.0, 0.5)])
    assert shown.remaining() == pytest.approx(
        12 * 0.5 / 5.5
    )  # one is left, and two of the workers idle
    shown.step([Outcome(trials[5], "FINISHED", 12.0, 0.5)])
    assert shown.remaining() == 0


def test_trials_that_end_together_say_the_same_time_left(monkeypatch, capsys):
    now = [100.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])
    trials = [cpu_trial(sample=sample) for sample in range(4)]
    shown = Progress([*trials, *trials], POOL)
    now[0] += 60
    shown.step([Outcome(trial, "FINISHED", 15.0, 0.5) for trial in trials])
    lines = capsys.readouterr().out.splitlines()
    said = [line.split(" · ")[0] for line in lines]
    assert said == [f"[{done}/8] 1:00 gone, about 1:00 left" for done in (1, 2, 3, 4)]


def test_a_trial_that_failed_is_named_like_one_that_finished(capsys):
    trials = [cpu_trial(sample=sample, fraction=0.25) for sample in (1, 2)]
    shown = Progress(trials, POOL)
    shown.step(
        [
            Outcome(trials[0], "FINISHED", 1.0, 0.5),
            Outcome(trials[1], "FAILED", reason="diverged"),
        ]
    )
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("left · ")[1] for line in lines] == [
        "cnn · n=250 · #1 · validation loss 0.5000",
        "cnn · n=250 · #2 · diverged",
    ]


def test_a_size_of_which_none_has_ended_takes_what_the_nearest_did_and_a_forest_in_proportion(
    monkeypatch,
):
    now = [100.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])
    for architecture, expected in (("forest", 12 + 6 + 3), ("cnn", 12 + 12 + 12)):
        trials = [
            cpu_trial(architecture=architecture, fraction=fraction)
            for fraction in (1.0, 1.0, 0.5, 0.25)
        ]
        shown = Progress(trials, POOL)
        now[0] += 12
        shown.step([Outcome(trials[0], "FINISHED", 12.0, 0.5)])
        assert shown.remaining() == pytest.approx(expected)


def test_an_architecture_of_which_none_has_ended_takes_what_the_others_do(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])
    trials = [cpu_trial(architecture=name) for name in ("cnn", "linear", "mlp")]
    shown = Progress([*trials, trials[2]], POOL)
    now[0] += 12
    for trial, seconds in zip(trials[:2], (10.0, 2.0)):
        shown.step([Outcome(trial, "FINISHED", seconds, 0.5)])
    assert shown.remaining() == pytest.approx(2 * 6)


def test_the_samples_of_a_forest_take_the_same_time_under_halving(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])
    trials = [
        cpu_trial(architecture="forest", sample=sample, bracket=4) for sample in range(5)
    ]
    shown = Progress(trials, POOL)
    for left in (48, 36):
        now[0] += 12
        shown.step([Outcome(trials[len(trials) - left // 12 - 1], "FINISHED", 12.0, 0.5)])
        assert shown.remaining() == pytest.approx(left)


def test_runs_of_an_earlier_launch_tell_what_trials_take_also_those_of_a_slower_machine(
    monkeypatch,
):
    now = [100.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])
    slow = cpu_trial(architecture="cnn")
    fast = cpu_trial(architecture="linear")
    before = [ended(slow, seconds=300.0), ended(fast, seconds=30.0)]
    shown = Progress([slow, fast, fast], POOL, before)
    now[0] += 10
    shown.step([Outcome(slow, "FINISHED", 100.0, 0.5)])  # mean of both: 200
    assert shown.remaining() == pytest.approx(10 * (30 + 30) / 200)


def test_the_time_left_is_not_known_while_all_have_failed(capsys):
    trials = [cpu_trial(sample=sample) for sample in range(3)]
    shown = Progress(trials, range(100))
    shown.step([Outcome(trials[0], "FAILED", reason="diverged")])
    assert (
        math.isnan(shown.remaining())
        and "gone, time left unknown · " in capsys.readouterr().out
    )
    shown.step([Outcome(trial, "FAILED", reason="diverged") for trial in trials[1:]])
    assert shown.remaining() == 0
