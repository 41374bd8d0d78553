"""The curve that was asked for as a chart of characters."""

import sys
from functools import partial

import numpy as np

from analysis.curves.conclusion import Conclusion
from analysis.decision.gains import ForBudget, MoreData
from analysis.decision.questions import Answer
from analysis.report.numbers import percent, said_of
from analysis.report.study_analysis import Question, StudyAnalysis
from analysis.report.text_chart import (
    ANSWER,
    BAND,
    LINE,
    PLAIN,
    POINT,
    TODAY,
    Drawn,
    text_chart,
)
from tracking.measures import find_measure

AROUND = 1.4  # times the answer's size: how far the chart goes
LEAST, MOST = 4.0, 100.0  # times the data: how far it goes at least and at most
COLUMNS = 120  # at which curve and interval are computed


def chart_lines(analysis: StudyAnalysis, question: Question, width: int) -> list[str]:
    """The chart, and what its marks mean, in lines of so many characters.

    Needs a curve with a law.
    """
    asked = analysis.asked(question)
    assert asked is not None, "a chart is of a curve with a law"
    answer = place(analysis.answer(question))
    measure = analysis.measure
    title = f"{said_of(measure)} of {asked.architecture}"
    drawn = _drawn(analysis, asked, answer)
    lines = text_chart(drawn, title, "examples", partial(_tick, measure), _size, width)
    lines.append(_legend(question.confidence, answer is not None))
    return lines if _can_print(lines) else [line.translate(PLAIN) for line in lines]


def place(answer: Answer) -> tuple[float, float] | None:
    """Examples and value that an answer is about; None where today's curve has no such."""
    if isinstance(answer, MoreData | ForBudget):
        return None if getattr(answer, "engineered", False) else (answer.n, answer.value)
    if answer.instead is not None:
        return answer.instead.n, answer.instead.value
    return (answer.n, answer.target) if answer.choice == "data" else None


def _tick(measure: str, gap: float) -> str:
    """A round gap in the reader's terms."""
    found = find_measure(measure)
    shown = found.shown(gap)
    return f"{100 * shown:.4g}%" if found.is_share else f"{shown:.4g}"


def _size(n: float) -> str:
    return f"{n:,.0f}"


def _drawn(
    analysis: StudyAnalysis, asked: Conclusion, answer: tuple[float, float] | None
) -> Drawn:
    assert asked.law is not None and asked.forecast is not None
    points = analysis.curves[asked.architecture].groupby("n")["value"].mean()
    last = asked.largest_n
    reach = last if answer is None else answer[0]
    farthest = min(max(AROUND * reach, LEAST * last), MOST * last)
    beyond = np.geomspace(last, farthest, COLUMNS)
    half = asked.forecast.confidence / 2
    levels = np.array([[0.5 - half], [0.5], [0.5 + half]])
    low, median, high = asked.forecast.predictive.quantile(beyond, levels)
    fitted = np.geomspace(asked.law.n_min, asked.law.n_max, COLUMNS)
    return Drawn(
        points=(points.index.to_numpy(dtype=float), points.to_numpy(dtype=float)),
        line=(np.append(fitted, beyond), np.append(asked.law(fitted), median)),
        band=(beyond, low, high),
        today=float(last),
        answer=answer if answer is not None and answer[0] <= farthest else None,
        rising=find_measure(analysis.measure).is_score,
    )


def _legend(confidence: float, answered: bool) -> str:
    marks = [
        f"{POINT} measured",
        f"{LINE} fitted, then expected",
        f"{BAND} {percent(confidence)} interval",
        f"{TODAY} today",
    ]
    return "   ".join(marks + [f"{ANSWER} the answer"] * answered)


def _can_print(lines: list[str]) -> bool:
    try:
        "".join(lines).encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True
