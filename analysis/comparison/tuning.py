"""How many times the data tuning the hyperparameters of an architecture equals."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from analysis.comparison.data_multiplier import TIMES, DataMultiplier, data_multiplier
from analysis.comparison.predictives import predictive_of
from analysis.curves.predictive import Predictive
from analysis.reasons import Finding, FitError, Reason, Variant
from analysis.selection import best_runs, points, untuned

CELL = ["architecture", "n", "data_seed"]


def tuning_multipliers(
    runs: pd.DataFrame, measure: str, confidence: float, known: Mapping[str, Predictive]
) -> tuple[dict[str, DataMultiplier], list[Finding]]:
    """architecture -> DataMultiplier of tuned instead of untuned, and why some have none.

    Each is valued at TIMES the architecture's own largest size.

    known: made before of the tuned curves; used again where they saw the same points.
    """
    found: dict[str, DataMultiplier] = {}
    left_out: list[Finding] = []
    if not (runs["sample"] > 0).any():
        return found, left_out
    for name, default, tuned in tuning_curves(runs, measure):
        try:
            before = predictive_of(default)
            after = predictive_of(tuned, known.get(name))
        except FitError as error:
            if error.finding is None:  # a wrong argument
                raise
            left_out.append(Reason.TUNING_NOT_VALUED(name=name, why=error.finding))
            continue
        found[name] = data_multiplier(
            before,
            after,
            after.curve.n[-1] * np.array(TIMES),
            confidence=confidence,
            names=(Variant(name, tuned=False), Variant(name, tuned=True)),
        )
    return found, left_out


def tuning_curves(
    runs: pd.DataFrame, measure: str = "loss"
) -> Iterator[tuple[str, pd.DataFrame, pd.DataFrame]]:
    """Yield (architecture, untuned points, tuned points) of the same cells.

    Untuned is sample 0, tuned the best of all samples.
    """
    best = points(best_runs(runs), measure)
    default = points(best_runs(untuned(runs)), measure)
    tuned_there = best.merge(default[CELL].drop_duplicates())
    default_there = default.merge(best[CELL].drop_duplicates())
    for name, part in default_there.groupby("architecture", sort=True):
        yield str(name), part, tuned_there[tuned_there["architecture"] == name]
