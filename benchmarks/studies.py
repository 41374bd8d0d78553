"""The published studies: one list, from which they are run and docs/results.md says how.

    python benchmarks/studies.py                                       the commands
    python benchmarks/studies.py cifar10-untuned --data DIR [--hours 2] [--workers 2]

runs what is missing of a study and exports it to app/example; to benchmarks/exports where it
has too few sizes for a law, and so nothing to show on the page; to benchmarks/begun where it
was cut short. An export that is there is restored first, so any machine can go on with it;
one of an earlier protocol is made anew. DIR holds torchvision's folders, cifar10.npz with
x_train, y_train, x_test, y_test, functions.parquet and paragraphs.parquet. Runs go to
MLFLOW_TRACKING_URI, or to mlflow.db here.
"""

import argparse
import os
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from shutil import rmtree

sys.path.insert(0, str(Path(__file__).parents[1]))

from tracking.export import exports, read_export

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "app" / "example"
OTHERS = ROOT / "benchmarks" / "exports"  # of studies that the page does not show
BEGUN = ROOT / "benchmarks" / "begun"  # exports of studies that are not finished
LADDER = "ladder"  # the notebook's nine sizes
FOUR = "linear,mlp,cnn,forest"
CIFAR10 = "npz:cifar10.npz"
FUNCTIONS = "parquet:functions.parquet"  # written by benchmarks/tables.py
PARAGRAPHS = "parquet:paragraphs.parquet"  # as well
NOTE = (
    "CIFAR-10's five official training batches: 1-4 for training, batch 5 as the test set; "
    "the official test images were not used"
)


@dataclass(frozen=True)
class Plan:
    """A study: its options that are not defaults. `hold_out` sizes are forecast, then trained.

    slow: what stands in their place in a second launch, of models too slow for all sizes.
    searches: search seeds beside 0; each is a study of its own, NAME-search-SEED.
    searched: what stands in their place there.
    """

    name: str
    options: dict[str, str]
    slow: dict[str, str] = field(default_factory=dict)
    searches: tuple[int, ...] = ()
    searched: dict[str, str] = field(default_factory=dict)

    def studies(self) -> dict[str, list[dict[str, str]]]:
        """Name -> options of each launch, of each study that it takes."""
        launches = [self.options, *([self.options | self.slow] if self.slow else [])]
        further = {
            f"{self.name}-search-{seed}": [
                self.options | self.searched | {"search_seed": str(seed)}
            ]
            for seed in self.searches
        }
        return {self.name: launches, **further}


def on(dataset: str, architectures: str, samples: int, **more: str) -> dict[str, str]:
    """Options of a study, at the notebook's nine sizes unless others are given."""
    note = {"note": NOTE} if dataset == CIFAR10 else {}
    asked = {"architectures": architectures, "samples": str(samples), **more}
    return {"dataset": dataset, "fractions": LADDER} | asked | note


HALVED = {"pruning": "halving"}
AHEAD = {
    **HALVED,
    "fractions": "0.005,0.01,0.02,0.04,0.08,0.16,0.32",
    "replicas": "3",
    "hold_out": "2",
}
# on more images resnets take a day on two cores
SLOW = {"architectures": "resnet", "fractions": "0.005,0.01,0.02,0.04,0.08", "hold_out": "0"}
TO_5120 = "0.005,0.01,0.02,0.04,0.08,0.16"  # beyond, 20 samples take hours
# a search of resnets takes two core hours
SEARCHED = {"architectures": FOUR, "fractions": "0.01,0.04", "replicas": "1", "hold_out": "0"}
UNTUNED = {"data_seeds": "0,1,2", "search_space": "notebook", "patience": "5000"}
SMALL = {"fractions": "0.04,0.08,0.16,0.32,0.64,1", "replicas": "3"}
OF_NUMBERS = {
    "target": "log2 instructions",
    "replicas": "3",
    "hold_out": "4",
    "note": "functions of installed Python packages; the target is the binary logarithm of "
    "their number of bytecode instructions",
}
OF_TEXTS = {
    "target": "package",
    "text": "paragraph",
    "replicas": "3",
    "hold_out": "4",
    "note": "paragraphs of docstrings of installed Python packages; the target is the package",
}
LINEAR = "0.000125,0.00025,0.0005,0.001,0.002,0.005,0.01,0.02,0.05,0.1,0.3,1"
LONG_TAIL = "0.00025,0.0005,0.001,0.002,0.005,0.01,0.02,0.05,0.1,0.2,0.5,1"


