"""`study`: the grid of trials, each a child run of the study's parent run; launched again, it runs what is missing.

mlflow run . -e study -P study=digits          or          python -m experiments.study --study digits
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import mlflow
import torch
from mlflow import MlflowClient
from mlflow.entities import Run, ViewType
from mlflow.exceptions import MlflowException

from experiments import InputError, one_line
from experiments.data import Data, load_data, subset_indices
from experiments.engine import Died, cores, run_here
from experiments.halving import halve
from experiments.run import (
    TRIAL_FIELDS,
    Parser,
    add_trial_arguments,
    check_store,
    describe,
    exit_with_one_line,
    note_failure,
    number,
    record_result,
    run_name,
    whole_number,
)
from experiments.train import Diverged, Result, find_device, train
from experiments.trial import Trial

LADDER = (0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.0)  # the notebook's: 0.5 %, doubling, up to 100 %
GRID_FIELDS = ("architecture", "fraction", "sample", "data_seed")
PRUNING = ("off", "halving")
RETRIES = 1  # of a trial whose worker died or that failed for a reason that may not come again


# One thread per process; freed memory is kept, since asking the system for it anew at every step costs a third.
WORKER_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2**31 - 1)}


@dataclass(frozen=True)
class Outcome:
    """How one trial ended: FINISHED, or FAILED with the reason."""

    trial: Trial
    status: str
    seconds: float
    n_train: int = 0
    best_val_loss: float = float("nan")
    reason: str = ""
    final: bool = True  # False: another try may succeed


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    trials = grid(options)
    find_device(options.device)
    data = load_data(options.dataset, options.data_dir)
    for fraction in {trial.fraction for trial in trials}:
        subset_indices(data.pool, fraction, 0)  # raises for a fraction that holds no image, before anything runs
    check_store()
    client = MlflowClient()
    experiment_id = open_experiment(options.study)
    parent = parent_run(client, experiment_id, options)
    kill_stale(client, experiment_id)
    done = finished_keys(client, experiment_id)
    todo = [trial for trial in trials if trial.key not in done]
    print(
        f"study '{options.study}': {len(trials)} trials, {len(trials) - len(todo)} done, {len(todo)} to do "
        f"on {options.workers} workers; {options.dataset}: {len(data.pool):,} images in the pool, "
        f"{len(data.validation):,} for validation, {len(data.test):,} for testing",
        flush=True,
    )
    client.set_tag(parent, "mlflow.note.content", note(options, trials))
    status, failed = "FAILED", []
    try:
        with tempfile.TemporaryDirectory(prefix="scaling-study-") as folder:
            path = Path(folder) / "data.pt"
            torch.save(data, path)
            jobs, held = cells(trials, {trial.key for trial in todo}), held_out(options)
            early, late = ([job for job in jobs if (job.trials[0].fraction in held) is last] for last in (False, True))
            failed = execute(client, experiment_id, parent, early, path, options)
            if late:
                log_forecast(options.study, [len(subset_indices(data.pool, fraction, 0)) for fraction in held])
                failed += execute(client, experiment_id, parent, late, path, options)
        status = "FINISHED"
    except KeyboardInterrupt:
        status = "KILLED"
        kill_own(client, experiment_id)
        exit_with_one_line(f"stopped; the same command continues study '{options.study}' where it is")
    finally:
        client.set_terminated(parent, status)
    for reason, count in Counter(failed).most_common():
        print(f"failed, {count} trials: {reason}")
    print(f"next: python -m analysis.report --study {options.study}")


# --- what to run -----------------------------------------------------------------------------------


def parse(arguments: list[str] | None):
    parser = Parser("experiments.study", description="Train the whole grid and record every trial in MLflow.")
    parser.add_argument("--study", default="scaling-study", help="name of the study and of its MLflow experiment")
    parser.add_argument("--architectures", type=names, default=("linear", "mlp", "cnn", "forest"))
    parser.add_argument("--fractions", type=fractions, default=LADDER, help="comma-separated, or 'ladder'")
    parser.add_argument("--samples", type=whole_number, default=4, help="K random draws, besides the untuned sample 0")
    parser.add_argument("--data_seeds", type=whole_numbers, default=(0,))
    parser.add_argument("--pruning", default="off", help="off, or halving: end hopeless samples of a cell early")
    parser.add_argument("--hold_out", type=whole_number, default=0, help="sizes to forecast before training them")
    parser.add_argument("--workers", type=whole_number, default=0, help="processes; 0 = one per core")
    parser.add_argument("--note", default="", help="said wherever results are shown, such as where the images are from")
    add_trial_arguments(parser, without=GRID_FIELDS)
    options = parser.parse_args(arguments)
    if options.samples < 0:
        raise InputError(f"samples {options.samples} is negative; allowed: 0 (untuned only), 1, 2, …")
    if options.pruning not in PRUNING:
        raise InputError(f"pruning '{options.pruning}' is unknown; allowed: {', '.join(PRUNING)}")
    if options.hold_out and not 0 < options.hold_out <= len(options.fractions) - 3:
        raise InputError(f"hold_out {options.hold_out} must be 0 or leave at least 3 of the sizes to forecast from")
    if options.workers < 0:
        raise InputError(f"workers {options.workers} is negative; allowed: 0 (one per core), 1, 2, …")
    if not options.study.strip():
        raise InputError("study '' is empty; allowed: any name")
    options.workers = options.workers or cores()
    return options


def names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def whole_numbers(text: str) -> tuple[int, ...]:
    return tuple(dict.fromkeys(whole_number(part) for part in names(text)))


def fractions(text: str) -> tuple[float, ...]:
    return LADDER if text == "ladder" else tuple(dict.fromkeys(number(part) for part in names(text)))


def grid(options) -> list[Trial]:
    """Every trial of the study. Raises InputError where one is impossible or there is none."""
    shared = {name: getattr(options, name) for name in TRIAL_FIELDS if name not in GRID_FIELDS}
    shared["bracket"] = options.samples if options.pruning == "halving" else 0
    axes = (options.architectures, options.fractions, range(options.samples + 1), options.data_seeds)
    trials = [Trial(**dict(zip(GRID_FIELDS, cell)), **shared) for cell in product(*axes)]
    if not trials:
        raise InputError("the study is empty: architectures, fractions and data_seeds need one entry each")
    return trials


def held_out(options) -> list[float]:
    """The largest fractions, which are trained last."""
    return sorted(options.fractions)[len(options.fractions) - options.hold_out :]


@dataclass(frozen=True)
class Cell:
    """A job: trials that must be trained together (all samples of a bracket, or one), and those still to record."""

    trials: tuple[Trial, ...]
    todo: frozenset[str]  # keys


def cells(trials: list[Trial], todo: set[str]) -> list[Cell]:
    """The jobs of a study. Large subsets and deep nets first, so that no core idles at the end behind a long one.

    Where samples are compared with each other, a cell with one missing is trained whole: its runs are pure
    functions of their trials, so those recorded before come out the same and are not recorded again.
    """
    groups = defaultdict(list)
    for trial in trials:
        groups[(trial.architecture, trial.fraction, trial.data_seed, None if trial.bracket else trial.sample)].append(
            trial
        )
    jobs = [Cell(tuple(group), frozenset(trial.key for trial in group) & todo) for group in groups.values()]
    weight = {"resnet": 4, "cnn": 2, "mlp": 1, "linear": 0.5, "forest": 0.1}
    return sorted(
        [job for job in jobs if job.todo],
        key=lambda job: -weight.get(job.trials[0].architecture, 4) * job.trials[0].fraction ** 0.3,
    )


# --- what has run ----------------------------------------------------------------------------------


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
        parent = client.create_run(experiment_id, run_name=f"study · {options.study}").info.run_id
    if project_run and project_run != parent:
        client.set_tag(project_run, "mlflow.runName", f"launch · {options.study}")
        client.set_tag(project_run, "launched", parent)
    client.set_tag(parent, "mlflow.runName", f"study · {options.study}")
    client.set_tag(parent, "role", "study")
    client.set_tag(parent, "note", options.note)
    return parent


def trial_runs(client: MlflowClient, experiment_id: str, where: str = "") -> list[Run]:
    """All runs of trials in the experiment, page by page: MLflow answers with at most 1,000 at a time."""
    runs, token = [], None
    while True:
        page = client.search_runs([experiment_id], where, ViewType.ACTIVE_ONLY, max_results=1000, page_token=token)
        runs += [run for run in page if "trial" in run.data.tags]
        token = page.token
        if not token:
            return runs


def finished_keys(client: MlflowClient, experiment_id: str) -> set[str]:
    """Keys of the trials that need no other run: finished, or failed for a reason that would come again."""
    return {
        run.data.tags["trial"]
        for run in trial_runs(client, experiment_id)
        if run.info.status == "FINISHED" or run.data.tags.get("failure", "").startswith("diverged")
    }


def kill_stale(client: MlflowClient, experiment_id: str) -> None:
    """Mark as KILLED what a dead process of this machine left RUNNING; a live one's runs are its own."""
    for run in trial_runs(client, experiment_id, "attributes.status = 'RUNNING'"):
        host, _, pid = run.data.tags.get("owner", "").partition(":")
        if host == socket.gethostname() and not alive(int(pid)):
            client.set_terminated(run.info.run_id, "KILLED")


