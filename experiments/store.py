"""What has run: a study's experiment and parent run in MLflow, its finished trials, and what dead launches left."""

import os
import socket

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Run, ViewType
from mlflow.exceptions import MlflowException

from experiments import InputError, one_line


def open_experiment(study: str) -> str:
    """The id of the study's experiment, made where there is none. Raises InputError for one that was deleted."""
    try:
        return mlflow.set_experiment(study).experiment_id
    except MlflowException as error:
        raise InputError(f"study '{study}' cannot be opened: {one_line(error)}") from None


def parent_run(client: MlflowClient, experiment_id: str, options) -> str:
    """The study's parent run: that of earlier launches, or the run that `mlflow run` has opened here, or a new one."""
    found = client.search_runs([experiment_id], "tags.role = 'study'", max_results=1)
    project_run = os.environ.get("MLFLOW_RUN_ID")
    if found:
        parent = found[0].info.run_id
        client.update_run(parent, "RUNNING")
    elif project_run and client.get_run(project_run).info.experiment_id == experiment_id:
        parent = project_run
    else:
        parent = client.create_run(experiment_id, run_name=f"study · {options.study}").info.run_id
    if project_run and project_run != parent:
        client.set_tag(project_run, "mlflow.runName", f"launch · {options.study}")
        client.set_tag(project_run, "launched", parent)
    client.set_tag(parent, "mlflow.runName", f"study · {options.study}")
    client.set_tag(parent, "role", "study")
    client.set_tag(parent, "note", options.note)
    return parent


def trial_runs(client: MlflowClient, experiment_id: str, where: str = "") -> list[Run]:
    """All runs of trials in the experiment, page by page: MLflow answers with at most 1,000 at a time."""
    runs, token = [], None
    while True:
        page = client.search_runs([experiment_id], where, ViewType.ACTIVE_ONLY, max_results=1000, page_token=token)
        runs += [run for run in page if "trial" in run.data.tags]
        token = page.token
        if not token:
            return runs


def finished_keys(client: MlflowClient, experiment_id: str) -> set[str]:
    """Keys of the trials that need no other run: finished, or failed for a reason that would come again."""
    return {
        run.data.tags["trial"]
        for run in trial_runs(client, experiment_id)
        if run.info.status == "FINISHED" or run.data.tags.get("failure", "").startswith("diverged")
    }


def kill_stale(client: MlflowClient, experiment_id: str) -> None:
    """Mark as KILLED what a dead process of this machine left RUNNING; a live one's runs are its own."""
    for run in trial_runs(client, experiment_id, "attributes.status = 'RUNNING'"):
        host, _, pid = run.data.tags.get("owner", "").partition(":")
        if host == socket.gethostname() and not alive(int(pid)):
            client.set_terminated(run.info.run_id, "KILLED")


def kill_own(client: MlflowClient, experiment_id: str, keys: frozenset | None = None) -> None:
    """Mark as KILLED the runs of this driver's workers: all of them, or those of some trials."""
    for run in trial_runs(client, experiment_id, "attributes.status = 'RUNNING'"):
        if run.data.tags.get("owner") == owner(os.getpid()) and (keys is None or run.data.tags["trial"] in keys):
            client.set_terminated(run.info.run_id, "KILLED")


def owner(pid: int) -> str:
    """Which launch a run belongs to, so that a later one can tell whether it still lives."""
    return f"{socket.gethostname()}:{pid}"


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
