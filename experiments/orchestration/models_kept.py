"""The best run of each architecture and fraction: tagged `best`, with its model kept.

Best is the smallest validation cost (the loss, where the loss chooses) over all samples and
data seeds. The models of the runs that it beat are deleted. A run's tag `model` says why it
has a model: `all` were wanted, or it was the `best` when it ended; only the latter are ever
deleted.
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import mlflow
from mlflow import MlflowClient
from mlflow.entities import LoggedModelStatus, Run
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from experiments.orchestration.standing import best_cost
from experiments.training.trial import Trial
from tracking.retry import persist, persist_whole
from tracking.schema import FINISHED
from tracking.store import default_store

ALIAS = "best"  # of a registered model's version
MISSING = "RESOURCE_DOES_NOT_EXIST"  # MLflow's code
READY = LoggedModelStatus.READY  # logged whole

Group = tuple[str, str, float]  # dataset, architecture, fraction


def group_of(trial: Trial) -> Group:
    """Within which a trial may be the best."""
    return trial.dataset, trial.architecture, trial.fraction


@dataclass(frozen=True, order=True)
class Winner:
    """The best run of a group.

    cost: of its best evaluation.
    model: the run's tag; "" for none.
    """

    cost: float
    run_id: str
    model: str


class Best:
    """The best run of each group so far; the driver alone keeps it right."""

    def __init__(self, client: MlflowClient, runs: Sequence[Run]):
        """From the runs so far; sets right what a launch that was killed left half done."""
        self.client = client
        self.of: dict[Group, Winner] = {}
        for run in sorted(filter(_counts, runs), key=_order):
            self.of.setdefault(_group_of_run(run), _winner(run))
        best = {winner.run_id for winner in self.of.values()}
        for run in runs:
            self._tag_rightly(run, run.info.run_id in best)
        self.discard(run for run in runs if run.info.run_id not in best)

    def _tag_rightly(self, run: Run, leads: bool) -> None:
        tagged = "best" in run.data.tags
        if leads and not tagged:
            self.client.set_tag(run.info.run_id, "best", "true")
        if tagged and not leads:
            self.client.delete_tag(run.info.run_id, "best")

    def costs(self) -> dict[Group, float]:
        """Of the best evaluations."""
        return {group: winner.cost for group, winner in self.of.items()}

    def discard(self, runs: Iterable[Run]) -> None:
        """Delete the models that runs have logged in the hope of being the best."""
        for run in runs:
            self._drop_model(run.info.run_id, run.data.tags.get("model", ""))

    def offer(self, trial: Trial, cost: float, run_id: str, model: str) -> None:
        """A run has finished: it becomes the best of its group, or loses its model."""
        before = self.of.get(group_of(trial))
        leads = not (before and before.cost <= cost)
        if not (leads or model) or not self._is_there(run_id):
            return
        if not leads:
            self._drop_model(run_id, model)
            return
        self.of[group_of(trial)] = Winner(cost, run_id, model)
        self.client.set_tag(run_id, "best", "true")
        if before and self._is_there(before.run_id):
            self.client.delete_tag(before.run_id, "best")
            self._drop_model(before.run_id, before.model)

    def _is_there(self, run_id: str) -> bool:
        """A person may have deleted it meanwhile."""
        return self.client.get_run(run_id).info.lifecycle_stage == "active"

    def register(self, study: str) -> list[str]:
        """Register the model of each architecture's best run; returns what was done.

        Its name is `study-architecture`, its alias `best`.
        """
        run_ids: dict[str, str] = {}
        for (_, architecture, _), winner in sorted(self.of.items(), key=lambda item: item[1]):
            run_ids.setdefault(architecture, winner.run_id)
        return [self._register(study, name, run_id) for name, run_id in run_ids.items()]

    def _register(self, study: str, architecture: str, run_id: str) -> str:
        models = model_ids(self.client, run_id)
        if not models:
            return (
                f"{architecture}: not registered, its best run was recorded without its model"
            )
        name = re.sub("[/:'\"]", "-", f"{study}-{architecture}")
        version = _register_once(self.client, name, run_id, models[-1])
        return f"{architecture}: registered as models:/{name}@{ALIAS}, version {version}"

    def _drop_model(self, run_id: str, model: str) -> None:
        """Delete a beaten model, bytes and entry; one that somebody has registered stays."""
        if model != "best" or self.client.search_model_versions(f"run_id = '{run_id}'"):
            return
        for model_id in model_ids(self.client, run_id):
            location = self.client.get_logged_model(model_id).artifact_location
            persist(get_artifact_repository(location).delete_artifacts)
            self.client.delete_logged_model(model_id)
        self.client.delete_tag(run_id, "model")


def model_ids(client: MlflowClient, run_id: str) -> list[str]:
    """The models that a run has logged and that still exist, the best last.

    That is the newest of those that were logged whole: the store lists them in any order.
    """
    found = []
    for output in client.get_run(run_id).outputs.model_outputs:
        try:
            found.append(client.get_logged_model(output.model_id))
        except MlflowException as error:
            if error.error_code != MISSING:
                raise
    found.sort(key=lambda model: (model.status == READY, model.creation_timestamp))
    return [model.model_id for model in found]


def drop_leftovers(client: MlflowClient, experiment_id: str, run_id: str) -> None:
    """Delete the models that tries to log one have left on a server."""
    if not default_store().startswith("http"):
        return
    kept = model_ids(client, run_id)[-1:]
    where = f"source_run_id = '{run_id}'"
    for model in client.search_logged_models([experiment_id], filter_string=where):
        if model.model_id not in kept:
            persist(get_artifact_repository(model.artifact_location).delete_artifacts)
            client.delete_logged_model(model.model_id)


def _register_once(client: MlflowClient, name: str, run_id: str, model_id: str) -> str:
    """The version of the registered model that holds this run's model; it gets the alias.

    It is made where there is none.
    """
    versions = client.search_model_versions(f"name = '{name}' and run_id = '{run_id}'")
    if versions:
        version = versions[0]
    else:
        version = persist_whole(mlflow.register_model, f"models:/{model_id}", name)
    client.set_registered_model_alias(name, ALIAS, version.version)
    return version.version


def _counts(run: Run) -> bool:
    return run.info.status == FINISHED and not math.isnan(best_cost(run))


def _group_of_run(run: Run) -> Group:
    params = run.data.params
    return params["dataset"], params["architecture"], float(params["fraction"])


def _winner(run: Run) -> Winner:
    return Winner(best_cost(run), run.info.run_id, run.data.tags.get("model", ""))


def _order(run: Run) -> tuple:
    """The smallest cost first.

    Of equal ones that which was the best before, else that which started first.
    """
    return best_cost(run), "best" not in run.data.tags, run.info.start_time