def kill_own(client: MlflowClient, experiment_id: str, keys: frozenset | None = None) -> None:
    """Mark as KILLED the runs of this driver's workers: all of them, or those of some trials."""
    for run in trial_runs(client, experiment_id, "attributes.status = 'RUNNING'"):
        if run.data.tags.get("owner") == owner(os.getpid()) and (keys is None or run.data.tags["trial"] in keys):
            client.set_terminated(run.info.run_id, "KILLED")


def owner(pid: int) -> str:
    """Which launch a run belongs to, so that a later one can tell whether it still lives."""
    return f"{socket.gethostname()}:{pid}"


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


# --- running it ------------------------------------------------------------------------------------


def execute(client, experiment_id, parent, jobs: list[Cell], path: Path, options) -> list[str]:
    """Run the cells in worker processes, print progress, try again what may succeed; returns reasons of failure."""
    failed, tries = [], Counter()
    progress = Progress([trial for job in jobs for trial in job.trials if trial.key in job.todo])
    os.environ |= WORKER_ENVIRONMENT  # read by the workers as they start
    context = (str(path), experiment_id, parent, options.study, options.device, os.getpid())
    while jobs:
        again = []
        for job, answer in run_here(jobs, set_up, context, options.workers):
            if isinstance(answer, Died):
                kill_own(client, experiment_id, job.todo)
                reason = f"worker process ended ({answer.exitcode})"
                answer = [Outcome(trial, "KILLED", 0.0, reason=reason, final=False) for trial in job.trials]
            repeat = set()
            for outcome in [outcome for outcome in answer if outcome.trial.key in job.todo]:
                tries[outcome.trial.key] += 1
                if not outcome.final and tries[outcome.trial.key] <= RETRIES:
                    repeat.add(outcome.trial.key)
                    continue
                if outcome.status != "FINISHED":
                    failed.append(outcome.reason)
                progress.step(outcome)
            if repeat:
                again.append(replace(job, todo=frozenset(repeat)))
        jobs = again
    return failed


