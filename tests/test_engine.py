"""Every job is answered exactly once, in the order given, whatever becomes of the workers:
here and on Ray alike.
"""

import os
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing

import jobs
import pytest
from conftest import ROOT, environment
from servers import ray_nodes

from experiments.orchestration.processes import Died, cores, run_here


@pytest.fixture(params=["here", "ray"])
def run(request):
    """run(jobs, set_up, context, workers) of each engine."""
    return run_here if request.param == "here" else request.getfixturevalue("run_on_ray")


@pytest.fixture(scope="module")
def run_on_ray():
    """run_on_ray, connected to a cluster of two nodes with four CPUs each."""
    with ray_nodes({"num_cpus": 4}, {"num_cpus": 4}) as cluster:
        from experiments.orchestration.ray_cluster import connected, run_on_ray

        with connected(cluster.address, modules=["jobs"], environment={}):
            yield run_on_ray


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_every_job_is_answered_once(run, workers):
    assert sorted(run(range(9), jobs.doubling, (), workers)) == [
        (job, 2 * job) for job in range(9)
    ]


def test_no_jobs_start_no_worker(run):
    assert list(run([], jobs.stillborn, (), 4)) == []


def test_jobs_are_handed_out_in_their_order(run):
    assert [job for job, _ in run([3, 1, 2], jobs.doubling, (), 1)] == [3, 1, 2]


def test_a_free_worker_takes_the_next_job_while_another_is_busy(run, tmp_path):
    answers = run(
        ["wait", "first", "second", "open"], jobs.meeting, (str(tmp_path / "opened"),), 2
    )
    assert [job for job, _ in answers][:2] == ["first", "second"]


def test_the_context_reaches_the_set_up(run):
    assert list(run([1], jobs.adding, (10, 100), 1)) == [(1, 111)]


def test_each_worker_is_set_up_once_and_is_another_process(run, tmp_path):
    answers = list(run([0.3] * 6, jobs.noting, (str(tmp_path / "log"),), 2))
    set_up = (tmp_path / "log").read_text().split()
    assert len(set_up) == len(set(set_up)) == 2
    assert {str(process) for _, process in answers} <= set(set_up)
    assert str(os.getpid()) not in set_up


@pytest.mark.parametrize("workers", [1, 2])
def test_a_job_that_ends_its_process_has_died_and_the_others_go_on(run, workers):
    given = ["a", "exit", "b", "kill", "c", "raise", "d"]
    answers = dict(run(given, jobs.fragile, (), workers))
    assert {job for job, answer in answers.items() if isinstance(answer, Died)} == {
        "exit",
        "kill",
        "raise",
    }
    assert all(
        "worker process ended" in answers[job].reason for job in ("exit", "kill", "raise")
    )
    assert {job: answers[job] for job in "abcd"} == {job: f"{job} done" for job in "abcd"}
    assert list(answers) == given or workers == 2


def test_the_exit_code_of_a_process_is_told():
    answers = dict(run_here(["exit", "kill"], jobs.fragile, (), 1))
    codes = [
        answers[job].reason.removeprefix("worker process ended ") for job in ("exit", "kill")
    ]
    assert codes == ["(3)", "(-9)"]


def test_the_same_job_given_twice_is_answered_twice(run):
    assert Counter(run(["x", "x", "kill"], jobs.fragile, (), 2))["x", "x done"] == 2


def test_workers_that_cannot_be_set_up_end_every_job_and_never_the_caller(run):
    answers = list(run(range(3), jobs.stillborn, (), 2))
    assert sorted(job for job, _ in answers) == [0, 1, 2]
    assert all("worker process ended" in answer.reason for _, answer in answers)


def test_leaving_early_ends_the_processes(run, tmp_path):
    log = tmp_path / "log"
    with closing(run([0.01, 60, 60], jobs.noting, (str(log),), 2)) as running:
        next(running)
    deadline = time.monotonic() + 10
    left = set(log.read_text().split())
    while left and time.monotonic() < deadline:
        left = {process for process in left if lives(process)}
        time.sleep(0.05)
    assert left == set()


def lives(process):
    """Whether a process runs; a zombie, which waits to be noticed, does not."""
    try:
        with open(f"/proc/{process}/stat") as file:  # noqa: PTH123
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_the_workers_of_a_killed_driver_end_and_print_nothing(tmp_path):
    program = f"""
import jobs
from experiments.orchestration.processes import run_here
if __name__ == "__main__":
    list(run_here([0.5, 0.5, 0.5], jobs.noting, ({str(tmp_path / "set-ups")!r},), 2))
"""
    (tmp_path / "driver.py").write_text(program)
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    driver = subprocess.Popen(
        [sys.executable, tmp_path / "driver.py"],
        env=environment(PYTHONPATH=paths),
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    while (
        not (tmp_path / "set-ups").exists()
        or len((tmp_path / "set-ups").read_text().split()) < 2
    ):
        assert driver.poll() is None
        time.sleep(0.01)
    driver.kill()
    assert driver.communicate(timeout=30) == (
        b"",
        b"",
    )  # the pipes close when the last worker has ended


def test_there_is_at_least_one_core():
    assert 1 <= cores() <= os.cpu_count()
