"""All trials of one learner report the same measures, or they cannot be compared."""

from collections.abc import Iterable

from mlflow import MlflowClient
from mlflow.entities import Run

from experiments.orchestration.models_kept import Best
from experiments.orchestration.outcome import Outcome
from experiments.orchestration.study_runs import fail
from tracking.schema import FAILED, FINISHED


class Agreement:
    """What the trials of each architecture are judged by; the driver alone sees them all."""

    def __init__(self, client: MlflowClient, runs: Iterable[Run], best: Best):
        self.client = client
        self.best = best
        self.measures: dict[str, str] = {}
        for run in sorted(runs, key=lambda run: run.info.start_time):
            if run.info.status == FINISHED and "measures" in run.data.tags:
                name = run.data.params["architecture"]
                self.measures.setdefault(name, run.data.tags["measures"])

    def checked(self, outcome: Outcome) -> Outcome:
        """The outcome; a trial of other measures than the first of its learner has failed."""
        if outcome.status != FINISHED:
            return outcome
        learner = outcome.trial.architecture
        allowed = self.measures.setdefault(learner, outcome.measures)
        if outcome.measures == allowed:
            return outcome
        reason = (
            f"trainer '{learner}' returned {outcome.measures}; "
            f"allowed: {allowed}, as in its other trials"
        )
        fail(self.client, outcome.run_id, reason)
        self.best.discard([self.client.get_run(outcome.run_id)])
        return Outcome(outcome.trial, FAILED, reason=reason)