def log_forecast(study: str, sizes: list[int]) -> None:
    """Have the analysis log what it expects of sizes that are not trained yet; if it cannot, the study says so."""
    wanted = ["--study", study, "--forecast_held_out", ",".join(map(str, sizes))]
    places = [str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {"MLFLOW_TRACKING_URI": mlflow.get_tracking_uri(), "PYTHONPATH": os.pathsep.join(places)}
    command = [sys.executable, "-m", "analysis.report", *wanted]
    said = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True)
    print((said.stdout if said.returncode == 0 else f"no forecast: {said.stderr}").strip(), flush=True)


def set_up(path: str, experiment_id: str, parent: str, study: str, device: str, driver: int):
    """In a worker, once: map the data into memory (one copy for all workers) and return what runs one cell."""
    torch.set_num_threads(1)
    data = torch.load(path, mmap=True, weights_only=False)
    client = MlflowClient()

    def work(job: Cell) -> list[Outcome]:
        runs = {trial.key: open_run(trial) for trial in job.trials if trial.key in job.todo}
        outcomes = []
        for trial, ended in attempts(job.trials, data, device):
            if trial.key in runs:
                outcomes.append(close_run(runs[trial.key], trial, ended))
        return outcomes

    def open_run(trial: Trial) -> str:
        tags = {"mlflow.parentRunId": parent, "study": study, "trial": trial.key, "owner": owner(driver)}
        name = run_name(trial, round(trial.fraction * len(data.pool)))
        run_id = client.create_run(experiment_id, tags=tags, run_name=name).info.run_id
        describe(client, run_id, trial, data)
        return run_id

    def close_run(run_id: str, trial: Trial, ended) -> Outcome:
        if isinstance(ended, Result):
            try:
                record_result(client, run_id, trial, data, ended)
                client.set_terminated(run_id, "FINISHED")
                return Outcome(trial, "FINISHED", ended.seconds, ended.n_train, ended.best_val_loss)
            except MlflowException as error:
                ended = error
        final = isinstance(ended, Diverged)
        reason = f"diverged: {ended}" if final else f"{type(ended).__name__}: {one_line(ended)}"
        note_failure(client, run_id, reason)
        client.set_terminated(run_id, "FAILED")
        return Outcome(trial, "FAILED", 0.0, reason="diverged" if final else reason, final=final)

    return work


