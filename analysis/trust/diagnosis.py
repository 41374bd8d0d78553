"""What a study's runs say about the curves themselves: noise, search, and the forecasts made before training."""

from dataclasses import dataclass

import pandas as pd

from analysis.runs import best_runs, points
from analysis.trust.held_out import score_held_out
from analysis.trust.noise import noise
from analysis.trust.search import adequacy, expected_best, exponents


@dataclass(frozen=True)
class Diagnosis:
    """Tables, each described by the function it comes from."""

    noise: pd.DataFrame
    expected_best: pd.DataFrame
    adequacy: pd.DataFrame
    exponents: pd.DataFrame
    held_out: pd.DataFrame


def diagnose(runs: pd.DataFrame, told: pd.DataFrame, metric: str = "loss", confidence: float = 0.9) -> Diagnosis:
    """Diagnosis of a study: its runs (load_runs) and the forecasts logged before training (held_out)."""
    best = expected_best(runs)
    return Diagnosis(
        noise=noise(runs, metric),
        expected_best=best,
        adequacy=adequacy(best),
        exponents=exponents(best, metric, confidence),
        held_out=score_held_out(told, points(best_runs(runs), metric), metric),
    )
