"""What a study has done and how long the rest will take, without starting it (`--dry-run`).

A trial is expected to take what others took (durations.py). For an architecture without
finished runs a few steps and evaluations are timed, and taken as often as its budget is
expected to need.

Samples that are trained against each other are the job of one worker. While some are missing,
those that ended say what a step takes only, because the hopeless ones end first.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch

from experiments.orchestration.durations import Cost, Kind, Past, past_of
from experiments.orchestration.grid import Cell, cells
from experiments.orchestration.standing import Standing
from experiments.orchestration.throughput import time_fit, time_steps
from experiments.training.subsets import Data
from experiments.training.trial import Trial
from tracking.errors import one_line


@dataclass(frozen=True)
class Row:
    """The trials of one architecture.

    done: finished.
    diverged: not tried again.
    to_do: neither.
    failed_before: of those to do.
    seconds: of training all to do.
    longest: seconds of what one worker must do alone.
    basis: what the seconds rest on.
    """

    architecture: str
    done: int
    diverged: int
    to_do: int
    failed_before: int
    seconds: float
    longest: float
    basis: str


def estimate(
    trials: Iterable[Trial], standing: Standing, data: Data, device: torch.device
) -> list[Row]:
    """What has become of the trials of each architecture, and how long the rest takes.

    trials: resolved.
    device: on which an architecture without runs is timed.
    """
    groups = defaultdict(list)
    for trial in trials:
        groups[trial.architecture].append(trial)
    past = past_of(groups, standing.runs)
    return [_row(group, standing, past[name], data, device) for name, group in groups.items()]


def _row(
    trials: Sequence[Trial], standing: Standing, past: Past, data: Data, device: torch.device
) -> Row:
    """The row of one architecture."""
    keys = {trial.key for trial in trials}
    done = keys & standing.finished
    diverged = keys & standing.diverged - done
    to_do = keys - done - diverged
    jobs = cells(trials, to_do)
    seconds, basis = expected_seconds(jobs, standing.seconds, past, data, device)
    return Row(
        architecture=trials[0].architecture,
        done=len(done),
        diverged=len(diverged),
        to_do=len(to_do),
        failed_before=len(to_do & standing.failed),
        seconds=sum(seconds),
        longest=max(seconds, default=0.0),
        basis=basis,
    )


def expected_seconds(
    jobs: Sequence[Cell],
    spent: Mapping[str, float],
    past: Past,
    data: Data,
    device: torch.device,
) -> tuple[list[float], str]:
    """Seconds of training of each job of one architecture, and what they rest on.

    None for one that cannot be timed. Those missing of a job take what is left of it.

    spent: seconds, by key, of the trials that have ended; 0 for one that diverged.
    """
    if not jobs:
        return [], ""
    try:
        cost, basis = _cost(jobs, past, data, device)
    except Exception as error:
        # of a user's own architecture, whose trials will fail with the same words
        return [], f"cannot be trained: {type(error).__name__}: {one_line(error)}"
    return [_left(job, spent, cost, len(data.pool)) for job in jobs], basis


def _cost(
    jobs: Sequence[Cell], past: Past, data: Data, device: torch.device
) -> tuple[Cost, str]:
    """What a trial of one architecture costs, and what that rests on."""
    if past.count:
        return past.cost, f"from {past.count} finished runs"
    trials = [trial for job in jobs for trial in job.trials]
    if past.by_steps:
        return time_steps(trials, data, device).cost, "from steps timed on this machine"
    return time_fit(trials[0], data).cost, "from a fit timed on this machine"


def _left(job: Cell, spent: Mapping[str, float], cost: Cost, pool: int) -> float:
    """Seconds of what is left of a job."""
    costs = {
        trial.key: cost(Kind.of(trial, pool))
        for trial in job.trials
        if spent.get(trial.key) != 0
    }
    rest = sum(costs.values()) - sum(spent.get(key, 0) for key in costs)
    return max(rest, sum(costs[key] for key in job.todo))
