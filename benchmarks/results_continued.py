"""All real curves, cut at each size and continued to the later ones."""

import numpy as np
import pandas as pd

from analysis import fit_power_law, forecast
from analysis.curves.curve import known_of
from analysis.selection import best_runs, points, untuned
from benchmarks.results_choices import MEASURES
from benchmarks.results_tables import NOT_YET, markdown
from tracking.study import Study

FIRST_CUT = 4  # sizes that a forecast sees at least


def all_continued(studies: list[Study]) -> str:
    rows = [_row(study, measure) for study in studies for measure in MEASURES]
    return markdown(pd.DataFrame(rows)) if rows else NOT_YET


def _row(study: Study, measure: str) -> dict[str, str | int]:
    table = continued(study, measure)
    return {
        "study": study.name,
        "by": measure,
        "forecasts": len(table),
        "ours misses by (rms)": _typical(table["ours"]),
        "a power law alone": _typical(table["law"]),
        "inside 90 %": f"{table['inside'].mean():.0%}",
        "median high / low": f"{np.exp(table['width'].median()):.2f}",
    }


def _typical(misses: pd.Series) -> str:
    return f"{np.expm1(np.sqrt((misses**2).mean())):.1%}"


def continued(study: Study, measure: str) -> pd.DataFrame:
    """Tuned and untuned curves, with their forecasts beside what was measured.

    ours, law: miss of the forecast and of a power law alone, in ln value. inside: whether the
    interval held it. width: ln of its high / low.
    """
    parts = []
    for runs in (study.runs, untuned(study.runs)):
        for _, curve in points(best_runs(runs), measure).groupby("architecture"):
            means = curve.groupby("n")["value"].mean()  # over data seeds
            for last in means.index[FIRST_CUT - 1 : -1]:
                seen = curve[curve["n"] <= last]
                parts.append(_beside(seen, means[means.index > last]))
    return pd.concat(parts, ignore_index=True)


def _beside(seen: pd.DataFrame, later: pd.Series) -> pd.DataFrame:
    """seen: points. later: n -> mean."""
    found = forecast(seen["n"], seen["value"], later.index, **known_of(seen))
    law = fit_power_law(seen["n"], seen["value"], **known_of(seen))(later.index.to_numpy())
    value = later.to_numpy()
    return pd.DataFrame(
        {
            "ours": np.log(value / found.median),
            "law": np.log(value / law),
            "inside": (found.low <= value) & (value <= found.high),
            "width": np.log(found.high / found.low),
        }
    )
