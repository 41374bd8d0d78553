"""How a study could be extended: the curve of one architecture, what has been run, the command for more, its hours."""

import shlex
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.fits.curve import FitError
from analysis.runs import best_runs, is_diverged, is_pruned, is_replica, points
from analysis.trust.search import adequacy, expected_best

SETTINGS = (
    *("dataset", "search_space", "max_steps", "patience", "precision", "search_seed", "seed"),
    *("data_dir", "device"),
)
TRIAL = ["fraction", "data_seed", "sample"]


@dataclass(frozen=True)
class Trials:
    """Trials of one architecture: all samples from 0 to `samples` of every fraction with every data seed."""

    fractions: tuple[float, ...]
    data_seeds: tuple[int, ...]
    samples: int


@dataclass(frozen=True)
class Extendable:
    """One architecture of a study, with what a command needs to add trials to it."""

    study: str
    architecture: str
    n: np.ndarray  # (points,), a size repeats for each data seed
    loss: np.ndarray  # (points,)
    fractions: dict[int, float]  # n -> fraction of the pool
    pool: int
    samples: int  # of the largest size, as are the data seeds
    data_seeds: tuple[int, ...]
    known: frozenset  # (fraction, data seed, sample) of the runs that need no other
    falling: bool  # whether more samples would lower the loss; with pruning all of them would be trained anew
    settings: dict
    seconds: pd.Series  # n -> mean of a run

    def command(self, trials: Trials) -> str:
        """Launches the trials that are missing, with the settings of most runs before."""
        grid = {"fractions": ",".join(map(repr, trials.fractions)), "samples": trials.samples}
        seeds = {"data_seeds": ",".join(map(str, trials.data_seeds))}
        options = {"study": self.study, "architectures": self.architecture, **grid, **seeds, **self.settings}
        said = " ".join(f"--{name} {shlex.quote(str(value))}" for name, value in options.items())
        return f"python -m experiments.study {said}"

    def missing(self, trials: Trials) -> list[float]:
        """The fraction of each trial that has not been run."""
        grid = [(f, seed, k) for f in trials.fractions for seed in trials.data_seeds for k in range(trials.samples + 1)]
        return [trial[0] for trial in grid if trial not in self.known]

    def hours(self, trials: Trials) -> float:
        """Of one worker. A run takes the mean seconds of those of its size; at other sizes k n^p seconds, as much as
        measured at the largest size, p by least squares in logs over the sizes, between 0 and 2."""
        n, seconds = self.seconds.index.to_numpy(dtype=float), np.maximum(self.seconds.to_numpy(), 1e-3)
        power = np.clip(np.polyfit(np.log(n), np.log(seconds), 1)[0], 0, 2) if len(n) > 1 else 1.0
        sizes = [round(fraction * self.pool) for fraction in self.missing(trials)]
        return float(sum(self.seconds.get(size, seconds[-1] * (size / n[-1]) ** power) for size in sizes)) / 3600


def read_extendable(runs: pd.DataFrame, study: str, architecture: str | None, metric: str) -> Extendable:
    """From load_runs(study); architecture None: the one with the smallest loss. FitError for an unknown one, a metric
    other than loss and error, or no finished run."""
    if metric not in ("loss", "error"):
        raise FitError(f"metric must be loss or error, got {metric!r}")
    curve = points(best_runs(runs), metric).dropna(subset="loss")
    if curve.empty:
        raise FitError(f"study '{study}' has no finished run yet")
    names = sorted(curve["architecture"].unique())
    architecture = curve.loc[curve["loss"].idxmin(), "architecture"] if architecture is None else architecture
    if architecture not in names:
        raise FitError(f"architecture '{architecture}' is unknown; study '{study}' has {', '.join(names)}")
    curve = curve[curve["architecture"] == architecture].sort_values(["n", "data_seed"])
    mine = runs[(runs["architecture"] == architecture) & ~is_replica(runs)]
    finished = mine[mine["status"] == "FINISHED"]
    diverged = mine[is_diverged(mine)]
    settings = _settings(finished)
    largest = finished[finished["n_train"] == finished["n_train"].max()]
    return Extendable(
        study=study, architecture=architecture, n=curve["n"].to_numpy(dtype=float), loss=curve["loss"].to_numpy(),
        fractions={int(n): float(part.iloc[0]) for n, part in finished.groupby("n_train")["fraction"]},
        pool=int(finished["pool"].max()), samples=int(largest["sample"].max()),
        data_seeds=tuple(sorted(largest["data_seed"].astype(int).unique().tolist())),
        known=frozenset(pd.concat([finished, diverged])[TRIAL].itertuples(index=False, name=None)),
        falling="pruning" not in settings and bool(adequacy(expected_best(mine))["falling"].any()), settings=settings,
        seconds=finished.groupby("n_train")["seconds"].mean(),
    )  # fmt: skip


def _settings(runs):
    """Option -> its most common value; whole numbers without the ".0" that a column with missing values gives them."""
    usual = {name: runs[name].mode()[0] for name in SETTINGS if name in runs and runs[name].notna().any()}
    if is_pruned(runs):
        usual["pruning"] = "halving"
    return {name: int(v) if isinstance(v, float) and v.is_integer() else v for name, v in usual.items()}
