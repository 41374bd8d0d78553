"""The only way to the tracking store: opened and known to answer, or refused in one line."""

import gc
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import mlflow
import requests
import sqlalchemy
from mlflow import MlflowClient, get_tracking_uri
from mlflow.artifacts import load_text
from mlflow.entities import Experiment, Run, ViewType
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from tracking import sqlite
from tracking.bulk import database_of, read_all
from tracking.errors import StoreError, one_line
from tracking.retry import Patient, away, calm, persist
from tracking.schema import STUDY
from tracking.secrets import mask_logs, masked
from tracking.text import Text, template

PER_PAGE = 1000  # runs, the most that MLflow gives at once
FEW = 5  # runs that are looked at to find one of a trial
SERVERS = ("postgresql", "mysql", "mssql")  # databases of a server
READING = 15.0  # seconds that whoever waits for an answer waits for the store
# What libraries say where nothing listens.
NOWHERE = ("Failed to establish a new connection", "Failed to resolve", "NameResolutionError")
OPENING = (
    OSError,
    ValueError,
    ImportError,
    MlflowException,
    SQLAlchemyError,
    sqlite3.Error,
)


def default_store() -> str:
    """Where runs are kept: MLFLOW_TRACKING_URI, or MLflow's default.

    MLflow writes its default with %20 for a space, and makes a folder of that name. Whatever
    asks MLflow in this process, or in one that it starts, gets the true name.
    """
    uri = get_tracking_uri()
    path = uri.removeprefix(sqlite.PREFIX)
    true = unquote(path)
    if path != uri and path == quote(true) != true and Path(true).parent.is_dir():
        uri = sqlite.address(true)
        mlflow.set_tracking_uri(uri)
    return uri


def shown(uri: str | None = None) -> str:
    """The address of a store as people may see it: without user and password."""
    return masked(uri or default_store())


def exists(uri: str) -> bool:
    """False for a file that has not been made yet; whatever else is there may be asked."""
    file = sqlite.database(uri)
    if file is not None:
        return not sqlite.is_new(file)
    parts = urlsplit(uri)
    if parts.scheme in ("", "file"):
        return Path(parts.path).exists()
    return True


def open_store(
    tracking_uri: str | None = None,
    write: bool = False,
    new: bool = False,
    wait: float | None = None,
) -> MlflowClient:
    """A client of the tracking store, known to answer. Raises StoreError where it does not.

    Where nothing listens at its address, that is said at once: somebody may have mistyped it.
    A store that answers badly is waited for, now and by each later call (tracking/retry.py).

    write: what is opened for reading only is never changed: no table is made or migrated.
    new: a store that does not exist yet is made; implies write.
    wait: seconds; None for READING.
    """
    calm()
    mask_logs()
    uri = tracking_uri or default_store()
    wait = READING if wait is None else wait
    if not (new or exists(uri)):
        missing = template(
            "tracking store '{uri}' does not exist yet; train something first, or see README"
        )
        raise StoreError(Text(missing, uri=masked(uri)))
    client = persist(_opened, uri, write or new, new, wait=wait)
    return Patient(client, wait)


def _opened(uri: str, write: bool, new: bool) -> MlflowClient:
    """Raises StoreError, or what another try may mend."""
    try:
        return _client(uri, write, new)
    except StoreError:
        raise
    except OPENING as error:
        if away(error) and not any(words in str(error) for words in NOWHERE):
            raise
        reason = one_line(error)[:200]
        closed = template(
            "tracking store '{uri}' cannot be opened ({reason}); see MLFLOW_TRACKING_URI"
        )
        raise StoreError(Text(closed, uri=masked(uri), reason=reason)) from None


def _client(uri: str, write: bool, new: bool) -> MlflowClient:
    file = sqlite.database(uri)
    if file is not None:
        uri = _file_opened(uri, file, write, new)
    elif uri.startswith("http"):
        _ask_health(uri)
    elif uri.startswith(SERVERS) and not new:
        _check_tables(uri)
    client = MlflowClient(uri)
    client.search_experiments(max_results=1)
    return client


def _file_opened(uri: str, file: Path, write: bool, new: bool) -> str:
    """The address under which MLflow is to open a SQLite file."""
    if file.is_dir():
        folder = template(
            "tracking store '{uri}' is a folder, not a database; see MLFLOW_TRACKING_URI"
        )
        raise StoreError(Text(folder, uri=masked(uri)))
    if new:
        sqlite.make(file)
    sqlite.check(file, uri)
    return uri if write else sqlite.for_reading(file)


