"""The answer for machines: exact numbers, and reasons in the words that a person reads."""

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis.curves.backtest import COLUMNS
from analysis.curves.conclusion import Conclusion
from analysis.curves.data_needed import DataNeeded
from analysis.curves.forecast import Forecast
from analysis.decision.gains import more_data
from analysis.decision.questions import for_target
from analysis.reasons import Finding, FitError
from analysis.report.comparison_words import comparison_words
from analysis.report.decision_words import decision_record, said
from analysis.report.messages import say
from analysis.report.reader_terms import (
    described,
    shown_diagnosis,
    shown_forecast,
    shown_law,
    shown_table,
)
from analysis.report.slices_words import slice_record
from analysis.report.study_analysis import Question, StudyAnalysis
from tracking.measures import find_measure
from tracking.plain import plain

VALUES = ("predicted", "low", "high", "measured")  # of a back-test
FORECAST = ("confidence", "weights", "n_min", "n_max", "backtest", "grade")


def print_json(analysis: StudyAnalysis, question: Question, source: Mapping[str, str]) -> None:
    answer = as_json(analysis, question, source)
    print(json.dumps(answer, indent=2, allow_nan=False, ensure_ascii=False))


def as_json(
    analysis: StudyAnalysis, question: Question, source: Mapping[str, str]
) -> dict[str, Any]:
    """Only what JSON allows: NaN becomes None and infinity the text "infinity".

    Values are as the reader knows the measure, an accuracy of 0.93 as 0.93; what is relative
    (gain, miss, spread, residual) is so to its gap (tracking/measures.py).

    source: what the answer is about, which comes first.
    """
    confidence = question.confidence
    about = described(analysis.measure)
    answer = {**source, "metric": about["name"], "measure": about, "confidence": confidence}
    diagnosis = analysis.diagnosis(confidence)
    if diagnosis is not None:
        answer |= shown_diagnosis(diagnosis, analysis.measure, analysis.chooser)
    if analysis.check is not None:
        parts = analysis.explained(question)
        answer["examples"] = vars(analysis.check) | {"explained": parts and vars(parts)}
    if analysis.names:
        answer["decision"] = _decision(analysis, question)
        if (which := _slices(analysis, question)) is not None:
            answer["slices"] = which
        answer["comparison"] = comparison_words(analysis.comparison(confidence))
    past = analysis.backtests(confidence)
    answer["architectures"] = [
        _conclusion(found, _needed(analysis, question, found), past, analysis.measure)
        for found in analysis.conclusions(confidence)
    ]
    return plain(answer)


def _decision(analysis: StudyAnalysis, question: Question) -> dict[str, Any]:
    decision = analysis.decision(question)
    answers: dict[str, Any] = {
        "more_data": more_data(decision, question.times),
        "target": for_target(decision),
        "budget": None if question.budget is None else analysis.for_budget(question),
    }
    return decision_record(decision, answers, analysis.plan(question))


def _slices(analysis: StudyAnalysis, question: Question) -> dict[str, Any] | None:
    """None where nothing can be said of classes or groups."""
    try:
        found = analysis.slice_advice(question)
    except FitError:
        return None
    target = analysis.decision(question).prices.target
    return None if found is None else slice_record(found, analysis.measure, target)


def _needed(
    analysis: StudyAnalysis, question: Question, found: Conclusion
) -> DataNeeded | None:
    """Only where somebody asked for a target."""
    target = question.prices.target
    if target is None or found.forecast is None:
        return None
    return analysis.needed(found.architecture, target, question.confidence)


def _conclusion(
    found: Conclusion, needed: DataNeeded | None, past: pd.DataFrame, measure: str
) -> dict[str, Any]:
    mine = past[past["architecture"] == found.architecture]
    law = None
    if found.law:
        words = _all_words(found.law.warnings, measure)
        law = shown_law(found.law, measure) | {"warnings": words}
    return {
        "architecture": found.architecture,
        "sizes": found.sizes,
        "largest_n": found.largest_n,
        "measured": found.measured,
        "reason": said(found.reason, measure),
        "law": law,
        "data_needed": _data_needed(needed, measure) if needed else None,
        "forecast": _forecast(found.forecast, measure) if found.forecast else None,
        "backtest": shown_table(mine[COLUMNS], measure, *VALUES),
    }


def _data_needed(needed: DataNeeded, measure: str) -> dict[str, Any]:
    target = find_measure(measure).shown(needed.target)
    return {**vars(needed), "target": target, "reason": said(needed.reason, measure)}


def _forecast(found: Forecast, measure: str) -> dict[str, Any]:
    return {
        **{name: getattr(found, name) for name in FORECAST},
        "warnings": _all_words(found.warnings, measure),
        "sizes": shown_forecast(found, measure),
    }


def _all_words(findings: tuple[Finding, ...], measure: str) -> list[str]:
    return [say(finding, measure) for finding in findings]
