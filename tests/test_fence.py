"""No trial is FINISHED twice, whatever hosts, clocks and stopped processes do."""

import threading
import time
from collections import Counter

import pytest
from mlflow import MlflowClient

from experiments.orchestration import fence, lease
from experiments.orchestration.fence import LeaseLost
from experiments.orchestration.lease import Driver, Lease
from experiments.orchestration.study_runs import end_running, open_parent
from tracking.errors import InputError

KEYS = ("a", "b", "c")


@pytest.fixture
def experiment(store):
    return MlflowClient().create_experiment("fenced")


@pytest.fixture
def parent(experiment):
    return open_parent(MlflowClient(), experiment, "fenced", "").info.run_id


def opened(experiment, key):
    tags = {"trial": key, "study": "fenced"}
    return MlflowClient().create_run(experiment, tags=tags).info.run_id


def finished(experiment):
    runs = MlflowClient().search_runs([experiment], "attributes.status = 'FINISHED'")
    return Counter(run.data.tags["trial"] for run in runs)


def test_of_two_who_write_a_parameter_at_once_one_is_told_no(experiment):
    run = opened(experiment, "a")
    said = []
    start = threading.Barrier(4)

    def write(value):
        start.wait()
        said.append(fence.claim(MlflowClient(), run, "ended", value))

    threads = [threading.Thread(target=write, args=(f"by {i}",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == [False, False, False, True]
    value = MlflowClient().get_run(run).data.params["ended"]
    assert fence.claim(MlflowClient(), run, "ended", value), "a lost answer is asked for again"


def test_what_a_stopped_launch_was_at_is_ended_and_it_cannot_finish_it_any_more(
    experiment, parent
):
    client = MlflowClient()
    first = fence.take_number(client, parent)
    run = opened(experiment, "a")
    assert fence.take_number(client, parent) == first + 1
    assert [one.info.run_id for one in end_running(client, experiment)] == [run]
    assert not fence.finish(client, run)
    with pytest.raises(LeaseLost):
        fence.check_not_followed(client, parent, first)
    assert finished(experiment) == {}


def test_what_a_killed_worker_had_recorded_wholly_is_finished_by_the_next_launch(
    experiment, parent
):
    client = MlflowClient()
    run = opened(experiment, "a")
    assert fence.claim(client, run, "ended", "FINISHED")  # and then it was killed
    assert end_running(client, experiment) == []
    assert finished(experiment) == {"a": 1}


class Launch:
    """A launch of a study of three trials, which can be stopped before each of its calls."""

    def __init__(self, host, experiment, parent, stop_before=None):
        self.host = host
        self.place = experiment, parent
        self.stop_before = stop_before
        self.stopped = threading.Event()
        self.goes_on = threading.Event()
        self.calls = 0
        self.thread = threading.Thread(target=self.run)

    def __getattr__(self, name):
        """As the client of a store: every call is counted."""
        self.calls += 1
        if self.calls == self.stop_before:
            self.stopped.set()
            self.goes_on.wait(60)
        return getattr(MlflowClient(), name)

    def run(self):
        experiment, parent = self.place
        mine = Lease(self, experiment, "fenced")
        mine.driver = Driver(self.host, 1, 0.0)
        try:
            with mine:
                self.train(experiment, parent)
        except InputError:
            pass
        self.stopped.set()

    def train(self, experiment, parent):
        number = fence.take_number(self, parent)
        end_running(self, experiment)
        done = set(finished(experiment))
        for key in KEYS:
            if key in done:
                continue
            run = opened(experiment, key)
            fence.check_not_followed(self, parent, number)
            fence.finish(self, run)


@pytest.mark.parametrize("stop_before", range(4, 20, 3))
@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_launch_that_is_stopped_and_taken_over_by_another_host_finishes_nothing_twice(
    experiment, parent, monkeypatch, stop_before, minutes
):
    """The second host's clock is ten minutes off, so it takes the first for dead."""
    monkeypatch.setattr(lease, "RENEW", 0.02)
    monkeypatch.setattr(lease, "SILENCE", 0)
    monkeypatch.setattr(lease, "STEP_BACK", 0.01)
    now = time.time
    slow = Launch("one", experiment, parent, stop_before)
    slow.thread.start()
    slow.stopped.wait(60)
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: now() + 60 * minutes)
        fast = Launch("two", experiment, parent)
        fast.run()
    slow.goes_on.set()
    slow.thread.join()
    last = Launch("three", experiment, parent)
    last.run()
    assert finished(experiment) == dict.fromkeys(KEYS, 1)


def test_two_launches_that_begin_a_study_at_once_do_not_make_two_of_it(experiment):
    class Late(MlflowClient):
        """Another launch makes its run between this one's look and its own run."""

        def create_run(self, *given, **options):
            MlflowClient().create_run(experiment, tags={"role": "study"})
            return super().create_run(*given, **options)

    with pytest.raises(InputError, match="is being begun by another launch"):
        open_parent(Late(), experiment, "fenced", "")
    runs = MlflowClient().search_runs([experiment], "tags.role = 'study'")
    assert len(runs) == 1
