"""A study's runs: its experiment and own run, what has ended, and what was left RUNNING."""

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.tracking.context.registry import resolve_tags
from mlflow.utils.mlflow_tags import MLFLOW_GIT_COMMIT

from experiments.training.networks import find_architecture
from experiments.training.subsets import Data
from experiments.training.trial import Trial
from tracking import schema
from tracking.errors import InputError, one_line
from tracking.schema import FINISHED, KILLED, RUNNING, STUDY
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


def check_images(study: str, runs: Iterable[Run], data: Data) -> None:
    """Raises InputError where the study was trained on other images of this name.

    One curve is of one dataset.
    """
    for run in runs:
        known = run.data.tags.get("dataset_fingerprint", data.fingerprint)
        same_name = run.data.params.get("dataset") == data.name
        if same_name and is_final(run) and known != data.fingerprint:
            raise InputError(
                f"study '{study}' was trained on other images of '{data.name}' "
                f"(fingerprint {known}, now {data.fingerprint}): splits and test set differ; "
                "give the new images a study of their own"
            )


def final_run(client: MlflowClient, experiment_id: str, key: str) -> Run | None:
    """The run that ended a trial, by its key."""
    runs = trial_runs(client, experiment_id, f"tags.trial = '{key}'")
    return next(filter(is_final, runs), None)


def missing(trials: Iterable[Trial], runs: Iterable[Run]) -> set[str]:
    """Keys of the trials that need a run still."""
    return {trial.key for trial in trials} - finished_keys(runs)


def finished_keys(runs: Iterable[Run]) -> set[str]:
    """Keys of the trials that need no other run."""
    return {run.data.tags["trial"] for run in runs if is_final(run)}


def losses_of(runs: Iterable[Run]) -> dict[str, float]:
    """Best validation losses in nats, by key, of the trials that have finished."""
    finished = [run.data for run in runs if run.info.status == FINISHED]
    return {run.tags["trial"]: run.metrics["best_val_loss"] for run in finished}


def is_final(run: Run) -> bool:
    """Whether it finished, or failed for a reason that would come again."""
    return run.info.status == FINISHED or has_diverged(run)


def has_diverged(run: Run) -> bool:
    """Whether its loss became NaN or infinite."""
    return schema.diverged(run.data.tags.get("failure"))


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


# --- runs that were recorded before the precision was resolved


def renew_keys(
    runs: Sequence[Run],
    resolve: Callable[[list[Trial]], list[Trial]],
    client: MlflowClient | None = None,
) -> None:
    """Give runs whose key says precision=auto the key that their trial has now.

    Else all that they cost would be trained again. What the precision came to is the run's tag
    `precision`; without it, what this launch resolves it to.

    resolve: trials -> the same, resolved where they are trained.
    client: writes the keys into the store; None changes them in `runs` only.
    """
    found = [(run, trial) for run in runs if (trial := _unresolved_trial(run))]
    trials = resolve([trial for _, trial in found]) if found else []
    for (run, _), trial in zip(found, trials):
        run.data.tags["trial"] = trial.key
        if client:
            client.set_tag(run.info.run_id, "trial", trial.key)


def _unresolved_trial(run: Run) -> Trial | None:
    """The trial of a run whose key it has, unresolved; None for any other run."""
    params = run.data.params
    try:
        if _is_resolved(params):
            return None
        known = [one for one in schema.SETTINGS if one.name in params]
        trial = Trial(**{one.name: one.type(params[one.name]) for one in known})
    except (InputError, ValueError):  # of an architecture that is not here, say
        return None
    if schema.key(trial.as_dict()) != run.data.tags["trial"]:
        return None
    return replace(trial, precision=run.data.tags.get("precision", trial.precision))


def _is_resolved(params: Mapping[str, str]) -> bool:
    """As Trial.is_resolved, from a run's parameters; in no time, since most runs are."""
    precision = params.get("precision", "auto")
    if precision in ("auto", schema.ANY_PRECISION):
        return precision != "auto"
    return find_architecture(params["architecture"]).trained_by_steps
