"""The study that plans itself: which trials bring an answer soonest, and when to stop.

A pure function of the runs so far, so an interrupted answer goes on where it was, and a stored
study can be replayed (benchmarks/answer.py).
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum, auto

import numpy as np
import pandas as pd

from analysis.curves.backtest import backtest
from analysis.curves.curve import known_of, read_points
from analysis.curves.forecast import (
    FAR,
    DataNeeded,
    lawless,
    needed_from,
    width_grade,
)
from analysis.curves.predictive import Predictive, predict_curve
from analysis.diagnostics.evidence import CANNOT_SAY, GRADES, Sureness, past_of, sureness
from analysis.planning.preposterior import (
    LEAST,
    Measurements,
    Width,
    expected_width,
    width_at,
    width_of_target,
)
from analysis.planning.study_so_far import StudySoFar, Trials, study_so_far
from analysis.reasons import Finding, FitError, Reason
from tracking.schema import FAILED, FINISHED

FIRST = 5  # sizes that every learner is trained on before any is dropped
# Stopping where an interval happens to look narrow makes it too narrow. So no answer is final
# from fewer sizes, nor further beyond the largest of them (`python benchmarks/answer.py`).
ENOUGH = 6
REACH = 8  # times the largest size
UNLIKELY = 0.02  # to win: a learner below this is dropped
DECIDED = 0.8  # chance to be best, from which on no other learner is looked at
DRAWS = 4000  # random curves of each learner, of which the lowest wins
REPLICAS = (3, 6, 10)  # subsets that a winner is trained on, one step after the other
NEWEST = 3  # sizes at the end, of which replicas tell most
LAUNCH = 10 / 3600  # hours that a step takes beside its trials


class Kind(StrEnum):
    """What a step brings."""

    FIRST_SIZES = auto()
    LARGER_SIZE = auto()
    REPLICAS = auto()
    LONGER_SEARCH = auto()


@dataclass(frozen=True)
class Goal:
    """What is asked.

    measure: its text.
    n: examples; the value there is asked for, and the learners are compared there.
    target: a value to reach, as a gap; None where the value at n is asked for.
    grade: that the answer is to have: good or fair.
    confidence: of its interval.
    """

    measure: str
    n: float
    target: float | None = None
    grade: str = "fair"
    confidence: float = 0.9


@dataclass(frozen=True)
class Means:
    """What there is to answer it with.

    learners: names.
    fractions: of the pool that may be trained on, rising.
    samples, most_samples: draws of the search, at first and at most.
    most_replicas: subsets that a winner may be trained on.
    hours: of one worker, that may still be spent.
    trials: that may still be run.
    """

    learners: tuple[str, ...]
    fractions: tuple[float, ...]
    samples: int = 2
    most_samples: int = 32
    most_replicas: int = max(REPLICAS)
    hours: float = math.inf
    trials: float = math.inf


@dataclass(frozen=True)
class Move:
    """Trials to run next.

    kind: what they bring.
    learners: names.
    fractions: of the pool; those that are trained already cost nothing.
    samples: draws of the search.
    replicas: subsets that the winners are trained on.
    trials: how many are missing, about.
    hours: of one worker.
    narrowing: expected share by which the interval narrows; nan where it was not asked.
    """

    kind: Kind
    learners: tuple[str, ...]
    fractions: tuple[float, ...]
    samples: int
    replicas: int = 1
    trials: int = 0
    hours: float = 0.0
    narrowing: float = math.nan


@dataclass(frozen=True)
class Answered:
    """The answer so far.

    learner: that is likely to be best at the goal's n.
    chance: that it is.
    n_now: the largest size it was trained on.
    value, low, high: median and interval of what one training at the goal's n measures.
    needed: examples that reach the target; None without one.
    sure: how sure the answer is.
    """

    learner: str
    chance: float
    n_now: float
    value: float
    low: float
    high: float
    needed: DataNeeded | None
    sure: Sureness


@dataclass(frozen=True)
class Advice:
    """What to do next.

    answer: so far; None where no law can be fitted yet.
    dropped: learner -> chance that it is best, of those that are not trained on.
    move: the next trials; None to stop.
    reason: why to stop; None with a move.
    """

    answer: Answered | None
    dropped: dict[str, float]
    move: Move | None
    reason: Finding | None = None


@dataclass(frozen=True)
class Contender:
    """A learner with what its runs tell."""

    found: StudySoFar
    now: Predictive

    @property
    def name(self) -> str:
        """Of the learner."""
        return self.found.architecture


def advise(runs: pd.DataFrame, study: str, goal: Goal, means: Means) -> Advice:
    """What to do next, from the runs of a study on one dataset (load_runs)."""
    first = _first_sizes(runs, means)
    if first is not None:
        return _within(means, Advice(None, {}, first))
    contenders = list(_contenders(runs, study, goal, means))
    if not contenders:
        return Advice(None, {}, None, Reason.NOTHING_TO_FIT())
    chances = _chances(contenders, goal)
    best = max(contenders, key=lambda one: chances[one.name])
    alive = [one for one in contenders if chances[one.name] >= UNLIKELY or one is best]
    known = Advice(
        answer=_answered(best, chances[best.name], goal),
        dropped={one.name: chances[one.name] for one in contenders if one not in alive},
        move=None,
    )
    if not _is_reached(known.answer, best, goal):
        return _next(known, alive, best, goal, means)
    doubt = _doubt(known, alive, best, means)
    if doubt is not None and _can_be_paid(doubt, means):
        return replace(known, move=doubt)
    return replace(known, reason=Reason.GRADE_REACHED(grade=goal.grade))


# --- where it stands -------------------------------------------------------------------------


def _first_sizes(runs: pd.DataFrame, means: Means) -> Move | None:
    """The sizes that every learner needs; None where each has been tried on all of them."""
    wanted = means.fractions[:FIRST]
    ended = runs[runs["status"].isin([FINISHED, FAILED])] if len(runs) else runs
    tried = set(zip(ended["architecture"], ended["fraction"])) if len(ended) else set()
    missing = [
        (name, fraction)
        for name in means.learners
        for fraction in wanted
        if (name, fraction) not in tried
    ]
    if not missing:
        return None
    trials = len(missing) * (means.samples + 1)
    return Move(Kind.FIRST_SIZES, means.learners, wanted, means.samples, trials=trials)


def _contenders(
    runs: pd.DataFrame, study: str, goal: Goal, means: Means
) -> Iterator[Contender]:
    """The learners that a law can be fitted to."""
    for name in means.learners:
        try:
            found = study_so_far(runs, study, name, goal.measure)
            yield Contender(found, predict_curve(read_points(found.points)))
        except FitError:  # all of its trials failed, or nearly all
            continue


def _chances(contenders: Sequence[Contender], goal: Goal) -> dict[str, float]:
    """Learner -> chance that its value at the goal's n is the lowest."""
    at = np.array([goal.n])
    drawn = [one.now.draw(at, DRAWS, seed)[:, 0] for seed, one in enumerate(contenders)]
    wins = np.bincount(np.argmin(drawn, axis=0), minlength=len(contenders)) / DRAWS
    return {one.name: float(share) for one, share in zip(contenders, wins)}


