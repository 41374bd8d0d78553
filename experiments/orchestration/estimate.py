"""What a study has done and how long the rest will take, without starting it (`--dry-run`).

A trial is expected to take what others took (durations.py). For an architecture without
finished runs the task times some, such as a few steps and evaluations, which are taken as
often as its budget is expected to need. What somebody's own trainer takes is not known before
a first trial has ended.

Samples that are trained against each other are the job of one worker. While some are missing,
those that ended say what a step takes only, because the hopeless ones end first.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch

from experiments.orchestration.durations import Cost, Kind, Past, past_of
from experiments.orchestration.grid import Cell, cells
from experiments.orchestration.record import reason_of
from experiments.orchestration.standing import Standing
from experiments.training.task import Task
from experiments.training.trial import Trial

UNKNOWN = "not known before a first trial has ended"


@dataclass(frozen=True)
class Row:
    """The trials of one architecture.

    done: finished.
    diverged: not tried again.
    to_do: neither.
    failed_before: of those to do.
    seconds: of training all to do; NaN where that is not known.
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
    trials: Iterable[Trial], standing: Standing, task: Task, device: torch.device
) -> list[Row]:
    """What has become of the trials of each architecture, and how long the rest takes.

    trials: resolved.
    device: on which an architecture without runs is timed.
    """
    groups = defaultdict(list)
    for trial in trials:
        groups[trial.architecture].append(trial)
    past = past_of([group[0] for group in groups.values()], standing.runs)
    return [_row(group, standing, past[name], task, device) for name, group in groups.items()]


def _row(
    trials: Sequence[Trial], standing: Standing, past: Past, task: Task, device: torch.device
) -> Row:
    """The row of one architecture."""
    keys = {trial.key for trial in trials}
    done = keys & standing.finished
    diverged = keys & standing.diverged - done
    to_do = keys - done - diverged
    jobs = cells(trials, to_do)
    seconds, basis = expected_seconds(jobs, standing.seconds, past, task, device)
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
    task: Task,
    device: torch.device,
) -> tuple[list[float], str]:
    """Seconds of training of each job of one architecture, and what they rest on.

    None for one that cannot be trained, NaN where it is not known how long it takes. Those
    missing of a job take what is left of it.

    spent: seconds, by key, of the trials that have ended; 0 for one that diverged.
    """
    if not jobs:
        return [], ""
    try:
        cost, basis = _cost(jobs, past, task, device)
    except Exception as error:
        # of a user's own architecture, whose trials will fail with the same words
        return [], f"cannot be trained: {reason_of(error)}"
    return [_left(job, spent, cost, len(task)) for job in jobs], basis


def _cost(
    jobs: Sequence[Cell], past: Past, task: Task, device: torch.device
) -> tuple[Cost, str]:
    """What a trial of one architecture costs, and what that rests on."""
    if past.count:
        return past.cost, f"from {past.count} finished runs"
    trials = [trial for job in jobs for trial in job.trials]
    timing = task.time(trials, device)
    if timing is None:
        return lambda kind: math.nan, UNKNOWN
    pool = len(task)
    return lambda kind: timing.seconds(
        kind.steps, kind.patience, kind.fraction * pool
    ), timing.basis


def _left(job: Cell, spent: Mapping[str, float], cost: Cost, pool: int) -> float:
    """Seconds of what is left of a job."""
    costs = {
        trial.key: cost(Kind.of(trial, pool))
        for trial in job.trials
        if spent.get(trial.key) != 0
    }
    rest = sum(costs.values()) - sum(spent.get(key, 0) for key in costs)
    return max(rest, sum(costs[key] for key in job.todo))
