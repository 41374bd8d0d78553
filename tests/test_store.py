"""The store is made whole, read without a trace, refused in one line; secrets stay so."""

import logging
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import environment
from mlflow import MlflowClient
from records import record_study

from tracking import sqlite, store
from tracking.errors import InputError, StoreError, one_line
from tracking.retry import Patient
from tracking.secrets import mask_logs, masked
from tracking.store import default_store, open_store, shown, trial_runs
from tracking.study import load_study

OPEN = "from tracking.store import open_store; open_store(new=True)"


def test_trials_are_found_beyond_the_first_thousand_runs():
    class Pages:
        def search_runs(self, experiments, where, view, max_results, page_token):
            start = int(page_token or 0)
            page = Page(made[start : start + max_results])
            page.token = str(start + max_results) if start + max_results < len(made) else None
            return page

    class Page(list):
        token = None

    made = [
        SimpleNamespace(data=SimpleNamespace(tags={"trial": f"key {number}"}))
        for number in range(2500)
    ]
    assert trial_runs(Pages(), "0") == made


# --- a new one -------------------------------------------------------------------------------


@pytest.fixture
def quick(monkeypatch, empty_store):
    """Tables are made at once, as a copy: MLflow takes seconds."""
    monkeypatch.setattr(sqlite, "_make_tables", lambda file: shutil.copy(empty_store, file))


def holds_a_store(file):
    sqlite.check(file, str(file))
    return [one.name for one in MlflowClient(f"sqlite:///{file}").search_experiments()]


def test_a_launch_that_is_killed_while_it_makes_the_store_leaves_nothing_in_its_place(
    tmp_path,
):
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    command = [sys.executable, "-c", OPEN]
    with subprocess.Popen(command, env=environment(MLFLOW_TRACKING_URI=uri)) as first:
        while not list(tmp_path.glob(".mlflow.db-*/mlflow.db")):
            assert first.poll() is None
            time.sleep(0.01)
        os.kill(first.pid, signal.SIGKILL)
    assert not (tmp_path / "mlflow.db").exists()
    open_store(uri, new=True)
    assert holds_a_store(tmp_path / "mlflow.db") == ["Default"]


def test_first_launches_at_once_share_one_store(tmp_path, quick):
    file = tmp_path / "mlflow.db"
    clients = []
    start = threading.Barrier(4)

    def launch(number):
        start.wait()
        client = open_store(f"sqlite:///{file}", new=True)
        client.create_experiment(f"by {number}")
        clients.append(client)

    threads = [threading.Thread(target=launch, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(clients) == 4
    assert set(holds_a_store(file)) == {"Default", *(f"by {number}" for number in range(4))}
    assert [path.name for path in tmp_path.iterdir()] == ["mlflow.db"]


def test_a_store_that_mlflow_left_half_made_is_made_anew(tmp_path, quick, monkeypatch):
    monkeypatch.setattr(sqlite, "STILL", 0.1)
    file = tmp_path / "mlflow.db"
    with sqlite3.connect(file) as database:
        database.execute("create table experiments (experiment_id int)")
        database.execute("create table alembic_version (version_num text)")
    database.close()
    with pytest.raises(StoreError):
        open_store(f"sqlite:///{file}")
    open_store(f"sqlite:///{file}", new=True)
    assert holds_a_store(file) == ["Default"]


def test_a_database_of_somebody_elses_is_refused_and_left_as_it_is(tmp_path, quick):
    file = tmp_path / "theirs.db"
    with sqlite3.connect(file) as database:
        database.execute("create table customers (name text)")
    database.close()
    before = file.read_bytes()
    for options in ({}, {"write": True}, {"new": True}):
        with pytest.raises(StoreError, match="no tracking store"):
            open_store(f"sqlite:///{file}", **options)
    assert file.read_bytes() == before


# --- a reader --------------------------------------------------------------------------------


def test_a_reader_writes_nothing_and_can_write_nothing(store):
    record_study("demo", architectures={"cnn": 0.5}, sizes=(50, 100), samples=0)
    before = (store / "mlflow.db").read_bytes()
    run = load_study("demo").runs["run_id"].iloc[0]
    with pytest.raises(Exception, match="readonly database"):
        open_store().set_tag(run, "a", "b")
    assert (store / "mlflow.db").read_bytes() == before
    assert sorted(path.name for path in store.iterdir()) == ["mlflow.db"]


@pytest.mark.parametrize("folder", ["Prüfung (2) 数据", "100%25 a#b"])
def test_a_folder_of_any_name_holds_a_store(tmp_path, quick, monkeypatch, folder):
    place = tmp_path / folder
    place.mkdir()
    monkeypatch.chdir(place)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    monkeypatch.setattr("mlflow.tracking._tracking_service.utils._tracking_uri", None)
    open_store(new=True).create_experiment("here")
    assert (place / "mlflow.db").is_file()
    assert sqlite.database(default_store()) == place / "mlflow.db"
    assert {one.name for one in open_store().search_experiments()} == {"Default", "here"}


# Ends in the middle of a commit, with pages of it in the file.
KILLED_IN_A_COMMIT = """
import os, sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("pragma cache_size = 1")
database.execute("begin")
for number in range(500):
    row = (f"key {number}", "x" * 500, "0")
    database.execute("insert into experiment_tags values (?, ?, ?)", row)
os._exit(9)
"""


def left_in_a_commit(file):
    subprocess.run([sys.executable, "-c", KILLED_IN_A_COMMIT, str(file)], check=False)
    assert Path(f"{file}-journal").exists()


@pytest.mark.parametrize("options", [{"new": True}, {"write": True}, {}])
def test_a_store_whose_writer_was_killed_in_a_commit_opens_as_it_was_before(store, options):
    MlflowClient().set_experiment_tag("0", "before", "kept")
    left_in_a_commit(store / "mlflow.db")
    assert open_store(**options).get_experiment("0").tags == {"before": "kept"}


# --- broken files ----------------------------------------------------------------------------


def cut_off(file):
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 3])


