"""What a study prints while it runs: one line per ended trial, and the time left."""

import math
import time
from collections import Counter
from collections.abc import Iterable, Sized
from statistics import fmean

from mlflow.entities import Run

from experiments.data import subset_size
from experiments.estimate import Kind, clock, past_of
from experiments.run import run_name
from experiments.trial import Trial
from experiments.worker import Outcome


class Progress:
    """One line per ended trial with an estimate of the time left, from those that ended now and in earlier launches.

    pool: of images. runs: of earlier launches. workers: that train at the same time, 1 where that is not known.
    """

    def __init__(self, trials: list[Trial], pool: Sized, runs: Iterable[Run] = (), workers: int = 1):
        self.pool, self.workers, self.last = pool, workers, Counter()
        self.left, self.done = Counter(map(Kind.of, trials)), Counter()
        self.total, self.start = len(trials), time.perf_counter()
        self.past = past_of({trial.architecture for trial in trials}, runs)

    def step(self, outcomes: list[Outcome]) -> None:
        """The trials of a cell have ended; those that were trained against each other end together."""
        before, self.last = self.total - self.left.total(), Counter(Kind.of(outcome.trial) for outcome in outcomes)
        for outcome in outcomes:
            kind = Kind.of(outcome.trial)
            self.left[kind] -= 1
            self.done[kind] += 1
            if outcome.status == "FINISHED":
                self.past[kind.architecture].add(kind, outcome.seconds)
        gone, remaining = clock(time.perf_counter() - self.start), self.remaining()
        left = "time left unknown" if math.isnan(remaining) else f"about {clock(remaining)} left"
        for done, outcome in enumerate(outcomes, before + 1):
            said = f"validation loss {outcome.best_val_loss:.4f}" if outcome.status == "FINISHED" else outcome.reason
            name = run_name(outcome.trial, subset_size(self.pool, outcome.trial.fraction))
            count = f"[{done:>{len(str(self.total))}}/{self.total}]"
            print(f"{count} {gone} gone, {left} · {name} · {said}", flush=True)

    def remaining(self) -> float:
        """Seconds until the end: the time so far, as many times as the work left is the work done.

        Of both only the ratio counts, so runs of another machine may tell what a trial takes. An architecture of which
        none has finished is expected to take per trial what the others take on average; NaN before any has. What the
        other workers are at is taken to be like what has just ended, and half done.
        """
        costs = {kind: past.cost(kind) for kind in self.left if (past := self.past[kind.architecture]).count}
        if not costs:
            return 0.0 if not self.left.total() else math.nan
        unknown = fmean(costs.values())
        left, done, last = (
            sum(count * costs.get(kind, unknown) for kind, count in of.items())
            for of in (self.left, self.done, self.last)
        )
        under_way = min(left, (self.workers - 1) * last) / 2
        return (time.perf_counter() - self.start) * (left - under_way) / max(done + under_way, 1e-9)
