"""Does the lower envelope of single configurations foretell better than the curve of winners?

    python benchmarks/envelope.py [EXPORT …]       (default: the studies in app/example)

A configuration is a sample of the hyperparameters. Of each curve, by loss and by error, the
first sizes are known and the next two are foretold, twice: by the curve of winners, and by the
smallest of the forecasts of all configurations that were trained to their end on at least
LEAST of the known sizes, the largest among them. `chosen` takes the envelope where it foretold
the last known size better from those before. Per study: the mean over curves and cuts of the
root mean square miss in ln value.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from analysis.curves.predictive import predictive
from analysis.selection import best_runs, is_finished, points, test_gaps
from benchmarks.results_tables import markdown
from benchmarks.studies import EXAMPLES
from tracking.export import exports, read_export
from tracking.runs import is_ended_early, is_replica

LEAST = 4  # sizes of a configuration
AHEAD = 2  # sizes that are foretold
WAYS = ["winners", "envelope", "chosen"]


def main() -> None:
    told = [Path(path) for path in sys.argv[1:]]
    folders = told or [EXAMPLES / name for name in exports(EXAMPLES)]
    rows = [(folder.name, *misses) for folder in folders for misses in misses_in(folder)]
    table = pd.DataFrame(rows, columns=["study", *WAYS])
    found = table.groupby("study")[WAYS].mean()
    found.insert(0, "cuts", table.groupby("study").size())
    found.loc["all"] = [len(table), *table[WAYS].mean()]
    print(markdown(found.round(4).astype({"cuts": int}).reset_index()))


def misses_in(folder: Path) -> Iterator[tuple[float, float, float]]:
    """One for each cut of each curve of a study, by each of WAYS."""
    runs = read_export(folder).runs
    searched = runs[is_finished(runs) & ~is_replica(runs) & (runs["data_seed"] == 0)]
    for _, of_one in searched.groupby("architecture"):
        for measure in ("loss", "error"):
            if test_gaps(of_one, measure).notna().all():
                yield from misses_of(of_one, measure)


def misses_of(runs: pd.DataFrame, measure: str) -> Iterator[tuple[float, float, float]]:
    """Of one architecture's runs."""
    winners = curve_of(points(best_runs(runs), measure))
    whole = runs[~is_ended_early(runs)]
    whole = whole.assign(n=whole["n_train"], value=test_gaps(whole, measure))
    each = [curve_of(rows) for _, rows in whole.groupby("sample")]
    for known in range(LEAST + 1, len(winners)):
        last = winners.index[known - 1 : known]
        ahead = winners.index[known : known + AHEAD]
        if not (reaching(each, last[-1]) and reaching(each, winners.index[known - 2])):
            continue
        by_winners = missed(winners, [winners], ahead)
        by_envelope = missed(winners, each, ahead)
        is_better = missed(winners, each, last) < missed(winners, [winners], last)
        yield by_winners, by_envelope, by_envelope if is_better else by_winners


def curve_of(rows: pd.DataFrame) -> pd.Series:
    """n -> value, in order."""
    return rows.groupby("n")["value"].mean()


def reaching(curves: Sequence[pd.Series], n: float) -> list[pd.Series]:
    """What is known of the curves up to n, of those that have enough sizes and reach it."""
    known = [curve[curve.index <= n] for curve in curves]
    return [curve for curve in known if len(curve) >= LEAST and curve.index[-1] == n]


def missed(winners: pd.Series, curves: Sequence[pd.Series], at: pd.Index) -> float:
    """How far the smallest forecast of the curves misses the winners at the sizes `at`.

    What is known ends before these.
    """
    before = winners.index[winners.index < at[0]][-1]
    told = [
        predictive(curve.index.to_numpy(), curve.to_numpy()).quantile(at.to_numpy(), 0.5)
        for curve in reaching(curves, before)
    ]
    miss = np.log(winners[at].to_numpy() / np.min(told, axis=0))
    return float(np.sqrt(np.mean(miss**2)))


if __name__ == "__main__":
    main()
