"""Every conclusion of a study under the other choices that an analyst could have made."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from analysis import FitError
from analysis.comparison.compare import Comparison, compare
from analysis.comparison.exponents import LEVEL, Exponents, compare_exponents
from analysis.comparison.fairness import fair_cells
from analysis.comparison.nested import LEAST_P
from analysis.curves.curve import read_points
from analysis.curves.power_law import PowerLaw, fit_curve, fit_power_law
from analysis.report.numbers import chance
from analysis.selection import best_runs, points
from benchmarks.results_tables import markdown
from tracking.study import Study

MEASURES = ("loss", "error")
# their capacity is bounded, or no choice of the search
LIMITED = ("linear", "forest")
UNKNOWN = "–"
HEAD_OUT = "p_cut"
HEAD_IN = "p_whole"

Said = dict[tuple[str, str], str]  # measure, HEAD_OUT or HEAD_IN -> what comes out


def choices(study: Study, measures: Sequence[str] = MEASURES) -> str:
    """A row per conclusion: by each of two measures, and what changes it.

    Head: points near the best guess left out (as shown) or kept.
    """
    said: dict[str, Said] = {}
    for measure in measures:
        for conclusion, head, outcome in _conclusions(study, measure):
            said.setdefault(conclusion, {})[measure, head] = outcome
    rows = []
    for conclusion, outcomes in said.items():
        row = {"conclusion": conclusion}
        row |= {f"by {one}": outcomes.get((one, HEAD_OUT), UNKNOWN) for one in measures}
        rows.append(row | {"hangs on": _hangs_on(outcomes, measures)})
    return markdown(pd.DataFrame(rows))


def _hangs_on(outcomes: Said, measures: Sequence[str]) -> str:
    """The choices of which one alone changes the verdict, the text before the bracket."""
    verdicts = {choice: text.partition(" (")[0] for choice, text in outcomes.items()}
    found = []
    if len({verdicts[one, HEAD_OUT] for one in measures if (one, HEAD_OUT) in verdicts}) > 1:
        found.append(" or ".join(measures))
    by_head = [
        measure
        for measure in measures
        if len({one for (by, _), one in verdicts.items() if by == measure}) > 1
    ]
    if by_head:
        found.append(f"the head, by {' and '.join(by_head)}")
    if len({measure for measure, _ in verdicts}) < len(measures):
        found.append("told by one of them only")
    return "; ".join(found) or "none of them"


def _conclusions(study: Study, measure: str) -> Iterator[tuple[str, str, str]]:
    """Yield each conclusion, whether the head is out or in, and what comes out."""
    found = compare(None, runs=study.runs, measure=measure)
    yield from _shared("all share one exponent", found.exponents)
    table = points(best_runs(fair_cells(study.runs)[0]), measure)
    growing = table[~table["architecture"].isin(LIMITED)]
    names = ", ".join(sorted(growing["architecture"].unique()))
    if len(growing) < len(table):
        yield from _shared(f"{names} share one exponent", compare_exponents(growing))
    count = len(found.exponents.pairs)
    for pair in found.exponents.pairs.itertuples():
        for head in (HEAD_OUT, HEAD_IN):
            name = f"{pair.first} and {pair.second} share one exponent"
            yield name, head, _verdict(getattr(pair, head), count)
    for conclusion, outcome in _ranking(found):
        yield conclusion, HEAD_OUT, outcome


def _shared(name: str, found: Exponents) -> Iterator[tuple[str, str, str]]:
    if found.tested:
        for head in (HEAD_OUT, HEAD_IN):
            yield name, head, _verdict(getattr(found, head))


def _verdict(p: float, count: int = 1) -> str:
    """Whether a test of `count` rejects (Bonferroni)."""
    corrected = min(p * count, 1)
    sign = "≤" if p <= LEAST_P else "="
    return f"{'no' if corrected < LEVEL else 'not rejected'} (p {sign} {corrected:.2g})"


def _ranking(found: Comparison) -> Iterator[tuple[str, str]]:
    """Yield who is best at today's size, and what a switch to it equals in data."""
    best = found.best
    if best is None or len(found.winners.columns) < 2:
        return
    at = abs(found.winners.index - found.n).argmin()
    p = found.winners.iloc[at][best]
    yield f"best at n = {found.n:,.0f}", f"{best} ({chance(p)})"
    for name in found.winners.columns:
        one = found.data_multipliers.get((name, best))
        if one is not None and one.grade[0] != "cannot say":
            more = "yes" if one.low[0] > 1 else "not shown"
            k, low, high = (_times(ends[0]) for ends in (one.median, one.low, one.high))
            yield f"{best} is worth more data than {name}", f"{more} ({k} [{low}, {high}])"


def _times(k: float) -> str:
    return f"{float(f'{k:.2g}'):,g}×" if k < np.inf else "no limit"


# --- laws ------------------------------------------------------------------------------------


def laws(study: Study, measures: Sequence[str] = MEASURES) -> str:
    """Exponent and floor of each architecture by each measure, head left out and kept."""
    best = best_runs(study.runs)
    rows = []
    for measure in measures:
        for name, part in points(best, measure).groupby("architecture"):
            row = {"architecture": name, "by": measure}
            rows.append(row | _both(part.dropna(subset="value")))
    return markdown(pd.DataFrame(rows))


def _both(part: pd.DataFrame) -> dict[str, str]:
    """The law without a head and with it; the second only where there is one."""
    try:
        cut = law_of(part)
        whole = whole_law(part)
    except FitError:
        return dict.fromkeys(("sizes in the law", "exponent b", "floor c"), UNKNOWN)
    head = cut.n_min > whole.n_min
    return {
        "sizes in the law": f"{cut.points} of {whole.points}",
        "exponent b": span(cut, "b"),
        "floor c": span(cut, "c"),
        "b with the head": span(whole, "b") if head else "the same",
        "c with the head": span(whole, "c") if head else "the same",
    }


def law_of(part: pd.DataFrame) -> PowerLaw:
    """Of the points of one architecture, as the product fits it."""
    known = {name: part[name] for name in ("se", "test_se", "data_seed")}
    guess = float(part["best_guess"].iloc[0])
    return fit_power_law(part["n"], part["value"], best_guess=guess, **known)


def whole_law(part: pd.DataFrame, confidence: float = 0.9) -> PowerLaw:
    """The same with all points, those near the best guess among them."""
    curve = read_points(part)
    return fit_curve(curve, curve, [], confidence)


def span(law: PowerLaw, name: str) -> str:
    value, low, high = (getattr(law, f"{name}{end}") for end in ("", "_low", "_high"))
    return f"{value:.2f} [{low:.2f}, {high:.2f}]"