def attempts(trials: tuple[Trial, ...], data: Data, device: str) -> Iterator[tuple[Trial, Result | Exception]]:
    """Train the trials of a cell; yields each with its result, or with what stopped it.

    One crashed trial must not take the study down, whatever it crashed with.
    """
    if trials[0].bracket:
        missing = {trial.key: trial for trial in trials}
        try:
            for trial, ended in halve(trials, data, device):
                del missing[trial.key]
                yield trial, ended
        except Exception as error:
            yield from ((trial, error) for trial in missing.values())
        return
    for trial in trials:
        try:
            yield trial, train(trial, data, device)
        except Exception as error:
            yield trial, error


class Progress:
    """One line per ended trial with an estimate of the time left, from the trials of its kind that ended before."""

    def __init__(self, trials: list[Trial]):
        self.left = Counter((trial.architecture, trial.fraction) for trial in trials)
        self.total, self.start, self.seconds = len(trials), time.perf_counter(), defaultdict(list)

    def step(self, outcome: Outcome) -> None:
        cell = outcome.trial.architecture, outcome.trial.fraction
        self.left[cell] -= 1
        self.seconds[cell].append(outcome.seconds)
        said = f"validation loss {outcome.best_val_loss:.4f}" if outcome.status == "FINISHED" else outcome.reason
        done = self.total - self.left.total()
        print(
            f"[{done:>{len(str(self.total))}}/{self.total}] {clock(time.perf_counter() - self.start)} gone, "
            f"about {clock(self.remaining())} left · {describe_briefly(outcome)} · {said}",
            flush=True,
        )

    def remaining(self) -> float:
        """Seconds until the end: trials left in each cell × what such a trial took, at the pace of the workers."""
        known = {cell: sum(values) / len(values) for cell, values in self.seconds.items()}
        mean = sum(known.values()) / len(known)
        work_left = sum(count * known.get(cell, mean) for cell, count in self.left.items())
        work_done = sum(sum(values) for values in self.seconds.values())
        return (time.perf_counter() - self.start) * work_left / max(work_done, 1e-9)


def describe_briefly(outcome: Outcome) -> str:
    trial = outcome.trial
    if outcome.n_train:
        return run_name(trial, outcome.n_train)
    return f"{trial.architecture} · {trial.fraction:.1%} · #{trial.sample}"


def clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}" if minutes >= 60 else f"{minutes}:{seconds:02}"


def note(options, trials: list[Trial]) -> str:
    """What MLflow's page of the parent run says about the study, in Markdown."""
    lines = [
        f"**{options.dataset}**: {len(options.architectures)} architectures × {len(options.fractions)} sizes × "
        f"{options.samples + 1} samples × {len(options.data_seeds)} data seeds = {len(trials)} trials, "
        f"search space `{options.search_space}`, up to {options.max_steps:,} steps, patience {options.patience:,}.",
        options.note,
        f"Answer: `python -m analysis.report --study {options.study}`, page: `streamlit run app/main.py`.",
    ]
    return "\n\n".join(line for line in lines if line)


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        exit_with_one_line(error)
    except KeyboardInterrupt:
        sys.exit(130)
