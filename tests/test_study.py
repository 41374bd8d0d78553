"""The whole line on digits: a study trains its grid, resumes what is missing, is reported."""

import io
import json
import re
import socket
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import redirect_stdout
from dataclasses import asdict
from types import SimpleNamespace

import jobs
import numpy as np
import pytest
from conftest import store_in
from mlflow import MlflowClient
from toys import stripes

from analysis.report import __main__ as report
from experiments import study
from experiments.orchestration import engine, worker
from experiments.orchestration.coordinator import Coordinator
from experiments.orchestration.engine import Engine, call_here
from experiments.orchestration.grid import Cell, grid
from experiments.orchestration.lease import Driver
from experiments.orchestration.options import parse
from experiments.orchestration.outcome import left_by_the_dead
from experiments.orchestration.processes import Died, run_here
from experiments.training import successive_halving
from experiments.training.devices import find_device
from experiments.training.train import Training
from experiments.training.trial import Trial
from tracking import schema

GRID = [
    "--study",
    "line",
    "--architectures",
    "linear,toys:exploding,forest",
    "--samples",
    "1",
    "--max_steps",
    "5000",
    "--patience",
    "4",
    "--patience_epochs",
    "0",
]
BUDGET = {"max_steps": 5000, "patience": 4, "patience_epochs": 0.0}  # linear ends by patience
GRID += ["--report", "false", "--keep_models", "none"]
FRACTIONS = (0.05, 0.1, 0.2)
MORE_FRACTIONS = (0.05, 0.1, 0.2, 0.4)


def launch(arguments, fractions=FRACTIONS, workers=2):
    """Run a study in this process (its workers in theirs); what it printed."""
    given = [
        *arguments,
        "--fractions",
        ",".join(map(str, fractions)),
        "--workers",
        str(workers),
    ]
    with redirect_stdout(io.StringIO()) as said:
        study.main(given)
    return said.getvalue()


def experiment(name):
    return MlflowClient().get_experiment_by_name(name).experiment_id


def runs_of(name="line"):
    """(the runs of trials, the study's own)."""
    found = MlflowClient().search_runs([experiment(name)])
    trials = [run for run in found if "trial" in run.data.tags]
    (parent,) = [run for run in found if run.data.tags.get("role") == "study"]
    assert len(found) == len(trials) + 1
    return trials, parent


def trial(**settings):
    """A trial as a study on this machine trains it."""
    return Trial(**settings).resolved(find_device("auto"))


def coordinator_of(options, data):
    """Of the study "small", whose trials have run."""
    return Coordinator(
        options,
        MlflowClient(),
        runs_of("small")[1],
        grid(options),
        data,
        Engine(run=run_here, ask=call_here, open_task=lambda: data),
    )


def wanted(fractions=FRACTIONS, architectures=("linear", "toys:exploding", "forest")):
    return {
        trial(architecture=name, fraction=fraction, sample=sample, **BUDGET).key
        for name in architectures
        for fraction in fractions
        for sample in (0, 1)
    }


def keys(runs, status=None):
    return [run.data.tags["trial"] for run in runs if status in (None, run.info.status)]


def dead_process():
    """The id of a process that has ended."""
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


@pytest.fixture(scope="module")
def line(tmp_path_factory, empty_store):
    """A study beside what a dead launch left behind; launched again; with a larger grid; then
    reported.
    """
    with store_in(tmp_path_factory.mktemp("line"), empty_store):
        client = MlflowClient()
        stale = client.create_run(
            client.create_experiment("line"),
            tags={
                "trial": trial(architecture="linear", fraction=0.1, sample=1, **BUDGET).key,
                "study": "line",
            },
        )
        dead = Driver(
            socket.gethostname(), dead_process(), started=0.0, seen=time.time(), holds=True
        )
        client.set_experiment_tag(stale.info.experiment_id, dead.tag, json.dumps(asdict(dead)))
        told = SimpleNamespace(stale=stale.info.run_id)
        told.first_words = launch(GRID)
        told.first, told.parent = runs_of()
        told.second_words = launch(GRID)
        told.second, _ = runs_of()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(engine, "run_here", jobs.here())
            told.third_words = launch(
                [*GRID, "--note", "tiny <images>"], MORE_FRACTIONS, workers=1
            )
        told.third, _ = runs_of()
        with redirect_stdout(io.StringIO()) as said:
            report.main(["--study", "line"])
        told.answer = said.getvalue()
        told.reported = runs_of()[1]
        yield told


