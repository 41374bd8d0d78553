"""A study has one launch at a time; one that has died, here or elsewhere, stops nobody."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from dataclasses import asdict, replace

import psutil
import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from experiments import InputError, lease
from experiments.lease import Driver, Lease


@pytest.fixture
def sleeper():
    """A living process of this machine, as a driver."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        yield Driver(socket.gethostname(), process.pid, psutil.Process(process.pid).create_time())
        process.kill()


@pytest.fixture
def experiment(store, monkeypatch):
    monkeypatch.setattr(lease, "SETTLE", 0.0)
    return MlflowClient().create_experiment("held")


def held(experiment):
    return Lease(MlflowClient(), experiment, "held")


def write(experiment, driver):
    MlflowClient().set_experiment_tag(experiment, lease.TAG, json.dumps(asdict(driver)))


def holder(experiment):
    return MlflowClient().get_experiment(experiment).tags.get(lease.TAG)


# --- who lives ---------------------------------------------------------------------------------------------


def test_a_process_of_this_machine_lives_until_it_ends(sleeper):
    assert Driver.here().lives()
    assert sleeper.lives()
    os.kill(sleeper.pid, 9)
    deadline = time.monotonic() + 5
    while sleeper.lives() and time.monotonic() < deadline:  # it stays a zombie, since nobody waits for it
        time.sleep(0.01)
    assert not sleeper.lives()


def test_another_process_that_got_the_same_id_is_not_taken_for_it(sleeper):
    assert not replace(sleeper, started=sleeper.started - 100).lives()


def test_a_driver_elsewhere_lives_while_it_shows_signs_of_life():
    now = time.time()
    assert Driver("elsewhere", 1, 0.0, now - lease.SILENCE / 2).lives()
    assert not Driver("elsewhere", 1, 0.0, now - lease.SILENCE - 1).lives()


# --- one at a time -----------------------------------------------------------------------------------------


def test_a_living_launch_is_not_disturbed_and_the_second_one_says_where_it_runs(experiment, sleeper):
    write(experiment, replace(sleeper, seen=time.time() - 20))
    before = holder(experiment)
    with pytest.raises(InputError, match=rf"'held' is being run by process {sleeper.pid} on .*, seen 20 s ago"):
        held(experiment).__enter__()
    assert holder(experiment) == before


def test_a_launch_elsewhere_is_not_disturbed_while_it_may_live(experiment):
    write(experiment, Driver("elsewhere", 1, 0.0, time.time() - 100))
    with pytest.raises(InputError, match="by process 1 on elsewhere"):
        held(experiment).__enter__()


@pytest.mark.parametrize("host", ["elsewhere", socket.gethostname()])
def test_a_dead_launch_is_followed_by_the_next(experiment, host):
    write(experiment, Driver(host, os.getpid(), started=0.0, seen=0.0))
    with held(experiment):
        assert json.loads(holder(experiment))["pid"] == os.getpid()


def test_the_lease_is_given_back_at_the_end_and_after_an_error(experiment):
    with pytest.raises(ZeroDivisionError), held(experiment):
        raise ZeroDivisionError
    assert not holder(experiment)
    with held(experiment):
        pass
    assert not holder(experiment)


def test_of_launches_at_the_same_moment_one_goes_on(experiment, monkeypatch):
    monkeypatch.setattr(lease, "SETTLE", 2.0)
    processes = [subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) for _ in range(3)]
    went_on, refused, start = [], [], threading.Barrier(len(processes))

    def launch(process):
        mine = held(experiment)
        mine.driver = Driver(socket.gethostname(), process.pid, psutil.Process(process.pid).create_time())
        start.wait()
        try:
            mine.__enter__()
            went_on.append(mine)
        except InputError:
            refused.append(mine)

    threads = [threading.Thread(target=launch, args=(process,)) for process in processes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in went_on:
        one.__exit__()
    for process in processes:
        process.kill()
        process.wait()
    assert (len(went_on), len(refused)) == (1, 2)


# --- signs of life -----------------------------------------------------------------------------------------


def test_the_holder_shows_signs_of_life(experiment, monkeypatch):
    monkeypatch.setattr(lease, "RENEW", 0.02)
    with held(experiment):
        first, deadline = json.loads(holder(experiment))["seen"], time.monotonic() + 5
        while json.loads(holder(experiment))["seen"] == first and time.monotonic() < deadline:
            time.sleep(0.01)
        assert json.loads(holder(experiment))["seen"] > first


def test_who_has_lost_the_lease_is_interrupted_and_leaves_it_alone(experiment, monkeypatch, sleeper):
    monkeypatch.setattr(lease, "RENEW", 0.02)
    mine = held(experiment)
    with pytest.raises(KeyboardInterrupt), mine:
        write(experiment, sleeper)
        time.sleep(5)
    assert mine.lost
    assert json.loads(holder(experiment))["pid"] == sleeper.pid


def test_that_the_store_is_away_is_said_once_and_that_it_is_back_once(experiment, monkeypatch, capsys):
    monkeypatch.setattr(lease, "RENEW", 0.01)
    tries = []

    class Away(MlflowClient):
        def set_experiment_tag(self, *arguments):
            tries.append(arguments)
            if 1 < len(tries) < 6:
                raise MlflowException("API request to http://nowhere failed")
            super().set_experiment_tag(*arguments)

    with Lease(Away(), experiment, "held"):
        deadline = time.monotonic() + 5
        while len(tries) < 8 and time.monotonic() < deadline:
            time.sleep(0.01)
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("the tracking store is away, trying again for 10 minutes: API request")
    assert second == "the tracking store is back"
