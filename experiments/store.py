"""What has run: a study's experiment and parent run in MLflow, its trials' runs, and what was left RUNNING."""

import gc
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Run, ViewType
from mlflow.exceptions import MlflowException
from mlflow.tracking.context.registry import resolve_tags
from mlflow.utils.mlflow_tags import MLFLOW_GIT_COMMIT

from experiments import InputError, one_line
from experiments.data import Data
from experiments.run import check_store, database


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
        parent = client.create_run(experiment_id, tags=resolve_tags()).info.run_id  # who, which source and commit
    if project_run and project_run != parent:
        client.set_tag(project_run, "mlflow.runName", f"launch · {options.study}")
        client.set_tag(project_run, "launched", parent)
    client.set_tag(parent, "mlflow.runName", f"study · {options.study}")
    client.set_tag(parent, "role", "study")
    client.set_tag(parent, "note", options.note)
    return parent


def note_commit(client: MlflowClient, parent: str) -> None:
    """Add this code's commit to those that have trained for the study: one that was resumed may have several."""
    tags = client.get_run(parent).data.tags
    known = tags.get("commits", tags.get(MLFLOW_GIT_COMMIT, "")[:7]).split()  # the latter: of the first launch
    commits = dict.fromkeys([*known, *resolve_tags().get(MLFLOW_GIT_COMMIT, "")[:7].split()])
    if commits:
        client.set_tag(parent, "commits", " ".join(commits))


def trial_runs(client: MlflowClient, experiment_id: str, where: str = "") -> list[Run]:
    """All runs of trials in the experiment, page by page: MLflow answers with at most 1,000 at a time."""
    runs, token = [], None
    with no_garbage_collection():
        while True:
            page = client.search_runs([experiment_id], where, ViewType.ACTIVE_ONLY, max_results=1000, page_token=token)
            runs += [run for run in page if "trial" in run.data.tags]
            token = page.token
            if not token:
                return runs


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """For making many objects that stay: looking through them again and again takes two thirds of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def runs_so_far(study: str) -> list[Run]:
    """The runs of a study's trials, without writing anything: a store or study that does not exist has none."""
    uri = mlflow.get_tracking_uri()
    if uri.startswith("sqlite:///") and not database(uri).exists():
        return []
    check_store()
    client = MlflowClient()
    experiment = client.get_experiment_by_name(study)
    return trial_runs(client, experiment.experiment_id) if experiment else []


def check_images(study: str, runs: Iterable[Run], data: Data) -> None:
    """Raises InputError where the study was trained on other images of this name: one curve is of one dataset."""
    for run in runs:
        known = run.data.tags.get("dataset_fingerprint", data.fingerprint)
        if run.data.params.get("dataset") == data.name and is_final(run) and known != data.fingerprint:
            raise InputError(
                f"study '{study}' was trained on other images of '{data.name}' (fingerprint {known}, now "
                f"{data.fingerprint}): splits and test set differ; give the new images a study of their own"
            )


def final_run(client: MlflowClient, experiment_id: str, key: str) -> Run | None:
    """The run that ended a trial, by its key."""
    return next(filter(is_final, trial_runs(client, experiment_id, f"tags.trial = '{key}'")), None)


def finished_keys(runs: Iterable[Run]) -> set[str]:
    """Keys of the trials that need no other run."""
    return {run.data.tags["trial"] for run in runs if is_final(run)}


def is_final(run: Run) -> bool:
    """Whether it finished, or failed for a reason that would come again."""
    return run.info.status == "FINISHED" or diverged(run)


def diverged(run: Run) -> bool:
    return run.data.tags.get("failure", "").startswith("diverged")


def end_running(client: MlflowClient, experiment_id: str, keys: frozenset | None = None) -> list[Run]:
    """Mark as KILLED the study's runs that are RUNNING though nobody works on them: all, or those of some trials.

    Only for the holder of the study's lease: no other process has workers then. Runs of `main` are not the study's.
    """
    running = trial_runs(client, experiment_id, "attributes.status = 'RUNNING'")
    ours = [run for run in running if "study" in run.data.tags and (keys is None or run.data.tags["trial"] in keys)]
    for run in ours:
        client.set_terminated(run.info.run_id, "KILLED")
    return ours
