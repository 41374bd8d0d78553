"""A study has one launch at a time; one that has died, here or elsewhere, stops nobody."""

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict, replace
from types import SimpleNamespace

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from experiments.orchestration import lease
from experiments.orchestration.fence import LeaseLost
from experiments.orchestration.lease import Driver, Lease
from tracking.errors import InputError


@pytest.fixture
def sleeper():
    """A living process of this machine, as a driver."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        yield Driver(
            socket.gethostname(), process.pid, psutil.Process(process.pid).create_time()
        )
        process.kill()


@pytest.fixture
def experiment(store):
    return MlflowClient().create_experiment("held")


def held(experiment):
    return Lease(MlflowClient(), experiment, "held")


def write(experiment, driver, holds=True):
    MlflowClient().set_experiment_tag(
        experiment, driver.tag, json.dumps(asdict(replace(driver, holds=holds)))
    )


def drivers(experiment):
    tags = MlflowClient().get_experiment(experiment).tags
    return [json.loads(value) for tag, value in tags.items() if tag.startswith("driver.")]


# --- who lives -------------------------------------------------------------------------------


def test_a_process_of_this_machine_lives_until_it_ends(sleeper):
    assert Driver.here().lives()
    assert sleeper.lives()
    os.kill(sleeper.pid, 9)
    deadline = time.monotonic() + 5
    while (
        sleeper.lives() and time.monotonic() < deadline
    ):  # it stays a zombie, since nobody waits for it
        time.sleep(0.01)
    assert not sleeper.lives()


def test_another_process_that_got_the_same_id_is_not_taken_for_it(sleeper):
    assert not replace(sleeper, started=sleeper.started - 100).lives()


def test_a_driver_elsewhere_lives_while_it_shows_signs_of_life():
    now = time.time()
    assert Driver("elsewhere", 1, 0.0, now - lease.SILENCE / 2).lives()
    assert not Driver("elsewhere", 1, 0.0, now - lease.SILENCE - 1).lives()


def test_a_driver_in_another_container_of_the_same_name_lives_though_its_process_is_not_here():
    unknown = Driver(socket.gethostname(), 2**22 + 1, 0.0, time.time(), processes="another")
    assert unknown.lives() and not replace(unknown, processes=Driver.here().processes).lives()
    assert replace(Driver.here(), processes="another").tag != Driver.here().tag


# --- one at a time ---------------------------------------------------------------------------


def test_a_living_launch_is_not_disturbed_and_the_second_one_says_where_it_runs(
    experiment, sleeper
):
    write(experiment, replace(sleeper, seen=time.time() - 20))
    before = drivers(experiment)
    with pytest.raises(
        InputError, match=rf"'held' is being run by process {sleeper.pid} on .*, seen 20 s ago"
    ):
        held(experiment).__enter__()
    assert drivers(experiment) == before


def test_a_launch_elsewhere_is_not_disturbed_while_it_may_live(experiment):
    write(experiment, Driver("elsewhere", 1, 0.0, time.time() - 100))
    with pytest.raises(InputError, match="by process 1 on elsewhere"):
        held(experiment).__enter__()


@pytest.mark.parametrize("host", ["elsewhere", socket.gethostname()])
def test_a_dead_launch_is_followed_by_the_next(experiment, host):
    write(experiment, Driver(host, os.getpid(), started=0.0, seen=0.0))
    with held(experiment):
        (holder,) = drivers(experiment)
        assert (holder["pid"], holder["started"]) == (
            os.getpid(),
            psutil.Process().create_time(),
        )


def test_the_lease_is_given_back_at_the_end_and_after_an_error(experiment):
    with pytest.raises(ZeroDivisionError), held(experiment):
        raise ZeroDivisionError
    assert drivers(experiment) == []
    with held(experiment):
        pass
    assert drivers(experiment) == []


@pytest.mark.parametrize("launches", [2, 3, 8])
def test_of_launches_at_the_same_moment_one_goes_on(experiment, monkeypatch, launches):
    monkeypatch.setattr(lease, "STEP_BACK", 0.1)
    monkeypatch.setattr(
        Driver, "lives", lambda driver: True
    )  # so that ids of processes may be invented
    went_on = []
    refused = []
    start = threading.Barrier(launches)

    def launch(pid):
        mine = held(experiment)
        mine.driver = Driver(socket.gethostname(), pid, 0.0)
        start.wait()
        try:
            went_on.append(mine.__enter__())
        except InputError:
            refused.append(mine)

    threads = [threading.Thread(target=launch, args=(pid,)) for pid in range(launches)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in went_on:
        one.__exit__()
    assert (len(went_on), len(refused)) == (1, launches - 1)
    assert drivers(experiment) == []


@settings(max_examples=300, deadline=None)
@given(chance=st.randoms(use_true_random=False), launches=st.integers(2, 4))
def test_never_do_two_launches_go_on_in_whatever_order_their_steps_reach_the_store(
    chance, launches
):
    """Each launch is stopped before each of its calls, and the one that takes the next step is
    drawn.
    """
    tags = {}
    holding = []

    def steps(pid):
        def step(name, *arguments):
            calls.put((name, arguments))
            return answers.get()

        calls = queue.SimpleQueue()
        answers = queue.SimpleQueue()
        client = SimpleNamespace(
            set_experiment_tag=lambda _, tag, value: step("write", tag, value),
            delete_experiment_tag=lambda _, tag: step("delete", tag),
            get_experiment=lambda _: SimpleNamespace(tags=step("read")),
        )
        mine = Lease(client, "0", "held")
        mine.driver = Driver(socket.gethostname(), pid, 0.0)

        def launch():
            try:
                mine.__enter__()
                holding.append(pid)
            except InputError:
                pass
            calls.put(None)

        threading.Thread(target=launch, daemon=True).start()
        return calls, answers

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Driver, "lives", lambda driver: True)
        patch.setattr(lease, "STEP_BACK", 0.0)
        waiting = {pid: steps(pid) for pid in range(launches)}
        while waiting:
            pid = chance.choice(sorted(waiting))
            calls, answers = waiting[pid]
            call = calls.get(timeout=10)
            if call is None:
                del waiting[pid]
                continue
            name, arguments = call
            if name == "write":
                tags[arguments[0]] = arguments[1]
            if name == "delete":
                del tags[arguments[0]]
            answers.put(dict(tags) if name == "read" else None)
    assert len(holding) <= 1


# --- signs of life ---------------------------------------------------------------------------


def test_the_holder_shows_signs_of_life(experiment, monkeypatch):
    monkeypatch.setattr(lease, "RENEW", 0.02)
    with held(experiment):
        (first,), deadline = drivers(experiment), time.monotonic() + 5
        while drivers(experiment) == [first] and time.monotonic() < deadline:
            time.sleep(0.01)
        (later,) = drivers(experiment)
        assert later["seen"] > first["seen"]
        assert later["holds"]


@pytest.fixture
def background():
    """SIGINT is ignored, as by what `sh -c 'command &'` starts."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGINT, before)


