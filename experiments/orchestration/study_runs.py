"""A study's runs in the store: its experiment and own run, and those of its trials."""

import os
from collections.abc import Collection

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.tracking.context.registry import resolve_tags
from mlflow.utils.mlflow_tags import MLFLOW_GIT_COMMIT

from experiments.orchestration.standing import is_final
from tracking.errors import InputError, one_line
from tracking.schema import KILLED, RUNNING, STUDY
from tracking.store import default_store, exists, open_store, parent_of, trial_runs

SHORT = 7  # characters of a commit's id


# --- the study's own


def open_experiment(study: str) -> str:
    """The id of the study's experiment, made where there is none.

    Raises InputError for one that was deleted.
    """
    try:
        return mlflow.set_experiment(study).experiment_id
    except MlflowException as error:
        raise InputError(f"study '{study}' cannot be opened: {one_line(error)}") from None


def open_parent(client: MlflowClient, experiment_id: str, study: str, note: str) -> Run:
    """The study's own run, RUNNING.

    It is that of earlier launches, or the run that `mlflow run` has opened here, or a new one.
    """
    project_run = os.environ.get("MLFLOW_RUN_ID")
    parent = _find_parent(client, experiment_id, project_run)
    run_id = parent.info.run_id
    if project_run and project_run != run_id:
        client.set_tag(project_run, "mlflow.runName", f"launch · {study}")
        client.set_tag(project_run, "launched", run_id)
    client.set_tag(run_id, "mlflow.runName", f"study · {study}")
    client.set_tag(run_id, "role", STUDY)
    client.set_tag(run_id, "note", note)
    return parent


def _find_parent(client: MlflowClient, experiment_id: str, project_run: str | None) -> Run:
    found = parent_of(client, experiment_id)
    if found:
        client.update_run(found.info.run_id, RUNNING)
        return found
    if project_run:
        opened = client.get_run(project_run)
        if opened.info.experiment_id == experiment_id:
            return opened
    return client.create_run(experiment_id, tags=resolve_tags())  # who, which source, commit


def note_commit(client: MlflowClient, parent: str) -> None:
    """Add this code's commit to those that have trained for the study.

    A study that was resumed may have several.
    """
    tags = client.get_run(parent).data.tags
    first = tags.get(MLFLOW_GIT_COMMIT, "")[:SHORT]
    known = tags.get("commits", first).split()
    now = resolve_tags().get(MLFLOW_GIT_COMMIT, "")[:SHORT].split()
    commits = dict.fromkeys([*known, *now])
    if commits:
        client.set_tag(parent, "commits", " ".join(commits))


# --- the runs of its trials


def runs_so_far(study: str) -> list[Run]:
    """The runs of a study's trials, without writing anything.

    A store or study that does not exist has none.
    """
    if not exists(default_store()):
        return []
    client = open_store()
    experiment = client.get_experiment_by_name(study)
    return trial_runs(client, experiment.experiment_id) if experiment else []


def final_run(client: MlflowClient, experiment_id: str, key: str) -> Run | None:
    """The run that ended a trial, by its key."""
    runs = trial_runs(client, experiment_id, f"tags.trial = '{key}'")
    return next(filter(is_final, runs), None)


def end_running(
    client: MlflowClient, experiment_id: str, keys: Collection[str] | None = None
) -> list[Run]:
    """Mark as KILLED the study's runs that are RUNNING though nobody works on them.

    Only for the holder of the study's lease: no other process has workers then. Runs of the
    command that trains one trial are not the study's.

    keys: of the trials whose runs are meant; None for all.
    """
    running = trial_runs(client, experiment_id, f"attributes.status = '{RUNNING}'")
    ours = [
        run
        for run in running
        if "study" in run.data.tags and (keys is None or run.data.tags["trial"] in keys)
    ]
    for run in ours:
        client.set_terminated(run.info.run_id, KILLED)
    return ours
