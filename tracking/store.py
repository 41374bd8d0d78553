"""The only way to the tracking store: opened and known to answer, or refused in one line."""

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from mlflow import MlflowClient, get_tracking_uri
from mlflow.artifacts import load_text
from mlflow.entities import Experiment, Run, ViewType
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from tracking.errors import StoreError, one_line
from tracking.schema import STUDY
from tracking.text import Text, template

PER_PAGE = 1000  # runs, the most that MLflow gives at once
SQLITE = "sqlite:///"


def default_store() -> str:
    """Where runs are kept: MLFLOW_TRACKING_URI, or MLflow's default."""
    return get_tracking_uri()


def database(uri: str) -> Path | None:
    """The file of sqlite:///FILE?options; None for another kind of store."""
    return Path(uri.removeprefix(SQLITE).partition("?")[0]) if uri.startswith(SQLITE) else None


def exists(uri: str) -> bool:
    """False for a database that has not been made yet; whatever else is there may be asked."""
    file = database(uri)
    return file is None or file.exists()


def open_store(tracking_uri: str | None = None, new: bool = False) -> MlflowClient:
    """A client of the tracking store, known to answer. Raises StoreError where it does not.

    MLflow itself tries again for minutes; somebody who mistyped an address wants to know now.
    new: a database that does not exist yet is made.
    """
    uri = tracking_uri or default_store()
    if not (new or exists(uri)):
        missing = template(
            "tracking store '{uri}' does not exist yet; train something first, or see README"
        )
        raise StoreError(Text(missing, uri=uri))
    file = database(uri)
    if file is not None and file.is_dir():
        folder = template(
            "tracking store '{uri}' is a folder, not a database; see MLFLOW_TRACKING_URI"
        )
        raise StoreError(Text(folder, uri=uri))
    try:
        if uri.startswith("http"):
            _ask_health(uri)
        client = MlflowClient(uri)
        client.search_experiments(max_results=1)
    except (OSError, ValueError, ImportError, MlflowException, SQLAlchemyError) as error:
        reason = one_line(error)[:200]
        closed = template(
            "tracking store '{uri}' cannot be opened ({reason}); see MLFLOW_TRACKING_URI"
        )
        raise StoreError(Text(closed, uri=uri, reason=reason)) from None
    return client


def _ask_health(uri: str) -> None:
    """Whatever a server answers, it is there; it may not know /health."""
    certificates = os.environ.get("MLFLOW_TRACKING_SERVER_CERT_PATH")
    insecure = os.environ.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() in ("true", "1")
    address = f"{uri.rstrip('/')}/health"
    requests.get(address, timeout=10, verify=certificates or not insecure).close()


def experiments(tracking_uri: str | None = None) -> list[str]:
    """Names of the experiments in the store, the one changed last first. Raises StoreError."""
    client = open_store(tracking_uri)
    found = client.search_experiments(order_by=["last_update_time DESC"])
    return [experiment.name for experiment in found]


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
    return load_text(f"{run.info.artifact_uri}/{path}")


def trial_runs(client: MlflowClient, experiment_id: str, where: str = "") -> list[Run]:
    """All runs of trials in the experiment, page by page."""
    runs: list[Run] = []
    token = None
    with _no_garbage_collection():
        while True:
            page = client.search_runs(
                [experiment_id],
                where,
                ViewType.ACTIVE_ONLY,
                max_results=PER_PAGE,
                page_token=token,
            )
            runs += [run for run in page if "trial" in run.data.tags]
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
