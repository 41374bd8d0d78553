"""How long trials take: as long as others of their kind took.

A trial is expected to take what finished runs of its architecture and fraction took on
average; without any of that fraction, those of the nearest one (a network's steps cost the
same at every size; what is fitted at one go costs in proportion to it). Where the budget was
another, in proportion to it.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from mlflow.entities import Run

from experiments.orchestration.standing import is_final
from experiments.training.descent import longer_patience
from experiments.training.trial import Trial
from tracking import schema
from tracking.schema import Role

# Steps that a network takes, × patience: 1 to 4.7 on digits and CIFAR-10. Most samples of a
# bracket end early.
EXPECTED = 3.0
EXPECTED_OF_A_BRACKET = 1.0
# What agrees between the trials of a cell: all but the sample.
OF_A_CELL = [one.name for one in schema.SETTINGS if one.role != Role.SEARCH]


class Kind(NamedTuple):
    """What the time of a trial depends on.

    patience: in steps, or as many as its epochs have.
    tuned: whether its hyperparameters are drawn at random.
    """

    architecture: str
    fraction: float
    max_steps: int
    patience: int
    bracket: int
    tuned: bool

    @classmethod
    def of(cls, trial: Trial, pool: int) -> "Kind":
        """The kind of a trial on a pool of so many examples."""
        batch = trial.hyperparameters.get("batch_size", pool)
        return cls(
            architecture=trial.architecture,
            fraction=trial.fraction,
            max_steps=trial.max_steps,
            patience=longer_patience(
                trial.patience, trial.patience_epochs, batch, round(trial.fraction * pool)
            ),
            bracket=trial.bracket,
            tuned=trial.sample > 0,
        )

    @classmethod
    def of_run(cls, params: Mapping[str, str], pool: int) -> "Kind":
        """The same of a run's trial, by its parameters."""
        settings = schema.recorded(params)
        fraction = settings["fraction"]
        return cls(
            architecture=settings["architecture"],
            fraction=fraction,
            max_steps=settings.get("max_steps", 0),
            patience=longer_patience(
                settings.get("patience", 0),
                settings["patience_epochs"],
                int(params.get("batch_size", max(pool, 1))),
                max(round(fraction * pool), 1),
            ),
            bracket=settings.get("bracket", 0),
            tuned=settings.get("sample", 0) > 0,
        )

    @property
    def compared(self) -> bool:
        """Whether it may be ended early."""
        return self.bracket > 0 and self.tuned

    @property
    def steps(self) -> float:
        """That a network is expected to take."""
        usual = EXPECTED_OF_A_BRACKET if self.compared else EXPECTED
        return min(self.max_steps, self.patience * usual)


Cost = Callable[[Kind], float]  # seconds of a trial


class Past:
    """What the finished trials of one architecture took, and what others are expected to take.

    by_steps: whether they are trained step by step.
    count: how many have finished.
    """

    def __init__(self, by_steps: bool):
        self.by_steps = by_steps
        self.count = 0
        self._seconds: dict[float, float] = defaultdict(float)  # by fraction
        self._work: dict[float, float] = defaultdict(float)  # by fraction; steps, or fits

    def add(self, kind: Kind, seconds: float) -> None:
        """A trial has finished."""
        self._seconds[kind.fraction] += seconds
        self._work[kind.fraction] += kind.steps if self.by_steps else 1
        self.count += 1

    def cost(self, kind: Kind) -> float:
        """Seconds of a trial, as those of its fraction or the nearest.

        What is fitted at one go takes its time in proportion to the fraction.
        """
        nearest = min(self._work, key=lambda fraction: abs(fraction - kind.fraction))
        mean = self._seconds[nearest] / self._work[nearest]
        return mean * kind.steps if self.by_steps else mean * kind.fraction / nearest


def past_of(trials: Iterable[Trial], runs: Iterable[Run]) -> dict[str, Past]:
    """What the runs of each architecture of the trials took, as far as they have ended."""
    some = {trial.architecture: trial for trial in trials}
    past = {name: Past(trial.by_steps) for name, trial in some.items()}
    ended = [
        run for run in runs if run.data.params.get("architecture") in past and is_final(run)
    ]
    kinds = [Kind.of_run(run.data.params, int(run.data.tags.get("pool", 0))) for run in ended]
    cells_of_runs = [_cell_of(kind, run) for kind, run in zip(kinds, ended)]
    there = Counter(cells_of_runs)
    for run, kind, cell in zip(ended, kinds, cells_of_runs):
        if "seconds" not in run.data.metrics:
            continue
        seconds = run.data.metrics["seconds"]
        of_architecture = past[kind.architecture]
        incomplete = kind.compared and there[cell] < kind.bracket
        if of_architecture.by_steps and incomplete:
            seconds = seconds * kind.steps / run.data.metrics.get("steps", kind.steps)
        of_architecture.add(kind, seconds)
    return past


def _cell_of(kind: Kind, run: Run) -> tuple:
    """The same for runs whose trials are compared with each other."""
    settings = schema.recorded(run.data.params)
    return kind.tuned, *(settings.get(name) for name in OF_A_CELL)
