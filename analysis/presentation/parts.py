"""The whole report in its parts, in the order in which it is read."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from analysis.evidence import Evidence, Question
from analysis.language import Text
from analysis.presentation.comparison_sections import comparison_sections
from analysis.presentation.decision_sections import decision_sections
from analysis.presentation.sections import Section, curve_sections
from analysis.presentation.trust_sections import trust_sections


@dataclass(frozen=True)
class Part:
    """key: its name in addresses. sections: Evidence and Question in, Sections out; computed when it is shown."""

    key: str
    title: Text
    sections: Callable[[Evidence, Question], list[Section]]


RUNS_SHOWN = 1000  # of the table in a report


def runs_sections(evidence: Evidence, question: Question) -> list[Section]:
    """The runs behind the curves, the best first; the points themselves of a CSV."""
    title = Text("The runs behind each point")
    if evidence.runs is None:
        return [Section(title, "", evidence.table)]
    columns = ["name", "status", "best_val_loss", "test_loss", "test_error", "best_step", "seconds"]
    table = evidence.runs.sort_values("best_val_loss")[columns].head(RUNS_SHOWN)
    words = Text(
        "{shown:,} of {count:,} runs, the smallest validation loss first.", shown=len(table), count=len(evidence.runs)
    )
    text = table.map(lambda cell: f"{cell:.4g}" if isinstance(cell, float) else cell).astype(object)
    return [Section(title, words, text.where(pd.notna(table), "–"))]


PARTS = (
    Part("curve", Text("The curve"), curve_sections),
    Part("architectures", Text("Architectures"), comparison_sections),
    Part("decision", Text("Engineers or data"), decision_sections),
    Part("trust", Text("Can I trust it?"), trust_sections),
    Part("runs", Text("Runs"), runs_sections),
)
