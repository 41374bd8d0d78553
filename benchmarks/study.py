"""What a study costs beside training, and how well workers are used.

    python benchmarks/study.py overhead         digits, one worker: all but training, per trial
    python benchmarks/study.py trainer          the same of a trainer of one's own
    python benchmarks/study.py resume           10,000 trials to plan, to resume and to count
    python benchmarks/study.py workers          digits on 1 and 2 workers
    python benchmarks/study.py sleep 8 32 128   trials that sleep for 30 s, on so many workers

Each part uses a store of its own in a temporary folder and the command that people use.
Efficiency is the time spent training over workers × time. For digits the time is that from the
first trial's start to the last one's end; for sleeping trials that in which all workers are at
work, since starting so many processes (imports of torch and MLflow, seconds of processor time
for each) on few cores says nothing about a machine that has a core for each.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from scipy.stats import loguniform
from sklearn.dummy import DummyClassifier

ROOT = Path(__file__).parents[1]
# the rest as it is by default
DIGITS = ["--architectures", "linear,mlp,cnn,forest", "--fractions", "0.04,0.16,0.64"]
LARGE = [
    "--architectures=linear,mlp,cnn,forest",
    "--fractions=0.02,0.04,0.08,0.16,0.32",
    "--samples=9",
    f"--data_seeds={','.join(map(str, range(50)))}",
    "--max_steps=30",
]
# one trial of it; without a model, else every clone would say that it has one
FIRST = [
    "--architectures=linear",
    "--fractions=0.02",
    "--samples=0",
    "--max_steps=30",
    "--keep_models=none",
    "--workers=1",
]


class Sleeper(DummyClassifier):
    """Fits by sleeping: a trial of known length.

    For a machine with too few cores to train so many at once.
    """

    def fit(self, x, y):
        time.sleep(float(os.environ["SLEEP"]))
        return super().fit(x[:100], y[:100])


def sleeping(image, classes):
    return Sleeper()


sleeping.trained_by_steps = False


def own(indices, hyperparameters, seed):
    """A trainer of one's own that takes no time."""
    loss = 2 * len(indices) ** -0.5
    return {"val_loss": loss, "test_loss": loss, "test_loss_se": 0.01}


def own_steps(indices, hyperparameters, seed):
    """The same with a history of 50 evaluations."""
    for step in range(1, 51):
        yield {"step": step, **own(indices, hyperparameters, seed)}


own.examples = own_steps.examples = 10_000
own.space = own_steps.space = {"lr": (0.01, loguniform(1e-4, 1e-1))}
TRAINERS = ["--fractions", "0.04,0.16,0.64", "--samples", "9"]


Figures = dict[str, float]  # what was measured, by name and unit


class Ran(NamedTuple):
    """When a trial ran, and how long it trained, all in seconds; 0 for one that failed."""

    start: float
    end: float
    training: float


def study(folder: Path, *arguments: str, **environment: str) -> tuple[float, str]:
    """Run the command in a folder with a store; seconds, and what it printed."""
    command = [sys.executable, "-m", "experiments.study", "--study=bench", "--report=false"]
    own = {
        "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db",
        "PYTHONPATH": str(ROOT),
    }
    start = time.perf_counter()
    done = subprocess.run(
        [*command, *arguments],
        cwd=folder,
        env=os.environ | own | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr)
    return time.perf_counter() - start, done.stdout


def trials(folder: Path) -> list[Ran]:
    """All runs."""
    from mlflow import MlflowClient

    from tracking.store import trial_runs

    client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
    runs = trial_runs(client, client.get_experiment_by_name("bench").experiment_id)
    return [
        Ran(
            run.info.start_time / 1000,
            run.info.end_time / 1000,
            run.data.metrics.get("seconds", 0.0),
        )
        for run in runs
    ]


def busy(folder: Path, workers: int) -> str:
    """Efficiency from the first start to the last end, in words."""
    runs = trials(folder)
    span = max(run.end for run in runs) - min(run.start for run in runs)
    trained = sum(run.training for run in runs)
    return (
        f"{len(runs)} trials in {span:.1f} s, {trained:.1f} s of training: "
        f"efficiency {trained / span / workers:.3f}"
    )


