"""Trials that failed or have not ended: what is missing from the curves and not seen there."""

import pandas as pd

from analysis.reasons import Finding, Reason
from analysis.selection import best_runs, is_undecided
from tracking.runs import is_budget_bound, is_diverged
from tracking.schema import FAILED, FINISHED

COLUMNS = ["architecture", "failed", "trials", "reason"]


def failures(runs: pd.DataFrame) -> pd.DataFrame:
    """Trials that failed and have not finished since, by architecture.

    runs: as load_runs gives them. A diverging loss counts only where no trial came through: a
    search finds divergence at too large a learning rate, which is no accident.

    Returns a row for each architecture that has any:
    failed, trials: how many.
    reason: the commonest, as the runs say it; None where they do not.
    """
    trials = runs.assign(trial=runs["trial"].fillna(runs["run_id"]))
    finished = trials[trials["status"] == FINISHED]
    accident = ~is_diverged(trials) | ~trials["architecture"].isin(finished["architecture"])
    left = ~trials["trial"].isin(finished["trial"])
    failed = trials[(trials["status"] == FAILED) & accident & left].drop_duplicates("trial")
    rows = []
    for name, part in failed.groupby("architecture", sort=True):
        all_trials = trials.loc[trials["architecture"] == name, "trial"]
        rows.append((name, len(part), all_trials.nunique(), _commonest(part["failure"])))
    return pd.DataFrame(rows, columns=COLUMNS)


def _commonest(reasons: pd.Series) -> str | None:
    known = reasons.dropna().mode()
    return known.iloc[0] if len(known) else None


def missing(runs: pd.DataFrame) -> list[Finding]:
    """What is missing from the curves.

    Trials that failed, sizes that are still in training, and sizes whose budget was too small.
    """
    return [*_failed(runs), *_in_training(runs), *_budget_bound(runs)]


def _failed(runs: pd.DataFrame) -> list[Finding]:
    return [
        Reason.TRIALS_FAILED(
            architecture=row.architecture,
            failed=row.failed,
            trials=row.trials,
            reason=row.reason or Reason.NOT_KNOWN(),
        )
        for row in failures(runs).itertuples()
    ]


def _in_training(runs: pd.DataFrame) -> list[Finding]:
    left_out = runs[is_undecided(runs)]
    return [Reason.STILL_IN_TRAINING(**about) for about in _by_architecture(left_out)]


def _budget_bound(runs: pd.DataFrame) -> list[Finding]:
    if not is_budget_bound(runs).any():
        return []
    best = best_runs(runs)
    left_out = best[is_budget_bound(best)]
    return [Reason.BUDGET_BOUND(**about) for about in _by_architecture(left_out)]


def _by_architecture(runs: pd.DataFrame) -> list[dict]:
    """Name and sizes of each architecture."""
    return [
        {"name": name, "sizes": tuple(sorted(part["n_train"].dropna().unique()))}
        for name, part in runs.groupby("architecture", sort=True)
    ]