# --- the first launch ------------------------------------------------------------------------


def test_a_study_runs_every_trial_of_its_grid_once(line):
    ended = [run for run in line.first if run.info.run_id != line.stale]
    assert Counter(keys(ended)) == Counter(wanted())


def test_every_trial_is_a_child_of_the_studys_run_and_tagged_with_it(line):
    for run in line.first:
        if run.info.run_id != line.stale:
            assert run.data.tags["mlflow.parentRunId"] == line.parent.info.run_id
            assert run.data.tags["study"] == "line"
    assert line.parent.info.run_name == "study · line"
    assert line.parent.info.status == "FINISHED"


def test_runs_are_named_for_people(line):
    finished = {run.info.run_name for run in line.first if run.info.status == "FINISHED"}
    sizes = [round(fraction * 1079) for fraction in FRACTIONS]
    assert finished == {
        f"{name} · n={n} · #{k}"
        for name in ("linear", "forest")
        for n in sizes
        for k in (0, 1)
    }


def test_every_finished_run_has_its_metrics_and_its_dataset(line):
    for run in line.first:
        if run.info.status == "FINISHED":
            assert 0 < run.data.metrics["best_val_loss"] < 10
            assert 0 <= run.data.metrics["test_error"] <= 1
            assert run.data.metrics["n_train"] == round(
                float(run.data.params["fraction"]) * 1079
            )
            assert len(run.inputs.dataset_inputs) == 1
            assert (run.data.tags["data_dir"], run.data.tags["device"]) == (
                "data",
                "auto",
            )  # for the next launch


def test_a_run_in_a_worker_gives_what_the_trial_gives_here(line, digits):
    from experiments.training.train import train

    asked = trial(architecture="linear", fraction=0.1, sample=1, **BUDGET)
    (run,) = [
        run
        for run in line.first
        if run.data.tags["trial"] == asked.key and run.info.status == "FINISHED"
    ]
    assert run.data.metrics["best_val_loss"] == pytest.approx(
        train(asked, digits).best.val["loss"], rel=1e-6
    )


def test_a_diverged_trial_is_failed_with_the_reason(line):
    diverged = [
        run for run in line.first if run.data.params.get("architecture") == "toys:exploding"
    ]
    assert len(diverged) == 6
    for run in diverged:
        assert run.info.status == "FAILED"
        assert run.data.tags["failure"].startswith("diverged: the loss is nan at step")
        assert "best_val_loss" not in run.data.metrics
    assert "failed, 6 trials: diverged" in line.first_words


def test_a_run_that_a_dead_process_left_is_killed_and_its_trial_run_again(line):
    status = {run.info.run_id: run.info.status for run in line.first}
    assert status[line.stale] == "KILLED"
    again = trial(architecture="linear", fraction=0.1, sample=1, **BUDGET).key
    assert again in keys(line.first, "FINISHED")


def test_progress_counts_to_the_end_and_says_the_time_left(line):
    said = [text for text in line.first_words.splitlines() if text.startswith("[")]
    assert [text.split("]")[0].strip("[ ") for text in said] == [
        f"{done}/18" for done in range(1, 19)
    ]
    assert all(
        re.search(r" gone, (about [\d:]+ left|time left unknown) · ", text) for text in said
    )
    assert " gone, about 0:00 left · " in said[-1]
    assert "18 trials, 0 done, 18 to do on 2 workers" in line.first_words


# --- launched again --------------------------------------------------------------------------


def test_launched_again_it_trains_nothing(line):
    assert {run.info.run_id for run in line.second} == {run.info.run_id for run in line.first}
    assert "18 trials, 18 done, 0 to do" in line.second_words


def test_launched_with_a_larger_grid_it_trains_only_what_is_missing(line):
    before = {run.info.run_id for run in line.first}
    new = [run for run in line.third if run.info.run_id not in before]
    assert Counter(keys(new)) == Counter(wanted(MORE_FRACTIONS) - wanted())
    assert before < {run.info.run_id for run in line.third}
    assert "24 trials, 18 done, 6 to do" in line.third_words


