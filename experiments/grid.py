"""What to run: the grid of trials of a study, and the cells of it that are trained together."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product

from experiments import InputError
from experiments.models import find_architecture
from experiments.run import TRIAL_FIELDS
from experiments.trial import Trial

LADDER = (0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.0)  # the notebook's: 0.5 %, doubling, up to 100 %
GRID_FIELDS = ("architecture", "fraction", "sample", "data_seed")


def grid(options) -> list[Trial]:
    """Every trial of the study. Raises InputError where one is impossible or there is none."""
    shared = {name: getattr(options, name) for name in TRIAL_FIELDS if name not in GRID_FIELDS}
    shared["bracket"] = options.samples if options.pruning == "halving" else 0
    axes = (options.architectures, options.fractions, range(options.samples + 1), options.data_seeds)
    trials = [Trial(**dict(zip(GRID_FIELDS, cell)), **shared) for cell in product(*axes)]
    if not trials:
        raise InputError("the study is empty: architectures, fractions and data_seeds need one entry each")
    return trials


def replicas(trials: list[Trial], losses: Mapping[str, float], count: int) -> list[Trial]:
    """The best trial of each architecture and fraction again, on further subsets, until there are `count` data seeds.

    losses: key -> best validation loss of the trials that have finished; the first data seed's choose. What was chosen
    on one subset is not chosen on the others, so its losses there are free of the luck of the choice.
    """
    seeds = list(dict.fromkeys(trial.data_seed for trial in trials))
    further = [seed for seed in range(len(seeds) + count) if seed not in seeds][: max(0, count - len(seeds))]
    finished = [trial for trial in trials if trial.data_seed == seeds[0] and trial.key in losses]
    best = {}
    for trial in sorted(finished, key=lambda trial: losses[trial.key], reverse=True):
        best[trial.architecture, trial.fraction] = trial
    return [replace(trial, data_seed=seed, bracket=0) for trial in best.values() for seed in further]


def held_out(options) -> list[float]:
    """The largest fractions, which are trained last."""
    return sorted(options.fractions)[len(options.fractions) - options.hold_out :]


@dataclass(frozen=True)
class Cell:
    """A job: trials that are compared with each other (samples that are ended early, or one), and those to run."""

    trials: tuple[Trial, ...]
    todo: frozenset[str]  # keys
    replicas: bool = False


def cells(trials: list[Trial], todo: set[str], replicas: bool = False) -> list[Cell]:
    """The jobs of a study. Large subsets and deep nets first, so that no core idles at the end behind a long one.

    Samples that are compared with each other make one job; those that ended before are in it, since the others are
    compared with them, too. What is fitted at one go cannot be ended early, so its samples are jobs of their own.
    """
    groups = defaultdict(list)
    for trial in trials:
        raced = trial.bracket and find_architecture(trial.architecture).trained_by_steps
        groups[trial.architecture, trial.fraction, trial.data_seed, None if raced else trial.sample].append(trial)
    jobs = [Cell(tuple(group), frozenset(trial.key for trial in group) & todo, replicas) for group in groups.values()]
    weight = {"resnet": 4, "cnn": 2, "mlp": 1, "linear": 0.5, "forest": 0.1}
    return sorted(
        [job for job in jobs if job.todo],
        key=lambda job: -weight.get(job.trials[0].architecture, 4) * job.trials[0].fraction ** 0.3,
    )
