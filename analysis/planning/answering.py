"""The study that plans itself: which trials bring an answer soonest, and when to stop.

A pure function of the runs so far, so an interrupted answer goes on where it was, and a stored
study can be replayed (benchmarks/answer.py).
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.curves.backtest import backtest
from analysis.curves.curve import known_of, read_points
from analysis.curves.data_needed import needed_from
from analysis.curves.forecast import lawless
from analysis.curves.predictive import predict_curve
from analysis.diagnostics.evidence import (
    CANNOT_SAY,
    GRADES,
    past_of,
    sure_of_foretold,
    sureness,
)
from analysis.planning.goal import Advice, Answered, Contender, Goal, Kind, Means, Move
from analysis.planning.moves import larger_size, longer_search, moves
from analysis.planning.preposterior import LEAST, asked_width, expected_width
from analysis.planning.study_so_far import study_so_far
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
LAUNCH = 10 / 3600  # hours that a step takes beside its trials


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
    if _is_reached(known.answer, best, goal):
        ended = replace(known, reason=_sure_enough(goal))
    else:
        ended = _next(known, alive, best, goal, means)
    if ended.move is not None:
        return ended
    doubt = _doubt(known, alive, best, means)
    if doubt is not None and _can_be_paid(doubt, means):
        return replace(known, move=doubt)
    return ended


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
    past = past_of(tested, goal.confidence, goal.leak)
    needed = None
    if goal.target is None:
        sure = sure_of_foretold(high / low - 1, float(goal.n / now.curve.n[-1]), past)
        if lawless(now):
            sure = sureness(CANNOT_SAY, past)
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


def _sure_enough(goal: Goal) -> Finding:
    if goal.within_reach == goal.grade:
        return Reason.GRADE_REACHED(grade=goal.grade)
    return Reason.LEAK_LIMITS_GRADE(grade=goal.within_reach)


def _is_reached(answer: Answered | None, best: Contender, goal: Goal) -> bool:
    if answer is None or len(best.found.sizes) < ENOUGH or goal.n > REACH * answer.n_now:
        return False
    return GRADES.index(answer.sure.grade) <= GRADES.index(goal.within_reach)


def _doubt(
    known: Advice, alive: Sequence[Contender], best: Contender, means: Means
) -> Move | None:
    """What could still make another learner the best; None where nothing is likely to.

    A longer search where it was too short, the next size where the best is not DECIDED.
    """
    assert known.answer is not None
    if known.answer.chance >= DECIDED or len(alive) == 1:
        return None
    longer = longer_search(alive, best, means)
    return longer or larger_size(alive, best, means)


# --- what to do next -------------------------------------------------------------------------


def _next(
    known: Advice, alive: Sequence[Contender], best: Contender, goal: Goal, means: Means
) -> Advice:
    """The move that narrows the interval most per hour, of those that can be paid."""
    larger = larger_size(alive, best, means)
    if larger is not None and len(best.found.sizes) < ENOUGH:
        return _within(means, replace(known, move=larger))
    width = asked_width(best.now, np.array([goal.n]), goal.target, goal.confidence)
    before = width(best.now)
    points = best.found.points
    possible = [
        replace(move, narrowing=1 - expected_width(points, best.now, new, width) / before)
        for move, new in moves(larger, alive, best, means)
    ]
    helpful = [move for move in possible if move.narrowing >= LEAST]
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
