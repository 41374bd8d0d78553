"""How far a study is: what its runs say of its trials, read from them in one go."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from mlflow import MlflowClient
from mlflow.entities import Run

from experiments.training.networks import find_architecture
from experiments.training.task import Task
from experiments.training.trial import Trial
from tracking import schema
from tracking.errors import InputError
from tracking.measures import Measure, from_text
from tracking.runs import USUAL, unquoted
from tracking.schema import FAILED, FINISHED, RunSettings


@dataclass(frozen=True)
class Standing:
    """What has become of a study's trials, each known by its key.

    runs: of its trials, as they were read.
    finished: trials with a run that finished.
    diverged: trials that are not tried again, since their loss became NaN or infinite.
    failed: trials with a run that failed for another reason.
    seconds: of training, of those that have finished or diverged; 0 where it is not known.
    costs: of the best evaluation of those that have finished.
    """

    runs: Sequence[Run]
    finished: frozenset[str]
    diverged: frozenset[str]
    failed: frozenset[str]
    seconds: Mapping[str, float]
    costs: Mapping[str, float]

    @classmethod
    def of(cls, runs: Sequence[Run]) -> "Standing":
        """The standing that runs tell, whose keys are those that their trials have now."""
        diverged = [run for run in runs if has_diverged(run)]
        finished = [run for run in runs if run.info.status == FINISHED]
        failed = [run for run in runs if run.info.status == FAILED and not has_diverged(run)]
        return cls(
            runs=runs,
            finished=_keys(finished),
            diverged=_keys(diverged),
            failed=_keys(failed),
            seconds={
                run.data.tags["trial"]: run.data.metrics.get("seconds", 0.0)
                for run in runs
                if is_final(run)
            },
            costs={
                run.data.tags["trial"]: cost
                for run in finished
                if not math.isnan(cost := best_cost(run))
            },
        )

    def missing(self, trials: Iterable[Trial]) -> set[str]:
        """Keys of the trials that need a run still."""
        return {trial.key for trial in trials} - self.finished - self.diverged


def standing_of(
    study: str,
    runs: Sequence[Run],
    task: Task,
    precision: str,
    client: MlflowClient | None = None,
) -> Standing:
    """How far a study is, by its runs, whose keys are renewed.

    precision: what precision=auto comes to where the trials are trained.
    client: writes renewed keys into the store; None writes nothing.
    Raises InputError where the study was trained on other examples.
    """
    check_examples(study, runs, task)
    renew_keys(runs, precision, client)
    return Standing.of(runs)


def check_examples(study: str, runs: Iterable[Run], task: Task) -> None:
    """Raises InputError where the study was trained on other examples of this name.

    One curve is of one dataset.
    """
    for run in runs:
        known = run.data.tags.get("dataset_fingerprint", task.fingerprint)
        same_name = run.data.params.get("dataset") == task.name
        if same_name and is_final(run) and known != task.fingerprint:
            raise InputError(
                f"study '{study}' was trained on other examples of '{task.name}' "
                f"(fingerprint {known}, now {task.fingerprint}): splits and test set differ; "
                "give the new examples a study of their own"
            )


def check_shares(study: str, runs: Iterable[Run], asked: RunSettings) -> None:
    """Raises InputError where the study was trained with other shares of the classes.

    One curve is of one mixture.
    """
    for run in runs:
        same_name = run.data.params.get("dataset") == asked.dataset
        known = unquoted(run.data.params.get("shares", ""))
        if same_name and is_final(run) and known != asked.shares:
            raise InputError(
                f"study '{study}' was trained with shares '{known}', now '{asked.shares}'; "
                "give the new shares a study of their own"
            )


def first_measure(run: Run) -> Measure:
    """The measure that chose the step of a run."""
    return from_text(run.data.tags.get("measures") or USUAL)[0]


def best_cost(run: Run) -> float:
    """The cost of a run's best evaluation; NaN where it has none."""
    measure = first_measure(run)
    value = run.data.metrics.get(schema.measured(measure.name)["validation"], math.nan)
    return measure.gap(value)


def is_final(run: Run) -> bool:
    """Whether it finished, or failed for a reason that would come again."""
    return run.info.status == FINISHED or has_diverged(run)


def has_diverged(run: Run) -> bool:
    """Whether its loss became NaN or infinite."""
    return schema.diverged(run.data.tags.get("failure"))


# --- runs that were recorded before the precision was resolved


def renew_keys(
    runs: Iterable[Run], precision: str, client: MlflowClient | None = None
) -> None:
    """Give runs whose key says precision=auto the key that their trial has now.

    Else all that they cost would be trained again. What the precision came to is the run's tag
    `precision`; without it, what it comes to now.

    precision: what precision=auto comes to where the trials are trained.
    client: writes the keys into the store; None changes them in `runs` only.
    """
    for run in runs:
        trial = _unresolved_trial(run)
        if trial is None:
            continue
        key = trial.resolved_as(precision).key
        run.data.tags["trial"] = key
        if client:
            client.set_tag(run.info.run_id, "trial", key)


def _unresolved_trial(run: Run) -> Trial | None:
    """The trial of a run whose key it has, unresolved; None for any other run."""
    params = run.data.params
    try:
        if _is_resolved(params):
            return None
        trial = Trial(**schema.recorded(params))
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


def _keys(runs: Iterable[Run]) -> frozenset[str]:
    return frozenset(run.data.tags["trial"] for run in runs)