def test_every_launch_continues_the_same_parent_run(line):
    parents = {
        run.data.tags["mlflow.parentRunId"]
        for run in line.third
        if run.info.run_id != line.stale
    }
    assert parents == {line.parent.info.run_id} == {line.reported.info.run_id}
    assert line.reported.info.status == "FINISHED"


# --- the answer ------------------------------------------------------------------------------


def test_the_answer_is_about_architectures_with_finished_runs_and_names_those_without(line):
    assert "linear" in line.answer
    assert "toys:exploding: 8 of 8 trials failed: diverged: the loss is nan" in line.answer


def test_the_note_is_shown_with_the_answer_and_kept_with_the_study(line):
    assert "tiny <images>" in line.answer
    assert line.reported.data.tags["note"] == "tiny <images>"
    description = line.reported.data.tags["mlflow.note.content"]
    assert (
        description.index("| linear |")
        < description.index("## Settings")
        < description.index("tiny <images>")
    )


def test_the_answer_is_logged_to_the_studys_run(line, tmp_path):
    client = MlflowClient()
    logged = {file.path for file in client.list_artifacts(line.reported.info.run_id, "report")}
    assert {
        "report/report.html",
        "report/learning_curves.png",
        "report/learning_curves.svg",
    } <= logged
    assert line.reported.data.metrics["exponent.linear"] > 0
    html = client.download_artifacts(
        line.reported.info.run_id, "report/report.html", str(tmp_path)
    )
    with open(html) as page:  # noqa: PTH123
        assert "tiny &lt;images&gt;" in page.read()


# --- workers that die, fail, are stopped: played in this process -----------------------------


@pytest.fixture
def played(monkeypatch, store):
    """Let run_here do its jobs in this process, and let `before` and `after` interfere with
    each.
    """

    def install(**interference):
        monkeypatch.setattr(engine, "run_here", jobs.here(**interference))

    install()
    return install


SMALL = ["--study", "small", "--architectures", "linear", "--samples", "1", "--max_steps", "3"]
SMALL += ["--device", "cpu", "--report", "false", "--keep_models", "none"]


def dying(times):
    """A worker that dies in the middle of the first trial it gets, `times` times; its run
    stays RUNNING.
    """
    left = [times]
    victim = []

    def before(trial):
        victim.append(trial.key)
        if trial.key != victim[0] or not left[0]:
            return None
        left[0] -= 1
        MlflowClient().create_run(
            experiment("small"), tags={"trial": trial.key, "study": "small"}
        )
        return Died("worker process ended (-9)")

    return before


def test_a_trial_whose_worker_died_is_tried_once_more(played):
    played(before=dying(times=1))
    said = launch(SMALL)
    trials, parent = runs_of("small")
    assert Counter(run.info.status for run in trials) == {"FINISHED": 6, "KILLED": 1}
    assert "failed" not in said
    assert parent.info.status == "FINISHED"


def test_a_trial_whose_worker_dies_again_is_given_up_and_the_others_go_on(played):
    played(before=dying(times=2))
    said = launch(SMALL)
    trials, _ = runs_of("small")
    assert Counter(run.info.status for run in trials) == {"FINISHED": 5, "KILLED": 2}
    assert "failed, 1 trials: worker process ended (-9)" in said
    played()
    assert "6 trials, 5 done, 1 to do" in launch(
        SMALL
    )  # and is tried again at the next launch


@pytest.mark.parametrize(("retries", "killed"), [(0, 1), (2, 2)])
def test_a_trial_is_tried_again_as_often_as_asked(played, retries, killed):
    played(before=dying(times=2))
    launch([*SMALL, "--retries", str(retries)], [0.1])
    trials, _ = runs_of("small")
    finished = 2 if retries == 2 else 1
    assert Counter(run.info.status for run in trials) == {
        "FINISHED": finished,
        "KILLED": killed,
    }


def test_a_trial_that_its_worker_finished_before_it_died_is_not_run_again(played):
    answers = []

    def die_after_the_first(answer):
        answers.append(answer)
        return Died("worker process ended (-9)") if len(answers) == 1 else answer

    played(after=die_after_the_first)
    said = launch(SMALL)
    trials, _ = runs_of("small")
    assert [run.info.status for run in trials] == ["FINISHED"] * 6
    assert "[6/6]" in said


