"""What a launch leaves behind when it is killed, and what it finds out before it trains."""

import os
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
from conftest import ROOT, environment
from mlflow import MlflowClient

from experiments.orchestration.processes import removed_at_the_end
from experiments.orchestration.writable import check_artifacts
from tracking.errors import InputError

HOLD = """
import sys, time, tempfile
from experiments.orchestration.processes import removed_at_the_end
folder = tempfile.mkdtemp(dir=sys.argv[1])
with removed_at_the_end(folder):
    open(folder + "/data.pt", "w").write("x")
    print("there", flush=True)
    time.sleep(60)
"""


def gone(folder: Path) -> bool:
    deadline = time.monotonic() + 20
    while any(folder.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not any(folder.iterdir())


def test_a_copy_of_the_data_does_not_outlive_a_driver_whose_whole_group_is_killed(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path],
        stdout=subprocess.PIPE,
        env=environment(),
        start_new_session=True,
    ) as driver:
        assert driver.stdout.readline() == b"there\n"
        assert any(tmp_path.iterdir())
        os.killpg(driver.pid, signal.SIGKILL)
        assert gone(tmp_path)


def test_it_is_removed_at_a_usual_end_too(tmp_path):
    folder = tmp_path / "a b"
    folder.mkdir()
    with removed_at_the_end(str(folder)):
        assert folder.exists()
    assert not folder.exists()


def test_artifacts_that_cannot_be_written_are_found_before_training(store):
    (store / "file").write_text("no folder")
    client = MlflowClient()
    here = client.create_run(client.create_experiment("good"))
    check_artifacts(here)
    assert not list(store.rglob("can_be_written.txt"))
    place = str(store / "file" / "below")
    bad = client.create_run(client.create_experiment("bad", artifact_location=place))
    with pytest.raises(InputError, match=r"artifacts cannot be written to .*file/below"):
        check_artifacts(bad)


@pytest.mark.parametrize("folder", [ROOT, ROOT / "app"])
def test_the_page_listens_on_this_machine_alone(folder):
    told = tomllib.loads((folder / ".streamlit" / "config.toml").read_text())
    assert told["server"]["address"] == "127.0.0.1"
