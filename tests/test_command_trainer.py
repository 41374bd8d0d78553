"""A trainer that is a command: any language, no shell, its output in the run."""

import json
import shlex
import subprocess
import sys
import time
from pathlib import Path

import jobs
import own_cnn
import psutil
import pytest
import torch
from conftest import TESTS, environment
from mlflow import MlflowClient

from experiments import study
from experiments.orchestration import engine
from experiments.tasks.load import load_task, on_task, with_trainer
from experiments.training.results import TrainerFailed
from experiments.training.train import train
from experiments.training.trial import Trial
from tracking.errors import InputError
from tracking.schema import RunSettings

PROGRAM = shlex.quote(str(TESTS / "example_command.py"))
PYTHON = shlex.quote(sys.executable)
COMMAND = f"command:{PYTHON} {PROGRAM} {{subset}} {{lr}} {{seed}} {{result}}"
SPACE = '{"lr": [0.01, "loguniform", 1e-4, 1e-1]}'
GIVEN = {"examples": "400", "space": SPACE}


def trained(command, **more):
    settings = with_trainer(RunSettings(trainer=command, **GIVEN | more))
    task = load_task(settings)
    trial = Trial(**vars(on_task(settings, task))).resolved(torch.device("cpu"))
    return train(trial, task)


def test_it_reads_its_indices_and_hyperparameters_and_what_it_writes_is_the_result():
    result = trained(COMMAND, fraction=0.5)
    assert result.best.val["loss"] == 2 * 200**-0.5 + 0.01 * 0.01
    assert result.test.errors == {"loss": 0.01}
    assert result.log == "n = 200, lr = 0.01\n"


def test_a_sample_has_other_hyperparameters():
    losses = {trained(COMMAND, sample=sample).best.val["loss"] for sample in range(3)}
    assert len(losses) == 3


def test_labels_in_a_file_stratify(tmp_path):
    labels = tmp_path / "labels.txt"
    labels.write_text("cat\ndog\ndog\ncat\n")
    settings = with_trainer(RunSettings(trainer=COMMAND, space=SPACE, examples=str(labels)))
    task = load_task(settings)
    assert task.strata.tolist() == [0, 1, 1, 0]
    assert task.classes == 2


def test_a_torch_command_equals_the_built_in_cnn_to_the_last_digit(
    monkeypatch, digits, tmp_path
):
    """Where the chances are the same."""
    monkeypatch.setattr(Trial, "seed_for", lambda trial, purpose: 7)
    monkeypatch.setenv("PYTHONPATH", environment()["PYTHONPATH"])
    labels = tmp_path / "labels.txt"
    labels.write_text("\n".join(map(str, digits.strata)))
    command = (
        f"command:{PYTHON} {shlex.quote(own_cnn.__file__)} "
        "--subset {subset} --lr {lr} --seed {seed} --out {result}"
    )
    shared = {"fraction": 0.2, "max_steps": own_cnn.STEPS, "data_seed": 3}
    result = trained(command, examples=str(labels), **shared)
    built_in = train(Trial(architecture="cnn", precision="fp32", **shared), digits)
    assert result.best.val == built_in.best.val
    assert result.test.values == built_in.test.values
    assert result.subset_fingerprint == built_in.subset_fingerprint


# --- what goes wrong -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mood", "kind", "words"),
    [
        ("crash", TrainerFailed, "ended with 3: the disk is full"),
        ("silent", TrainerFailed, "ended with 4: n = 400, lr = 0.01"),
        ("empty", InputError, "wrote nothing to {result}; allowed: a JSON file"),
        ("text", InputError, "wrote no JSON to {result}"),
    ],
)
def test_its_last_line_is_the_reason_and_its_output_is_kept(mood, kind, words):
    with pytest.raises(kind) as failure:
        trained(f"{COMMAND} {mood}")
    assert str(failure.value).startswith(f"trainer '{sys.executable} ")
    assert words in str(failure.value)
    assert "\n" not in str(failure.value)
    assert "n = 400" in failure.value.__notes__[0]