def test_a_trial_that_fails_for_another_reason_is_noted_and_tried_again(played, monkeypatch):
    def out_of_memory(*_, **__):
        raise MemoryError("no memory\nfor this trial")

    with monkeypatch.context() as patch:
        patch.setattr(worker, "train", out_of_memory)
        said = launch(SMALL, [0.1])
    trials, parent = runs_of("small")
    assert [run.info.status for run in trials] == [
        "FAILED"
    ] * 4  # two trials, each tried twice
    assert {run.data.tags["failure"] for run in trials} == {
        "MemoryError: no memory for this trial"
    }
    assert "failed, 2 trials: MemoryError: no memory for this trial" in said
    assert parent.info.status == "FINISHED"
    assert "2 trials, 0 done, 2 to do" in launch(SMALL, [0.1])


def test_a_run_that_somebody_deletes_while_it_trains_is_trained_again(played, monkeypatch):
    train = worker.train
    deleted = []

    def train_and_delete(*arguments):
        if not deleted:
            (running,) = [run for run in runs_of("small")[0] if run.info.status == "RUNNING"]
            deleted.append(running.info.run_id)
            MlflowClient().delete_run(running.info.run_id)
        return train(*arguments)

    monkeypatch.setattr(worker, "train", train_and_delete)
    said = launch([*SMALL, "--keep_models", "best"])
    trials, _ = runs_of("small")
    assert [run.info.status for run in trials] == ["FINISHED"] * 6
    assert deleted[0] not in [run.info.run_id for run in trials] and "failed" not in said
    assert all(run.data.tags["model"] == "best" for run in trials if "best" in run.data.tags)


def test_a_study_that_is_stopped_keeps_what_it_has_and_continues(played, capsys):
    seen = []

    def stop_at_the_third(trial):
        seen.append(trial)
        if len(seen) == 3:
            MlflowClient().create_run(
                experiment("small"), tags={"trial": trial.key, "study": "small"}
            )
            raise KeyboardInterrupt

    played(before=stop_at_the_third)
    with pytest.raises(SystemExit) as stopped:
        launch(SMALL)
    assert stopped.value.code == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert (
        said == "error: study 'small' was stopped; the same command continues it where it is"
    )
    trials, parent = runs_of("small")
    assert Counter(run.info.status for run in trials) == {"FINISHED": 2, "KILLED": 1}
    assert parent.info.status == "KILLED"
    played()
    assert "6 trials, 2 done, 4 to do" in launch(SMALL)
    assert runs_of("small")[1].info.status == "FINISHED"


def test_a_run_of_main_in_the_same_experiment_is_left_alone(played):
    client = MlflowClient()
    made = client.create_run(client.create_experiment("small"), tags={"trial": "x"})
    launch(SMALL, [0.1])
    assert client.get_run(made.info.run_id).info.status == "RUNNING"


def test_a_compared_sample_that_is_missing_is_trained_alone_and_compared_with_what_is_recorded(
    played, monkeypatch
):
    compared = [
        *SMALL,
        "--samples",
        "5",
        "--max_steps",
        "60",
        "--patience",
        "40",
        "--pruning",
        "halving",
    ]
    said = launch(compared, [0.1])
    assert re.search(r"^about \d+:\d\d on \d+ workers$", said, re.MULTILINE), (
        said
    )  # a bracket's trials end late
    before, _ = runs_of("small")
    assert Counter(run.data.tags["pruned"] for run in before) == {"true": 2, "false": 4}
    lost = next(run for run in before if run.data.tags["pruned"] == "true")
    MlflowClient().delete_run(lost.info.run_id)
    trained = []
    monkeypatch.setattr(
        successive_halving,
        "Training",
        lambda trial, *where: trained.append(trial.key) or Training(trial, *where),
    )
    assert "6 trials, 5 done, 1 to do" in launch(compared, [0.1])
    assert trained == [lost.data.tags["trial"]]
    after, _ = runs_of("small")
    (again,) = [
        run for run in after if run.info.run_id not in {run.info.run_id for run in before}
    ]
    for name in ("best_val_loss", "test_loss", "steps"):
        assert again.data.metrics[name] == pytest.approx(lost.data.metrics[name], rel=1e-6)


