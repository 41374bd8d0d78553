"""What to run next: the trials that narrow the asked quantity most per hour of compute."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.curves.curve import check_confidence, check_positive, read_points
from analysis.curves.predictive import Predictive, predict_curve
from analysis.planning.candidates import Candidate, candidates
from analysis.planning.preposterior import (
    LEAST,
    Measurements,
    Width,
    asked_width,
    expected_width,
)
from analysis.planning.study_so_far import StudySoFar, Trials, study_so_far
from analysis.reasons import Finding, Reason

AHEAD = (2, 5, 10)  # times the data: where the value is asked for if there is no target
LEAST_SIZES = 3  # that a law takes
COLUMNS = [
    "step",
    "before",
    "after",
    "narrowing",
    "runs",
    "hours",
    "per_hour",
    "command",
]


@dataclass(frozen=True)
class NextTrials:
    """Sets of trials that would extend a study. analysis/report/plan_words.py says them.

    The asked quantity is ln n(target), up to NEVER times the data, or without a target ln
    value, the mean over AHEAD times the data.

    architecture: whose curve.
    measure: its text.
    target: a value to reach, or None.
    table: one row for each set, best first; those that narrow by less than LEAST come last.
    command: of the best set, "" where none helps; where no law can be fitted yet, of the sizes
        that one takes.
    reason: why nothing can be said, or nothing is left to run; else None.

    Columns of table:
    step: a Step.
    before, after: ln(high / low) of the quantity's interval now, and as expected with the set.
    narrowing: 1 - after / before.
    runs: how many trials.
    hours: of one worker.
    per_hour: narrowing / hours.
    command: launches exactly these trials.
    """

    architecture: str
    measure: str
    target: float | None
    table: pd.DataFrame
    command: str
    reason: Finding | None


def next_trials(
    runs: pd.DataFrame,
    study: str,
    *,
    architecture: str | None = None,
    target: float | None = None,
    measure: str = "loss",
    confidence: float = 0.9,
) -> NextTrials:
    """Which trials to add to a study, by how much they should narrow an interval per hour.

    Candidates: larger sizes, another data seed at the largest size and at all of them, twice
    the samples where the search was too short, a size in the widest gap. FitError for a wrong
    value, an unknown architecture or a study without finished runs.

    runs: load_runs(study).
    architecture: whose curve; None for the best.
    target: to reach, a gap of the measure.
    measure: its text.
    confidence: of the interval.
    """
    check_confidence(confidence)
    wanted = None if target is None else float(check_positive("target", target)[0])
    found = study_so_far(runs, study, architecture, measure)
    if len(found.fractions) < LEAST_SIZES:
        return NextTrials(
            architecture=found.architecture,
            measure=measure,
            target=wanted,
            table=pd.DataFrame(columns=COLUMNS),
            command=_more_sizes(found),
            reason=Reason.MEASURE_MORE_SIZES(
                architecture=found.architecture, count=len(found.fractions), least=LEAST_SIZES
            ),
        )
    table = _ranked(found, wanted, confidence)
    helps = bool((table["narrowing"] >= LEAST).any())
    return NextTrials(
        architecture=found.architecture,
        measure=measure,
        target=wanted,
        table=table,
        command=table["command"][0] if helps else "",
        reason=None if helps else Reason.NO_TRIAL_HELPS(least=LEAST),
    )


def _more_sizes(found: StudySoFar) -> str:
    """No law can be fitted: launches the sizes that are missing for one, larger ones first."""
    known = list(found.fractions.values())
    new: list[float] = []
    while len(known) + len(new) < LEAST_SIZES:
        every = known + new
        new.append(2 * max(every) if 2 * max(every) <= 1 else min(every) / 2)
    return found.command(Trials(tuple(new), found.data_seeds, found.samples))


def _ranked(found: StudySoFar, target: float | None, confidence: float) -> pd.DataFrame:
    """The table of NextTrials."""
    now = predict_curve(read_points(found.points))
    width = asked_width(now, now.curve.n[-1] * np.array(AHEAD), target, confidence)
    rows = [
        _row(found, now, candidate, width)
        for candidate in candidates(found)
        if found.missing(candidate.trials)
    ]
    table = pd.DataFrame(rows, columns=COLUMNS)
    table["helps"] = table["narrowing"] >= LEAST
    table = table.sort_values(["helps", "per_hour"], ascending=False, ignore_index=True)
    return table[COLUMNS]


def _row(
    found: StudySoFar, now: Predictive, candidate: Candidate, width: Width
) -> dict[str, object]:
    before = width(now)
    count = len(candidate.trials.data_seeds)
    new = Measurements(candidate.sizes, count, candidate.longer)
    after = expected_width(found.points, now, new, width)
    narrowing = 1 - after / before if before else 0.0
    hours = found.hours(candidate.trials)
    return {
        "step": candidate.step,
        "before": before,
        "after": after,
        "narrowing": narrowing,
        "runs": len(found.missing(candidate.trials)),
        "hours": hours,
        "per_hour": narrowing / hours,
        "command": found.command(candidate.trials),
    }
