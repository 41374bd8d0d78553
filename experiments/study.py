"""`study`: the grid of trials, each a child run of the study's parent run; launched again, it runs what is missing.

mlflow run . -e study -P study=digits          or          python -m experiments.study --study digits
"""

import os
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import mlflow
import torch
from mlflow import MlflowClient

from experiments import InputError
from experiments.data import load_data, subset_indices
from experiments.engine import Died, cores, run_here
from experiments.grid import GRID_FIELDS, LADDER, Cell, cells, grid, held_out
from experiments.progress import Progress
from experiments.run import Parser, add_trial_arguments, check_store, exit_with_one_line, number, whole_number
from experiments.store import finished_keys, kill_own, kill_stale, open_experiment, parent_run
from experiments.train import find_device
from experiments.trial import Trial
from experiments.worker import Outcome, set_up

PRUNING = ("off", "halving")
RETRIES = 1  # of a trial whose worker died or that failed for a reason that may not come again
# One thread per process; freed memory is kept, since asking the system for it anew at every step costs a third.
WORKER_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2**31 - 1)}


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


# --- the command line ------------------------------------------------------------------------------


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


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        exit_with_one_line(error)
    except KeyboardInterrupt:
        sys.exit(130)
