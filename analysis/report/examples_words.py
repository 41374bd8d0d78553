"""Duplicates, leaks and wrong labels, and what part of the floor they explain, in words."""

from analysis.diagnostics.examples import Explained, labels, leak
from analysis.reasons import Finding, Reason
from analysis.report.messages import say
from analysis.report.numbers import best_of, in_units, interval, said_of
from analysis.report.study_analysis import Question, StudyAnalysis
from tracking.measures import find_measure
from tracking.text import Text, joined


def leak_words(analysis: StudyAnalysis) -> Text | None:
    """Why all that was measured is too good; None where nothing says so."""
    found = leak(analysis.check)
    if found is None:
        return None
    return Text(
        "Leak: {what}; the {measure} looks better than it is.", **_of(found.finding, analysis)
    )


def _of(found: Finding, analysis: StudyAnalysis) -> dict[str, str]:
    return {"what": say(found), "measure": said_of(analysis.measure)}


def labels_words(analysis: StudyAnalysis, question: Question) -> list[Text]:
    """How many labels seem wrong, and what they explain; nothing where none do."""
    if analysis.check is None:
        return []
    found = [
        one for one in labels(analysis.check) if one.reason is not Reason.LABELS_NOT_JUDGED
    ]
    if not found or (analysis.check.wrong == 0 and len(found) == 1):
        return []
    return [joined([*map(as_sentence, found), *explained_words(analysis, question)])]


def as_sentence(found: Finding) -> Text:
    """A finding alone."""
    return Text("{what}.", what=say(found))


def explained_words(analysis: StudyAnalysis, question: Question) -> list[Text]:
    """The part of the floor that the labels explain, with its uncertainty."""
    parts = analysis.explained(question)
    asked = analysis.asked(question)
    if parts is None or asked is None or asked.law is None:
        return []
    law = asked.law
    measure = analysis.measure
    known = {
        "part": _part(parts),
        "floor": in_units(law.c, measure),
        "between": interval(law.c_low, law.c_high, measure),
        "measure": said_of(measure),
    }
    if find_measure(measure).is_score:
        return [
            Text(
                "That is {part} of what any amount of this data leaves to {best} ({measure} "
                "{floor}, {between}).",
                best=best_of(measure),
                **known,
            )
        ]
    return [
        Text(
            "That is {part} of what no amount of this data gets below ({measure} {floor}, "
            "{between}).",
            **known,
        )
    ]


def _part(parts: Explained) -> Text:
    if parts.low == 0:
        return Text("at most {high:.0%}", high=parts.high)
    return Text("about {share:.0%} ({low:.0%} to {high:.0%})", **vars(parts))
