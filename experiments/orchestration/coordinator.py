"""One launch of a study: what is missing of its grid is run, and the analysis answers."""

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Run

from experiments.orchestration import fence
from experiments.orchestration.agreement import Agreement
from experiments.orchestration.analyse import analyse
from experiments.orchestration.data_check import Checking
from experiments.orchestration.engine import Engine, open_engine
from experiments.orchestration.estimate import estimate
from experiments.orchestration.fence import LeaseLost
from experiments.orchestration.grid import Cell, cells, held_out
from experiments.orchestration.lease import CLOSING, Flag, Lease
from experiments.orchestration.models_kept import Best, group_of
from experiments.orchestration.options import StudyOptions
from experiments.orchestration.outcome import Outcome, left_by_the_dead
from experiments.orchestration.processes import Died
from experiments.orchestration.progress import Progress
from experiments.orchestration.replicas import replicas, with_replicas
from experiments.orchestration.standing import Standing, check_shares, standing_of
from experiments.orchestration.study_runs import (
    end_running,
    note_commit,
    open_experiment,
    open_parent,
)
from experiments.orchestration.words import description, headline, in_all
from experiments.orchestration.worker import Launch, set_up
from experiments.orchestration.writable import check_artifacts
from experiments.training.devices import find_device, precision_on
from experiments.training.subsets import subset_size
from experiments.training.task import Task
from experiments.training.trial import Trial
from tracking.command import command_line, exit_with_one_line
from tracking.retry import WAIT, Patient, StoreAway, tell_if_possible
from tracking.schema import FAILED, FINISHED, KILLED
from tracking.store import open_store, trial_runs

DESCRIPTION = "mlflow.note.content"  # the tag that MLflow shows as a run's description


def launch(options: StudyOptions, trials: Sequence[Trial], task: Task) -> None:
    """Run a study, as its only launch.

    Raises InputError where another launch runs it, or something that it needs cannot be had.
    Exits with one line where it is stopped.
    """
    open_store(new=True, wait=WAIT)
    client = Patient(MlflowClient())
    flag = Flag()
    with (
        open_engine(options, task, flag.ask) as engine,
        Lease(client.impatient, open_experiment(options.study), options.study, flag) as lease,
    ):
        parent = open_parent(client, lease.experiment_id, options.study, options.note)
        status = FAILED
        wait = 0.0  # where the store is away, it was waited for already
        try:
            if options.keep_models != "none" or options.report:
                check_artifacts(parent)
            coordinator = Coordinator(options, client, parent, trials, task, engine)
            lease.followed = coordinator.is_followed
            coordinator.run()
            status = FINISHED
            wait = WAIT
        except KeyboardInterrupt:
            status = KILLED
            wait = CLOSING
            why = "the same command continues it where it is"
            exit_with_one_line(f"study '{options.study}' was stopped; {why}")
        except LeaseLost:
            flag.lost = True
            why = "another launch has taken it over"
            exit_with_one_line(f"study '{options.study}' was stopped; {why}")
        finally:
            with tell_if_possible():
                if not lease.lost:
                    _close(Patient(client.impatient, wait), parent, status)


def _close(client: Patient, parent: Run, status: str) -> None:
    """Say in the store how a launch ended."""
    end_running(client, parent.info.experiment_id)
    client.set_terminated(parent.info.run_id, status)


