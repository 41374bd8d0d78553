"""A store that is away for a while is waited for: a full disk, a server that is restarted in
the middle of a study.
"""

import errno
import io
import resource
import threading
import time
from collections import Counter
from contextlib import ExitStack, contextmanager, redirect_stdout

import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, TEMPORARILY_UNAVAILABLE
from servers import free_port, mlflow_server

from experiments import study
from experiments.orchestration import lease
from experiments.orchestration.models_kept import model_ids
from experiments.orchestration.progress import Progress
from tracking import retry
from tracking.retry import Patient, StoreAway, away, persist


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(retry, "PAUSE", (0.01, 0.01))


def failing(times, error):
    """A call that fails a few times, and how often it was made."""
    calls = []

    def call(*arguments, **options):
        calls.append((arguments, options))
        if len(calls) <= times:
            raise error
        return "answer"

    return call, calls


NO_ANSWER = MlflowException(
    "API request to http://127.0.0.1:5000 failed with exception: connection refused"
)
FULL = OSError(errno.ENOSPC, "No space left on device")
LOCKED = MlflowException("database is locked", TEMPORARILY_UNAVAILABLE)
UNKNOWN = MlflowException("no such run", RESOURCE_DOES_NOT_EXIST)


@pytest.mark.parametrize("error", [NO_ANSWER, FULL, LOCKED])
def test_a_call_is_made_again_until_it_is_answered(error):
    call, calls = failing(3, error)
    assert persist(call, 1, name="x") == "answer"
    assert calls == [((1,), {"name": "x"})] * 4


@pytest.mark.parametrize("error", [UNKNOWN, FileNotFoundError("gone"), ZeroDivisionError()])
def test_what_another_try_would_not_mend_is_raised_at_once(error):
    call, calls = failing(1, error)
    with pytest.raises(type(error)):
        persist(call)
    assert len(calls) == 1
    assert not away(error)


def test_a_store_that_stays_away_ends_the_study_in_one_line_that_says_how_to_continue(
    monkeypatch,
):
    monkeypatch.setattr(retry, "WAIT", 0)
    with pytest.raises(StoreAway, match=r"connection refused.*the same command continues"):
        persist(failing(9, NO_ANSWER)[0])


@contextmanager
def full_disk():
    """No file of this process can grow, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_what_is_written_to_a_full_disk_is_there_once_it_has_room(store):
    client = Patient(MlflowClient())
    run = client.create_run("0").info.run_id
    text = "x" * 5000
    written = []

    def write():
        for number in range(20):
            client.set_tag(run, f"tag {number}", text)
            written.append(number)

    with full_disk():
        thread = threading.Thread(target=write)
        thread.start()
        time.sleep(0.5)
        assert len(written) < 20
    thread.join(60)
    assert {name for name in client.get_run(run).data.tags if name.startswith("tag")} == {
        f"tag {i}" for i in range(20)
    }


# --- a real server ---------------------------------------------------------------------------


def test_a_server_that_is_restarted_in_the_middle_of_a_study_costs_no_trial(
    store, monkeypatch
):
    """And the models of runs that were beaten are deleted from its disk, too."""
    port = free_port()
    step = Progress.step
    monkeypatch.setattr(lease, "RENEW", 0.2)
    with ExitStack() as server, redirect_stdout(io.StringIO()) as out:
        monkeypatch.setenv(
            "MLFLOW_TRACKING_URI", server.enter_context(mlflow_server(store, port=port))
        )

        def restart_after_the_first(self, outcome):
            step(self, outcome)
            if self.left.total() == self.total - 1:
                server.close()
                threading.Timer(
                    3, server.enter_context, [mlflow_server(store, port=port)]
                ).start()

        monkeypatch.setattr(Progress, "step", restart_after_the_first)
        grid = [
            "--architectures",
            "linear",
            "--fractions",
            "0.1,0.2",
            "--samples",
            "2",
            "--max_steps",
            "60",
        ]
        study.main(["--study", "served", *grid, "--workers", "1", "--report", "false"])
        check_what_is_stored(store, out.getvalue())


def check_what_is_stored(store, said):
    client = MlflowClient()
    found = client.search_runs([client.get_experiment_by_name("served").experiment_id])
    trials = [run for run in found if "trial" in run.data.tags]
    assert (
        Counter(
            run.data.tags["trial"] for run in trials if run.info.status == "FINISHED"
        ).total()
        == 6
    )
    assert len({run.data.tags["trial"] for run in trials}) == 6
    assert {run.info.status for run in found} <= {"FINISHED", "KILLED"}
    assert (
        said.count("the tracking store is away")
        == said.count("the tracking store is back")
        == 1
    )
    best = [run for run in trials if run.data.tags.get("best") == "true"]
    kept = {model for run in best for model in model_ids(client, run.info.run_id)}
    on_disk = {path.parts[-3] for path in (store / "artifacts").rglob("artifacts/MLmodel")}
    assert len(best) == 2
    assert on_disk == kept
