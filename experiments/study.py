"""`study`: the grid of trials, each a child run of the study's parent run; launched again, it runs what is missing.

mlflow run . -e study -P study=digits          or          python -m experiments.study --study digits
"""

import os
import socket
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import mlflow
import torch
from mlflow import MlflowClient
from mlflow.entities import Run, ViewType

from experiments import InputError
from experiments.data import load_data, subset_indices
from experiments.engine import Died, cores, run_here
from experiments.run import (
    TRIAL_FIELDS,
    Parser,
    add_trial_arguments,
    check_store,
    exit_with_one_line,
    number,
    record,
    run_name,
    whole_number,
)
from experiments.train import Diverged, find_device
from experiments.trial import Trial

LADDER = (0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.0)  # the notebook's: 0.5 %, doubling, up to 100 %
GRID_FIELDS = ("architecture", "fraction", "sample", "data_seed")
RETRIES = 1  # of a trial whose worker died or that failed for a reason that may not come again


@dataclass(frozen=True)
class Outcome:
    """How one trial ended: FINISHED, or FAILED with the reason."""

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
    experiment_id = mlflow.set_experiment(options.study).experiment_id
    parent = parent_run(client, experiment_id, options)
    kill_stale(client, experiment_id)
    done = finished_keys(client, experiment_id)
    todo = longest_first([trial for trial in trials if trial.key not in done])
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
            failed = execute(client, experiment_id, parent, todo, path, options)
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
    parser.add_argument("--workers", type=whole_number, default=0, help="processes; 0 = one per core")
    parser.add_argument("--note", default="", help="said wherever results are shown, such as where the images are from")
    add_trial_arguments(parser, without=GRID_FIELDS)
    options = parser.parse_args(arguments)
    if options.samples < 0:
        raise InputError(f"samples {options.samples} is negative; allowed: 0 (untuned only), 1, 2, …")
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
    axes = (options.architectures, options.fractions, range(options.samples + 1), options.data_seeds)
    trials = [Trial(**dict(zip(GRID_FIELDS, cell)), **shared) for cell in product(*axes)]
    if not trials:
        raise InputError("the study is empty: architectures, fractions and data_seeds need one entry each")
    return trials


def longest_first(trials: list[Trial]) -> list[Trial]:
    """Large subsets and deep nets first, so that no core idles at the end behind one long trial."""
    weight = {"resnet": 4, "cnn": 2, "mlp": 1, "linear": 0.5, "forest": 0.1}
    return sorted(trials, key=lambda trial: -weight.get(trial.architecture, 4) * trial.fraction**0.3)


# --- what has run ----------------------------------------------------------------------------------


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


def kill_own(client: MlflowClient, experiment_id: str, key: str | None = None) -> None:
    """Mark as KILLED the runs of this driver's workers: all of them, or that of one trial."""
    for run in trial_runs(client, experiment_id, "attributes.status = 'RUNNING'"):
        if run.data.tags.get("owner") == owner(os.getpid()) and key in (None, run.data.tags["trial"]):
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


def execute(client, experiment_id, parent, todo: list[Trial], path: Path, options) -> list[str]:
    """Run the trials in worker processes, print progress, try again what may succeed; returns reasons of failure."""
    failed, tries, progress = [], Counter(), Progress(todo)
    os.environ["OMP_NUM_THREADS"] = "1"  # read by the workers as they start: one thread each
    context = (str(path), experiment_id, parent, options.study, options.device, os.getpid())
    while todo:
        again = []
        for trial, answer in run_here(todo, set_up, context, options.workers):
            tries[trial.key] += 1
            if isinstance(answer, Died):
                kill_own(client, experiment_id, trial.key)
                answer = Outcome("KILLED", 0.0, reason=f"worker process ended ({answer.exitcode})", final=False)
            if answer.status != "FINISHED":
                if not answer.final and tries[trial.key] <= RETRIES:
                    again.append(trial)
                    continue
                failed.append(answer.reason)
            progress.step(trial, answer)
        todo = again
    return failed


def set_up(path: str, experiment_id: str, parent: str, study: str, device: str, driver: int):
    """In a worker, once: map the data into memory (one copy for all workers) and return what runs one trial."""
    torch.set_num_threads(1)
    data = torch.load(path, mmap=True, weights_only=False)
    client = MlflowClient()

    def work(trial: Trial) -> Outcome:
        start = time.perf_counter()
        tags = {"mlflow.parentRunId": parent, "study": study, "trial": trial.key, "owner": owner(driver)}
        name = run_name(trial, round(trial.fraction * len(data.pool)))
        run = client.create_run(experiment_id, tags=tags, run_name=name)
        try:
            with mlflow.start_run(run_id=run.info.run_id):
                result = record(trial, data, device, keep_model=False)
        except Diverged:
            return Outcome("FAILED", time.perf_counter() - start, reason="diverged: the loss became NaN or infinite")
        except Exception as error:  # one crashed trial must not take the study down
            reason = f"{type(error).__name__}: {' '.join(str(error).split())}"[:500]
            client.set_tag(run.info.run_id, "failure", reason)
            return Outcome("FAILED", time.perf_counter() - start, reason=reason, final=False)
        return Outcome("FINISHED", time.perf_counter() - start, result.n_train, result.best_val_loss)

    return work


class Progress:
    """One line per ended trial with an estimate of the time left, from the trials of its kind that ended before."""

    def __init__(self, trials: list[Trial]):
        self.left = Counter((trial.architecture, trial.fraction) for trial in trials)
        self.total, self.start, self.seconds = len(trials), time.perf_counter(), defaultdict(list)

    def step(self, trial: Trial, outcome: Outcome) -> None:
        cell = trial.architecture, trial.fraction
        self.left[cell] -= 1
        self.seconds[cell].append(outcome.seconds)
        said = f"validation loss {outcome.best_val_loss:.4f}" if outcome.status == "FINISHED" else outcome.reason
        done = self.total - self.left.total()
        name = run_name(trial, outcome.n_train) if outcome.n_train else f"{trial.architecture} · {trial.fraction:.1%}"
        print(
            f"[{done:>{len(str(self.total))}}/{self.total}] {clock(time.perf_counter() - self.start)} gone, "
            f"about {clock(self.remaining())} left · {name} · {said}",
            flush=True,
        )

    def remaining(self) -> float:
        """Seconds until the end: trials left in each cell × what such a trial took, at the pace of the workers."""
        known = {cell: sum(values) / len(values) for cell, values in self.seconds.items()}
        mean = sum(known.values()) / len(known)
        work_left = sum(count * known.get(cell, mean) for cell, count in self.left.items())
        work_done = sum(sum(values) for values in self.seconds.values())
        return (time.perf_counter() - self.start) * work_left / max(work_done, 1e-9)


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
