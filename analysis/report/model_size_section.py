"""How large the winning models are, and how their size grows with the data."""

import math

import pandas as pd

from analysis.comparison.model_size import ModelGrowth, model_growth
from analysis.report.numbers import size
from analysis.report.sections import Section
from analysis.report.study_analysis import StudyAnalysis
from tracking.text import Text, Verbatim, joined

HEAD = (
    Text("architecture"),
    Text("weights at the smallest size"),
    Text("at the largest"),
    Text("exponent"),
    Text("between"),
)


def model_size_sections(analysis: StudyAnalysis) -> list[Section]:
    """One section, of the architectures whose models come in several sizes; else none."""
    if analysis.runs is None or "n_parameters" not in analysis.runs:
        return []
    found = list(model_growth(analysis.runs).values())
    if not found:
        return []
    words = Text(
        "Weights of the model that wins at each size of the data; they grow as a power of the "
        "number of examples."
    )
    capped = [one.architecture for one in found if one.capped]
    lines = [_capped(capped)] if capped else []
    table = pd.DataFrame([_row(one) for one in found], columns=list(HEAD))
    title = Text("How large the model should be")
    return [Section(title, words, table, lines=tuple(lines), engineers=True)]


def _row(found: ModelGrowth) -> tuple[str, ...]:
    known = not math.isnan(found.exponent)
    return (
        found.architecture,
        size(found.parameters[0]),
        size(found.parameters[-1]),
        f"{found.exponent:.2f}" if known else "–",
        Text("{low} to {high}", low=f"{found.low:.2f}", high=f"{found.high:.2f}")
        if known
        else "–",
    )


def _capped(names: list[str]) -> Text:
    return Text(
        "{names}: the largest model that was tried wins at the largest sizes. The search "
        "space is too small for more data, and a larger model might do better.",
        names=joined(map(Verbatim, names), ", "),
    )
