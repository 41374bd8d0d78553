"""Whatever is killed, and whenever: launched until it is done, a study holds every trial once, and nothing RUNNING."""

import random
import signal
import subprocess
import sys
import time
from collections import Counter

import psutil
import pytest
from conftest import environment
from mlflow import MlflowClient

from experiments.grid import grid
from experiments.options import parse

GRID = ["--study", "killed", "--architectures", "linear,mlp", "--fractions", "0.1,0.5", "--samples", "3"]
GRID += ["--max_steps", "1500", "--patience", "1500"]


def launch():
    return subprocess.Popen(
        [sys.executable, "-m", "experiments.study", *GRID, "--workers", "2", "--report", "false", "--retries", "3"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(),
    )


def processes(driver):
    """The driver's workers; Python's own helper processes are not among them."""
    try:
        children = psutil.Process(driver.pid).children()
        return [child for child in children if "spawn_main" in " ".join(child.cmdline())]
    except psutil.NoSuchProcess:
        return []


def kill_something(driver, chance):
    """A worker or the driver, by kill -9, Ctrl-C or a scheduler's way; whether the driver goes on."""
    what = chance.choice(["worker", "worker", "driver", "interrupt", "terminate"])
    if what == "worker":
        for worker in processes(driver)[:1]:
            worker.kill()
        return True
    driver.send_signal({"driver": signal.SIGKILL, "interrupt": signal.SIGINT, "terminate": signal.SIGTERM}[what])
    return False


@pytest.mark.parametrize("seed", [1])
def test_every_trial_is_there_once_whatever_is_killed(store, seed):
    chance, kills = random.Random(seed), 5
    while True:
        driver = launch()
        for line in driver.stdout:
            if line.startswith("[") and kills:
                time.sleep(chance.uniform(0, 0.3))
                kills -= 1
                if not kill_something(driver, chance):
                    break
        said = driver.communicate()[0]
        assert "Traceback" not in said
        if driver.returncode == 0:
            break
    client = MlflowClient()
    runs = client.search_runs([client.get_experiment_by_name("killed").experiment_id])
    finished = Counter(run.data.tags["trial"] for run in runs if "trial" in run.data.tags and ended(run))
    assert finished == Counter(trial.key for trial in grid(parse(GRID)))
    assert {run.info.status for run in runs} <= {"FINISHED", "KILLED"}
    best = client.search_runs(["1"], "tags.best = 'true'")
    assert len(best) == 4
    assert len(list(store.glob("mlruns/*/models/*/artifacts/MLmodel"))) == 4


def ended(run):
    return run.info.status == "FINISHED"