def steady(folder: Path, workers: int) -> str:
    """Efficiency while all workers are at work, in words.

    That is from the start of as many trials to the start of the last one.
    """
    runs = sorted(trials(folder))
    first = runs[workers - 1].start
    last = runs[-1].start
    trained = sum(run.training for run in runs if first < run.start <= last)
    efficiency = trained / (last - first) / workers
    return (
        f"{len(runs)} trials; all at work after {first - runs[0].start:.0f} s; "
        f"from then on efficiency {efficiency:.3f}"
    )


def trainer() -> Figures:
    found: Figures = {}
    for name in ("own", "own_steps"):
        print(f"{name}: ", end="")
        found = overhead([*TRAINERS, "--trainer", f"benchmarks.study:{name}"])
    return found


def overhead(asked: Sequence[str] = DIGITS) -> Figures:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        study(folder, *asked, "--workers", "1")
        runs = sorted(trials(folder))
        # a trial lasts until the next one begins
        starts = [run.start for run in runs[1:]] + [runs[-1].end]
        beside = [following - run.start - run.training for run, following in zip(runs, starts)]
        median = statistics.median(run.training for run in runs)
        typical = statistics.median(beside)
        # with what a worker imports once
        largest = ", ".join(f"{one:.1f} s" for one in sorted(beside)[-3:])
        print(f"{len(runs)} trials, median {median:.2f} s of training")
        print(
            f"beside training: median {1000 * typical:.0f} ms, "
            f"{typical / median:.1%} of the median trial; "
            f"mean {1000 * statistics.fmean(beside):.0f} ms, the largest {largest}"
        )
        print(busy(folder, 1))
        return {"median ms": 1000 * typical, "mean ms": 1000 * statistics.fmean(beside)}


def workers() -> None:
    for count in (1, 2):
        with tempfile.TemporaryDirectory() as name:
            seconds, _ = study(Path(name), *DIGITS, "--workers", str(count))
            said = busy(Path(name), count)
            print(f"{count} workers: {said}; the command took {seconds:.1f} s", flush=True)


def sleep(counts: Sequence[int]) -> None:
    """Ten trials for each worker."""
    for count in counts:
        asked = [
            "--architectures=benchmarks.study:sleeping",
            "--fractions=1",
            "--keep_models=none",
            "--samples=9",
            f"--data_seeds={','.join(map(str, range(count)))}",
            f"--workers={count}",
        ]
        with tempfile.TemporaryDirectory() as name:
            seconds, _ = study(Path(name), *asked, SLEEP="30")
            said = steady(Path(name), count)
            print(f"{count} workers: {said}; the command took {seconds:.1f} s", flush=True)


def resume() -> Figures:
    from experiments.orchestration.grid import cells, grid
    from experiments.orchestration.options import parse
    from experiments.training.devices import precision_on

    start = time.perf_counter()
    precision = precision_on("auto")
    planned = [trial.resolved_as(precision) for trial in grid(parse(LARGE))]
    cells(planned, {trial.key for trial in planned})
    found = {"planning s": time.perf_counter() - start}
    print(f"planning {len(planned):,} new trials: {found['planning s']:.2f} s")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found["reading s"] = _record(folder, planned)
        for what in ("--dry_run", "--workers=1", "--workers=1"):
            seconds, said = study(folder, *LARGE, what)
            counts = said.splitlines()[0].partition(";")[0]
            print(f"{what}: the command took {seconds:.2f} s; {counts}")
            found["launching again s"] = seconds  # the last: the first looks at the examples
    return found


def _record(folder: Path, planned: list) -> float:
    """A store with a finished run of each trial, all but one of them clones.

    Returns the seconds that reading them takes.
    """
    from benchmarks.clones import clone
    from experiments.orchestration.study_runs import runs_so_far

    study(folder, *FIRST)
    os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder}/mlflow.db"
    (run,) = runs_so_far("bench")
    others = [trial for trial in planned if trial.key != run.data.tags["trial"]]
    worse = {"best_val_loss": run.data.metrics["best_val_loss"] + 1}
    clone(folder / "mlflow.db", run.info.run_id, [(trial, worse) for trial in others])
    start = time.perf_counter()
    runs = runs_so_far("bench")
    seconds = time.perf_counter() - start
    print(f"reading {len(runs):,} finished runs: {seconds:.2f} s")
    return seconds


if __name__ == "__main__":
    part, *counts = sys.argv[1:] or ["overhead"]
    parts = {"overhead": overhead, "trainer": trainer, "resume": resume, "workers": workers}
    if part in parts:
        parts[part]()
    else:
        sleep([int(count) for count in counts])