def _answered(best: Contender, chance: float, goal: Goal) -> Answered:
    now = best.now
    levels = np.array([0.5 - goal.confidence / 2, 0.5, 0.5 + goal.confidence / 2])
    low, value, high = map(float, now.quantile(np.array([goal.n]), levels))
    points = best.found.points
    known = {name: one for name, one in known_of(points).items() if name != "best_guess"}
    tested = backtest(points["n"], points["value"], confidence=goal.confidence, **known)
    past = past_of(tested, goal.confidence)
    needed = None
    if goal.target is None:
        times = float(goal.n / now.curve.n[-1])
        far = Reason.ANSWER_FAR_BEYOND_DATA(times=times, allowed=FAR) if times > FAR else None
        grade = CANNOT_SAY if lawless(now) else width_grade(high / low - 1)
        sure = sureness(grade, past, far)
    else:
        needed = needed_from(now, goal.target, goal.confidence)
        sure = sureness(needed.grade, past)
    return Answered(
        learner=best.name,
        chance=chance,
        n_now=float(now.curve.n[-1]),
        value=value,
        low=low,
        high=high,
        needed=needed,
        sure=sure,
    )


def _is_reached(answer: Answered | None, best: Contender, goal: Goal) -> bool:
    if answer is None or len(best.found.sizes) < ENOUGH or goal.n > REACH * answer.n_now:
        return False
    return GRADES.index(answer.sure.grade) <= GRADES.index(goal.grade)