def test_nothing_passes_through_a_shell(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    trained(f"{COMMAND} '$(touch hacked)' ';' 'touch hacked' '>hacked' '*'")
    assert list(tmp_path.iterdir()) == []


def test_braces_that_are_no_placeholder_stay(tmp_path):
    program = tmp_path / "echo.py"
    program.write_text(
        "import json, sys\nprint(sys.argv[3])\n"
        "json.dump({'val_loss': 1, 'test_loss': 1}, open(sys.argv[2], 'w'))\n"
    )
    command = f"command:{PYTHON} {program} {{subset}} {{result}} '{{\"a\": {{}}}}'"
    assert trained(command, space="").log == '{"a": {}}\n'


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["command:python a.py {result}", "--examples", "9"], ["{subset}", "python a.py"]),
        (["command:python a.py {subset}", "--examples", "9"], ["{result}", "python a.py"]),
        (
            ["command:python a.py {subset} {result} {lr}", "--examples", "9"],
            ["{lr} is unknown", "subset, result, seed"],
        ),
        (
            ["command:python 'a.py {subset} {result}", "--examples", "9"],
            ["No closing quotation"],
        ),
        (["command:", "--examples", "9"], ["{subset}"]),
        (["command:nosuch {subset} {result}", "--examples", "9"], ["no program 'nosuch'"]),
        ([COMMAND, "--space", SPACE], ["needs examples", "how many there are"]),
        ([COMMAND, "--space", SPACE, "--examples", "0"], ["0 examples"]),
        ([COMMAND, "--space", SPACE, "--examples", "none.txt"], ["'none.txt' cannot be read"]),
        ([COMMAND, "--examples", "9", "--space", "{"], ["space is no JSON"]),
        ([COMMAND, "--examples", "9", "--space", "none.json"], ["'none.json' cannot be read"]),
        ([COMMAND, "--examples", "9", "--space", "[1]"], ["space is [1]", "allowed: name"]),
        (
            [COMMAND, "--examples", "9", "--space", '{"lr": [1, "normal", 0, 1]}'],
            ["space: lr is", "loguniform, uniform, randint"],
        ),
        ([COMMAND, "--examples", "9", "--space", '{"lr": 3}'], ["space: lr is 3"]),
        (
            [COMMAND, "--examples", "9", "--space", '{"lr": [1, "loguniform", 0, 1]}'],
            ["space: lr is"],
        ),
        (
            [COMMAND, "--examples", "9", "--space", '{"lr": [1, [1]], "width": [2, [2]]}'],
            ["no trainer takes width", "{width}"],
        ),
    ],
)
def test_a_command_that_cannot_be_run_is_refused_in_one_line(refuses, store, arguments, words):
    refuses("experiments.study", "--trainers", *arguments, words=words)
    assert [found.name for found in MlflowClient().search_experiments()] == ["Default"]


def test_a_space_may_stand_in_a_file_and_its_runs_say_what_it_is(store, monkeypatch):
    monkeypatch.setattr(engine, "run_here", jobs.here())
    Path("space.json").write_text(SPACE)
    launch("--space", "space.json")
    (run,) = runs_of()
    assert run.data.params["lr"] == "0.01"
    assert run.data.params["space"] == json.dumps(json.loads(SPACE))


@pytest.mark.parametrize(
    ("entry", "allowed"),
    [
        ('[1, "randint", 1, 3]', {1, 2, 3}),
        ('["a", ["a", "b"]]', {"a", "b"}),
    ],
)
def test_both_ends_of_a_range_and_every_choice_are_drawn(entry, allowed):
    settings = with_trainer(
        RunSettings(trainer=COMMAND, examples="9", space=f'{{"lr": {entry}}}')
    )
    task = load_task(settings)
    drawn = {
        Trial(**vars(on_task(settings, task)) | {"sample": sample}).hyperparameters["lr"]
        for sample in range(1, 40)
    }
    assert drawn == allowed


# --- in a study ------------------------------------------------------------------------------


def launch(*more):
    given = [
        "--study",
        "commands",
        "--trainer",
        COMMAND,
        "--examples",
        "400",
        "--samples",
        "0",
    ]
    given += ["--fractions", "0.5", "--workers", "1", "--report", "false", "--space", SPACE]
    study.main([*given, *more])


def runs_of():
    client = MlflowClient()
    found = client.search_runs([client.get_experiment_by_name("commands").experiment_id])
    return [run for run in found if "trial" in run.data.tags]


@pytest.mark.parametrize(("mood", "status"), [("", "FINISHED"), (" crash", "FAILED")])
def test_what_it_prints_goes_to_its_run_whether_it_fails_or_not(
    store, monkeypatch, capsys, mood, status
):
    monkeypatch.setattr(engine, "run_here", jobs.here())
    launch("--trainer", COMMAND + mood, "--retries", "0")
    (run,) = runs_of()
    assert run.info.status == status
    client = MlflowClient()
    path = client.download_artifacts(run.info.run_id, "log.txt")
    assert Path(path).read_text().startswith("n = 200, lr = 0.01\n")
    if mood:
        assert run.data.tags["failure"].endswith("ended with 3: the disk is full")
        assert "failed, 1 trials: trainer '" in capsys.readouterr().out


def test_a_command_ends_with_the_worker_that_was_killed(store, tmp_path):
    """It would go on for an hour."""
    program = tmp_path / "sleep.py"
    program.write_text(
        f"import time, pathlib\npathlib.Path('{tmp_path}/on').touch()\ntime.sleep(3600)\n"
    )
    given = ["--trainer", f"command:{PYTHON} {program} {{subset}} {{result}}", "--space", ""]
    driver = subprocess.Popen(
        [sys.executable, "-m", "experiments.study", "--study", "commands", *given]
        + ["--examples", "9", "--fractions", "1", "--samples", "0", "--workers", "1"],
        env=environment(),
        stdout=subprocess.DEVNULL,
    )
    try:
        while not (tmp_path / "on").exists():
            assert driver.poll() is None
            time.sleep(0.1)
        children = psutil.Process(driver.pid).children(recursive=True)
        asleep = [one for one in children if str(program) in one.cmdline()]
        assert asleep
        driver.kill()
        _, alive = psutil.wait_procs(asleep, timeout=20)
        assert alive == []
    finally:
        driver.kill()
        driver.wait()
