"""What a study prints while it runs: one line per ended trial, and the time left."""

import time
from collections import Counter
from statistics import fmean

from experiments.estimate import Kind, Past, clock
from experiments.run import run_name
from experiments.trial import Trial
from experiments.worker import Outcome


class Progress:
    """One line per ended trial with an estimate of the time left, from the trials that ended before (Past)."""

    def __init__(self, trials: list[Trial]):
        self.left = Counter(map(Kind.of, trials))
        self.total, self.start, self.work_done = len(trials), time.perf_counter(), 0.0
        self.past = {}  # by architecture, of what has ended here

    def step(self, outcomes: list[Outcome]) -> None:
        """The trials of a cell have ended; those that were trained against each other end together."""
        before = self.total - self.left.total()
        for outcome in outcomes:
            kind = Kind.of(outcome.trial)
            self.left[kind] -= 1
            self.work_done += outcome.seconds
            self.past.setdefault(kind.architecture, Past(kind.architecture)).add(kind, outcome.seconds)
        gone, left = (clock(seconds) for seconds in (time.perf_counter() - self.start, self.remaining()))
        for done, outcome in enumerate(outcomes, before + 1):
            said = f"validation loss {outcome.best_val_loss:.4f}" if outcome.status == "FINISHED" else outcome.reason
            count = f"[{done:>{len(str(self.total))}}/{self.total}]"
            print(f"{count} {gone} gone, about {left} left · {describe_briefly(outcome)} · {said}", flush=True)

    def remaining(self) -> float:
        """Seconds until the end: what the trials left are expected to take, at the pace of the workers so far.

        An architecture of which none has ended is expected to take per trial what the others take on average.
        """
        costs = {kind: self.past[kind.architecture].cost(kind) for kind in self.left if kind.architecture in self.past}
        unknown = fmean(costs.values())
        work_left = sum(count * costs.get(kind, unknown) for kind, count in self.left.items())
        return (time.perf_counter() - self.start) * work_left / max(self.work_done, 1e-9)


def describe_briefly(outcome: Outcome) -> str:
    trial = outcome.trial
    if outcome.n_train:
        return run_name(trial, outcome.n_train)
    return f"{trial.architecture} · {trial.fraction:.1%} · #{trial.sample}"
