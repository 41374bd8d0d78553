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

from mlflow.entities import Run

from experiments.orchestration.durations import Cost, Kind, Past, cost_from_steps, past_of
from experiments.orchestration.grid import Cell, cells
from experiments.orchestration.study_runs import has_diverged, is_final
from experiments.orchestration.throughput import time_fit, time_steps
from experiments.training.subsets import Data
from experiments.training.trial import Trial
from tracking.errors import one_line
from tracking.schema import DIVERGED, FAILED, FINISHED


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
    trials: Iterable[Trial], runs: Sequence[Run], data: Data, device: str
) -> list[Row]:
    """What has become of the trials of each architecture, and how long the rest takes.

    runs: of the study, so far.
    device: on which an architecture without runs is timed.
    """
    groups = defaultdict(list)
    for trial in trials:
        groups[trial.architecture].append(trial)
    past = past_of(groups, runs)
    ended = _Ended(runs)
    rows = []
    for name, group in groups.items():
        counts, to_do = ended.count(group)
        jobs = cells(group, to_do)
        seconds, basis = expected_seconds(jobs, ended.seconds, past[name], data, device)
        total = sum(seconds)
        longest = max(seconds, default=0.0)
        rows.append(Row(name, **counts, seconds=total, longest=longest, basis=basis))
    return rows


class _Ended:
    """Which trials have ended, and how.

    seconds: by key, of training those that need no other run; 0 for one that diverged.
    """

    def __init__(self, runs: Sequence[Run]):
        self._keys = defaultdict(set)  # by how the run ended
        for run in runs:
            status = DIVERGED if has_diverged(run) else run.info.status
            self._keys[status].add(run.data.tags["trial"])
        self.seconds = {
            run.data.tags["trial"]: run.data.metrics.get("seconds", 0.0)
            for run in runs
            if is_final(run)
        }

    def count(self, trials: Sequence[Trial]) -> tuple[dict[str, int], set[str]]:
        """Counts as in a Row, by name, and the keys of the trials to do."""
        keys = {trial.key for trial in trials}
        done = keys & self._keys[FINISHED]
        given_up = keys & self._keys[DIVERGED] - done
        to_do = keys - done - given_up
        counts = {
            "done": len(done),
            "diverged": len(given_up),
            "to_do": len(to_do),
            "failed_before": len(to_do & self._keys[FAILED]),
        }
        return counts, to_do


def expected_seconds(
    jobs: Sequence[Cell],
    spent: Mapping[str, float],
    past: Past,
    data: Data,
    device: str,
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
    return [_left(job, spent, cost) for job in jobs], basis


def _cost(jobs: Sequence[Cell], past: Past, data: Data, device: str) -> tuple[Cost, str]:
    """What a trial of one architecture costs, and what that rests on."""
    if past.count:
        return past.cost, f"from {past.count} finished runs"
    if past.by_steps:
        trials = [trial for job in jobs for trial in job.trials]
        cost = cost_from_steps(time_steps(trials, data, device))
        return cost, "from steps timed on this machine"
    per_image = time_fit(jobs[0].trials[0], data)
    pool = len(data.pool)
    return lambda kind: per_image * kind.fraction * pool, "from a fit timed on this machine"


def _left(job: Cell, spent: Mapping[str, float], cost: Cost) -> float:
    """Seconds of what is left of a job."""
    costs = {
        trial.key: cost(Kind.of(trial)) for trial in job.trials if spent.get(trial.key) != 0
    }
    rest = sum(costs.values()) - sum(spent.get(key, 0) for key in costs)
    return max(rest, sum(costs[key] for key in job.todo))


# --- in words


def table(rows: Sequence[Row], workers: int) -> str:
    """What a dry run says."""
    line = "{:<16}{:>7}{:>10}{:>7}{:>15}{:>10}   {}".format
    lines = [line("architecture", "done", "diverged", "to do", "failed before", "time", "")]
    for row in rows:
        lines.append(
            line(
                row.architecture,
                row.done,
                row.diverged,
                row.to_do,
                row.failed_before,
                clock(row.seconds),
                row.basis,
            )
        )
    lines.append(f"{in_all(rows, workers)}; this was a dry run, nothing was written")
    return "\n".join(lines)


def in_all(rows: Sequence[Row], workers: int) -> str:
    """How long it takes in all: at least as long as the longest job."""
    shared = sum(row.seconds for row in rows) / workers
    longest = max((row.longest for row in rows), default=0.0)
    return f"about {clock(max(shared, longest))} on {workers} workers"


def clock(seconds: float) -> str:
    """Minutes and seconds, from an hour on hours too: 1:05, 2:00:00."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}:{rest:02}"
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"