def taught(teacher: str, fractions: str) -> dict[str, str]:
    """Options of a study whose learning curve theory gives."""
    module = "experiments.tasks.synthetic"
    learned = on(f"{module}:{teacher}", f"{module}:student", 4, fractions=fractions)
    return learned | {"replicas": "3"}


PLANS = (
    Plan("cifar10-untuned", on(CIFAR10, "cnn", 0, **UNTUNED)),
    Plan("cifar10-notebook", on(CIFAR10, "cnn", 20, search_space="notebook", **HALVED)),
    Plan("cifar10-ours", on(CIFAR10, "cnn", 20, fractions=TO_5120, hold_out="2", **HALVED)),
    Plan("fashion_mnist", on("fashion_mnist", FOUR, 8, **AHEAD), SLOW, (1, 2), SEARCHED),
    Plan("cifar10", on(CIFAR10, FOUR, 8, **AHEAD), SLOW, (1, 2), SEARCHED),
    Plan("digits", on("digits", FOUR, 8, **SMALL)),
    Plan("functions", on(FUNCTIONS, "linear,boosting,forest,mlp", 4, **OF_NUMBERS)),
    Plan("paragraphs", on(PARAGRAPHS, "linear,boosting,forest,mlp", 2, **OF_TEXTS)),
    Plan("teacher-linear", taught("linear", LINEAR)),
    Plan("teacher-long_tail", taught("long_tail", LONG_TAIL)),
    # what halving would have lost (benchmarks/pruning.py)
    Plan("fashion_mnist-unpruned", on("fashion_mnist", "mlp,cnn", 8, fractions="0.08,0.16")),
)
STUDIES = {plan.name: plan.studies() for plan in PLANS}


def main() -> None:
    parser = argparse.ArgumentParser(description="Run or resume a published study.")
    parser.add_argument("study", nargs="?", choices=STUDIES)
    parser.add_argument("--data", type=Path, default=Path(), help="where the datasets lie")
    parser.add_argument("--hours", type=float, default=float("inf"), help="by the clock")
    parser.add_argument("--workers", default="0", help="0 = one per core")
    told = parser.parse_args()
    until = time.monotonic() + 3600 * told.hours
    for name, launches in STUDIES.get(told.study, {}).items():
        if time.monotonic() < until:
            asked = [{**options, "workers": told.workers} for options in launches]
            run(name, asked, told.data, until)
    if not told.study:
        print(commands())


def commands() -> str:
    """All studies as they would be typed."""
    launched = [
        command(name, options)
        for plan in STUDIES.values()
        for name, launches in plan.items()
        for options in launches
    ]
    return "\n".join(shlex.join(["python", *one]) for one in launched)


def command(name: str, options: dict[str, str]) -> list[str]:
    told = [part for key, value in options.items() for part in (f"--{key}", value)]
    return ["-m", "experiments.study", "--study", name, *told]


def run(name: str, launches: list[dict[str, str]], data: Path, until: float) -> None:
    """Restore, run and export one study; one that is cut short goes on the next time."""
    if place := kept(name):
        call(["-m", "analysis.restore", str(place)], data)
    ended_well = all(
        call([*command(name, options), "--data_dir", "."], data, until) for options in launches
    )
    folder = place_of(launches) if ended_well else BEGUN
    call(["-m", "analysis.export", "--study", name, "--to", str(folder)], data)
    if ended_well:
        rmtree(BEGUN / name, ignore_errors=True)


def place_of(launches: list[dict[str, str]]) -> Path:
    """The folder for the export of a study that has ended."""
    fractions = launches[0].get("fractions", LADDER)
    return EXAMPLES if fractions == LADDER or fractions.count(",") >= 2 else OTHERS


def kept(name: str) -> Path | None:
    """Its newest export, if it is of today's protocol: patience in epochs came with that."""
    for folder in (BEGUN, EXAMPLES, OTHERS):
        if name not in exports(folder):
            continue
        if read_export(folder / name).runs["patience_epochs"].gt(0).all():
            return folder / name
    return None


def call(arguments: list[str], data: Path, until: float = float("inf")) -> bool:
    """Run a command of this project; returns whether it ended well.

    It runs in the folder of the data, so that no path enters a trial.
    """
    here = f"sqlite:///{Path('mlflow.db').resolve()}"
    told = {"MLFLOW_TRACKING_URI": here, **os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, *arguments], cwd=data, env=told) as process:
        try:
            process.wait(max(until - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGTERM)  # as Ctrl-C: it ends its runs, and says so
            process.wait()
        return process.returncode == 0


if __name__ == "__main__":
    main()