def _ask_health(uri: str) -> None:
    """Whatever a server answers, it is there; it may not know /health."""
    certificates = os.environ.get("MLFLOW_TRACKING_SERVER_CERT_PATH")
    insecure = os.environ.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() in ("true", "1")
    address = f"{uri.rstrip('/')}/health"
    requests.get(address, timeout=10, verify=certificates or not insecure).close()


def _check_tables(uri: str) -> None:
    """Raises StoreError for a database without MLflow's tables: they would be made in it."""
    engine = sqlalchemy.create_engine(uri)
    try:
        known = sqlalchemy.inspect(engine).has_table("experiments")
    finally:
        engine.dispose()
    if not known:
        other = template("'{uri}' is a database, but no tracking store")
        raise StoreError(Text(other, uri=masked(uri)))


def experiments(tracking_uri: str | None = None) -> list[str]:
    """Names of the experiments in the store, the one changed last first. Raises StoreError."""
    client = open_store(tracking_uri)
    found = client.search_experiments(order_by=["last_update_time DESC"])
    return [experiment.name for experiment in found]


def studies(tracking_uri: str | None = None) -> list[str]:
    """Names of the experiments that can be shown, the one changed last first.

    Those with a finished run come before those whose study is only begun; what holds neither,
    as a single trial that failed, is left out. Raises StoreError.
    """
    client = open_store(tracking_uri)
    found = client.search_experiments(order_by=["last_update_time DESC"])
    done = [one.name for one in found if _has_finished(client, one.experiment_id)]
    rest = [one for one in found if one.name not in done]
    begun = [one.name for one in rest if parent_of(client, one.experiment_id)]
    return done + begun


def _has_finished(client: MlflowClient, experiment_id: str) -> bool:
    """Whether a run of the experiment has finished that is not its study's own."""
    runs = client.search_runs(
        [experiment_id],
        "attributes.status = 'FINISHED'",
        max_results=FEW,
        order_by=["attributes.start_time ASC"],
    )
    return any("role" not in run.data.tags for run in runs)


def find_experiment(client: MlflowClient, name: str) -> Experiment:
    """Raises StoreError with the names that exist."""
    found = client.get_experiment_by_name(name)
    if found is None:
        some = client.search_experiments(max_results=20)
        known = ", ".join(experiment.name for experiment in some) or Text("nothing yet")
        unknown = template("study '{name}' is unknown; this store holds: {known}")
        raise StoreError(Text(unknown, name=name, known=known))
    return found


def study_run(client: MlflowClient, experiment: str) -> Run | None:
    """The parent run of a study, with its settings and answer; None for a bare set of runs."""
    found = find_experiment(client, experiment)
    return parent_of(client, found.experiment_id)


def parent_of(client: MlflowClient, experiment_id: str) -> Run | None:
    """The same by the experiment's id."""
    runs = client.search_runs([experiment_id], f"tags.role = '{STUDY}'", max_results=1)
    return runs[0] if runs else None


def study_file(run: Run, path: str) -> str:
    """The text of a file that was logged to a study's run."""
    return persist(load_text, f"{run.info.artifact_uri}/{path}", wait=READING)


def trial_runs(client: MlflowClient, experiment_id: str, where: str = "") -> list[Run]:
    """All runs of trials in the experiment."""
    return [run for run in all_runs(client, experiment_id, where) if "trial" in run.data.tags]


def all_runs(client: MlflowClient, experiment_id: str, where: str = "") -> list[Run]:
    """All runs in the experiment, the newest first."""
    database = None if where else database_of(client)
    with _no_garbage_collection():
        if database is None:
            return _page_by_page(client, experiment_id, where)
        wait = getattr(client, "wait", READING)
        runs: list[Run] = persist(read_all, database, experiment_id, wait=wait)
        return runs


def _page_by_page(client: MlflowClient, experiment_id: str, where: str) -> list[Run]:
    runs: list[Run] = []
    token = None
    while True:
        page = client.search_runs(
            [experiment_id],
            where,
            ViewType.ACTIVE_ONLY,
            max_results=PER_PAGE,
            page_token=token,
        )
        runs += page
        token = page.token
        if not token:
            return runs


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """For making many objects that stay: the collector would take two thirds of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
