"""What a study prints while it runs: one line per ended trial, and the time left."""

import math
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Sized
from statistics import fmean

from mlflow.entities import Run

from experiments.orchestration.durations import Kind, past_of
from experiments.orchestration.outcome import Outcome
from experiments.orchestration.words import clock
from experiments.training.subsets import subset_size
from experiments.training.trial import Trial
from tracking.measures import from_text
from tracking.runs import USUAL, run_name
from tracking.schema import FINISHED


class Progress:
    """One line per ended trial with an estimate of the time left.

    It rests on what has ended now and in earlier launches.

    trials: to run.
    pool: of examples.
    runs: of earlier launches.
    workers: that train at the same time, 1 where that is not known.
    """

    def __init__(
        self, trials: Sequence[Trial], pool: Sized, runs: Iterable[Run] = (), workers: int = 1
    ):
        self.pool = pool
        self.workers = workers
        self.left = Counter(Kind.of(trial, len(pool)) for trial in trials)
        self.done: Counter[Kind] = Counter()
        self.last: Counter[Kind] = Counter()  # what has ended at the last step
        self.total = len(trials)
        self.start = time.perf_counter()
        self.past = past_of(trials, runs)

    def step(self, outcomes: Sequence[Outcome]) -> None:
        """Trials of a cell have ended.

        Those that were trained against each other end together.
        """
        before = self.total - self.left.total()
        self._count(outcomes)
        gone = clock(time.perf_counter() - self.start)
        left = _said_left(self.remaining())
        for done, outcome in enumerate(outcomes, before + 1):
            count = f"[{done:>{len(str(self.total))}}/{self.total}]"
            print(f"{count} {gone} gone, {left} · {self._said(outcome)}", flush=True)

    def _count(self, outcomes: Sequence[Outcome]) -> None:
        self.last = Counter(Kind.of(outcome.trial, len(self.pool)) for outcome in outcomes)
        self.left.subtract(self.last)
        self.done.update(self.last)
        for outcome in outcomes:
            if outcome.status == FINISHED:
                kind = Kind.of(outcome.trial, len(self.pool))
                self.past[kind.architecture].add(kind, outcome.seconds)

    def _said(self, outcome: Outcome) -> str:
        trial = outcome.trial
        n = subset_size(self.pool, trial.fraction)
        name = run_name(trial.architecture, n, trial.sample, trial.data_seed)
        if outcome.status == FINISHED:
            measure = from_text(outcome.measures or USUAL)[0]
            value = measure.shown(outcome.best_cost)
            return f"{name} · validation {measure.name} {value:.4f}"
        return f"{name} · {outcome.reason}"

    def remaining(self) -> float:
        """Seconds until the end: the time so far, as many times as the work left is that done.

        Of both only the ratio counts, so runs of another machine may tell what a trial takes.
        An architecture of which none has finished is expected to take per trial what the
        others take on average; NaN before any has. What the other workers are at is taken to
        be like what has just ended, and half done.
        """
        costs = self._costs()
        if not costs:
            return math.nan if self.left.total() else 0.0
        left = _work(self.left, costs)
        last = _work(self.last, costs)
        under_way = min(left, (self.workers - 1) * last) / 2
        done = max(_work(self.done, costs) + under_way, 1e-9)
        return (time.perf_counter() - self.start) * (left - under_way) / done

    def _costs(self) -> dict[Kind, float]:
        """Seconds of a trial of each kind; none of an architecture without finished trials."""
        known = [kind for kind in self.left if self.past[kind.architecture].count]
        return {kind: self.past[kind.architecture].cost(kind) for kind in known}


def _said_left(seconds: float) -> str:
    return "time left unknown" if math.isnan(seconds) else f"about {clock(seconds)} left"


def _work(trials: Mapping[Kind, int], costs: Mapping[Kind, float]) -> float:
    """Seconds of training; a kind without a cost takes what the others take on average."""
    unknown = fmean(costs.values())
    return sum(count * costs.get(kind, unknown) for kind, count in trials.items())