def test_who_has_lost_the_lease_hears_it_when_it_asks_and_leaves_the_other_alone(
    experiment, monkeypatch, sleeper, background
):
    monkeypatch.setattr(lease, "RENEW", 0.02)
    mine = held(experiment)
    with pytest.raises(LeaseLost), mine:
        write(experiment, sleeper)
        for _ in range(50):  # a renewal under way writes the tag anew
            with suppress(MlflowException):
                MlflowClient().delete_experiment_tag(experiment, mine.driver.tag)
            time.sleep(0.1)
            mine.flag.ask()
    assert mine.lost
    assert [driver["pid"] for driver in drivers(experiment)] == [sleeper.pid]


def test_a_driver_whose_clock_is_ten_minutes_off_is_watched_and_not_taken_for_dead(
    experiment, monkeypatch, capsys
):
    monkeypatch.setattr(lease, "RENEW", 0.4)
    slow = Driver("elsewhere", 1, 0.0, time.time() - 600)
    write(experiment, slow)
    sign = replace(slow, seen=slow.seen + 30)
    threading.Timer(0.3, write, [experiment, sign]).start()
    with pytest.raises(InputError, match="by process 1 on elsewhere"):
        held(experiment).__enter__()
    assert "watching it for 1 s" in capsys.readouterr().out


def test_a_driver_elsewhere_that_shows_no_sign_while_it_is_watched_is_followed(
    experiment, monkeypatch
):
    monkeypatch.setattr(lease, "RENEW", 0.1)
    write(experiment, Driver("elsewhere", 1, 0.0, time.time() - 600))
    with held(experiment):
        assert [driver["host"] for driver in drivers(experiment)] == [socket.gethostname()]


def test_that_the_store_is_away_is_said_once_and_that_it_is_back_once(
    experiment, monkeypatch, capsys
):
    monkeypatch.setattr(lease, "RENEW", 0.01)
    tries = []

    class Away(MlflowClient):
        def set_experiment_tag(self, *arguments):
            tries.append(arguments)
            if 2 < len(tries) < 7:
                raise MlflowException("API request to http://nowhere failed")
            super().set_experiment_tag(*arguments)

    with Lease(Away(), experiment, "held"):
        deadline = time.monotonic() + 5
        while len(tries) < 9 and time.monotonic() < deadline:
            time.sleep(0.01)
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(
        "the tracking store is away, trying again for 10 minutes: API request"
    )
    assert second == "the tracking store is back"
