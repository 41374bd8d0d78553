"""Trials that failed or have not ended, and why: what is missing from the curves without being seen there."""

import pandas as pd

from analysis.language import Text, joined
from analysis.runs import is_diverged, is_undecided


def failures(runs: pd.DataFrame) -> pd.DataFrame:
    """Trials that failed and have not finished since; a diverging loss counts only where no trial came through.

    runs: as load_runs gives them. Returns a row for each architecture that has any: architecture, failed and trials
    (counts), reason (the commonest). Some divergence is no accident: a search finds it at too large a learning rate.
    """
    trials = runs.assign(trial=runs["trial"].fillna(runs["run_id"]))
    finished = trials[trials["status"] == "FINISHED"]
    accident = ~is_diverged(trials) | ~trials["architecture"].isin(finished["architecture"])
    left = ~trials["trial"].isin(finished["trial"])
    failed = trials[(trials["status"] == "FAILED") & accident & left].drop_duplicates("trial")
    rows = [
        (name, len(part), trials.loc[trials["architecture"] == name, "trial"].nunique(), _commonest(part["failure"]))
        for name, part in failed.groupby("architecture", sort=True)
    ]
    return pd.DataFrame(rows, columns=["architecture", "failed", "trials", "reason"])


def _commonest(reasons: pd.Series) -> Text | str:
    known = reasons.dropna().mode()
    return known.iloc[0] if len(known) else Text("unknown")


def missing_lines(runs: pd.DataFrame) -> list[Text]:
    """A sentence for each architecture with trials that failed, and for each with sizes that are still in training."""
    return [
        *(
            Text("{architecture}: {failed:,} of {trials:,} trials failed: {reason}", **row)
            for row in failures(runs).to_dict("records")
        ),
        *_undecided_lines(runs),
    ]


def _undecided_lines(runs):
    left_out = runs[is_undecided(runs)]
    for name, part in left_out.groupby("architecture", sort=True):
        sizes = joined((f"{n:,.0f}" for n in sorted(part["n_train"].dropna().unique())), by=", ")
        yield Text("{name} at n = {sizes}: not all samples are trained to their end; left out", name=name, sizes=sizes)


def nothing_finished(name: str, runs: pd.DataFrame) -> Text:
    """Why a study has no curve to show."""
    said = Text("study '{name}' has no finished run yet ({count:,} started)", name=name, count=len(runs))
    return joined([said, *missing_lines(runs)], by="; ")
