"""What a study has done and how long the rest will take, without starting it (`--dry-run`).

A trial is expected to take what the study's finished runs of its architecture and fraction took on average; without
any of that fraction, those of the nearest one (a network's steps cost the same at every size; what is fitted at one
go costs in proportion to it). Where the budget was another, in proportion to it. For an architecture without finished
runs a few steps and evaluations are timed, and taken as often as its budget is expected to need.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import fmean

from mlflow.entities import Run

from experiments.data import Data
from experiments.models import find_architecture
from experiments.store import diverged
from experiments.throughput import time_fit, time_steps
from experiments.train import evaluation_after
from experiments.trial import Trial

# Steps that a network takes, × patience: 1 to 4.7 on digits and CIFAR-10. Most samples of a bracket end early.
EXPECTED, EXPECTED_OF_A_BRACKET = 3.0, 1.0


@dataclass(frozen=True)
class Row:
    """The trials of one architecture."""

    architecture: str
    done: int
    diverged: int  # which are not tried again
    to_do: int
    failed_before: int  # of those to do
    seconds: float  # of training all to do
    basis: str  # what the seconds rest on


def estimate(trials: Iterable[Trial], runs: list[Run], data: Data, device: str) -> list[Row]:
    keys, known, groups = defaultdict(set), defaultdict(lambda: defaultdict(list)), defaultdict(list)
    for run in runs:
        status = "DIVERGED" if diverged(run) else run.info.status
        keys[status].add(run.data.tags["trial"])
        if status == "FINISHED":
            params = run.data.params
            budget = expected_steps(*(int(params.get(name, 0)) for name in BUDGET))
            known[params["architecture"]][float(params["fraction"])].append(run.data.metrics["seconds"] / budget)
    for trial in trials:
        groups[trial.architecture].append(trial)
    rows = []
    for name, group in groups.items():
        done = [trial for trial in group if trial.key in keys["FINISHED"]]
        given_up = [trial for trial in group if trial.key in keys["DIVERGED"] - keys["FINISHED"]]
        to_do = [trial for trial in group if trial.key not in keys["FINISHED"] | keys["DIVERGED"]]
        failed = [trial for trial in to_do if trial.key in keys["FAILED"]]
        seconds, basis = expected_seconds(to_do, known[name], data, device)
        rows.append(Row(name, len(done), len(given_up), len(to_do), len(failed), seconds, basis))
    return rows


def table(rows: list[Row], workers: int) -> str:
    line = "{:<16}{:>7}{:>10}{:>7}{:>15}{:>10}   {}".format
    lines = [line("architecture", "done", "diverged", "to do", "failed before", "time", "")]
    for row in rows:
        counts = row.done, row.diverged, row.to_do, row.failed_before
        lines.append(line(row.architecture, *counts, clock(row.seconds), row.basis))
    total = clock(sum(row.seconds for row in rows) / workers)
    return "\n".join([*lines, f"about {total} on {workers} workers; this was a dry run, nothing was written"])


BUDGET = ("max_steps", "patience", "bracket", "sample")


def expected_steps(max_steps: int, patience: int, bracket: int, sample: int) -> float:
    return min(max_steps, patience * (EXPECTED_OF_A_BRACKET if bracket and sample else EXPECTED))


def budget_of(trial: Trial) -> float:
    return expected_steps(*(getattr(trial, name) for name in BUDGET))


def expected_seconds(trials: list[Trial], known: dict, data: Data, device: str) -> tuple[float, str]:
    """Seconds of training the trials of one architecture, and what that rests on.

    known: fraction -> seconds of its finished runs, each divided by its expected steps.
    """
    if not trials:
        return 0.0, ""
    by_steps = find_architecture(trials[0].architecture).trained_by_steps
    if known:
        cost, basis = cost_from_runs(known, by_steps), f"from {sum(map(len, known.values()))} finished runs"
    elif by_steps:
        cost, basis = cost_from_steps(*time_steps(trials, data, device)), "from steps timed on this machine"
    else:
        per_image = time_fit(trials[0], data)
        cost, basis = lambda trial: per_image * trial.fraction * len(data.pool), "from a fit timed on this machine"
    return sum(map(cost, trials)), basis


def cost_from_runs(known: dict[float, list[float]], by_steps: bool) -> Callable[[Trial], float]:
    """Seconds of a trial, from finished ones of its architecture; known: as above."""
    means = {fraction: fmean(values) for fraction, values in known.items()}

    def cost(trial: Trial) -> float:
        nearest = min(means, key=lambda fraction: abs(fraction - trial.fraction))
        return means[nearest] * budget_of(trial) * (1 if by_steps else trial.fraction / nearest)

    return cost


def cost_from_steps(step: float, evaluation: float) -> Callable[[Trial], float]:
    def cost(trial: Trial) -> float:
        steps, at, evaluations = budget_of(trial), 0, 0
        while at < steps:
            at, evaluations = evaluation_after(at, trial.patience), evaluations + 1
        return steps * step + evaluations * evaluation

    return cost


def clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}" if minutes >= 60 else f"{minutes}:{seconds:02}"
