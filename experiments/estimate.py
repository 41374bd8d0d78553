"""What a study has done and how long the rest will take, without starting it (`--dry-run`).

A trial is expected to take what the study's finished runs of its architecture and fraction took on average; without
any of that fraction, those of the nearest one (a network's steps cost the same at every size; what is fitted at one
go costs in proportion to it). Where the budget was another, in proportion to it. For an architecture without finished
runs a few steps and evaluations are timed, and taken as often as its budget is expected to need. Samples that are
trained against each other are the job of one worker; while some are missing, those that ended say what a step takes
only, because the hopeless ones end first.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from mlflow.entities import Run

from experiments import one_line
from experiments.data import Data
from experiments.grid import Cell, cells
from experiments.models import find_architecture
from experiments.store import diverged, is_final
from experiments.throughput import time_fit, time_steps
from experiments.train import evaluation_after
from experiments.trial import Trial

# Steps that a network takes, × patience: 1 to 4.7 on digits and CIFAR-10. Most samples of a bracket end early.
EXPECTED, EXPECTED_OF_A_BRACKET = 3.0, 1.0
SHARED = "dataset", "data_seed", "search_seed", "seed", "search_space"  # by the trials of a cell, beside their Kind


@dataclass(frozen=True)
class Row:
    """The trials of one architecture."""

    architecture: str
    done: int
    diverged: int  # which are not tried again
    to_do: int
    failed_before: int  # of those to do
    seconds: float  # of training all to do
    longest: float  # seconds of what one worker must do alone
    basis: str  # what the seconds rest on


class Kind(NamedTuple):
    """What the time of a trial depends on."""

    architecture: str
    fraction: float
    max_steps: int
    patience: int
    bracket: int
    tuned: bool

    @classmethod
    def of(cls, trial: Trial) -> "Kind":
        budget = trial.max_steps, trial.patience, trial.bracket
        return cls(trial.architecture, trial.fraction, *budget, trial.sample > 0)

    @classmethod
    def of_run(cls, params: dict[str, str]) -> "Kind":
        budget = (int(params.get(name, 0)) for name in ("max_steps", "patience", "bracket"))
        return cls(params["architecture"], float(params["fraction"]), *budget, int(params.get("sample", 0)) > 0)

    @property
    def compared(self) -> bool:
        """Whether it may be ended early."""
        return self.bracket > 0 and self.tuned

    @property
    def steps(self) -> float:
        """That a network is expected to take."""
        usual = EXPECTED_OF_A_BRACKET if self.compared else EXPECTED
        return min(self.max_steps, self.patience * usual)


class Past:
    """What the finished trials of one architecture have taken, and what others are expected to take."""

    def __init__(self, architecture: str):
        self.by_steps = find_architecture(architecture).trained_by_steps
        self.seconds, self.work, self.count = Counter(), Counter(), 0  # the first two by fraction

    def add(self, kind: Kind, seconds: float) -> None:
        self.seconds[kind.fraction] += seconds
        self.work[kind.fraction] += kind.steps if self.by_steps else 1
        self.count += 1

    def cost(self, kind: Kind) -> float:
        """Seconds of a trial, as those of its fraction or the nearest; what is fitted at one go in proportion to it."""
        nearest = min(self.work, key=lambda fraction: abs(fraction - kind.fraction))
        mean = self.seconds[nearest] / self.work[nearest]
        return mean * kind.steps if self.by_steps else mean * kind.fraction / nearest


def past_of(architectures: Iterable[str], runs: Iterable[Run]) -> dict[str, Past]:
    past = {name: Past(name) for name in architectures}
    ended = [run for run in runs if run.data.params.get("architecture") in past and is_final(run)]
    kinds = [Kind.of_run(run.data.params) for run in ended]
    compared = [(kind, *(run.data.params.get(name) for name in SHARED)) for kind, run in zip(kinds, ended)]
    there = Counter(compared)
    for run, kind, others in zip(ended, kinds, compared):
        if "seconds" not in run.data.metrics:
            continue
        steps = kind.steps
        if past[kind.architecture].by_steps and kind.compared and there[others] < kind.bracket:
            steps = run.data.metrics.get("steps", steps)
        past[kind.architecture].add(kind, run.data.metrics["seconds"] * kind.steps / steps)
    return past


def estimate(trials: Iterable[Trial], runs: list[Run], data: Data, device: str) -> list[Row]:
    keys, groups = defaultdict(set), defaultdict(list)
    for trial in trials:
        groups[trial.architecture].append(trial)
    for run in runs:
        keys["DIVERGED" if diverged(run) else run.info.status].add(run.data.tags["trial"])
    past, rows = past_of(groups, runs), []
    spent = {run.data.tags["trial"]: run.data.metrics.get("seconds", 0.0) for run in runs if is_final(run)}
    for name, group in groups.items():
        done = [trial for trial in group if trial.key in keys["FINISHED"]]
        given_up = [trial for trial in group if trial.key in keys["DIVERGED"] - keys["FINISHED"]]
        to_do = [trial for trial in group if trial.key not in keys["FINISHED"] | keys["DIVERGED"]]
        failed = [trial for trial in to_do if trial.key in keys["FAILED"]]
        jobs = cells(group, {trial.key for trial in to_do})
        seconds, basis = expected_seconds(jobs, spent, past[name], data, device)
        counts = len(done), len(given_up), len(to_do), len(failed)
        rows.append(Row(name, *counts, sum(seconds), max(seconds, default=0.0), basis))
    return rows


def table(rows: list[Row], workers: int) -> str:
    line = "{:<16}{:>7}{:>10}{:>7}{:>15}{:>10}   {}".format
    lines = [line("architecture", "done", "diverged", "to do", "failed before", "time", "")]
    for row in rows:
        counts = row.done, row.diverged, row.to_do, row.failed_before
        lines.append(line(row.architecture, *counts, clock(row.seconds), row.basis))
    return "\n".join([*lines, f"{in_all(rows, workers)}; this was a dry run, nothing was written"])


def in_all(rows: list[Row], workers: int) -> str:
    shared = sum(row.seconds for row in rows) / workers
    longest = max((row.longest for row in rows), default=0.0)
    return f"about {clock(max(shared, longest))} on {workers} workers"


def expected_seconds(
    jobs: list[Cell], spent: Mapping[str, float], past: Past, data: Data, device: str
) -> tuple[list[float], str]:
    """Seconds of training of each job of one architecture, and what they rest on; none for one that cannot be timed.

    spent: seconds, by key, of the trials that have ended (0: diverged). Those missing of a job take what is left of it.
    """
    if not jobs:
        return [], ""
    try:
        if past.count:
            cost, basis = past.cost, f"from {past.count} finished runs"
        elif past.by_steps:
            timed = [trial for job in jobs for trial in job.trials]
            cost, basis = cost_from_steps(*time_steps(timed, data, device)), "from steps timed on this machine"
        else:
            per_image = time_fit(jobs[0].trials[0], data)
            cost, basis = lambda kind: per_image * kind.fraction * len(data.pool), "from a fit timed on this machine"
    except Exception as error:  # of a user's own architecture, whose trials will fail with the same words
        return [], f"cannot be trained: {type(error).__name__}: {one_line(error)}"
    left = []
    for job in jobs:
        costs = {trial.key: cost(Kind.of(trial)) for trial in job.trials if spent.get(trial.key) != 0}
        rest = sum(costs.values()) - sum(spent.get(key, 0) for key in costs)
        left.append(max(rest, sum(costs[key] for key in job.todo)))
    return left, basis


def cost_from_steps(step: float, evaluation: float) -> Callable[[Kind], float]:
    def cost(kind: Kind) -> float:
        at, evaluations = 0, 0
        while at < kind.steps:
            at, evaluations = evaluation_after(at, kind.patience), evaluations + 1
        return kind.steps * step + evaluations * evaluation

    return cost


def clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}" if minutes >= 60 else f"{minutes}:{seconds:02}"
