"""`study`: the grid of trials, each a child run of the study's parent run; launched again, it runs what is missing.

mlflow run . -e study -P study=digits          or          python -m experiments.study --study digits
"""

import math
import os
import signal
import subprocess
import sys
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Run

from experiments import InputError
from experiments.best import Best, group_of
from experiments.data import Data, load_data, subset_size
from experiments.engine import Engine, cores, open_engine
from experiments.estimate import estimate, in_all, table
from experiments.grid import Cell, cells, grid, held_out, replicas
from experiments.lease import Lease
from experiments.options import parse
from experiments.outage import Patient, StoreAway, tell_if_possible
from experiments.processes import Died
from experiments.progress import Progress
from experiments.run import check_store, exit_with_one_line
from experiments.store import (
    check_images,
    end_running,
    final_run,
    finished_keys,
    note_commit,
    open_experiment,
    parent_run,
    runs_so_far,
    trial_runs,
)
from experiments.trial import Trial
from experiments.worker import Launch, Outcome, outcome_of, set_up

SETTINGS = "## Settings"  # what the report writes stands above it in the parent's description


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    trials = grid(options)
    data = load_data(options.dataset, options.data_dir)
    for fraction in {trial.fraction for trial in trials}:
        subset_size(data.pool, fraction)  # raises for a fraction that holds no image, before anything runs
    if options.dry_run:
        runs = runs_so_far(options.study)
        check_images(options.study, runs, data)
        print(headline(options, trials, missing(trials, runs), data))
        device = options.device if options.engine == "here" else "auto"  # what this machine has is what can be timed
        print(table(estimate(with_replicas(trials, runs, options), runs, data, device), options.workers or cores()))
        return
    check_store()
    client = Patient(MlflowClient())
    with (
        open_engine(options, data) as engine,
        Lease(client.impatient, open_experiment(options.study), options.study) as lease,
    ):
        experiment_id, status = lease.experiment_id, "FAILED"
        parent = parent_run(client, experiment_id, options)
        try:
            complete(client, experiment_id, parent, trials, data, engine, options)
            status = "FINISHED"
        except KeyboardInterrupt:
            status = "KILLED"
            why = "another launch has taken it over" if lease.lost else "the same command continues it where it is"
            exit_with_one_line(f"study '{options.study}' was stopped; {why}")
        finally:
            with tell_if_possible():
                if not lease.lost:
                    end_running(client.impatient, experiment_id)
                    client.impatient.set_terminated(parent, status)


def complete(client, experiment_id: str, parent: str, trials: list[Trial], data: Data, engine: Engine, options) -> None:
    """Run the trials that are missing, and have the analysis answer."""
    end_running(client, experiment_id)
    runs = trial_runs(client, experiment_id)
    check_images(options.study, runs, data)
    best, todo = Best(client, runs), missing(trials, runs)
    print(headline(options, trials, todo, data), flush=True)
    if todo and options.pruning == "halving" and options.engine == "here":  # whose first trials end late
        planned = with_replicas(trials, runs, options)
        print(in_all(estimate(planned, runs, data, options.device), options.workers), flush=True)
    client.set_tag(parent, "mlflow.note.content", note(client, parent, options, trials))
    how = options.data_dir, options.device, options.keep_models
    launch = Launch(options.study, experiment_id, parent, engine.open_data, *how, best.losses())
    failed, held = [], held_out(options)
    for last in (False, True):
        part = [trial for trial in trials if (trial.fraction in held) is last]
        jobs = cells(part, todo)
        if last and jobs:
            client.get_run(parent)  # waits for a store that is away: the analysis would not, and later is too late
            sizes = [subset_size(data.pool, fraction) for fraction in held]
            analyse(options.study, "no forecast", "--forecast_held_out", ",".join(map(str, sizes)))
        failed += execute(client, engine, data, jobs, runs, launch, best, options)
        again = winners_again(client, experiment_id, part, options)
        failed += execute(client, engine, data, *again, launch, best, options)
    for reason, count in Counter(failed).most_common():
        print(f"failed, {count} trials: {reason}")
    for line in best.register(options.study) if options.register else ():
        print(line)
    if options.report:
        analyse(options.study, "no answer yet")
    else:
        print(f"next: python -m analysis.report --study {options.study}")


def winners_again(client, experiment_id: str, trials: list[Trial], options) -> tuple[list[Cell], list[Run]]:
    """The cells that train the winners on further subsets, as far as they have not run yet; and all runs so far.

    While samples of a size are still compared with each other, its winner is not known.
    """
    if options.replicas <= len(options.data_seeds) or not trials:
        return [], []
    runs = trial_runs(client, experiment_id)
    ended = {run.data.tags["trial"] for run in runs if run.info.status in ("FINISHED", "FAILED")}
    waited_for = {group_of(trial) for trial in trials if trial.bracket and trial.key not in ended}
    decided = [trial for trial in trials if group_of(trial) not in waited_for]
    again = replicas(decided, losses_of(runs), options.replicas)
    return cells(again, missing(again, runs), replicas=True), runs


