"""What a study's runs say about the curves themselves: noise, search, and logged forecasts."""

from dataclasses import dataclass

import pandas as pd

from analysis.diagnostics.logged_forecasts import score_held_out
from analysis.diagnostics.noise import noise
from analysis.diagnostics.search import adequacy, expected_best, exponents
from analysis.selection import best_runs, points


@dataclass(frozen=True)
class Diagnosis:
    """Tables, each described by the function it comes from.

    noise: noise.noise.
    expected_best, adequacy, exponents: search.expected_best and so on.
    held_out: logged_forecasts.score_held_out.
    """

    noise: pd.DataFrame
    expected_best: pd.DataFrame
    adequacy: pd.DataFrame
    exponents: pd.DataFrame
    held_out: pd.DataFrame


def diagnose(
    runs: pd.DataFrame,
    forecasts: pd.DataFrame,
    measure: str = "loss",
    confidence: float = 0.9,
) -> Diagnosis:
    """Diagnosis of a study.

    runs: as load_runs gives them.
    forecasts: logged before training, as read_forecasts gives them.
    measure: its text.
    confidence: of the exponents' intervals.
    """
    best = expected_best(runs)
    return Diagnosis(
        noise=noise(runs, measure),
        expected_best=best,
        adequacy=adequacy(best),
        exponents=exponents(best, measure, confidence),
        held_out=score_held_out(forecasts, points(best_runs(runs), measure), measure),
    )