def test_winners_are_trained_again_only_where_all_that_were_compared_have_ended(
    played, digits
):
    compared = [
        *SMALL,
        "--samples",
        "5",
        "--max_steps",
        "60",
        "--patience",
        "40",
        "--pruning",
        "halving",
    ]
    launch(compared, [0.1, 0.2])
    options = parse([*compared, "--fractions", "0.1,0.2", "--replicas", "2"])
    coordinator = coordinator_of(options, digits)

    def fractions_again():
        again = coordinator.winners_again(coordinator.trials)
        return [job.trials[0].fraction for job in again]

    assert fractions_again() == [0.2, 0.1]
    lost = next(run for run in runs_of("small")[0] if run.data.params["fraction"] == "0.1")
    MlflowClient().delete_run(lost.info.run_id)
    assert fractions_again() == [0.2]


def test_a_trial_that_diverged_before_its_worker_died_is_not_run_again(store):
    client = MlflowClient()
    trials = tuple(trial(sample=sample) for sample in range(2))
    small = client.create_experiment("small")
    run = client.create_run(
        small, tags={"trial": trials[0].key, "failure": "diverged: the loss is nan"}
    )
    client.set_terminated(run.info.run_id, "FAILED")
    job = Cell(trials, frozenset(trial.key for trial in trials))
    left = left_by_the_dead(client, small, job, Died("killed"))
    assert [(outcome.reason, outcome.final) for outcome in left] == [
        ("diverged", True),
        ("killed", False),
    ]


def recorded_before_the_precision_was_resolved(folder):
    """Give the runs of "small" the parameter and the key that they would have had then."""
    with sqlite3.connect(folder / "mlflow.db") as database:
        database.execute("update params set value = 'auto' where key = 'precision'")
        for run in runs_of("small")[0]:
            params = run.data.params
            old = Trial(
                architecture=params["architecture"],
                fraction=float(params["fraction"]),
                sample=int(params["sample"]),
                max_steps=3,
            )
            database.execute(
                "update tags set value = ? where key = 'trial' and run_uuid = ?",
                (schema.key(old.as_dict()), run.info.run_id),
            )
    database.close()


def test_a_study_that_was_recorded_before_its_precision_was_resolved_is_not_trained_again(
    played, store, capsys
):
    both = [*SMALL, "--architectures", "linear,forest"]
    launch(both, [0.1])
    before, _ = runs_of("small")
    recorded_before_the_precision_was_resolved(store)
    old, _ = runs_of("small")
    assert set(keys(old)).isdisjoint(keys(before))
    assert "4 trials, 4 done, 0 to do" in launch([*both, "--dry_run"], [0.1])
    assert sorted(keys(runs_of("small")[0])) == sorted(keys(old))
    assert "4 trials, 4 done, 0 to do" in launch(both, [0.1])
    after, _ = runs_of("small")
    assert sorted(keys(after)) == sorted(keys(before))
    assert "8 trials, 4 done, 4 to do" in launch(both, [0.1, 0.2])


# --- the parent run --------------------------------------------------------------------------


def test_the_run_that_mlflow_run_opened_becomes_the_studys(played, monkeypatch):
    client = MlflowClient()
    opened = client.create_run(client.create_experiment("small")).info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", opened)
    launch(SMALL, [0.1])
    trials, parent = runs_of("small")
    assert parent.info.run_id == opened
    assert {run.data.tags["mlflow.parentRunId"] for run in trials} == {opened}


def test_a_run_opened_in_another_experiment_points_to_the_study(played, monkeypatch):
    client = MlflowClient()
    opened = client.create_run("0").info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", opened)
    launch(SMALL, [0.1])
    _, parent = runs_of("small")
    assert parent.info.run_id != opened
    assert client.get_run(opened).data.tags["launched"] == parent.info.run_id


def test_a_study_without_a_finished_trial_ends_and_says_so(played):
    said = launch([*SMALL, "--architectures", "toys:exploding"], [0.1])
    assert "failed, 2 trials: diverged" in said
    assert [run.info.status for run in runs_of("small")[0]] == ["FAILED"] * 2