def _doubt(
    known: Advice, alive: Sequence[Contender], best: Contender, means: Means
) -> Move | None:
    """What could still make another learner the best; None where nothing is likely to.

    A longer search where it was too short, the next size where the best is not DECIDED.
    """
    assert known.answer is not None
    if known.answer.chance >= DECIDED or len(alive) == 1:
        return None
    longer = _longer_search(alive, best, means)
    return longer or _larger_size(alive, best, means)


# --- what to do next -------------------------------------------------------------------------


def _next(
    known: Advice, alive: Sequence[Contender], best: Contender, goal: Goal, means: Means
) -> Advice:
    """The move that narrows the interval most per hour, of those that can be paid."""
    larger = _larger_size(alive, best, means)
    if larger is not None and len(best.found.sizes) < ENOUGH:
        return _within(means, replace(known, move=larger))
    width = _width(best.now, goal)
    before = width(best.now)
    moves = [
        replace(move, narrowing=1 - expected_width(points, best.now, new, width) / before)
        for move, new in _moves(larger, alive, best, means)
        for points in [best.found.points]
    ]
    helpful = [move for move in moves if move.narrowing >= LEAST]
    if not helpful:
        return replace(known, reason=Reason.NO_TRIAL_HELPS(least=LEAST))
    helpful.sort(key=lambda move: move.narrowing / (move.hours + LAUNCH), reverse=True)
    paid = [move for move in helpful if _can_be_paid(move, means)]
    return _within(means, replace(known, move=(paid or helpful)[0]))


def _within(means: Means, advice: Advice) -> Advice:
    """The same, or to stop where its move cannot be paid."""
    move = advice.move
    if move is None or _can_be_paid(move, means):
        return advice
    reason = Reason.BUDGET_SPENT(hours=move.hours, trials=move.trials)
    return replace(advice, move=None, reason=reason)


def _can_be_paid(move: Move, means: Means) -> bool:
    return means.hours > 0 and move.hours <= means.hours and move.trials <= means.trials


def _width(now: Predictive, goal: Goal) -> Width:
    if goal.target is None:
        return width_at(np.array([goal.n]), goal.confidence)
    return width_of_target(now, goal.target, goal.confidence)


def _moves(
    larger: Move | None, alive: Sequence[Contender], best: Contender, means: Means
) -> Iterator[tuple[Move, Measurements]]:
    """What can be done, each with what it measures of the best."""
    sizes = best.found.sizes
    if larger is not None:
        size = round(larger.fractions[-1] * best.found.pool)
        yield larger, Measurements(np.array([size]))
    yield from _replicas(best, sizes[-NEWEST:], means)
    yield from _replicas(best, sizes, means)
    longer = _longer_search(alive, best, means)
    if longer is not None:
        yield longer, Measurements(sizes, longer=True)


def _larger_size(alive: Sequence[Contender], best: Contender, means: Means) -> Move | None:
    """The next size, for all that may still win; None where the pool has no more."""
    largest = best.found.fractions[best.found.sizes[-1]]
    ahead = [fraction for fraction in means.fractions if fraction > largest]
    if not ahead:
        return None
    fractions = tuple(one for one in means.fractions if one <= ahead[0])
    samples = max(one.found.samples for one in alive)
    return _of_all(Kind.LARGER_SIZE, alive, fractions, samples)


def _longer_search(alive: Sequence[Contender], best: Contender, means: Means) -> Move | None:
    """Twice the samples, for all that may still win: unequal searches cannot be compared."""
    samples = 2 * best.found.samples
    if not best.found.falling or not 0 < samples <= means.most_samples:
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
