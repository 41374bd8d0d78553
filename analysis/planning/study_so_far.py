"""One architecture of a study as it stands: its curve, its runs, and what more would take.

The command for more trials has the settings of those before, whatever tracking/schema.py says
that trials share.
"""

import shlex
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.diagnostics.search import adequacy, expected_best
from analysis.reasons import FitError
from analysis.selection import best_runs, points
from tracking import schema
from tracking.measures import find_measure
from tracking.runs import declared, is_diverged, is_pruned, is_replica

TRIAL = ["fraction", "data_seed", "sample"]


@dataclass(frozen=True)
class Trials:
    """All samples from 0 to `samples` of every fraction with every data seed.

    fractions: of the training pool.
    data_seeds: which subsets.
    samples: the last random draw; 0 is the untuned default.
    """

    fractions: tuple[float, ...]
    data_seeds: tuple[int, ...]
    samples: int


@dataclass(frozen=True)
class StudySoFar:
    """One architecture of a study, with what a command needs to add trials to it.

    study, architecture: their names.
    points: of its curve (analysis/selection.py); a size repeats for each data seed.
    fractions: n -> fraction of the pool.
    pool: examples.
    samples, data_seeds: of the largest size.
    known: (fraction, data seed, sample) of the runs that need no other.
    falling: whether more samples would bring better results; never with pruning, where all of
        them would be trained anew.
    settings: option -> value that most runs have.
    seconds: n -> mean of a run.
    """

    study: str
    architecture: str
    points: pd.DataFrame
    fractions: dict[int, float]
    pool: int
    samples: int
    data_seeds: tuple[int, ...]
    known: frozenset
    falling: bool
    settings: dict[str, Any]
    seconds: pd.Series

    @property
    def sizes(self) -> np.ndarray:
        """(sizes,) examples, rising."""
        return np.unique(self.points["n"]).astype(int)

    def command(self, trials: Trials) -> str:
        """Launches the trials that are missing, with the settings of most runs before."""
        options = {
            "study": self.study,
            **self._learner(),
            "fractions": ",".join(map(repr, trials.fractions)),
            "samples": trials.samples,
            "data_seeds": ",".join(map(str, trials.data_seeds)),
            **self.settings,
        }
        if "trainer" in self.settings:  # it says what is learned
            del options["trainer"], options["dataset"]
        words = [f"--{name} {shlex.quote(str(value))}" for name, value in options.items()]
        return " ".join(["python -m experiments.study", *words])

    def _learner(self) -> dict[str, str]:
        if "trainer" in self.settings:
            return {"trainers": self.settings["trainer"]}
        return {"architectures": self.architecture}

    def missing(self, trials: Trials) -> list[float]:
        """The fraction of each trial that has not been run."""
        return [
            fraction
            for fraction in trials.fractions
            for seed in trials.data_seeds
            for sample in range(trials.samples + 1)
            if (fraction, seed, sample) not in self.known
        ]

    def hours(self, trials: Trials) -> float:
        """Of one worker, for the trials that are missing."""
        sizes = [round(fraction * self.pool) for fraction in self.missing(trials)]
        return sum(map(self.seconds_at, sizes)) / 3600

    def seconds_at(self, size: int) -> float:
        """That a run with so many examples takes.

        The mean of those of its size. At other sizes k n^p, as much as measured at the largest
        size, p by least squares in logs over the sizes, between 0 and 2.
        """
        if size in self.seconds:
            return float(self.seconds[size])
        n = self.seconds.index.to_numpy(dtype=float)
        seconds = np.maximum(self.seconds.to_numpy(), 1e-3)
        power = 1.0
        if len(n) > 1:
            power = np.clip(np.polyfit(np.log(n), np.log(seconds), 1)[0], 0, 2)
        return float(seconds[-1] * (size / n[-1]) ** power)


def study_so_far(
    runs: pd.DataFrame, study: str, architecture: str | None, measure: str
) -> StudySoFar:
    """What the runs of a study say of one architecture.

    FitError for an unknown architecture or measure, or where no run has finished.

    runs: load_runs(study).
    architecture: None for the best at its best size.
    measure: its text.
    """
    if measure not in declared(runs):
        known = " or ".join(find_measure(one).name for one in declared(runs))
        raise FitError(f"measure must be {known}, got {measure!r}")
    curves = points(best_runs(runs), measure).dropna(subset="value")
    name = _architecture(curves, study, architecture)
    curve = curves[curves["architecture"] == name].sort_values(["n", "data_seed"])
    mine = runs[(runs["architecture"] == name) & ~is_replica(runs)]
    finished = mine[mine["status"] == schema.FINISHED]
    largest = finished[finished["n_train"] == finished["n_train"].max()]
    return StudySoFar(
        study=study,
        architecture=name,
        points=curve,
        fractions=_fractions(finished),
        pool=int(finished["pool"].max()),
        samples=int(largest["sample"].max()),
        data_seeds=tuple(sorted(largest["data_seed"].astype(int).unique().tolist())),
        known=_known(pd.concat([finished, mine[is_diverged(mine)]])),
        falling=not is_pruned(finished) and _falls(mine),
        settings=_settings(finished),
        seconds=finished.groupby("n_train")["seconds"].mean(),
    )


def _architecture(curves: pd.DataFrame, study: str, asked: str | None) -> str:
    if curves.empty:
        raise FitError(f"study '{study}' has no finished run yet")
    names = sorted(curves["architecture"].unique())
    name = curves.loc[curves["value"].idxmin(), "architecture"] if asked is None else asked
    if name not in names:
        known = ", ".join(names)
        raise FitError(f"architecture '{name}' is unknown; study '{study}' has {known}")
    return name


def _fractions(finished: pd.DataFrame) -> dict[int, float]:
    sizes = finished.groupby("n_train")["fraction"]
    return {int(n): float(part.iloc[0]) for n, part in sizes}


def _known(runs: pd.DataFrame) -> frozenset:
    return frozenset(runs[TRIAL].itertuples(index=False, name=None))


def _falls(runs: pd.DataFrame) -> bool:
    return bool(adequacy(expected_best(runs))["falling"].any())


def _settings(runs: pd.DataFrame) -> dict[str, Any]:
    """Option -> its most common value, of all that the command of a study asks.

    What the runs do not tell is left out, and so is what the option does not allow, such as
    the precision of what is no network.
    """
    usual = {}
    for one in schema.shared():
        if one.name in runs and runs[one.name].notna().any():
            value = one.type(runs[one.name].mode()[0])
            if value != "" and (not one.choices or value in one.choices):
                usual[one.name] = value
    return usual | ({"pruning": "halving"} if is_pruned(runs) else {})
