"""The steps that a study which plans itself may take next."""

from collections.abc import Iterator, Sequence

import numpy as np

from analysis.planning.goal import REPLICAS, Contender, Kind, Means, Move
from analysis.planning.preposterior import Measurements
from analysis.planning.study_so_far import Trials

NEWEST = 3  # sizes at the end, of which replicas tell most


def moves(
    larger: Move | None, alive: Sequence[Contender], best: Contender, means: Means
) -> Iterator[tuple[Move, Measurements]]:
    """What can be done, each with what it measures of the best."""
    sizes = best.found.sizes
    if larger is not None:
        size = round(larger.fractions[-1] * best.found.pool)
        yield larger, Measurements(np.array([size]))
    yield from _replicas(best, sizes[-NEWEST:], means)
    yield from _replicas(best, sizes, means)
    longer = longer_search(alive, best, means)
    if longer is not None:
        yield longer, Measurements(sizes, longer=True)


def larger_size(alive: Sequence[Contender], best: Contender, means: Means) -> Move | None:
    """The next size, for all that may still win; None where the pool has no more."""
    largest = best.found.fractions[best.found.sizes[-1]]
    ahead = [fraction for fraction in means.fractions if fraction > largest]
    if not ahead:
        return None
    fractions = tuple(one for one in means.fractions if one <= ahead[0])
    samples = max(one.found.samples for one in alive)
    return _of_all(Kind.LARGER_SIZE, alive, fractions, samples)


def longer_search(alive: Sequence[Contender], best: Contender, means: Means) -> Move | None:
    """Twice the samples, for all that may still win: unequal searches cannot be compared."""
    samples = 2 * best.found.samples
    short = any(one.found.falling for one in alive)
    if not short or not 0 < samples <= means.most_samples:
        return None
    fractions = tuple(best.found.fractions[n] for n in best.found.sizes)
    return _of_all(Kind.LONGER_SEARCH, alive, fractions, samples)


def _of_all(
    kind: Kind, alive: Sequence[Contender], fractions: tuple[float, ...], samples: int
) -> Move:
    trials = Trials(fractions, alive[0].found.data_seeds[:1], samples)
    return Move(
        kind=kind,
        learners=tuple(one.name for one in alive),
        fractions=fractions,
        samples=samples,
        trials=sum(len(one.found.missing(trials)) for one in alive),
        hours=sum(one.found.hours(trials) for one in alive),
    )


def _replicas(
    best: Contender, sizes: np.ndarray, means: Means
) -> Iterator[tuple[Move, Measurements]]:
    """The winners of these sizes, trained on more subsets."""
    found = best.found
    known = found.points["n"].value_counts()
    least = int(min(known[n] for n in sizes))
    wanted = next((count for count in REPLICAS if count > least), None)
    if wanted is None or wanted > means.most_replicas:
        return
    missing = {n: max(wanted - int(known[n]), 0) for n in sizes}
    seconds = sum(count * found.seconds_at(n) for n, count in missing.items())
    short = np.array([n for n, count in missing.items() if count])
    move = Move(
        kind=Kind.REPLICAS,
        learners=(best.name,),
        fractions=tuple(found.fractions[n] for n in sizes),
        samples=found.samples,
        replicas=wanted,
        trials=sum(missing.values()),
        hours=seconds / 3600,
    )
    yield move, Measurements(short, wanted - least)
