"""How a trial ended, as a worker tells the driver."""

import math
from dataclasses import dataclass

from mlflow import MlflowClient
from mlflow.entities import Run

from experiments.orchestration.grid import Cell
from experiments.orchestration.processes import Died
from experiments.orchestration.standing import best_cost, has_diverged
from experiments.orchestration.study_runs import final_run
from experiments.training.trial import Trial
from tracking.schema import DIVERGED, FAILED, FINISHED, KILLED


@dataclass(frozen=True)
class Outcome:
    """How one trial ended.

    status: FINISHED, or FAILED or KILLED with the reason.
    seconds: of training.
    best_cost: of its best evaluation.
    measures: that it was judged by, as its tag says.
    run_id: of its run.
    model: as the run's tag; "" for none.
    reason: why it did not finish.
    final: False where another try may succeed.
    """

    trial: Trial
    status: str
    seconds: float = 0.0
    best_cost: float = math.nan
    run_id: str = ""
    model: str = ""
    measures: str = ""
    reason: str = ""
    final: bool = True


def outcome_of(trial: Trial, run: Run) -> Outcome:
    """The outcome of a trial as the run that ended it tells it."""
    if has_diverged(run):
        return Outcome(trial, FAILED, reason=DIVERGED)
    return Outcome(
        trial,
        FINISHED,
        seconds=run.data.metrics["seconds"],
        best_cost=best_cost(run),
        run_id=run.info.run_id,
        model=run.data.tags.get("model", ""),
        measures=run.data.tags.get("measures", ""),
    )


def left_by_the_dead(
    client: MlflowClient, experiment_id: str, job: Cell, died: Died
) -> list[Outcome]:
    """What became of the trials of a worker that died.

    It may have finished some, and been unable to say so.
    """
    outcomes = []
    for trial in job.to_run:
        run = final_run(client, experiment_id, trial.key)
        if run:
            outcomes.append(outcome_of(trial, run))
        else:
            outcomes.append(Outcome(trial, KILLED, reason=died.reason, final=False))
    return outcomes
