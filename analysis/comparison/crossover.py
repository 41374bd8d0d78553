"""Which architecture is best at which size, and from which size on one overtakes the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.curves.curve import check_confidence, check_positive
from analysis.curves.drawn_curves import drawn_curves, quantile
from analysis.curves.forecast import FAR
from analysis.curves.predictive import Predictive
from analysis.reasons import FitError

SIZES = 100  # at which two curves are compared, even in ln n
CLEAR = 0.75  # probability from which one of two architectures is called ahead at a size
# probability of being the best of all from which one may be called the winner at a size
LEADS = 0.5

Span = tuple[float, float, str]  # from n, to n, the name of who is ahead


@dataclass(frozen=True)
class Crossover:
    """The number of examples above which B beats A for good, up to FAR times the data.

    names: of A and B.
    median: over pairs of drawn curves, the smallest size compared where B is ahead all along;
        inf where A is ahead at the end.
    low: lower end of its interval at `confidence`.
    high: upper end.
    p: probability that they cross within the sizes compared.
    n: (sizes,) compared.
    p_better: (sizes,) probability that B is better there.
    ranges: who is ahead, in order of size; two crossovers give three; empty where nobody is
        clearly ahead anywhere.
    confidence: probability that the interval holds the crossover.
    """

    names: tuple[str, str]
    median: float
    low: float
    high: float
    p: float
    n: np.ndarray
    p_better: np.ndarray
    ranges: tuple[Span, ...]
    confidence: float


def crossover(
    a: Predictive,
    b: Predictive,
    n_max: float,
    *,
    confidence: float = 0.9,
    size: int = 2000,
    seed: int = 0,
    names: tuple[str, str] = ("A", "B"),
) -> Crossover:
    """Where B overtakes A.

    Drawn curves of both, independent of each other, are compared from the smallest size that
    both were measured at to FAR times n_max, the largest size of the data.
    Raises FitError where that range is empty.
    """
    check_confidence(confidence)
    (n_max,) = check_positive("n_max", n_max)[:1]
    least = max(a.curve.n[0], b.curve.n[0])
    if not least < FAR * n_max:
        raise FitError(
            f"n_max {n_max:g} is too small: both curves are known from n = {least:g} on"
        )
    n = np.geomspace(least, FAR * n_max, SIZES)
    ours = drawn_curves(a, n, size, (seed, 0))
    theirs = drawn_curves(b, n, size, (seed, 1))
    behind = theirs - ours  # (size, sizes) above 0 where B is worse
    crossing = _last_crossing(n, behind)
    better = (behind < 0).mean(0)
    return Crossover(
        names=names,
        median=float(quantile(crossing, 0.5)),
        low=float(quantile(crossing, 0.5 - confidence / 2)),
        high=float(quantile(crossing, 0.5 + confidence / 2)),
        p=float(((crossing > n[0]) & np.isfinite(crossing)).mean()),
        n=n,
        p_better=better,
        ranges=ranges(n, np.stack([1 - better, better], 1), names, CLEAR),
        confidence=float(confidence),
    )


def winners(
    predictives: dict[str, Predictive], sizes: ArrayLike, *, size: int = 2000, seed: int = 0
) -> pd.DataFrame:
    """Probability of being the best: sizes (rows), architectures (columns)."""
    at = check_positive("sizes", sizes)
    values = np.stack(
        [drawn_curves(one, at, size, (seed, j)) for j, one in enumerate(predictives.values())]
    )
    chances = np.stack([(values.argmin(0) == j).mean(0) for j in range(len(predictives))], 1)
    return pd.DataFrame(chances, index=pd.Index(at, name="n"), columns=list(predictives))


def leads(
    n: np.ndarray, chances: np.ndarray, names: Sequence[str], least: float = LEADS
) -> tuple[Span, ...]:
    """Who is ahead from which size to which, by chances (sizes, names) of being the best.

    That takes a chance of at least `least`, and of CLEAR against the second alone, from the
    first to the last size of a span. Sizes where nobody is ahead change nothing: between two
    that are there may be some.
    """
    leader = chances.argmax(1)
    order = np.sort(chances, axis=1)
    first = order[:, -1]
    second = order[:, -2] if chances.shape[1] > 1 else 0
    known = np.flatnonzero((first >= least) & (first >= CLEAR * (first + second)))
    parts = [list(part) for _, part in groupby(known, key=leader.__getitem__)]
    return tuple(
        (float(n[part[0]]), float(n[part[-1]]), names[leader[part[0]]]) for part in parts
    )


def ranges(
    n: np.ndarray, chances: np.ndarray, names: Sequence[str], least: float
) -> tuple[Span, ...]:
    """As `leads`, from the first size to the last; the border between two is in the middle."""
    found = leads(n, chances, names, least)
    borders = [float(np.sqrt(last * first)) for (_, last, _), (first, _, _) in pairwise(found)]
    starts = [float(n[0]), *borders]
    ends = [*borders, float(n[-1])]
    return tuple(zip(starts, ends, [name for _, _, name in found]))


def _last_crossing(n: np.ndarray, behind: np.ndarray) -> np.ndarray:
    """Size (draws,) from which on `behind` (draws, sizes) stays below 0.

    n[0] where it always does, inf where it never comes to.
    """
    place = np.log(n)
    row = np.arange(len(behind))
    worse = behind >= 0
    last = len(n) - 1 - worse[:, ::-1].argmax(1)  # with B worse, where there is one
    at = np.minimum(last, len(n) - 2)
    before = behind[row, at]
    after = behind[row, at + 1]
    share = before / np.where(before > after, before - after, 1)
    crossing = np.exp(place[at] + np.clip(share, 0, 1) * (place[at + 1] - place[at]))
    return np.where(~worse.any(1), n[0], np.where(worse[:, -1], np.inf, crossing))
