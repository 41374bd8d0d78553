"""One launch of a study: what is missing of its grid is run, and the analysis answers."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Run

from experiments.orchestration.engine import Engine, open_engine
from experiments.orchestration.estimate import estimate
from experiments.orchestration.grid import Cell, cells, held_out
from experiments.orchestration.lease import Lease
from experiments.orchestration.models_kept import Best, group_of
from experiments.orchestration.options import StudyOptions
from experiments.orchestration.outcome import Outcome, left_by_the_dead
from experiments.orchestration.processes import Died
from experiments.orchestration.progress import Progress
from experiments.orchestration.replicas import replicas, with_replicas
from experiments.orchestration.standing import Standing, standing_of
from experiments.orchestration.study_runs import (
    end_running,
    note_commit,
    open_experiment,
    open_parent,
)
from experiments.orchestration.words import description, headline, in_all
from experiments.orchestration.worker import Launch, set_up
from experiments.training.devices import find_device, precision_on
from experiments.training.subsets import Data, subset_size
from experiments.training.trial import Trial
from tracking.command import exit_with_one_line
from tracking.retry import Patient, StoreAway, tell_if_possible
from tracking.schema import FAILED, FINISHED, KILLED
from tracking.store import default_store, open_store, trial_runs

ROOT = Path(__file__).parents[2]
DESCRIPTION = "mlflow.note.content"  # the tag that MLflow shows as a run's description


def launch(options: StudyOptions, trials: Sequence[Trial], data: Data) -> None:
    """Run a study, as its only launch.

    Raises InputError where another launch runs it, or something that it needs cannot be had.
    Exits with one line where it is stopped.
    """
    open_store(new=True)
    client = Patient(MlflowClient())
    with (
        open_engine(options, data) as engine,
        Lease(client.impatient, open_experiment(options.study), options.study) as lease,
    ):
        parent = open_parent(client, lease.experiment_id, options.study, options.note)
        status = FAILED
        try:
            Coordinator(options, client, parent, trials, data, engine).run()
            status = FINISHED
        except KeyboardInterrupt:
            status = KILLED
            why = "the same command continues it where it is"
            if lease.lost:
                why = "another launch has taken it over"
            exit_with_one_line(f"study '{options.study}' was stopped; {why}")
        finally:
            with tell_if_possible():
                if not lease.lost:
                    end_running(client.impatient, lease.experiment_id)
                    client.impatient.set_terminated(parent.info.run_id, status)


class Coordinator:
    """Leads one launch of a study, while it holds the study's lease.

    options: of the command.
    client: of the store; its calls wait while the store is away.
    parent: id of the study's own run.
    experiment_id: of the study.
    data: what the trials are trained on.
    engine: where they execute.
    trials: the grid, each with the precision that it is trained in.
    standing: how far the study is, as its runs were last read.
    best: of each architecture and fraction.
    failed: why trials of this launch failed.
    """

    def __init__(
        self,
        options: StudyOptions,
        client: Patient,
        parent: Run,
        trials: Sequence[Trial],
        data: Data,
        engine: Engine,
    ):
        """Sets right what launches that were killed left half done."""
        self.options = options
        self.client = client
        self.parent = parent.info.run_id
        self.experiment_id = parent.info.experiment_id
        self.data = data
        self.engine = engine
        self.failed: list[str] = []
        end_running(client, self.experiment_id)
        runs = trial_runs(client, self.experiment_id)
        precision = engine.ask(precision_on, options.device)
        self.trials = [trial.resolved_as(precision) for trial in trials]
        self.standing = standing_of(options.study, runs, data, precision, client)
        self.best = Best(client, runs)

    def run(self) -> None:
        """Run the trials that are missing, the held out sizes last; then the answer."""
        todo = self.standing.missing(self.trials)
        self._announce(todo)
        held = held_out(self.options)
        last = [trial for trial in self.trials if trial.fraction in held]
        self._train([trial for trial in self.trials if trial.fraction not in held], todo)
        if any(trial.key in todo for trial in last):
            self._forecast(held)
        self._train(last, todo)
        self._conclude()

    # --- training

    def _train(self, trials: Sequence[Trial], todo: set[str]) -> None:
        """Run the trials that are missing, and then their winners on further subsets."""
        self._execute(cells(trials, todo))
        if trials and self.options.replicas > len(self.options.data_seeds):
            self._execute(self.winners_again(trials))

    def winners_again(self, trials: Sequence[Trial]) -> list[Cell]:
        """The cells that train the winners on further subsets, as far as they are missing.

        While samples of a size are still compared with each other, its winner is not known.
        """
        self.standing = Standing.of(trial_runs(self.client, self.experiment_id))
        ended = {
            run.data.tags["trial"]
            for run in self.standing.runs
            if run.info.status in (FINISHED, FAILED)
        }
        waited_for = {
            group_of(trial) for trial in trials if trial.bracket and trial.key not in ended
        }
        decided = [trial for trial in trials if group_of(trial) not in waited_for]
        again = replicas(decided, self.standing.losses, self.options.replicas)
        return cells(again, self.standing.missing(again), replicas=True)

    def _execute(self, jobs: Sequence[Cell]) -> None:
        """Run the cells in workers, print progress, and try again what may succeed."""
        if not jobs:
            return
        note_commit(self.client, self.parent)
        trials = [trial for job in jobs for trial in job.to_run]
        workers = self.options.workers or 1
        progress = Progress(trials, self.data.pool, self.standing.runs, workers)
        tries: Counter[str] = Counter()
        while jobs:
            jobs = self._try(jobs, tries, progress)

    def _try(
        self, jobs: Sequence[Cell], tries: Counter[str], progress: Progress
    ) -> list[Cell]:
        """Run the cells once; returns those to run again.

        tries: of each trial so far, by key.
        """
        again = []
        # closing ends the workers, however it is left
        with closing(self.engine.run(jobs, set_up, (self._launch(),))) as answers:
            for job, answer in answers:
                outcomes = self._outcomes(job, answer)
                tries.update(outcome.trial.key for outcome in outcomes)
                repeated = {
                    outcome.trial.key
                    for outcome in outcomes
                    if not outcome.final and tries[outcome.trial.key] <= self.options.retries
                }
                ended = [one for one in outcomes if one.trial.key not in repeated]
                self._take(ended)
                if ended:
                    progress.step(ended)
                if repeated:
                    again.append(replace(job, todo=frozenset(repeated)))
        return again

    def _launch(self) -> Launch:
        return Launch(
            study=self.options.study,
            experiment_id=self.experiment_id,
            parent=self.parent,
            open_data=self.engine.open_data,
            data_dir=self.options.data_dir,
            device=self.options.device,
            keep_models=self.options.keep_models,
            best=self.best.losses(),
        )

    def _outcomes(self, job: Cell, answer: Any) -> list[Outcome]:
        """How the trials of a cell ended, also where their worker has died."""
        if isinstance(answer, StoreAway):
            raise answer
        if isinstance(answer, Died):
            self.best.discard(end_running(self.client, self.experiment_id, job.todo))
            return left_by_the_dead(self.client, self.experiment_id, job, answer)
        return answer

    def _take(self, outcomes: Sequence[Outcome]) -> None:
        for one in outcomes:
            if one.status == FINISHED:
                self.best.offer(one.trial, one.best_val_loss, one.run_id, one.model)
            else:
                self.failed.append(one.reason)

    # --- what people read

    def _announce(self, todo: set[str]) -> None:
        """Say what there is to do, and describe the study in its run."""
        options = self.options
        print(headline(options, self.trials, todo, self.data), flush=True)
        # under halving the first trials end late, and the first line of progress with them
        if todo and options.pruning == "halving" and options.engine == "here":
            planned = with_replicas(self.trials, self.standing.losses, options.replicas)
            device = find_device(options.device)
            rows = estimate(planned, self.standing, self.data, device)
            print(in_all(rows, options.workers), flush=True)
        before = self.client.get_run(self.parent).data.tags.get(DESCRIPTION, "")
        text = description(options, self.trials, before)
        self.client.set_tag(self.parent, DESCRIPTION, text)

    def _forecast(self, held: Sequence[float]) -> None:
        """Have the held out sizes forecast, before they are trained."""
        # waits for a store that is away: the analysis would not, and later is too late
        self.client.get_run(self.parent)
        sizes = [str(subset_size(self.data.pool, fraction)) for fraction in held]
        self._analyse("no forecast", "--forecast_held_out", ",".join(sizes))

    def _conclude(self) -> None:
        """Say what failed, register the best models, and have the analysis answer."""
        for reason, count in Counter(self.failed).most_common():
            print(f"failed, {count} trials: {reason}")
        if self.options.register:
            for line in self.best.register(self.options.study):
                print(line)
        if self.options.report:
            self._analyse("no answer yet")
        else:
            print(f"next: python -m analysis.report --study {self.options.study}")

    def _analyse(self, otherwise: str, *wanted: str) -> None:
        """Have the analysis do its part in a process of its own; print what it says.

        otherwise: how the line begins that says why it cannot.
        """
        command = [sys.executable, "-m", "analysis.report", "--study", self.options.study]
        paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
        environment = {
            "MLFLOW_TRACKING_URI": default_store(),
            "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        }
        done = subprocess.run(
            [*command, *wanted],
            env=os.environ | environment,
            capture_output=True,
            text=True,
        )
        said = done.stdout if done.returncode == 0 else f"{otherwise}: {done.stderr}"
        print(said.strip(), flush=True)
