"""What to run: the grid of trials of a study, and the cells that are trained together."""

from collections import ChainMap, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from experiments.orchestration.options import StudyOptions
from experiments.training.trial import Trial
from tracking import schema
from tracking.errors import InputError

# How long a trial of an architecture takes, beside the others; the user's own count as DEEP.
WEIGHT = {"resnet": 4.0, "cnn": 2.0, "mlp": 1.0, "linear": 0.5, "boosting": 0.3, "forest": 0.1}
DEEP = 4.0
# By this power of the fraction a trial takes longer.
GROWTH = 0.3


def grid(options: StudyOptions) -> list[Trial]:
    """Every trial of the study; its precision may be "auto" still.

    Raises InputError where one is impossible or there is none.
    """
    axes: dict[str, list[Mapping[str, Any]]] = {
        "architecture": list(options.learners),
        "fraction": [{"fraction": fraction} for fraction in options.fractions],
        "sample": [{"sample": sample} for sample in range(options.samples + 1)],
        "data_seed": [{"data_seed": seed} for seed in options.data_seeds],
    }
    shared = vars(options.settings)
    trials = [
        Trial(**ChainMap(*map(dict, each), dict(shared)))
        for each in product(*[axes[name] for name in schema.GRID])
    ]
    if not trials:
        raise InputError(
            "the study is empty: architectures, fractions and data_seeds need one entry each"
        )
    return trials


def held_out(options: StudyOptions) -> list[float]:
    """The largest fractions, which are trained last."""
    return sorted(options.fractions)[len(options.fractions) - options.hold_out :]


# --- jobs


@dataclass(frozen=True)
class Cell:
    """A job: trials that are compared with each other, so that samples end early; or one.

    trials: all that are compared.
    todo: keys of those to run.
    replicas: whether they are winners on further subsets.
    """

    trials: tuple[Trial, ...]
    todo: frozenset[str]
    replicas: bool = False

    @property
    def to_run(self) -> list[Trial]:
        """The trials to run, in their order."""
        return [trial for trial in self.trials if trial.key in self.todo]


def cells(
    trials: Sequence[Trial], todo: Collection[str], replicas: bool = False
) -> list[Cell]:
    """The jobs of a study, the longest first: no core idles at the end behind a long one.

    Samples that are compared with each other make one job; those that ended before are in it,
    since the others are compared with them, too. What is fitted at one go cannot be ended
    early, so its samples are jobs of their own.

    todo: keys of the trials to run.
    """
    groups = defaultdict(list)
    for trial in trials:
        groups[_compared(trial)].append(trial)
    wanted = frozenset(todo)
    jobs = [
        Cell(tuple(group), frozenset(trial.key for trial in group) & wanted, replicas)
        for group in groups.values()
    ]
    return sorted((job for job in jobs if job.todo), key=_length, reverse=True)


def _compared(trial: Trial) -> tuple:
    """The same for trials that are compared with each other."""
    raced = trial.bracket and trial.by_steps
    sample = None if raced else trial.sample
    return trial.architecture, trial.fraction, trial.data_seed, sample


def _length(job: Cell) -> float:
    """How long a job takes beside the others, about."""
    trial = job.trials[0]
    return WEIGHT.get(trial.architecture, DEEP) * trial.fraction**GROWTH
