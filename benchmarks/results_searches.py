"""Independent searches of one study: do they find the same, and the same winner?"""

import numpy as np
import pandas as pd

from analysis.selection import best_runs, points
from benchmarks.results_tables import markdown
from tracking.runs import is_replica
from tracking.study import Study


def searches(studies: list[Study], measure: str = "loss") -> str:
    """A row per size and architecture: the best of each search, on the first data seed.

    studies: of search seeds 0, 1, …; the first has all sizes, the others a few.
    """
    tables = [_best(study, measure) for study in studies]
    wide = pd.concat(tables, axis=1, keys=range(len(studies)), join="inner")
    ahead = wide.groupby(level="n").idxmin().map(lambda place: place[1])
    rows = []
    for (n, name), values in wide.iterrows():
        row = {"n": f"{n:,.0f}", "architecture": name}
        row |= {
            f"search {i}": f"**{value:.4f}**" if ahead.loc[n, i] == name else f"{value:.4f}"
            for i, value in values.items()
        }
        rows.append(row | {"spread": f"{np.std(np.log(values), ddof=1):.1%}"})
    return "\n\n".join([markdown(pd.DataFrame(rows)), *_exponents(wide)])


def _exponents(wide: pd.DataFrame) -> list[str]:
    """How steeply each architecture falls from the first size to the last, by search.

    wide: a row per n and architecture, a column per search. Empty with one size.
    """
    sizes = wide.index.unique("n")
    first, last = sizes.min(), sizes.max()
    if first == last:
        return []
    steep = np.log(wide.xs(first) / wide.xs(last)) / np.log(last / first)
    rows = [
        {"architecture": name} | {f"search {i}": f"{b:.2f}" for i, b in falls.items()}
        for name, falls in steep.iterrows()
    ]
    return [
        f"Exponent between {first:,.0f} and {last:,.0f}:",
        markdown(pd.DataFrame(rows)),
    ]


def _best(study: Study, measure: str) -> pd.Series:
    """The measure of the best sample by n and architecture."""
    assert study.runs is not None
    searched = study.runs[~is_replica(study.runs)]
    table = points(best_runs(searched), measure)
    table = table[table["data_seed"] == table["data_seed"].min()]
    return table.set_index(["n", "architecture"])["value"].sort_index()
