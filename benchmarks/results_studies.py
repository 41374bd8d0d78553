"""What each real study says: its curves, comparison, models, forecasts and answer."""

import numpy as np
import pandas as pd

from analysis.comparison.compare import Comparison
from analysis.comparison.data_multiplier import DataMultiplier
from analysis.report.comparison_sections import summary
from analysis.report.comparison_words import p_words, switch_words, tuning_words
from analysis.report.headline import headline
from analysis.report.sections import curve_sections
from analysis.report.study_analysis import Question, StudyAnalysis
from analysis.selection import datasets
from benchmarks.results_choices import MEASURES, choices, laws
from benchmarks.results_foretold import draw_logged, graded, scores
from benchmarks.results_models import growth, joint
from benchmarks.results_tables import Parts, bullets, draw
from tracking.study import Study

QUESTION = Question()
CONFIDENCE = QUESTION.confidence
ON_NUMBERS = ("rmse", "mae")  # of a regression


def analyses(study: Study) -> dict[str, StudyAnalysis]:
    """Measure -> analysis of the study's dataset: loss and error, or RMSE and MAE."""
    name = datasets(study)[0]
    known = study.measures_on(name)
    wanted = [one for one in (*MEASURES, *ON_NUMBERS) if one in known]
    return {one: StudyAnalysis(study, name, one) for one in wanted}


def dataset(study: Study, runs: pd.DataFrame) -> Parts:
    """The parts of one study.

    runs: of all studies on its dataset, by which a forecast may not be blind.
    """
    by = analyses(study)
    analysis = by["loss"]
    draw(curve_sections(analysis, QUESTION)[0].chart(), study.name)
    yield "laws", laws(study)
    yield "comparison", bullets(compared(analysis))
    yield "choices", choices(study)
    yield "models", growth(study)
    yield "joint law", joint(study)
    yield from told(by, runs)


def table(study: Study, runs: pd.DataFrame) -> Parts:
    """The parts of a study of a table: the laws, and what `dataset` has of any study."""
    by = analyses(study)
    yield "laws", laws(study, tuple(by))
    yield "comparison", bullets(compared(next(iter(by.values()))))
    yield "choices", choices(study, tuple(by))
    yield from told(by, runs)


def told(by: dict[str, StudyAnalysis], runs: pd.DataFrame) -> Parts:
    """The forecasts that came before training, and the answer, by the first measure."""
    analysis = next(iter(by.values()))
    known = graded(analysis, runs)
    if len(known):
        yield "foretold", scores(by, runs)
        draw_logged(analysis, known)
    yield "answer", answer(analysis)


def compared(analysis: StudyAnalysis) -> list[str]:
    """What the product says, by the loss, with the p-value of the test."""
    found = analysis.comparison(CONFIDENCE)
    lines = [*summary(found).lines]
    if found.exponents.tested:
        lines.append(f"test of one exponent: {p_words(found.exponents.p)}")
    return lines


def answer(analysis: StudyAnalysis) -> str:
    """The answer to the default question, and what the first architecture is worth."""
    found = headline(analysis, QUESTION)
    said = [one for one in (found.sentence, found.trust, *found.money, found.surer) if one]
    quoted = "\n>\n".join(f"> {line}" for line in said)
    worth = multipliers(analysis)
    return "\n\n".join([quoted, bullets(worth)] if worth else [quoted])


def multipliers(analysis: StudyAnalysis) -> list[str]:
    """What the first architecture is worth next to the best, and what tuning it is."""
    found = analysis.comparison(CONFIDENCE)
    first = analysis.names[0]
    best = found.best
    lines = []
    for other in found.winners.columns:
        if other != best and first in (other, best) and _says(found, other, best):
            lines.append(switch_words(found, other, best))
    tuned = found.tuning.get(first)
    if tuned is not None and _known(tuned):
        lines.append(tuning_words(found, first))
    return lines


def _says(found: Comparison, a: str, b: str) -> bool:
    whole = found.endless(a, b) or found.constant(a, b)
    return whole or _known(found.data_multipliers[a, b])


def _known(multiplier: DataMultiplier) -> bool:
    """Whether it can be said at any of its sizes."""
    bounded = (multiplier.low > 0) | np.isfinite(multiplier.high)
    said = [grade != "cannot say" for grade in multiplier.grade]
    return bool((bounded & np.array(said)).any())
