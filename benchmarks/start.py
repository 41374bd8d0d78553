"""How long commands take from their start to their end.

    python benchmarks/start.py [ROUNDS]     commands that read
    python benchmarks/start.py run [PAIRS]  a trial, beside a project that does next to nothing

Of the first, each command runs as a process of its own, in turn with a program that does
nothing but import NumPy, pandas and scipy.special, which every answer needs. Medians of the
rounds: wall-clock seconds, seconds of processor time, and how many times that of the bare
imports. The ratio of processor times hardly moves on a busy machine; wall-clock times are of
a quiet one.

The second runs README's `mlflow run . -P fraction=0.05` in turn with an empty project, which
imports MLflow and torch and logs one metric; both in one store. The ratio is of each pair.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
POINTS = (100, 200, 400, 800, 1600, 3200)
BARE = "the imports alone"
MEASURED = ("wall", "processor")
RUN = ["-m", "mlflow", "run", "--env-manager", "local"]
EMPTY = """
import mlflow
import torch

with mlflow.start_run():
    mlflow.log_metric("loss", 0.5)
"""
TITLE = f"{'command':<34} {'wall s':>7} {'cpu s':>7} {'× bare':>7}"


@dataclass(frozen=True)
class Cost:
    """Seconds of one process.

    wall: from its start to its end.
    processor: it has computed.
    """

    wall: float
    processor: float


def commands(folder: Path) -> dict[str, list[str]]:
    """Label -> arguments of Python."""
    curve = folder / "curve.csv"
    rows = "".join(f"{n},{2 * n**-0.36 + 0.01}\n" for n in POINTS)
    curve.write_text(f"n,error\n{rows}")
    report = ["-m", "analysis.report"]
    example = str(ROOT / "app" / "example" / "digits")
    return {
        BARE: ["-c", "import numpy, pandas, scipy.special"],
        "report --help": [*report, "--help"],
        f"report of a CSV, {len(POINTS)} points": [*report, str(curve)],
        "the same, --json": [*report, str(curve), "--json"],
        "the same, --full": [*report, str(curve), "--full"],
        "report of an exported study": [*report, example],
    }


def cost(arguments: list[str]) -> Cost:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(wall, used)


def measure(rounds: int) -> dict[str, Cost]:
    """Label -> medians. A first round, which fills the caches, does not count."""
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        asked = commands(Path(folder))
        costs = [
            {label: cost(arguments) for label, arguments in asked.items()}
            for _ in range(rounds + 1)
        ]
    return {label: _median([one[label] for one in costs[1:]]) for label in asked}


def _median(costs: list[Cost]) -> Cost:
    middle = (statistics.median(getattr(one, name) for one in costs) for name in MEASURED)
    return Cost(*middle)


def show(costs: dict[str, Cost]) -> None:
    print(TITLE)
    bare = costs[BARE].processor
    for label, one in costs.items():
        times = one.processor / bare
        print(f"{label:<34} {one.wall:>7.2f} {one.processor:>7.2f} {times:>7.2f}")


# --- a trial, beside an empty project -------------------------------------------------------


def empty_project(folder: Path) -> Path:
    """A project whose one command logs one metric."""
    folder.mkdir()
    (folder / "empty.py").write_text(EMPTY)
    (folder / "MLproject").write_text(
        "name: empty\nentry_points:\n  main:\n    command: python empty.py\n"
    )
    return folder


def show_pairs(pairs: int) -> dict[str, float]:
    """Print each pair, and the medians. A first pair fills the caches and does not count.

    Returns the median ratio of what was MEASURED.
    """
    ratios: dict[str, list[float]] = {name: [] for name in MEASURED}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder}/mlflow.db"
        empty = str(empty_project(Path(folder) / "empty"))
        for pair in range(pairs + 1):
            ours = cost([*RUN, str(ROOT), "-P", "fraction=0.05"])
            theirs = cost([*RUN, empty])
            if pair:
                print(_pair(ours, theirs, ratios), flush=True)
    medians = {name: statistics.median(found) for name, found in ratios.items()}
    for name, median in medians.items():
        print(f"{name}: {median:.2f} times the empty project, in the median")
    return medians


def _pair(ours: Cost, theirs: Cost, ratios: dict[str, list[float]]) -> str:
    said = []
    for name in MEASURED:
        mine, other = getattr(ours, name), getattr(theirs, name)
        ratios[name].append(mine / other)
        said.append(f"{name} {mine:.1f} s to {other:.1f} s: {mine / other:.2f}")
    return "; ".join(said)


if __name__ == "__main__":
    asked = sys.argv[1:]
    if asked[:1] == ["run"]:
        show_pairs(int(asked[1]) if asked[1:] else 5)
    else:
        show(measure(int(asked[0]) if asked else 7))
