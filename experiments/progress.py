"""What a study prints while it runs: one line per ended trial, and the time left."""

import time
from collections import Counter, defaultdict

from experiments.run import run_name
from experiments.trial import Trial
from experiments.worker import Outcome


class Progress:
    """One line per ended trial with an estimate of the time left, from the trials of its kind that ended before."""

    def __init__(self, trials: list[Trial]):
        self.left = Counter((trial.architecture, trial.fraction) for trial in trials)
        self.total, self.start, self.seconds = len(trials), time.perf_counter(), defaultdict(list)

    def step(self, outcomes: list[Outcome]) -> None:
        """The trials of a cell have ended; those that were trained against each other end together."""
        before = self.total - self.left.total()
        for outcome in outcomes:
            cell = outcome.trial.architecture, outcome.trial.fraction
            self.left[cell] -= 1
            self.seconds[cell].append(outcome.seconds)
        gone, left = (clock(seconds) for seconds in (time.perf_counter() - self.start, self.remaining()))
        for done, outcome in enumerate(outcomes, before + 1):
            said = f"validation loss {outcome.best_val_loss:.4f}" if outcome.status == "FINISHED" else outcome.reason
            count = f"[{done:>{len(str(self.total))}}/{self.total}]"
            print(f"{count} {gone} gone, about {left} left · {describe_briefly(outcome)} · {said}", flush=True)

    def remaining(self) -> float:
        """Seconds until the end: trials left in each cell × what such a trial took, at the pace of the workers."""
        known = {cell: sum(values) / len(values) for cell, values in self.seconds.items()}
        mean = sum(known.values()) / len(known)
        work_left = sum(count * known.get(cell, mean) for cell, count in self.left.items())
        work_done = sum(sum(values) for values in self.seconds.values())
        return (time.perf_counter() - self.start) * work_left / max(work_done, 1e-9)


def describe_briefly(outcome: Outcome) -> str:
    trial = outcome.trial
    if outcome.n_train:
        return run_name(trial, outcome.n_train)
    return f"{trial.architecture} · {trial.fraction:.1%} · #{trial.sample}"


def clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}" if minutes >= 60 else f"{minutes}:{seconds:02}"
