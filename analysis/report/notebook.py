"""The answer in a notebook: a sentence and a chart."""

from collections.abc import Mapping

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.decision.prices import Prices
from analysis.report.headline import headline
from analysis.report.sections import curve_sections
from analysis.report.study_analysis import Question, StudyAnalysis
from tracking.errors import InputError
from tracking.measures import find_measure, target_gap
from tracking.study import Study
from tracking.tables.curves import check_values
from tracking.tables.reading import Asked

ONE = "model"  # name of a curve that has none


def show(
    n: ArrayLike,
    value: ArrayLike | Mapping[str, ArrayLike],
    measure: str = "",
    *,
    target: float | None = None,
    confidence: float = 0.9,
) -> alt.LayerChart:
    """Print the answer, and return the chart, which a notebook shows.

    n: (sizes,) numbers of examples.
    value: (sizes,) what was measured there, or (sizes, replicates) as
        sklearn.model_selection.learning_curve gives it; or a mapping from the name of a model
        to such values.
    measure: loss, error, accuracy, rmse, …; a measure of your own is its name, or
        `name:score` where higher is better and 1 is best. "" is loss.
    target: a value of the measure to reach.
    confidence: of the intervals, between 0 and 1.

    Raises InputError for numbers that are no learning curve.
    """
    models = value if isinstance(value, Mapping) else {ONE: value}
    text = find_measure(measure or "loss").text
    table = pd.concat([_points(n, each, name, text) for name, each in models.items()])
    try:
        check_values(table, text, certain=bool(measure))
    except Asked as asked:
        raise InputError(f"{asked.question}; say which it is: measure='accuracy'") from None
    analysis = StudyAnalysis(Study("", measured=table, measures=(text,)), None, text)
    gap = None if target is None else target_gap(target, find_measure(text))
    question = Question(confidence=confidence, prices=Prices(target=gap))
    answer = headline(analysis, question)
    print(answer.sentence, answer.trust, sep="\n")
    curves, *_ = curve_sections(analysis, question)
    assert curves.chart is not None
    return curves.chart()


def _points(n: ArrayLike, value: ArrayLike, name: str, measure: str) -> pd.DataFrame:
    """One row for each replicate of each size."""
    try:
        sizes = np.asarray(n, dtype=float)
        values = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise InputError(f"n or value of '{name}' are no arrays of numbers") from None
    if (
        not sizes.size
        or sizes.ndim != 1
        or values.ndim not in (1, 2)
        or len(values) != len(sizes)
    ):
        shapes = f"{sizes.shape} and {values.shape}"
        raise InputError(
            f"n and value of '{name}' have shapes {shapes}; allowed: (sizes,) and (sizes,) "
            "or (sizes, replicates)"
        )
    columns = values.reshape(len(sizes), -1)
    count = columns.shape[1]
    table = pd.DataFrame({"architecture": name, "n": np.repeat(sizes, count)})
    table[find_measure(measure).name] = columns.ravel()
    if count > 1:
        table["data_seed"] = np.tile(np.arange(count), len(sizes))
    return table
