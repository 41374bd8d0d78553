"""A study's runs in the store: its experiment and own run, and those of its trials."""

import os
from collections.abc import Collection

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.tracking.context.registry import resolve_tags
from mlflow.utils.mlflow_tags import MLFLOW_GIT_COMMIT

from experiments.orchestration import fence
from experiments.orchestration.standing import is_final
from tracking.errors import InputError, one_line
from tracking.retry import persist
from tracking.schema import FAILED, KILLED, RUNNING, STUDY
from tracking.store import default_store, exists, open_store, parent_of, trial_runs

MISSING = "RESOURCE_DOES_NOT_EXIST"  # MLflow's code
SHORT = 7  # characters of a commit's id


# --- the study's own


def open_experiment(study: str) -> str:
    """The id of the study's experiment, made where there is none.

    Raises InputError for one that was deleted.
    """
    try:
        return persist(mlflow.set_experiment, study).experiment_id
    except MlflowException as error:
        raise InputError(f"study '{study}' cannot be opened: {one_line(error)}") from None


def open_parent(client: MlflowClient, experiment_id: str, study: str, note: str) -> Run:
    """The study's own run, RUNNING.

    It is that of earlier launches, or the run that `mlflow run` has opened here, or a new one.
    Raises InputError where another launch makes one at the same moment.
    """
    project_run = os.environ.get("MLFLOW_RUN_ID")
    parent = parent_of(client, experiment_id)
    if parent:
        client.update_run(parent.info.run_id, RUNNING)
    else:
        parent = _new_parent(client, experiment_id, project_run)
        _check_alone(client, parent, study)
    run_id = parent.info.run_id
    if project_run and project_run != run_id and _is_there(client, project_run):
        client.set_tag(project_run, "mlflow.runName", f"launch · {study}")
        client.set_tag(project_run, "launched", run_id)
    client.set_tag(run_id, "mlflow.runName", f"study · {study}")
    client.set_tag(run_id, "role", STUDY)
    client.set_tag(run_id, "note", note)
    return parent


def _new_parent(client: MlflowClient, experiment_id: str, project_run: str | None) -> Run:
    if project_run and _is_there(client, project_run):
        opened = client.get_run(project_run)
        if opened.info.experiment_id == experiment_id:
            client.set_tag(project_run, "role", STUDY)
            return opened
    tags = resolve_tags() | {"role": STUDY}  # who, which source, commit
    return client.create_run(experiment_id, tags=tags)


def _is_there(client: MlflowClient, run_id: str) -> bool:
    """Whether the store has the run.

    In a folder whose name has a space `mlflow run` keeps its own run in a store elsewhere.
    """
    try:
        client.get_run(run_id)
    except MlflowException as error:
        if error.error_code != MISSING:
            raise
        return False
    return True


def leave_run_of_another_store(client: MlflowClient) -> None:
    """Forget the run that `mlflow run` has opened where this store does not have it."""
    run_id = os.environ.get("MLFLOW_RUN_ID")
    if run_id and not _is_there(client, run_id):
        for name in ("MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID"):
            os.environ.pop(name, None)


def _check_alone(client: MlflowClient, parent: Run, study: str) -> None:
    """Raises InputError where another launch has just made a run for the study, too.

    Each makes its own and then looks, so of two at least one sees the other, and steps back.
    """
    run_id = parent.info.run_id
    where = f"tags.role = '{STUDY}'"
    found = client.search_runs([parent.info.experiment_id], where, max_results=2)
    if all(run.info.run_id == run_id for run in found):
        return
    client.delete_tag(run_id, "role")
    client.set_terminated(run_id, KILLED)
    raise InputError(f"study '{study}' is being begun by another launch; start it again")


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


def tags_so_far(study: str) -> dict[str, str]:
    """The tags of the study's own run, without writing anything."""
    if not exists(default_store()):
        return {}
    parent = parent_so_far(open_store(), study)
    return dict(parent.data.tags) if parent else {}


def parent_so_far(client: MlflowClient, study: str) -> Run | None:
    """The study's own run; None where there is none yet."""
    experiment = client.get_experiment_by_name(study)
    return parent_of(client, experiment.experiment_id) if experiment else None


def final_run(client: MlflowClient, experiment_id: str, key: str) -> Run | None:
    """The run that ended a trial, by its key."""
    runs = trial_runs(client, experiment_id, f"tags.trial = '{key}'")
    return next(filter(is_final, runs), None)


def fail(client: MlflowClient, run_id: str, reason: str) -> None:
    """Mark a run as FAILED, for this reason."""
    client.set_tag(run_id, "failure", reason[:500])
    client.set_terminated(run_id, FAILED)


def end_running(
    client: MlflowClient, experiment_id: str, keys: Collection[str] | None = None
) -> list[Run]:
    """Mark as KILLED the study's runs that are RUNNING though nobody works on them.

    Those of which all was recorded are FINISHED. Returns the others.

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
    killed = []
    for run in ours:
        if fence.end(client, run.info.run_id):
            killed.append(run)
    return killed
