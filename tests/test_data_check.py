"""A study's examples are looked at once, where that costs little, and never in its way."""

from pathlib import Path

import jobs
import pytest
from mlflow import MlflowClient
from trials import cpu_trial

from experiments import study
from experiments.orchestration import data_check, engine
from experiments.orchestration.data_check import Checking
from experiments.orchestration.options import parse
from experiments.orchestration.standing import Standing
from experiments.tasks.load import load_task
from tracking.data_check import PREFIX, DataCheck, as_tag, checks_in, read_check
from tracking.errors import InputError
from tracking.store import study_run
from tracking.study import load_study

GRID = ["--study", "s", "--dataset", "toys:loader", "--architectures", "linear"]
GRID += ["--fractions", "0.5,1", "--samples", "0", "--max_steps", "20", "--workers", "1"]
GRID += ["--report", "false", "--keep_models", "none"]


@pytest.fixture
def launch(store, capsys, monkeypatch):
    """Runs a study of two trials, in this process; what it printed."""
    monkeypatch.setattr(engine, "run_here", jobs.here())

    def run(*more):
        study.main([*GRID, *more])
        return capsys.readouterr().out

    return run


@pytest.fixture
def examined(monkeypatch):
    """How often examples were looked at."""
    seen = []
    real = data_check.examine

    def examine(labelled, classes):
        seen.append(len(labelled.pool))
        return real(labelled, classes)

    monkeypatch.setattr(data_check, "examine", examine)
    return seen


def parent():
    return study_run(MlflowClient(), "s")


def test_what_was_found_is_kept_in_the_studys_own_run(launch):
    said = launch("--check", "true")
    check = load_study("s").check_of("toys:loader")
    assert "looked at the examples" in said
    assert check.pool + check.validation + check.test == check.examples
    assert check.surveyed == check.pool
    tags = parent().data.tags
    (fingerprint,) = checks_in(tags)
    assert parent().data.metrics["check.pool"] == check.pool
    assert as_tag(check) == tags[PREFIX + fingerprint]


def test_the_most_suspicious_labels_are_an_artifact(launch):
    launch("--check", "true", "--dataset", "digits", "--fractions", "0.1")
    client = MlflowClient()
    (file,) = client.list_artifacts(parent().info.run_id, "check")
    text = Path(client.download_artifacts(parent().info.run_id, file.path)).read_text()
    assert text.splitlines()[0] == "place,pool,label,predicted,probability"


def test_a_relaunch_does_not_look_again(launch, examined):
    launch("--check", "true")
    said = launch("--check", "true", "--fractions", "0.5,0.7,1")
    assert len(examined) == 1
    assert "examples" not in said.splitlines()[-1]


def test_other_examples_are_looked_at_for_themselves(launch, examined):
    launch("--check", "true")
    launch("--check", "true", "--dataset", "digits", "--fractions", "0.1", "--study", "t")
    assert len(examined) == 2


def test_a_tiny_study_is_left_alone_and_says_so(launch, examined):
    said = launch()
    assert not examined
    assert "the examples are not looked at" in said and "check=true" in said
    assert load_study("s").checks == {}


def test_nothing_is_said_where_it_was_not_wanted(launch, examined):
    assert "examples are" not in launch("--check", "false")
    assert not examined


def test_a_failure_is_a_line_and_the_study_goes_on(launch, monkeypatch):
    def fail(labelled, classes):
        raise ValueError("no two\nexamples are alike")

    monkeypatch.setattr(data_check, "examine", fail)
    said = launch("--check", "true")
    (line,) = [line for line in said.splitlines() if "could not be looked at" in line]
    assert line.endswith("ValueError: no two examples are alike")
    assert parent().info.status == "FINISHED"
    assert len(load_study("s").runs) == 2


def test_other_words_are_refused():
    with pytest.raises(
        InputError, match="check 'maybe' is unknown; allowed: auto, true, fals"
    ):
        parse([*GRID, "--check", "maybe"])


# --- where it costs little -------------------------------------------------------------------


def checking(launch, *more):
    options = parse([*GRID, *more])
    launch("--check", "false")
    task = load_task(options.settings)
    return Checking(options, task, MlflowClient(), parent().info.run_id)


def standing(seconds):
    none = frozenset()
    return Standing([], none, none, none, {"a": seconds}, {})


def test_a_long_study_is_looked_at_before_its_trials(launch, examined):
    one = checking(launch)
    trials = [
        cpu_trial(sample=sample) for sample in range(round(one.seconds / 0.05 / 0.1) + 1)
    ]
    one.begin(trials[:-9], standing(0))
    assert not examined
    one.begin(trials, standing(0))
    assert len(examined) == 1


def test_or_after_them_once_it_is_known_what_they_take(launch, examined):
    one = checking(launch)
    one.begin([cpu_trial()], standing(0))
    one.end(standing(19 * one.seconds))
    assert not examined
    one.end(standing(21 * one.seconds))
    one.end(standing(21 * one.seconds))
    assert len(examined) == 1


def test_a_check_that_takes_long_has_the_learners_timed(launch, examined, monkeypatch):
    monkeypatch.setattr("experiments.tasks.image_throughput.SECONDS", 0.05)
    one = checking(launch)
    one.seconds = 2.5
    trial = cpu_trial(dataset="toys:loader", max_steps=10**9, patience=10**9)
    one.begin([trial], standing(0))
    assert len(examined) == 1


def test_a_dry_run_says_what_would_be_done(launch, monkeypatch):
    monkeypatch.setattr("experiments.tasks.image_throughput.SECONDS", 0.05)
    assert "looks at the examples" in launch("--dry_run", "true", "--check", "true")
    assert "the examples are not looked at" in launch("--dry_run", "true")
    assert "examples are" not in launch("--dry_run", "true", "--check", "false")
    launch("--check", "true")
    assert "looks at" not in launch("--dry_run", "true", "--check", "true")


def test_own_trainers_have_no_examples_to_look_at(launch, examined, capsys):
    own = ["--trainer", "own_trainers:fit", "--fractions", "0.5,1", "--study", "own"]
    study.main([*own, "--samples", "0", "--report", "false", "--check", "true"])
    assert not examined
    assert "looked at" not in capsys.readouterr().out


# --- as text ---------------------------------------------------------------------------------


def test_a_check_is_read_as_it_was_written():
    check = DataCheck(10, 5, 5, 1, 0, 0, 2, False, near_test=0.25, seconds=1.5)
    again = read_check(as_tag(check))
    assert repr(again) == repr(check)  # nan is not itself


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pool": 1}', "nan"])
def test_other_text_is_none(text):
    with pytest.raises(InputError, match="is no check"):
        read_check(text)
    assert checks_in({"check.ab": text, "note": "x"}) == {}