# --- bad input -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--architectures", "linear,nosuch"], ["'nosuch'", "linear, mlp, cnn"]),
        (["--architectures", ","], ["architectures", "one entry"]),
        (["--fractions", "0.1,2"], ["fraction 2 ", "(0, 1]"]),
        (["--fractions", "0"], ["fraction 0 ", "(0, 1]"]),
        (["--fractions", "0.1,abc"], ["fractions", "'abc' is not a number"]),
        (["--fractions", "1,0.0001"], ["fraction 0.0001 ", "1,079 examples", "allowed"]),
        (["--samples", "-1"], ["samples -1 ", "0 (untuned only)"]),
        (["--samples", "many"], ["samples", "'many' is not a whole number"]),
        (["--data_seeds", "0,-1"], ["data_seed -1 ", "0, 1, 2"]),
        (["--data_seeds", "x"], ["data_seeds", "'x' is not a whole number"]),
        (["--workers", "-2"], ["workers -2 ", "0 (one per core)"]),
        (["--retries", "-1"], ["retries -1 ", "0, 1, 2"]),
        (["--keep_models", "some"], ["keep_models 'some'", "all, best, none"]),
        (
            ["--register", "true", "--keep_models", "none"],
            ["register", "keep_models all or best"],
        ),
        (["--report", "perhaps"], ["report", "'perhaps' is neither true nor false"]),
        (["--study", " "], ["study", "any name"]),
        (["--pruning", "some"], ["pruning 'some'", "off, halving"]),
        (["--hold_out", "7"], ["hold_out 7 ", "at least 3"]),
        (["--hold_out", "-1"], ["hold_out -1 "]),
        (["--dataset", "nosuch"], ["'nosuch'", "digits"]),
        (["--architectures", "mlp,toys:of_other_width"], ["(2, 11)", "allowed: (2, 10)"]),
        (["--architectures", "toys:crashing", "--dry_run"], ["ValueError: no such width"]),
        (
            ["--dataset", "diabetes", "--architectures", "toys:without_arguments"],
            ["toys:without_arguments", "f(shape, classes)"],
        ),
        (["--dataset", "npz:missing.npz"], ["missing.npz", "does not exist"]),
        (["--search_space", "notebook"], ["'notebook'", "cnn only", "'linear'"]),
        (["--fraction", "0.1"], ["--fraction"]),
        (["--device", "nosuch"], ["'nosuch'", "auto, cpu"]),
    ],
)
def test_bad_input_is_refused_in_one_line_before_anything_runs(
    refuses, store, arguments, words
):
    refuses("experiments.study", *arguments, words=words)
    assert [found.name for found in MlflowClient().search_experiments()] == ["Default"]


def test_a_study_that_another_launch_is_running_is_refused_in_one_line(refuses, store):
    client = MlflowClient()
    running = Driver("elsewhere", 7, started=0.0, seen=time.time(), holds=True)
    client.set_experiment_tag(
        client.create_experiment("small"), running.tag, json.dumps(asdict(running))
    )
    refuses(
        "experiments.study",
        *SMALL,
        words=["'small' is being run by process 7 on elsewhere", "one launch at a time"],
    )
    assert client.search_runs([experiment("small")]) == []


def test_a_deleted_experiment_is_refused_in_one_line(refuses, store):
    client = MlflowClient()
    client.delete_experiment(client.create_experiment("gone"))
    refuses("experiments.study", "--study", "gone", words=["'gone'", "deleted"])


def test_an_unknown_parameter_is_refused_with_what_is_allowed(refuses, store):
    refuses(
        "experiments.study",
        "--nosuch",
        "1",
        words=["--nosuch", "--fractions", "--architectures"],
    )


def test_other_images_under_a_name_that_was_trained_are_refused(
    refuses, store, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    asked = [
        "--study",
        "moved",
        "--dataset",
        "npz:d.npz",
        "--architectures",
        "linear",
        "--samples",
        "0",
    ]
    asked += [
        "--fractions",
        "0.5,1",
        "--max_steps",
        "20",
        "--workers",
        "1",
        "--report",
        "false",
    ]
    for seed in (0, 1):
        images, labels = stripes(seed=seed)
        np.savez("d.npz", x_train=images, y_train=labels)
        if not seed:
            study.main(asked)
    for more in ([], ["--dry_run"]):
        refuses(
            "experiments.study",
            *asked,
            *more,
            words=["'moved'", "other examples of 'npz:d.npz'", "of their own"],
        )
    assert len(runs_of("moved")[0]) == 2
