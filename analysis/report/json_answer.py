"""The answer for machines: numbers as they are, reasons in the words that a person reads."""

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis.curves.backtest import COLUMNS
from analysis.curves.conclusion import TIMES, Conclusion
from analysis.curves.forecast import DataNeeded, Forecast
from analysis.reasons import Finding
from analysis.report.comparison_words import comparison_words
from analysis.report.decision_words import decision_record, said
from analysis.report.messages import say
from analysis.report.study_analysis import Question, StudyAnalysis
from tracking.plain import plain

FORECAST = ("confidence", "weights", "n_min", "n_max", "backtest", "grade")


def print_json(analysis: StudyAnalysis, question: Question, source: Mapping[str, str]) -> None:
    answer = as_json(analysis, question, source)
    print(json.dumps(answer, indent=2, allow_nan=False, ensure_ascii=False))


def as_json(
    analysis: StudyAnalysis, question: Question, source: Mapping[str, str]
) -> dict[str, Any]:
    """Only what JSON allows: NaN becomes None and infinity the text "infinity".

    source: what the answer is about, which comes first.
    """
    confidence = question.confidence
    answer = {**source, "metric": analysis.measure, "confidence": confidence}
    diagnosis = analysis.diagnosis(confidence)
    if diagnosis is not None:
        answer |= vars(diagnosis)
    if analysis.names:
        answer["decision"] = decision_record(analysis.decision(question))
        answer["comparison"] = comparison_words(analysis.comparison(confidence))
    past = analysis.backtests(confidence)
    answer["architectures"] = [
        _conclusion(found, _needed(analysis, question, found), past)
        for found in analysis.conclusions(confidence)
    ]
    return plain(answer)


def _needed(
    analysis: StudyAnalysis, question: Question, found: Conclusion
) -> DataNeeded | None:
    """Only where somebody asked for a target."""
    target = question.prices.target
    if target is None or found.forecast is None:
        return None
    return analysis.needed(found.architecture, target, question.confidence)


def _conclusion(
    found: Conclusion, needed: DataNeeded | None, past: pd.DataFrame
) -> dict[str, Any]:
    mine = past[past["architecture"] == found.architecture]
    law = found.law
    return {
        "architecture": found.architecture,
        "sizes": found.sizes,
        "largest_n": found.largest_n,
        "measured": {"loss": found.loss, "error": found.error},
        "reason": said(found.reason),
        "law": vars(law) | {"warnings": _all_words(law.warnings)} if law else None,
        "data_needed": vars(needed) | {"reason": said(needed.reason)} if needed else None,
        "forecast": _forecast(found.forecast) if found.forecast else None,
        "backtest": mine[COLUMNS],
    }


def _forecast(found: Forecast) -> dict[str, Any]:
    rows = zip(TIMES, found.at, found.median, found.low, found.high)
    names = ("times", "n", "median", "low", "high")
    return {
        **{name: getattr(found, name) for name in FORECAST},
        "warnings": _all_words(found.warnings),
        "sizes": [dict(zip(names, row)) for row in rows],
    }


def _all_words(findings: tuple[Finding, ...]) -> list[str]:
    return [say(finding) for finding in findings]
