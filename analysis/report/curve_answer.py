"""What the curves of a study say to a question: all that their sections show."""

from dataclasses import dataclass

from analysis.curves.conclusion import Conclusion
from analysis.curves.data_needed import DataNeeded
from analysis.report.study_analysis import Question, StudyAnalysis


@dataclass(frozen=True)
class CurveAnswer:
    """What the curves say.

    conclusions: about all architectures, by name.
    known: about those with a law, the best first.
    asked: about the architecture asked for, else the best; None where none has a law.
    target: the one asked for, or the decision's own; None where none has a law.
    needed: architecture -> examples that reach the target.
    """

    conclusions: list[Conclusion]
    known: list[Conclusion]
    asked: Conclusion | None
    target: float | None
    needed: dict[str, DataNeeded]


def curve_answer(analysis: StudyAnalysis, question: Question) -> CurveAnswer:
    """Asks the analysis once for each."""
    confidence = question.confidence
    conclusions = analysis.conclusions(confidence)
    known = analysis.known(confidence)
    asked = analysis.asked(question)
    if asked is None:
        return CurveAnswer(conclusions, known, asked=None, target=None, needed={})
    assert asked.forecast is not None, "without a law there is no target"
    target = question.prices.settled(asked.forecast.predictive).target
    names = [one.architecture for one in conclusions if one.forecast]
    needed = {name: analysis.needed(name, target, confidence) for name in names}
    return CurveAnswer(conclusions, known, asked, target, needed)
