"""Winners on further subsets: what was chosen on one is not chosen on the others."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from experiments.training.trial import Trial


def replicas(trials: Sequence[Trial], costs: Mapping[str, float], count: int) -> list[Trial]:
    """The best trial of each architecture and fraction, on further subsets.

    What was chosen on one subset is not chosen on the others, so its results there are free of
    the luck of the choice.

    costs: key -> cost of the best evaluation of the trials that have finished; those of the
        first data seed choose.
    count: of data seeds in all, those of the trials included.
    """
    seeds = list(dict.fromkeys(trial.data_seed for trial in trials))
    winners = _winners([trial for trial in trials if trial.data_seed == seeds[0]], costs)
    return [
        replace(trial, data_seed=seed, bracket=0, halving="")
        for trial in winners
        for seed in _further(seeds, count)
    ]


def with_replicas(
    trials: Sequence[Trial], costs: Mapping[str, float], count: int
) -> list[Trial]:
    """All that is to be trained, as far as it can be known.

    For a winner that is not there yet stands any sample.
    """
    unknown = {trial.key: float("inf") for trial in trials}
    return [*trials, *replicas(trials, unknown | dict(costs), count)]


def _winners(trials: Sequence[Trial], costs: Mapping[str, float]) -> list[Trial]:
    """The trial with the smallest cost of each architecture and fraction."""
    finished = [trial for trial in trials if trial.key in costs]
    best = {}
    for trial in sorted(finished, key=lambda trial: costs[trial.key], reverse=True):
        best[trial.architecture, trial.fraction] = trial
    return list(best.values())


def _further(seeds: Sequence[int], count: int) -> list[int]:
    """The smallest data seeds beside these, until there are `count`."""
    others = [seed for seed in range(len(seeds) + count) if seed not in seeds]
    return others[: max(0, count - len(seeds))]
