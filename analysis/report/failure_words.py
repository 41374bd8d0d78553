"""What is missing from a study, in words."""

import pandas as pd

from analysis.diagnostics.failures import missing
from analysis.report.messages import say
from tracking.schema import FINISHED
from tracking.text import Text, joined


def missing_words(runs: pd.DataFrame) -> list[Text]:
    """A sentence for each architecture of which trials failed or are still in training."""
    return [say(finding) for finding in missing(runs)]


def nothing_finished(name: str, runs: pd.DataFrame) -> Text:
    """Why a study has no curve to show."""
    if runs["status"].eq(FINISHED).any():
        without = Text("study '{name}' has no point of a curve yet", name=name)
    else:
        without = Text(
            "study '{name}' has no finished run yet ({count:,} started)",
            name=name,
            count=len(runs),
        )
    return joined([without, *missing_words(runs)], by="; ")
