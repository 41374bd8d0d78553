"""Duplicates and labels, as a section of what can be trusted."""

from analysis.diagnostics.examples import duplicates, labels
from analysis.report.examples_words import as_sentence, explained_words
from analysis.report.sections import Section
from analysis.report.study_analysis import Question, StudyAnalysis
from tracking.data_check import CONFIDENCE
from tracking.text import Text


def examples_sections(analysis: StudyAnalysis, question: Question) -> list[Section]:
    """Whether examples are there twice, and labels wrong; nothing where nobody has looked."""
    check = analysis.check
    if check is None:
        return []
    words = Text(
        "Examples were compared with each other: {pool:,} of the pool, {validation:,} for "
        "validation, {test:,} for testing. Intervals hold with {confidence:.0%} probability.",
        pool=check.pool,
        validation=check.validation,
        test=check.test,
        confidence=CONFIDENCE,
    )
    found = [*duplicates(check), *labels(check)]
    lines = map(as_sentence, found)
    return [
        Section(
            Text("Duplicates and labels"),
            words,
            lines=(*lines, *explained_words(analysis, question)),
        )
    ]