def overwritten(file):
    file.write_bytes(b"these are no tables" * 1000)


def overwritten_inside(file):
    with file.open("r+b") as opened:
        opened.seek(file.stat().st_size // 2)
        opened.write(b"no page of a database " * 2000)


@pytest.mark.parametrize("breaks", [cut_off, overwritten, overwritten_inside])
def test_a_file_that_is_cut_off_or_overwritten_gets_one_line(store, refuses, breaks):
    breaks(store / "mlflow.db")
    for arguments in (
        ("analysis.report", "--study", "any"),
        ("analysis.export", "--study", "any", "--to", store),
        ("analysis.restore", Path(__file__).parents[1] / "app/example/teacher-linear"),
    ):
        refuses(*arguments, words=["mlflow.db", "cannot be opened"])


def test_a_file_that_is_broken_under_a_launch_ends_it_in_one_line(store, command, monkeypatch):
    def then_break(*_):
        cut_off(store / "mlflow.db")

    monkeypatch.setattr("experiments.orchestration.coordinator.note_commit", then_break)
    grid = ("--architectures", "linear", "--fractions", "0.1", "--samples", "0")
    code, _, err = command("experiments.study", *grid, "--workers", "1")
    assert code == 2
    *_, last = err.splitlines()
    assert last.startswith("error: the tracking store failed (")
    assert "malformed" in last and "SELECT" not in last
    assert "Traceback" not in err


def test_a_file_that_stays_locked_gets_one_line(store, monkeypatch):
    monkeypatch.setattr(sqlite, "PATIENCE", 0.1)
    with sqlite3.connect(store / "mlflow.db", isolation_level=None) as database:
        database.execute("begin exclusive")
        with pytest.raises(InputError, match="database is locked"):
            open_store(wait=0.1)
        database.execute("rollback")
    database.close()
    open_store()


# --- secrets ---------------------------------------------------------------------------------

PASSWORD = "s3cr/et@word"
SECRETS = [
    f"http://me:{PASSWORD}@host:5000/x",
    "postgresql://me:s3cr@host/db?password=s3cr",
    f"cannot connect to 'http://me:{PASSWORD}@host': refused",
    "mlflow_password = 's3cr', sslpassword=s3cr",
]


@pytest.mark.parametrize("text", SECRETS)
def test_nobody_reads_the_password(text):
    assert "s3cr" not in masked(text)
    assert "s3cr" not in one_line(ValueError(text))


def test_a_piece_of_a_password_that_a_library_quotes_is_masked(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://me:{PASSWORD}@host")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "tok3n-of-mine")
    said = one_line(ValueError("port 's3cr' of host et@word, token tok3n-of-mine"))
    assert "s3cr" not in said and "tok3n" not in said
    assert shown() == "http://***@host"


def test_a_store_with_a_password_is_refused_without_it(command, store, monkeypatch):
    for uri in ("http://me:s3cret@127.0.0.1:9", "postgresql://me:s3cret@127.0.0.1:9/db"):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        for module in ("analysis.report", "experiments.run"):
            code, out, err = command(module)
            assert code == 2
            assert "s3cret" not in out + err
            assert err.count("\n") == 1


def test_no_library_logs_a_password(caplog, monkeypatch):
    monkeypatch.setattr(logging, "_logRecordFactory", logging.LogRecord)
    mask_logs()
    logging.getLogger("any").warning("retrying %s", "http://me:s3cret@host")
    assert "s3cret" not in caplog.text
    assert "http://***@host" in caplog.text


# --- calls that are made again ---------------------------------------------------------------


class LosesAnswers(MlflowClient):
    """Does what it is asked, and its first answer is lost."""

    lost = 0

    def _then_lose(self, made):
        self.lost += 1
        if self.lost == 1:
            raise store.MlflowException("API request to http://nowhere failed with exception")
        return made

    def create_run(self, *given, **options):
        return self._then_lose(super().create_run(*given, **options))

    def delete_tag(self, *given):
        return self._then_lose(super().delete_tag(*given))


def test_what_is_made_or_deleted_again_after_a_lost_answer_is_made_or_deleted_once(
    store, monkeypatch
):
    monkeypatch.setattr("tracking.retry.PAUSE", (0, 0.01))
    run = Patient(LosesAnswers()).create_run("0", tags={"a": "b"})
    assert [one.info.run_id for one in MlflowClient().search_runs(["0"])] == [run.info.run_id]
    Patient(LosesAnswers()).delete_tag(run.info.run_id, "a")
    assert "a" not in MlflowClient().get_run(run.info.run_id).data.tags