class Coordinator:
    """Leads one launch of a study, while it holds the study's lease.

    options: of the command.
    client: of the store; its calls wait while the store is away.
    parent: id of the study's own run.
    number: of the launch (fence.py).
    experiment_id: of the study.
    task: what is learned.
    engine: where they execute.
    trials: the grid, each with the precision that it is trained in.
    standing: how far the study is, as its runs were last read.
    best: of each architecture and fraction.
    agreement: on the measures of each architecture.
    failed: why trials of this launch failed.
    """

    def __init__(
        self,
        options: StudyOptions,
        client: Patient,
        parent: Run,
        trials: Sequence[Trial],
        task: Task,
        engine: Engine,
    ):
        """Sets right what launches that were killed left half done."""
        self.options = options
        self.client = client
        self.parent = parent.info.run_id
        self.experiment_id = parent.info.experiment_id
        self.task = task
        self.engine = engine
        self.failed: list[str] = []
        self.number = fence.take_number(client, self.parent)
        end_running(client, self.experiment_id)
        runs = trial_runs(client, self.experiment_id)
        precision = engine.ask(precision_on, options.device)
        self.trials = [trial.resolved_as(precision) for trial in trials]
        check_shares(options.study, runs, options.settings)
        self.standing = standing_of(options.study, runs, task, precision, client)
        self.best = Best(client, runs)
        self.agreement = Agreement(client, runs, self.best)

    def is_followed(self) -> bool:
        """Whether a later launch has begun. Does not wait for the store."""
        return fence.is_followed(self.client.impatient, self.parent, self.number)

    def run(self) -> None:
        """Run the trials that are missing, the held out sizes last; then the answer."""
        todo = self.standing.missing(self.trials)
        self._announce(todo)
        checking = Checking(self.options, self.task, self.client, self.parent)
        checking.begin(self._planned(), self.standing)
        held = held_out(self.options)
        last = [trial for trial in self.trials if trial.fraction in held]
        self._train([trial for trial in self.trials if trial.fraction not in held], todo)
        if any(trial.key in todo for trial in last):
            self._forecast(held)
        self._train(last, todo)
        if checking.labelled is not None:
            checking.end(Standing.of(trial_runs(self.client, self.experiment_id)))
        self._conclude()

    def _planned(self) -> list[Trial]:
        """The grid, and the winners that are trained again."""
        return with_replicas(self.trials, self.standing.costs, self.options.replicas)

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
        again = replicas(decided, self.standing.costs, self.options.replicas)
        return cells(again, self.standing.missing(again), replicas=True)

    def _execute(self, jobs: Sequence[Cell]) -> None:
        """Run the cells in workers, print progress, and try again what may succeed."""
        if not jobs:
            return
        note_commit(self.client, self.parent)
        trials = [trial for job in jobs for trial in job.to_run]
        workers = self.options.workers or 1
        progress = Progress(trials, self.task, self.standing.runs, workers)
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
            number=self.number,
            open_task=self.engine.open_task,
            data_dir=self.options.data_dir,
            device=self.options.device,
            keep_models=self.options.keep_models,
            best=self.best.costs(),
        )

    def _outcomes(self, job: Cell, answer: Any) -> list[Outcome]:
        """How the trials of a cell ended, also where their worker has died."""
        if isinstance(answer, StoreAway | LeaseLost):
            raise answer
        if isinstance(answer, Died):
            self.best.discard(end_running(self.client, self.experiment_id, job.todo))
            answer = left_by_the_dead(self.client, self.experiment_id, job, answer)
        return [self.agreement.checked(outcome) for outcome in answer]

    def _take(self, outcomes: Sequence[Outcome]) -> None:
        for one in outcomes:
            if one.status == FINISHED:
                self.best.offer(one.trial, one.best_cost, one.run_id, one.model)
            else:
                self.failed.append(one.reason)

    # --- what people read

    def _announce(self, todo: set[str]) -> None:
        """Say what there is to do, and describe the study in its run."""
        options = self.options
        print(headline(options, self.trials, todo, self.task), flush=True)
        # under halving the first trials end late, and the first line of progress with them
        if todo and options.pruning == "halving" and options.engine == "here":
            device = find_device(options.device)
            rows = estimate(self._planned(), self.standing, self.task, device)
            print(in_all(rows, options.workers), flush=True)
        before = self.client.get_run(self.parent).data.tags.get(DESCRIPTION, "")
        text = description(options, self.trials, before)
        self.client.set_tag(self.parent, DESCRIPTION, text)

    def _forecast(self, held: Sequence[float]) -> None:
        """Have the held out sizes forecast, before they are trained."""
        # waits for a store that is away: the analysis would not, and later is too late
        self.client.get_run(self.parent)
        sizes = [str(subset_size(self.task, fraction)) for fraction in held]
        analyse(self.options.study, "no forecast", "--forecast_held_out", ",".join(sizes))

    def _conclude(self) -> None:
        """Say what failed, register the best models, and have the analysis answer."""
        for reason, count in Counter(self.failed).most_common():
            print(f"failed, {count} trials: {reason}")
        if self.options.register:
            for line in self.best.register(self.options.study):
                print(line)
        if self.options.is_step:
            return
        if self.options.report:
            analyse(self.options.study, "no answer yet")
        else:
            print(f"next: {command_line('analysis.report', study=self.options.study)}")