def losses_of(runs: list[Run]) -> dict[str, float]:
    """Best validation losses, by key, of the trials that have finished."""
    finished = [run.data for run in runs if run.info.status == "FINISHED"]
    return {run.tags["trial"]: run.metrics["best_val_loss"] for run in finished}


def with_replicas(trials: list[Trial], runs: list[Run], options) -> list[Trial]:
    """All that is to be trained, as far as it can be known: for a winner that is not there yet stands any sample."""
    unknown = {trial.key: math.inf for trial in trials}
    return trials + replicas(trials, unknown | losses_of(runs), options.replicas)


def missing(trials: list[Trial], runs: list[Run]) -> set[str]:
    """Keys of the trials that have no run yet which finished, or failed for a reason that would come again."""
    return {trial.key for trial in trials} - finished_keys(runs)


def execute(
    client, engine: Engine, data: Data, jobs: list[Cell], runs: list[Run], launch: Launch, best: Best, options
) -> list[str]:
    """Run the cells in worker processes, print progress, try again what may succeed; returns reasons of failure.

    runs: so far, which tell how long trials take.
    """
    if jobs:
        note_commit(client, launch.parent)
    failed, tries = [], Counter()
    progress = Progress(
        [trial for job in jobs for trial in job.trials if trial.key in job.todo], data.pool, runs, options.workers or 1
    )
    while jobs:
        again = []
        with closing(
            engine.run(jobs, set_up, (replace(launch, best=best.losses()),))
        ) as answers:  # ends them, however it is left
            for job, answer in answers:
                if isinstance(answer, StoreAway):
                    raise answer
                if isinstance(answer, Died):
                    best.discard(end_running(client, launch.experiment_id, job.todo))
                    answer = left_by_the_dead(client, launch.experiment_id, job, answer)
                repeat, ended = set(), []
                for outcome in answer:
                    tries[outcome.trial.key] += 1
                    if not outcome.final and tries[outcome.trial.key] <= options.retries:
                        repeat.add(outcome.trial.key)
                        continue
                    if outcome.status == "FINISHED":
                        best.offer(outcome.trial, outcome.best_val_loss, outcome.run_id, outcome.model)
                    else:
                        failed.append(outcome.reason)
                    ended.append(outcome)
                if ended:
                    progress.step(ended)
                if repeat:
                    again.append(replace(job, todo=frozenset(repeat)))
        jobs = again
    return failed


def left_by_the_dead(client, experiment_id: str, job: Cell, died: Died) -> list[Outcome]:
    """What became of the trials of a worker that died: it may have finished some, and been unable to say so."""
    outcomes = []
    for trial in (trial for trial in job.trials if trial.key in job.todo):
        run = final_run(client, experiment_id, trial.key)
        outcomes.append(outcome_of(trial, run) if run else Outcome(trial, "KILLED", reason=died.reason, final=False))
    return outcomes


def analyse(study: str, otherwise: str, *wanted: str) -> None:
    """Have the analysis do its part in a process of its own and print what it says; if it cannot, the study says so."""
    places = [str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {"MLFLOW_TRACKING_URI": mlflow.get_tracking_uri(), "PYTHONPATH": os.pathsep.join(places)}
    command = [sys.executable, "-m", "analysis.report", "--study", study, *wanted]
    said = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True)
    print((said.stdout if said.returncode == 0 else f"{otherwise}: {said.stderr}").strip(), flush=True)


# --- what people read ------------------------------------------------------------------------------


def headline(options, trials: list[Trial], todo: set[str], data: Data) -> str:
    where = f"{options.workers} workers" if options.workers else "the whole cluster"
    return (
        f"study '{options.study}': {len(trials)} trials, {len(trials) - len(todo)} done, {len(todo)} to do "
        f"on {where}; {options.dataset}: {len(data.pool):,} images in the pool, "
        f"{len(data.validation):,} for validation, {len(data.test):,} for testing"
    )


def note(client, parent: str, options, trials: list[Trial]) -> str:
    """The description of the parent run in Markdown: what the last report answered, if any, then the settings."""
    answer = client.get_run(parent).data.tags.get("mlflow.note.content", "").partition(SETTINGS)[0].strip()
    lines = [
        answer,
        SETTINGS,
        f"**{options.dataset}**: {len(options.architectures)} architectures × {len(options.fractions)} sizes × "
        f"{options.samples + 1} samples × {len(options.data_seeds)} data seeds = {len(trials)} trials, "
        f"search space `{options.search_space}`, up to {options.max_steps:,} steps, patience {options.patience:,}.",
        options.note,
        f"Answer: `python -m analysis.report --study {options.study}`, page: `streamlit run app/main.py`.",
    ]
    return "\n\n".join(line for line in lines if line)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # how schedulers end a job: the same as Ctrl-C
    try:
        main()
    except InputError as error:
        exit_with_one_line(error)
    except KeyboardInterrupt:
        sys.exit(130)
