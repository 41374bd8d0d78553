"""A study against `mlflow server` over HTTP, and eight workers at once on stores that have
never been used.
"""

import subprocess
import sys
from collections import Counter

from conftest import environment
from mlflow import MlflowClient
from servers import mlflow_server, postgresql

from experiments.training.devices import find_device
from experiments.training.trial import Trial

FRACTIONS = (0.05, 0.1, 0.2, 0.4)
STUDY = [
    sys.executable,
    "-m",
    "experiments.study",
    "--study",
    "served",
    "--architectures",
    "linear,forest",
]
STUDY += [
    "--fractions",
    ",".join(map(str, FRACTIONS)),
    "--samples",
    "1",
    "--max_steps",
    "20",
    "--workers",
    "8",
]
STUDY += ["--report", "false"]
WANTED = {
    Trial(architecture=name, fraction=fraction, sample=sample, max_steps=20)
    .resolved(find_device("auto"))
    .key
    for name in ("linear", "forest")
    for fraction in FRACTIONS
    for sample in (0, 1)
}


def study(folder, uri):
    """Run the study as its users do; returns what it printed."""
    done = subprocess.run(
        STUDY,
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment(MLFLOW_TRACKING_URI=uri),
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def assert_exact(uri):
    """Every trial has one FINISHED run, and there is no other run but the study's."""
    client = MlflowClient(uri)
    found = client.search_runs([client.get_experiment_by_name("served").experiment_id])
    trials = [run for run in found if "trial" in run.data.tags]
    assert Counter(run.data.tags["trial"] for run in trials) == Counter(WANTED)
    assert {run.info.status for run in found} == {"FINISHED"}
    assert len(found) == len(trials) + 1
    assert all(
        run.data.metrics["test_loss"] > 0 and run.inputs.dataset_inputs for run in trials
    )


def test_eight_workers_over_http_on_a_fresh_server_with_postgresql(tmp_path):
    with postgresql() as database, mlflow_server(tmp_path, database) as uri:
        assert "16 trials, 0 done, 16 to do on 8 workers" in study(tmp_path, uri)
        assert_exact(uri)
    models = list(tmp_path.glob("artifacts/*/models/*/artifacts/MLmodel"))
    assert (
        len(models) == 8
    )  # the best of each architecture and fraction, sent to the server and kept there


def test_eight_workers_on_a_fresh_sqlite_file(tmp_path):
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    study(tmp_path, uri)
    assert_exact(uri)
