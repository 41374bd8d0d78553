"""Whatever is killed, and whenever: launched until it is done, a study holds every trial once,
and nothing RUNNING.
"""

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace

import psutil
import pytest
from conftest import TESTS, environment
from mlflow import MlflowClient
from trials import resolved

from experiments.orchestration.grid import grid
from experiments.orchestration.options import parse
from experiments.tasks.load import load_task, on_task

LAUNCHES = 5  # two victims end one; a lease that was left behind ends another
GRID = ["--study", "killed", "--fractions", "0.1,0.5", "--samples", "3"]
GRID += ["--max_steps", "1000", "--patience", "1000"]
ARCHITECTURES = [*GRID, "--architectures", "linear,mlp"]
PROGRAM = f"{TESTS / 'example_command.py'} {{subset}} 0.1 {{seed}} {{result}}"
TRAINERS = [
    *GRID,
    "--trainers",
    f"own_trainers:slow,own_trainers:slow_steps,command:{sys.executable} {PROGRAM}",
    "--examples",
    "400",
]


def launch(arguments):
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "experiments.study",
            *arguments,
            "--workers",
            "2",
            "--report",
            "false",
            "--retries",
            "3",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(),
    )


def workers_of(driver):
    """The driver's workers; Python's own helper processes are not among them."""
    try:
        children = psutil.Process(driver.pid).children()
        return [child for child in children if "spawn_main" in " ".join(child.cmdline())]
    except psutil.NoSuchProcess:
        return []


def kill(driver, what):
    """Kill a worker or the driver; whether the driver goes on."""
    if what == "worker":
        for worker in workers_of(driver)[:1]:
            worker.kill()
        return True
    driver.send_signal(
        {"driver": signal.SIGKILL, "Ctrl-C": signal.SIGINT, "scheduler": signal.SIGTERM}[what]
    )
    return False


def planned(arguments):
    """The keys of the trials that are asked for."""
    options = parse(arguments)
    task = load_task(options.settings, trainers=options.trainers)
    options = replace(options, settings=on_task(options.settings, task))
    return [trial.key for trial in resolved(grid(options), "auto")]


@pytest.mark.parametrize(
    ("arguments", "best", "models"),
    [
        (ARCHITECTURES, 4, 4),
        (TRAINERS, 6, 2),  # one of the three gives a model
        ([*TRAINERS, "--pruning", "halving"], 6, 2),
    ],
)
def test_every_trial_is_there_once_whatever_is_killed_and_whenever(
    store, arguments, best, models, seed=1
):
    chance = random.Random(seed)
    victims = ["worker", "driver", chance.choice(["Ctrl-C", "scheduler"])]
    chance.shuffle(victims)
    for _ in range(LAUNCHES):
        driver = launch(arguments)
        for line in driver.stdout:
            if line.startswith("[") and victims:
                time.sleep(chance.uniform(0, 0.3))
                if not kill(driver, victims.pop()):
                    break
        said = driver.communicate()[0]
        assert "Traceback" not in said
        if driver.returncode == 0:
            break
    assert driver.returncode == 0, said
    client = MlflowClient()
    runs = client.search_runs([client.get_experiment_by_name("killed").experiment_id])
    finished = Counter(
        run.data.tags["trial"] for run in runs if "trial" in run.data.tags and ended(run)
    )
    assert finished == Counter(planned(arguments))
    assert {run.info.status for run in runs} <= {"FINISHED", "KILLED"}
    assert len(client.search_runs(["1"], "tags.best = 'true'")) == best
    assert len(list(store.glob("mlruns/*/models/*/artifacts/MLmodel"))) == models


def ended(run):
    return run.info.status == "FINISHED"
