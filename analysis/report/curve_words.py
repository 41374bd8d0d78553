"""Remarks about the curves and the search behind them."""

from collections.abc import Sequence

from analysis.curves.conclusion import Conclusion
from analysis.diagnostics.diagnosis import Diagnosis
from analysis.reasons import Finding, Reason
from analysis.report.messages import say
from tracking.text import Text

# What a forecast warns of and another place says: the law itself, the section of forecasts.
SAID_ELSEWHERE = (Reason.HEAD, Reason.FAR_EXTRAPOLATION)


def warnings_of(
    conclusions: Sequence[Conclusion],
    diagnosis: Diagnosis | None = None,
    measure: str = "loss",
) -> list[Text]:
    """Remarks about the curves and the search, each with the architecture it is about."""
    lines = []
    for found in conclusions:
        for finding in _remarks(found):
            remark = {"name": found.architecture, "remark": say(finding, measure)}
            lines.append(Text("{name}: {remark}", **remark))
    if diagnosis is not None:
        lines += [say(finding) for finding in _short_searches(diagnosis)]
    return lines


def found_of(
    conclusions: Sequence[Conclusion], diagnosis: Diagnosis | None = None
) -> dict[str, list[Finding]]:
    """Architecture -> what is remarkable about its curve and its search."""
    found = {one.architecture: _remarks(one) for one in conclusions}
    short = [] if diagnosis is None else _short_searches(diagnosis)
    for finding in short:
        found.setdefault(finding.numbers["name"], []).append(finding)
    return found


def _remarks(found: Conclusion) -> list[Finding]:
    if found.reason is not None:
        return [found.reason]
    remarks = list(found.law.warnings) if found.law else []
    if found.forecast:
        warnings = found.forecast.warnings
        remarks += [one for one in warnings if one.reason not in SAID_ELSEWHERE]
    return sorted(remarks, key=lambda one: one.reason is Reason.FLOOR_NOT_IDENTIFIED)


def _short_searches(diagnosis: Diagnosis) -> list[Finding]:
    short = diagnosis.adequacy.query("falling == True").groupby("architecture")
    return [Reason.SEARCH_TOO_SHORT(name=name, at=tuple(cells["n"])) for name, cells in short]
