"""Architectures side by side: one exponent or several, what a switch is worth in data, who wins at which size."""

from dataclasses import dataclass
from itertools import combinations, permutations

import numpy as np
import pandas as pd

from analysis.comparison.crossover import Crossover, crossover, leads, listed, winners
from analysis.comparison.exponents import Exponents, compare_exponents
from analysis.comparison.fairness import fair_cells
from analysis.comparison.multiplier import Worth, worth
from analysis.costs.futures import tabulated
from analysis.fits.curve import FitError
from analysis.fits.predictive import predictive
from analysis.forecast import FAR
from analysis.language import Text
from analysis.runs import best_runs, points, untuned

TIMES = (1, 2, 5)  # the data: where a switch is valued
SIZES = 60  # at which winners are named
WORTH = ["n", "times", "median", "low", "high", "p_better", "grade", "reason", "bound"]


@dataclass(frozen=True)
class Comparison:
    """What can be said of several architectures on one dataset; interval ends at `confidence`.

    n: the size that more than half of them have reached; one that lags behind is foretold there. worths: (A, B) ->
    Worth of switching from A to B at TIMES n. crossovers: (A, B) -> Crossover, B the one ahead at the end, up to FAR
    times the data that both have. winners: probability of the lowest loss by size (rows) and architecture, of those
    whose data reach n / FAR. tuning: architecture -> Worth of tuned instead of untuned, at TIMES its own largest size.
    left_out: what is not compared, and why.
    """

    n: float
    exponents: Exponents
    worths: dict[tuple[str, str], Worth]
    crossovers: dict[tuple[str, str], Crossover]
    winners: pd.DataFrame
    tuning: dict[str, Worth]
    left_out: tuple[Text, ...]
    confidence: float

    def constant(self, a: str, b: str) -> bool:
        """Whether the worth of B instead of A is one number: one exponent, the same k at every size, no crossing."""
        found = self.worths[a, b]
        same = (found.low[0] <= found.median) & (found.median <= found.high[0])
        known = found.grade[0] != "cannot say" and 0 < found.low[0] < np.inf
        one_ahead = all(len(one.ranges) < 2 for pair, one in self.crossovers.items() if {a, b} == set(pair))
        return self.exponents.agree and known and one_ahead and bool(same.all())

    def endless(self, a: str, b: str) -> bool:
        """Whether no amount of data takes A where B is, at every size and with confidence."""
        found = self.worths[a, b]
        return "cannot say" not in found.grade and bool(np.isinf(found.low).all())

    @property
    def worth_table(self) -> pd.DataFrame:
        """first, second (instead of it), n, times, median, low, high, p_better, grade, reason, bound, constant."""
        rows = [(a, b, *row, self.constant(a, b)) for (a, b), found in self.worths.items() for row in _rows(found)]
        return pd.DataFrame(rows, columns=["first", "second", *WORTH, "constant"])

    @property
    def crossover_table(self) -> pd.DataFrame:
        """behind, ahead (at the end), n above which it is (median), low, high, p (that they cross within reach)."""
        rows = [(*pair, one.median, one.low, one.high, one.p) for pair, one in self.crossovers.items()]
        return pd.DataFrame(rows, columns=["behind", "ahead", "n", "low", "high", "p"])

    @property
    def tuning_table(self) -> pd.DataFrame:
        """architecture, n, times, median, low, high, p_better, grade, reason, bound: of tuned instead of untuned."""
        rows = [(name, *row) for name, found in self.tuning.items() for row in _rows(found)]
        return pd.DataFrame(rows, columns=["architecture", *WORTH])

    @property
    def best(self) -> str | None:
        """Most likely the lowest loss at n; None where nothing can be compared."""
        if self.winners.empty:
            return None
        at = np.abs(np.log(self.winners.index.to_numpy() / self.n)).argmin()
        return str(self.winners.columns[self.winners.iloc[at].to_numpy().argmax()])

    @property
    def words(self) -> tuple[Text, ...]:
        """The answers in sentences: exponents, winners, the best architecture next to each other one, tuning."""
        said = [self.exponents.verdict]
        if len(self.winners.columns) > 1:
            said.append(self._winners())
            others = [name for name in self.winners.columns if name != self.best]
            said += [self.switch(name, self.best) for name in others]
            said += [found.words for pair, found in self.crossovers.items() if self.best in pair]
        return (*said, *(self._tuning(name) for name in self.tuning))

    def switch(self, a: str, b: str) -> Text:
        """What B instead of A is worth, in a sentence."""
        found = self.worths[a, b]
        if self.endless(a, b):
            return Text("no amount of data makes up for {a} instead of {b}", a=a, b=b)
        if self.constant(a, b):
            return Text("{b} instead of {a} is worth {k} times the data", a=a, b=b, k=_said(found, 0))
        return Text(
            "{b} instead of {a} is worth so many times the data: {k} at n = {n:,.0f}, {k2} at {n2:,.0f}, "
            "{k5} at {n5:,.0f}",
            **{"a": a, "b": b} | _at_sizes(found),
        )

    def _winners(self):
        n = self.winners.index.to_numpy()
        spans = leads(n, self.winners.to_numpy(), list(self.winners.columns))
        if not spans:
            return Text("no architecture is clearly the best at any size")
        return Text("most likely the best by number of examples: {said}", said=listed(spans))

    def _tuning(self, name):
        return Text(
            "tuning {name} is worth so many times the data: {k} at n = {n:,.0f}, {k2} at {n2:,.0f}, {k5} at {n5:,.0f}",
            **{"name": name} | _at_sizes(self.tuning[name]),
        )


