"""Which architecture is best at which size, and from which size on one overtakes the other."""

from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np
import pandas as pd

from analysis.comparison.multiplier import drawn_curves, quantile
from analysis.fits.curve import FitError, check_confidence, check_positive
from analysis.fits.predictive import Predictive
from analysis.forecast import FAR
from analysis.language import Text

SIZES = 100  # at which two curves are compared, even in ln n
CLEAR = 0.75  # probability from which one of two architectures is called ahead at a size
LEADS = 0.5  # probability of being the best of all from which one may be called the winner at a size


@dataclass(frozen=True)
class Crossover:
    """The number of examples above which B beats A for good, as far as the curves are known: FAR times the data.

    names: of A and B. median, low, high: over pairs of drawn curves; the smallest size compared where B is ahead all
    along, inf where A is ahead at the end. p: share of pairs with neither, that is with a crossover within reach.
    n, p_better (sizes,): sizes compared and the probability that B is better there. ranges: (from n, to n, name) of
    who is ahead, in order; two crossovers give three; empty where nobody is clearly ahead anywhere.
    """

    names: tuple[str, str]
    median: float
    low: float
    high: float
    p: float
    n: np.ndarray
    p_better: np.ndarray
    ranges: tuple[tuple[float, float, str], ...]
    confidence: float

    @property
    def words(self) -> Text:
        """The answer in a sentence."""
        a, b = self.names
        if not self.ranges:
            return Text("{a} and {b} cannot be told apart at any size", a=a, b=b)
        ahead = self.ranges[-1][2]
        behind, turn = a if ahead == b else b, self.p_better[-1] if ahead == a else 1 - self.p_better[-1]
        values = {"ahead": ahead, "behind": behind, "turn": turn, "most": self.n[-1], "size": _round(self.median)}
        chance = 1 - self.p_better if ahead == a else self.p_better
        if len(self.ranges) == 1 and chance.min() < CLEAR:
            first, last = self.n[chance >= CLEAR][[0, -1]]
            return Text(
                "{ahead} beats {behind} from {first} to {last} examples; elsewhere neither is clearly ahead",
                ahead=ahead, behind=behind, first=_round(first), last=_round(last),
            )  # fmt: skip
        if len(self.ranges) == 1:
            return Text(
                "{ahead} beats {behind} at every size, and no crossover is within reach: "
                "at {most:,.0f} examples {behind} is ahead with probability {turn:.0%}",
                **values,
            )
        if len(self.ranges) > 2:
            said = listed(self.ranges)
            return Text("{ahead} and {behind} cross more than once; ahead is: {spans}", spans=said, **values)
        if ahead == a:
            return Text("{ahead} beats {behind} above {turned} examples", turned=_round(self.ranges[1][0]), **values)
        low = Text("below {size}", size=_round(self.n[0])) if self.low <= self.n[0] else _round(self.low)
        high = Text("beyond {size}", size=_round(self.n[-1])) if np.isinf(self.high) else _round(self.high)
        if np.isinf(self.median):
            return Text("{ahead} beats {behind} above {low} examples or more", low=low, **values)
        return Text("{ahead} beats {behind} above {size} examples [{low} to {high}]", low=low, high=high, **values)


def crossover(a: Predictive, b: Predictive, n_max, *, confidence=0.9, size=2000, seed=0, names=("A", "B")) -> Crossover:
    """Where B overtakes A: their drawn curves, independent of each other, are compared from the smallest size that both
    were measured at to FAR times n_max, the largest size of the data. FitError where that range is empty.
    """
    check_confidence(confidence)
    (n_max,) = check_positive("n_max", n_max)[:1]
    least = max(a.curve.n[0], b.curve.n[0])
    if not least < FAR * n_max:
        raise FitError(f"n_max {n_max:g} is too small: both curves are known from n = {least:g} on")
    n = np.geomspace(least, FAR * n_max, SIZES)
    ours, theirs = (drawn_curves(one, n, size, (seed, j)) for j, one in enumerate((a, b)))
    behind = theirs - ours  # (size, sizes) above 0 where B is worse
    crossing = _last_crossing(n, behind)
    low, median, high = (float(quantile(crossing, q)) for q in (0.5 - confidence / 2, 0.5, 0.5 + confidence / 2))
    within = float(((crossing > n[0]) & np.isfinite(crossing)).mean())
    better = (behind < 0).mean(0)
    spans = ranges(n, np.stack([1 - better, better], 1), names, CLEAR)
    return Crossover(tuple(names), median, low, high, within, n, better, spans, float(confidence))


def winners(predictives: dict[str, Predictive], sizes, *, size=2000, seed=0) -> pd.DataFrame:
    """Probability (rows: sizes, columns: architectures, in order of `predictives`) of having the lowest loss."""
    sizes = check_positive("sizes", sizes)
    losses = np.stack([drawn_curves(one, sizes, size, (seed, j)) for j, one in enumerate(predictives.values())])
    chances = np.stack([(losses.argmin(0) == j).mean(0) for j in range(len(predictives))], 1)
    return pd.DataFrame(chances, index=pd.Index(sizes, name="n"), columns=list(predictives))


def leads(n, chances, names, least=LEADS) -> tuple[tuple[float, float, str], ...]:
    """(from n, to n, name) of who is ahead with a chance of at least `least`, and of CLEAR against the second alone,
    from the first to the last size where it is; chances (sizes, names). Sizes where nobody is change nothing: between
    two that are ahead there may be some."""
    leader = chances.argmax(1)
    second, first = np.sort(chances, axis=1)[:, -2:].T if chances.shape[1] > 1 else (0, chances[:, 0])
    known = np.flatnonzero((first >= least) & (first >= CLEAR * (first + second)))
    parts = [list(part) for _, part in groupby(known, key=leader.__getitem__)]
    return tuple((float(n[part[0]]), float(n[part[-1]]), names[leader[part[0]]]) for part in parts)


def ranges(n, chances, names, least) -> tuple[tuple[float, float, str], ...]:
    """As `leads`, from the first size to the last: between two that are ahead the border lies in the middle."""
    found = leads(n, chances, names, least)
    borders = [float(np.sqrt(last * first)) for (_, last, _), (first, _, _) in pairwise(found)]
    return tuple(zip([float(n[0]), *borders], [*borders, float(n[-1])], [name for _, _, name in found]))


def listed(spans) -> str:
    """`ranges` in short, the same in every language: "forest 100–1,800, cnn 1,800–64,000"."""
    return ", ".join(f"{name} {'–'.join(dict.fromkeys(map(_round, (low, high))))}" for low, high, name in spans)


def _last_crossing(n, behind):
    """Size (draws,) from which on `behind` stays below 0: n[0] where it always does, inf where it never comes to."""
    place, row = np.log(n), np.arange(len(behind))
    worse = behind >= 0
    last = len(n) - 1 - worse[:, ::-1].argmax(1)  # the last size with B worse, where there is one
    at = np.minimum(last, len(n) - 2)
    before, after = behind[row, at], behind[row, at + 1]
    share = before / np.where(before > after, before - after, 1)
    crossing = np.exp(place[at] + np.clip(share, 0, 1) * (place[at + 1] - place[at]))
    return np.where(~worse.any(1), n[0], np.where(worse[:, -1], np.inf, crossing))


def _round(n):
    """Two significant digits: no forecast knows more."""
    return f"{float(f'{n:.2g}'):,.0f}" if np.isfinite(n) else "∞"
