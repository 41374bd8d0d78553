"""The best run of each architecture and fraction: tagged `best`, its model kept, the models of those it beat deleted.

Best is the smallest validation loss over all samples and data seeds. A run's tag `model` says why it has a model:
`all` were wanted, or it was the `best` when it ended; only the latter are ever deleted.
"""

import math
import re
from collections.abc import Iterable

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from experiments.outage import persist
from experiments.trial import Trial

KEEP_MODELS = ("all", "best", "none")
ALIAS = "best"  # of a registered model's version

Group = tuple[str, str, float]  # dataset, architecture, fraction


def group_of(trial: Trial) -> Group:
    return trial.dataset, trial.architecture, trial.fraction


class Best:
    """(best validation loss in nats, run id, tag `model`) of each group; kept right by the driver alone."""

    def __init__(self, client: MlflowClient, runs: Iterable[Run]):
        """From the runs so far; sets right what a launch that was killed left half done."""
        self.client, self.of = client, {}
        finished = [run for run in runs if run.info.status == "FINISHED" and not math.isnan(_loss(run))]
        for run in sorted(finished, key=_order):
            params, model = run.data.params, run.data.tags.get("model", "")
            group = params["dataset"], params["architecture"], float(params["fraction"])
            self.of.setdefault(group, (_loss(run), run.info.run_id, model))
        best = {run_id for _, run_id, _ in self.of.values()}
        for run in runs:
            run_id, tags = run.info.run_id, run.data.tags
            if run_id in best and "best" not in tags:
                client.set_tag(run_id, "best", "true")
            if run_id not in best and "best" in tags:
                client.delete_tag(run_id, "best")
        self.discard(run for run in runs if run.info.run_id not in best)

    def losses(self) -> dict[Group, float]:
        return {group: loss for group, (loss, *_) in self.of.items()}

    def discard(self, runs: Iterable[Run]) -> None:
        """Delete the models that runs have logged in the hope of being the best."""
        for run in runs:
            self._drop_model(run.info.run_id, run.data.tags.get("model", ""))

    def offer(self, trial: Trial, loss: float, run_id: str, model: str) -> None:
        """A run has finished: it becomes the best of its group, or loses its model."""
        before = self.of.get(group_of(trial))
        leads = not (before and before[0] <= loss)
        if not (leads or model) or not self._is_there(run_id):
            return
        if not leads:
            self._drop_model(run_id, model)
            return
        self.of[group_of(trial)] = loss, run_id, model
        self.client.set_tag(run_id, "best", "true")
        if before and self._is_there(before[1]):
            self.client.delete_tag(before[1], "best")
            self._drop_model(*before[1:])

    def _is_there(self, run_id: str) -> bool:
        """A person may have deleted it meanwhile."""
        return self.client.get_run(run_id).info.lifecycle_stage == "active"

    def register(self, study: str) -> list[str]:
        """Register the model of each architecture's best run as `study-architecture`, alias `best`; what was done."""
        architectures = {}
        for (_, architecture, _), one in sorted(self.of.items(), key=lambda item: item[1]):
            architectures.setdefault(architecture, one[1])
        said = []
        for architecture, run_id in architectures.items():
            models = model_ids(self.client, run_id)
            if models:
                name = re.sub("[/:'\"]", "-", f"{study}-{architecture}")
                version = _register_once(self.client, name, run_id, models[-1])
                said.append(f"{architecture}: registered as models:/{name}@{ALIAS}, version {version}")
            else:
                said.append(f"{architecture}: not registered, its best run was recorded without its model")
        return said

    def _drop_model(self, run_id: str, model: str) -> None:
        """Delete a superseded model, bytes and entry; one that somebody has registered stays."""
        if model != "best" or self.client.search_model_versions(f"run_id = '{run_id}'"):
            return
        for model_id in model_ids(self.client, run_id):
            location = self.client.get_logged_model(model_id).artifact_location
            persist(get_artifact_repository(location).delete_artifacts)
            self.client.delete_logged_model(model_id)
        self.client.delete_tag(run_id, "model")


def model_ids(client: MlflowClient, run_id: str) -> list[str]:
    """The models that a run has logged and that still exist, oldest first."""
    found = []
    for output in client.get_run(run_id).outputs.model_outputs:
        try:
            client.get_logged_model(output.model_id)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
        else:
            found.append(output.model_id)
    return found


def _register_once(client: MlflowClient, name: str, run_id: str, model_id: str) -> str:
    """The version of the registered model that holds this run's model, made where there is none; it gets the alias."""
    versions = client.search_model_versions(f"name = '{name}' and run_id = '{run_id}'")
    version = versions[0] if versions else persist(mlflow.register_model, f"models:/{model_id}", name)
    client.set_registered_model_alias(name, ALIAS, version.version)
    return version.version


def _loss(run: Run) -> float:
    return run.data.metrics.get("best_val_loss", math.nan)


def _order(run: Run) -> tuple:
    """The smallest loss first; of equal ones that which was the best before, else that which started first."""
    return _loss(run), "best" not in run.data.tags, run.info.start_time
