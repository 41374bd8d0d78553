"""What a study costs beside training, and how well workers are used.

    python benchmarks/study.py overhead      digits, one worker: everything that is not training, per trial
    python benchmarks/study.py resume        10,000 trials to plan; 10,000 finished runs to resume and to count
    python benchmarks/study.py workers       digits on 1 and 2 workers
    python benchmarks/study.py sleep 8 32 128        trials that sleep for 30 s, on so many workers

Each part uses a store of its own in a temporary folder and the command that people use. Efficiency is the time spent
training over workers × time. For digits the time is that from the first trial's start to the last one's end; for
sleeping trials that in which all workers are at work, since starting so many processes (imports of torch and MLflow,
seconds of processor time for each) on few cores says nothing about a machine that has a core for each.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from sklearn.dummy import DummyClassifier

ROOT = Path(__file__).parents[1]
DIGITS = ["--architectures", "linear,mlp,cnn,forest", "--fractions", "0.04,0.16,0.64"]  # the rest as it is by default


class Sleeper(DummyClassifier):
    """Fits by sleeping: a trial of known length, on a machine with too few cores to train so many at once."""

    def fit(self, x, y):
        time.sleep(float(os.environ["SLEEP"]))
        return super().fit(x[:100], y[:100])


def sleeping(image, classes):
    return Sleeper()


sleeping.trained_by_steps = False


def study(folder: Path, *arguments: str, **environment: str) -> tuple[float, str]:
    """Run the command in a folder with a store; seconds, and what it printed."""
    command = [sys.executable, "-m", "experiments.study", "--study", "bench", "--report", "false", *arguments]
    own = {"MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db", "PYTHONPATH": str(ROOT)} | environment
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=os.environ | own, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return time.perf_counter() - start, done.stdout


def trials(folder: Path) -> list:
    """All runs: (start, end, seconds of training), all in seconds; none of training for one that failed."""
    from mlflow import MlflowClient

    from experiments.store import trial_runs

    client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
    runs = trial_runs(client, client.get_experiment_by_name("bench").experiment_id)
    seconds = [run.data.metrics.get("seconds", 0.0) for run in runs]
    return [(run.info.start_time / 1000, run.info.end_time / 1000, each) for run, each in zip(runs, seconds)]


def busy(folder: Path, workers: int) -> str:
    """Efficiency from the first start to the last end, in words."""
    runs = trials(folder)
    span = max(end for _, end, _ in runs) - min(start for start, _, _ in runs)
    trained = sum(seconds for *_, seconds in runs)
    return f"{len(runs)} trials in {span:.1f} s, {trained:.1f} s of training: efficiency {trained / span / workers:.3f}"


def steady(folder: Path, workers: int) -> str:
    """Efficiency while all workers are at work: from the start of as many trials to the start of the last one."""
    runs = sorted(trials(folder))
    first, last = runs[workers - 1][0], runs[-1][0]
    trained = sum(seconds for start, _, seconds in runs if first < start <= last)
    efficiency = trained / (last - first) / workers
    return f"{len(runs)} trials; all at work after {first - runs[0][0]:.0f} s; from then on efficiency {efficiency:.3f}"


def overhead() -> None:
    with tempfile.TemporaryDirectory() as name:
        study(Path(name), *DIGITS, "--workers", "1")
        runs = sorted(trials(Path(name)))
        starts = [start for start, *_ in runs[1:]] + [runs[-1][1]]  # a trial lasts until the next one begins
        beside = [following - start - seconds for (start, _, seconds), following in zip(runs, starts)]
        median, typical = statistics.median(seconds for *_, seconds in runs), statistics.median(beside)
        print(f"{len(runs)} trials, median {median:.2f} s of training")
        print(f"beside training: median {1000 * typical:.0f} ms, {typical / median:.1%} of the median trial;", end=" ")
        largest = ", ".join(f"{one:.1f} s" for one in sorted(beside)[-3:])  # with what a worker imports once
        print(f"mean {1000 * statistics.fmean(beside):.0f} ms, the largest {largest}")
        print(busy(Path(name), 1))


def workers() -> None:
    for count in (1, 2):
        with tempfile.TemporaryDirectory() as name:
            seconds, _ = study(Path(name), *DIGITS, "--workers", str(count))
            print(f"{count} workers: {busy(Path(name), count)}; the command took {seconds:.1f} s", flush=True)


def sleep(counts: list[int]) -> None:
    for count in counts:
        with tempfile.TemporaryDirectory() as name:
            samples = ["--samples", "9", "--data_seeds", ",".join(map(str, range(count)))]  # ten trials for each worker
            asked = ["--architectures", "benchmarks.study:sleeping", "--fractions", "1", "--keep_models", "none"]
            took, _ = study(Path(name), *asked, *samples, "--workers", str(count), SLEEP="30")
            print(f"{count} workers: {steady(Path(name), count)}; the command took {took:.1f} s", flush=True)


def resume() -> None:
    from benchmarks.clones import clone
    from experiments import grid, options
    from experiments.store import runs_so_far

    large = ["--architectures", "linear,mlp,cnn,forest", "--fractions", "0.02,0.04,0.08,0.16,0.32", "--samples", "9"]
    large += ["--data_seeds", ",".join(map(str, range(50))), "--max_steps", "30"]
    start = time.perf_counter()
    planned = grid.grid(options.parse(large))
    keys = {trial.key for trial in planned}
    jobs = grid.cells(planned, keys)
    print(f"planning {len(jobs):,} new trials: {time.perf_counter() - start:.2f} s")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        first = ["--architectures", "linear", "--fractions", "0.02", "--samples", "0", "--max_steps", "30"]
        first += ["--keep_models", "none"]  # else every clone would say that it has a model
        study(folder, *first, "--workers", "1")
        os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder}/mlflow.db"
        (run,) = runs_so_far("bench")
        others = [trial for trial in planned if trial.key != run.data.tags["trial"]]
        loss = run.data.metrics["best_val_loss"]
        clone(folder / "mlflow.db", run.info.run_id, [(trial, {"best_val_loss": loss + 1}) for trial in others])
        start = time.perf_counter()
        runs = runs_so_far("bench")
        print(f"reading {len(runs):,} finished runs: {time.perf_counter() - start:.2f} s")
        for what in (["--dry_run", "true"], ["--workers", "1"], ["--workers", "1"]):
            seconds, said = study(folder, *large, *what)
            print(f"{' '.join(what)}: the command took {seconds:.2f} s; {said.splitlines()[0].partition(';')[0]}")


if __name__ == "__main__":
    part, *counts = sys.argv[1:] or ["overhead"]
    parts = {"overhead": overhead, "resume": resume, "workers": workers}
    parts[part]() if part in parts else sleep([int(count) for count in counts])