def compare(table: pd.DataFrame, *, runs=None, metric="loss", confidence=0.9, conclusions=None) -> Comparison:
    """Compare the architectures of a table of points (architecture, n, loss, perhaps se).

    runs: of the study (load_runs); with them only fair cells are compared (analysis/comparison/fairness.py) and tuning
    is valued. conclusions: of the same table (analysis/answer.py), whose forecasts are then not made twice. FitError
    for a wrong value.
    """
    left_out = []
    if runs is not None:
        runs, left_out = fair_cells(runs)
        table = points(best_runs(runs), metric)
    known = {one.architecture: one.forecast.predictive for one in conclusions or () if one.forecast}
    found = _predictives(table, known, left_out)
    largest = sorted(one.curve.n[-1] for one in found.values())
    n = largest[(len(largest) - 1) // 2] if largest else np.nan
    exponents = compare_exponents(table, confidence=confidence)
    return Comparison(
        n=float(n),
        exponents=exponents,
        worths={(a, b): _worth(found[a], found[b], n, confidence, (a, b)) for a, b in permutations(found, 2)},
        crossovers=_crossovers(found, confidence, left_out),
        winners=_winners(found, n, left_out),
        tuning=_tuning(runs, found, metric, confidence, left_out),
        left_out=(*left_out, *exponents.left_out),
        confidence=float(confidence),
    )


def tuning_curves(runs: pd.DataFrame, metric: str = "loss"):
    """Yield (architecture, untuned points, tuned points) of the same cells: sample 0, and the best of all samples."""
    cell = ["architecture", "n", "data_seed"]
    tuned, default = points(best_runs(runs), metric), points(best_runs(untuned(runs)), metric)
    tuned, default = (one.merge(other[cell].drop_duplicates()) for one, other in ((tuned, default), (default, tuned)))
    for name, part in default.groupby("architecture", sort=True):
        yield name, part, tuned[tuned["architecture"] == name]


def _predictives(table, known, left_out):
    """architecture -> Predictive of those with enough sizes."""
    found = {}
    for name, part in table.groupby("architecture", sort=True):
        try:
            found[str(name)] = _fit(part, known.get(name))
        except FitError as error:
            left_out.append(Text("{name} is not compared: {reason}", name=name, reason=str(error)))
    return found


def _fit(part, known=None):
    """Predictive of the points of one architecture: the known one if it saw the same."""
    means = part.groupby("n")["loss"].mean()
    if known and np.array_equal(known.curve.n, means.index) and np.allclose(known.curve.loss, means, rtol=1e-9):
        return tabulated(known)
    se = part["se"] if "se" in part and part["se"].notna().any() else None
    return tabulated(predictive(part["n"], part["loss"], se=se))


def _worth(a, b, n, confidence, names):
    return worth(a, b, n * np.array(TIMES), confidence=confidence, names=names)


def _crossovers(found, confidence, left_out):
    crossovers = {}
    for pair in combinations(found, 2):
        n = min(found[name].curve.n[-1] for name in pair)
        if n * FAR <= max(found[name].curve.n[0] for name in pair):
            apart = Text(
                "{a} and {b} are not compared: their sizes lie more than {far:.0f} times apart",
                a=pair[0],
                b=pair[1],
                far=FAR,
            )
            left_out.append(apart)
            continue
        one = crossover(found[pair[0]], found[pair[1]], n, confidence=confidence, names=pair)
        if one.p_better[-1] < 0.5:
            pair = pair[::-1]
            one = crossover(found[pair[0]], found[pair[1]], n, confidence=confidence, names=pair)
        crossovers[pair] = one
    return crossovers


def _winners(found, n, left_out):
    """Up to FAR times the data of all that take part: those that can be foretold at n at all."""
    reach = {name: FAR * one.curve.n[-1] for name, one in found.items()}
    for name in [name for name in found if reach[name] < n]:
        left_out.append(Text("{name} has too little data to be foretold at n = {n:,.0f}", name=name, n=n))
    near = {name: one for name, one in found.items() if reach[name] >= n}
    if not near:
        return pd.DataFrame()
    first, most = max(one.curve.n[0] for one in near.values()), min(reach[name] for name in near)
    if first >= most:
        return pd.DataFrame()  # which pairs lie too far apart is said with the crossovers
    return winners(near, np.geomspace(first, most, SIZES))


def _tuning(runs, known, metric, confidence, left_out):
    worths = {}
    if runs is None or not (runs["sample"] > 0).any():
        return worths
    for name, default, tuned in tuning_curves(runs, metric):
        names = Text("untuned {name}", name=name), Text("tuned {name}", name=name)
        try:
            before, after = _fit(default), _fit(tuned, known.get(name))
            worths[str(name)] = _worth(before, after, after.curve.n[-1], confidence, names)
        except FitError as error:
            left_out.append(Text("tuning {name} is not valued: {reason}", name=name, reason=str(error)))
    return worths


def _rows(found: Worth):
    return zip(found.n, TIMES, *(getattr(found, name) for name in WORTH[2:]))


def _at_sizes(found: Worth):
    """Values of the templates: k, k2, k5 and n, n2, n5."""
    keys = ["" if times == 1 else str(times) for times in TIMES]
    return {f"k{key}": _said(found, i) for i, key in enumerate(keys)} | {f"n{k}": n for k, n in zip(keys, found.n)}


def _said(found: Worth, i):
    """k with its interval, two significant digits; in words where the data do not bound it."""
    k, low, high = (values[i] for values in (found.median, found.low, found.high))
    if found.grade[i] == "cannot say" or (low == 0 and np.isinf(high)):
        return Text("cannot say")
    if np.isinf(low):
        return Text("without limit")
    if found.bound[i] == "least":
        return Text("at least {k}", k=_number(low))
    if found.bound[i] == "most":
        return Text("at most {k}", k=_number(high))
    if np.isinf(high):
        return Text("{k} [at least {low}]", k=_number(k), low=_number(low))
    return Text("{k} [{low} to {high}]", k=_number(k), low=_number(low), high=_number(high))


def _number(k):
    return f"{float(f'{k:.2g}'):,g}"
