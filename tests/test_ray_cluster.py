"""A study on Ray: what reaches its workers, nodes and drivers that are lost, clusters that
cannot be used.
"""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager

import pytest
from conftest import TESTS, environment
from mlflow import MlflowClient
from servers import free_port, mlflow_server, ray_nodes
from trials import resolved

from experiments import study
from experiments.orchestration.engine import on_ray
from experiments.orchestration.grid import grid
from experiments.orchestration.options import parse
from experiments.training.devices import precision_on
from tracking.errors import InputError

pytest.importorskip("ray", reason='Ray is not installed: pip install ".[ray]"')
from experiments.orchestration import ray_cluster

GRID = ["--study", "lost", "--architectures", "mlp", "--fractions", "0.5,1", "--samples", "3"]
GRID += ["--max_steps", "1500", "--patience", "1500", "--report", "false"]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with mlflow_server(tmp_path_factory.mktemp("server")) as uri:
        yield uri


# --- what reaches the workers ----------------------------------------------------------------


def looker():
    """A set-up function, made here so that it travels by value: what a worker sees."""

    def looking(open_data):
        data = open_data()

        def work(job):
            time.sleep(0.5)  # so that the other worker gets some, too
            names = (
                "CUDA_VISIBLE_DEVICES",
                "MLFLOW_TRACKING_PASSWORD",
                "MLFLOW_TRACKING_URI",
                "OMP_NUM_THREADS",
            )
            return (
                os.getpid(),
                mapped(data.pool.images),
                {name: os.environ.get(name) for name in names},
                total(data),
            )

        return work

    def mapped(tensor):
        """The file that a tensor's memory is mapped to."""
        with open("/proc/self/maps") as lines:  # noqa: PTH123
            spans = [line.split(maxsplit=5) for line in lines]
        ends = [[int(address, 16) for address in span[0].split("-")] for span in spans]
        return next(
            span[-1]
            for span, (start, end) in zip(spans, ends)
            if start <= tensor.data_ptr() < end
        )

    def total(data):
        parts = (data.pool, data.validation, data.test)
        return data.fingerprint, [
            (part.images.double().sum().item(), part.labels.sum().item()) for part in parts
        ]

    return looking, total


def test_workers_share_a_gpu_and_one_copy_of_the_data_and_can_log_in(
    server, digits, monkeypatch
):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "somebody")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "secret")
    looking, total = looker()
    with (
        ray_nodes({"num_cpus": 4, "num_gpus": 1}) as nodes,
        on_ray(digits, nodes.address, workers=0, cpus=1, gpus=0.5, modules=[]) as engine,
    ):
        answers = [answer for _, answer in engine.run(range(6), looking, (engine.open_task,))]
        assert engine.ask(precision_on, "cpu") == precision_on("cpu")
        assert engine.ask(lambda: os.getpid()) != os.getpid()
    processes, places, environments, totals = zip(*answers)
    assert len(set(processes)) == 2  # half a GPU each
    assert len(set(places)) == 1
    assert "plasma" in places[0]  # Ray's object store
    assert environments[0] == {
        "CUDA_VISIBLE_DEVICES": "0",
        "MLFLOW_TRACKING_PASSWORD": "secret",
        "MLFLOW_TRACKING_URI": server,
        "OMP_NUM_THREADS": "1",
    }
    assert all(each == total(digits) for each in totals)


# --- a study ---------------------------------------------------------------------------------


@contextmanager
def launched(uri, address):
    """The study as its users launch it; it is killed if it still runs at the end."""
    driver = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "experiments.study",
            *GRID,
            "--engine",
            "ray",
            "--ray_address",
            address,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(MLFLOW_TRACKING_URI=uri),
    )
    try:
        yield driver
    finally:
        driver.kill()
        driver.communicate()


def keys(uri):
    """Of the study's runs: {status: [key of the trial, …]}."""
    client = MlflowClient(uri)
    experiment = client.get_experiment_by_name("lost")
    found = client.search_runs([experiment.experiment_id]) if experiment else []
    trials = [
        (run.info.status, run.data.tags["trial"]) for run in found if "trial" in run.data.tags
    ]
    return {status: [key for state, key in trials if state == status] for status in STATES}


STATES = ("RUNNING", "FINISHED", "KILLED", "FAILED")


def wait_for(driver, uri, **least):
    """Until there are so many runs of each status; returns the keys."""
    while True:
        now = keys(uri)
        if all(len(now[status]) >= count for status, count in least.items()):
            return now
        assert driver.poll() is None, driver.stdout.read()
        time.sleep(0.2)


