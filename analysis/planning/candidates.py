"""The trials that might be run next."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum, auto

import numpy as np

from analysis.planning.study_so_far import StudySoFar, Trials

# times the largest size, if the pool has them; no back-test bridges a wider gap
LARGER = (2, 8)
GAP = 2.5  # neighbouring sizes further apart than this factor leave a gap
FEW = 5  # sizes, below which a curve tests itself once at most: any new size fills a gap


class Kind(StrEnum):
    """What can be run next; each comment names the numbers of such a step."""

    LARGER_SIZE = auto()  # n
    SEED_AT_LARGEST_SIZE = auto()  # n
    SEED_AT_ALL_SIZES = auto()  # count: of the sizes
    MORE_SAMPLES = auto()  # samples, before, count: of the sizes
    SIZE_IN_GAP = auto()  # low, high, n


@dataclass(frozen=True)
class Step:
    """One thing that can be run next.

    kind: what it is.
    numbers: name -> number, as Kind lists them.
    """

    kind: Kind
    numbers: Mapping[str, int]


@dataclass(frozen=True)
class Candidate:
    """Trials that might be added.

    step: what they are.
    sizes: examples.
    trials: at these sizes.
    longer: whether it is a longer search at sizes that are measured, of which the better
        result counts, instead of one more point for each size and data seed.
    """

    step: Step
    sizes: np.ndarray
    trials: Trials
    longer: bool = False


def candidates(found: StudySoFar) -> Iterator[Candidate]:
    """What one more launch could bring."""
    yield from _larger_sizes(found)
    yield from _other_seeds(found)
    if found.falling:
        yield _more_samples(found)
    yield from _size_in_gap(found)


def _larger_sizes(found: StudySoFar) -> Iterator[Candidate]:
    largest = found.fractions[found.sizes[-1]]
    for fraction in dict.fromkeys(min(times * largest, 1.0) for times in LARGER):
        n = round(fraction * found.pool)
        if n > found.sizes[-1]:
            trials = Trials((fraction,), found.data_seeds, found.samples)
            yield Candidate(Step(Kind.LARGER_SIZE, {"n": n}), np.array([n]), trials)


def _other_seeds(found: StudySoFar) -> Iterator[Candidate]:
    """Another data seed at the largest size, and at all of them.

    At the whole pool it takes the same images in another order, which tells the noise of
    training alone.
    """
    sizes = found.sizes
    fractions = _all_fractions(found)
    seeds = found.data_seeds
    unused = min({*range(len(seeds) + 1)} - {*seeds})
    step = Step(Kind.SEED_AT_LARGEST_SIZE, {"n": int(sizes[-1])})
    yield Candidate(step, sizes[-1:], Trials(fractions[-1:], (unused,), found.samples))
    unused = max(int(seed) for _, seed, _ in found.known) + 1
    step = Step(Kind.SEED_AT_ALL_SIZES, {"count": len(sizes)})
    yield Candidate(step, sizes, Trials(fractions, (unused,), found.samples))


def _more_samples(found: StudySoFar) -> Candidate:
    samples = 2 * found.samples
    numbers = {"samples": samples, "before": found.samples, "count": len(found.sizes)}
    trials = Trials(_all_fractions(found), found.data_seeds, samples)
    return Candidate(Step(Kind.MORE_SAMPLES, numbers), found.sizes, trials, longer=True)


def _size_in_gap(found: StudySoFar) -> Iterator[Candidate]:
    sizes = found.sizes
    at = int((sizes[1:] / sizes[:-1]).argmax())
    low = int(sizes[at])
    high = int(sizes[at + 1])
    fraction = float(f"{np.sqrt(low * high) / found.pool:.3g}")
    n = round(fraction * found.pool)
    if (high / low > GAP or len(sizes) < FEW) and low < n < high:
        step = Step(Kind.SIZE_IN_GAP, {"low": low, "high": high, "n": n})
        trials = Trials((fraction,), found.data_seeds, found.samples)
        yield Candidate(step, np.array([n]), trials)


def _all_fractions(found: StudySoFar) -> tuple[float, ...]:
    return tuple(found.fractions[n] for n in found.sizes)