def test_a_study_that_loses_a_node_and_is_stopped_and_continued_holds_every_trial_once(server):
    with ray_nodes({"num_cpus": 1}, {"num_cpus": 2}) as nodes:
        (lost,) = nodes.worker_nodes
        with launched(server, nodes.address) as driver:
            wait_for(driver, server, RUNNING=3, FINISHED=1)
            nodes.remove_node(lost, allow_graceful=False)  # kill -9
            after = wait_for(driver, server, KILLED=1)
            wait_for(driver, server, FINISHED=len(after["FINISHED"]) + 1, RUNNING=1)
            driver.send_signal(signal.SIGINT)
            said, _ = driver.communicate(timeout=30)
        assert driver.returncode == 2, said
        assert (
            "error: study 'lost' was stopped; the same command continues it where it is"
            in said
        )
        assert "Traceback" not in said
        assert keys(server)["RUNNING"] == []
        with launched(server, nodes.address) as driver:
            said, _ = driver.communicate(timeout=120)
    assert driver.returncode == 0, said
    ended = keys(server)
    assert Counter(ended["FINISHED"]) == Counter(
        trial.key for trial in resolved(grid(parse(GRID)), "cpu")
    )
    assert ended["RUNNING"] == ended["FAILED"] == []
    assert len(ended["KILLED"]) >= 2  # at the lost node and at Ctrl-C


def test_trainers_of_ones_own_and_commands_run_on_ray(store, monkeypatch):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    program = f"{TESTS / 'example_command.py'} {{subset}} 0.1 {{seed}} {{result}}"
    command = f"command:{sys.executable} {program}"
    study.main(
        ["--study", "own", "--engine", "ray", "--workers", "1", "--report", "false"]
        + ["--trainers", f"own_trainers:careless,own_trainers:slow_steps,{command}"]
        + ["--examples", "400", "--fractions", "0.1,0.5", "--samples", "0"]
    )
    client = MlflowClient()
    found = client.search_runs([client.get_experiment_by_name("own").experiment_id])
    runs = [run for run in found if "trial" in run.data.tags]
    assert [run.info.status for run in runs] == ["FINISHED"] * 6
    assert len({run.data.params["trainer"] for run in runs}) == 3


# --- what is refused -------------------------------------------------------------------------

RAY = ["--engine", "ray"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--engine", "slurm"], ["engine 'slurm'", "here, ray"]),
        (["--ray_address", "auto"], ["ray_address 'auto'", "engine=ray"]),
        ([*RAY, "--cpus_per_trial", "0"], ["cpus_per_trial 0 ", "positive"]),
        ([*RAY, "--gpus_per_trial", "-1"], ["gpus_per_trial -1 ", "0 to 1, 2, 3"]),
        ([*RAY, "--gpus_per_trial", "1.5"], ["gpus_per_trial 1.5 ", "0 to 1, 2, 3"]),
        ([*RAY, "--device", "cuda"], ["device 'cuda'", "gpus_per_trial"]),
        (
            [*RAY, "--ray_address", "10.0.0.1:6379"],
            ["sqlite", "'10.0.0.1:6379'", "mlflow server"],
        ),
    ],
)
def test_what_no_cluster_can_do_is_refused_in_one_line(refuses, store, arguments, words):
    refuses("experiments.study", *arguments, words=words)


@pytest.mark.parametrize("address", ["nonsense", "http://127.0.0.1:8265", "127.0.0.1:port"])
def test_what_is_no_address_is_refused_with_what_is_allowed(
    refuses, server, monkeypatch, address
):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    refuses(
        "experiments.study",
        *RAY,
        "--ray_address",
        address,
        words=[f"'{address}'", "HOST:PORT, ray://HOST:PORT"],
    )


def test_an_address_where_nothing_or_something_else_answers_is_refused_in_one_line(
    refuses, server, monkeypatch
):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    for address in (f"ray://127.0.0.1:{free_port()}", server.removeprefix("http://")):
        refuses(
            "experiments.study",
            *RAY,
            "--ray_address",
            address,
            words=["no Ray answers", address],
        )


def test_a_cluster_whose_nodes_cannot_reach_the_store_is_refused_in_one_line(
    refuses, server, monkeypatch
):
    def fails():
        raise InputError("no way\nto the store")

    with ray_nodes({"num_cpus": 1}, {"num_cpus": 1, "node_ip_address": "127.0.0.2"}) as nodes:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
        words = [f"'{server}'", "one machine only"]
        refuses("experiments.study", *RAY, "--ray_address", nodes.address, words=words)
        with (
            ray_cluster.connected(nodes.address, modules=[], environment={}),
            pytest.raises(InputError, match=r"cannot run trials: .*no way to the store$"),
        ):
            ray_cluster.ask_a_node(fails, cpus=1, gpus=0)


def test_where_ray_is_not_installed_it_says_how(refuses, store, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "experiments.orchestration.ray_cluster", raising=False)
    monkeypatch.delattr("experiments.orchestration.ray_cluster", raising=False)
    refuses(
        "experiments.study",
        *RAY,
        words=["Ray, which is not installed", 'pip install ".[ray]"'],
    )
