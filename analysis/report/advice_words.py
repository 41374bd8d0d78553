"""What a study that plans itself says: the answer so far, what is next, and why."""

import math
from collections.abc import Iterator, Sequence

from analysis.planning.goal import Advice, Answered, Goal, Kind, Means, Move
from analysis.report.messages import say
from analysis.report.numbers import chance, in_units, interval, said_of, size, sizes

MINUTE = 60.0


def advice_lines(advice: Advice, goal: Goal, means: Means, pool: int) -> list[str]:
    """The answer so far, who is dropped, and the next step or why there is none.

    pool: examples at hand.
    """
    lines = [f"so far: {_so_far(advice.answer, goal, pool)}"]
    if advice.dropped:
        lines.append(f"dropped: {_dropped(advice, goal)}")
    if advice.move is not None:
        lines.append(f"next: {_next(advice.move, pool)}{_left(means)}")
    elif advice.reason is not None:
        lines.append(f"done: {say(advice.reason, goal.measure)}")
    return lines


def _so_far(answer: Answered | None, goal: Goal, pool: int) -> str:
    if answer is None:
        return "nobody can say yet"
    sure = "; ".join([answer.sure.grade, *map(say, answer.sure.evidence)])
    return f"{_sentence(answer, goal, pool)} (how sure: {sure})"


def _sentence(answer: Answered, goal: Goal, pool: int) -> str:
    measure = said_of(goal.measure)
    if answer.needed is not None and goal.target is not None:
        wanted = f"{measure} {in_units(goal.target, goal.measure)}"
        if answer.needed.reason is not None:
            return f"{wanted} cannot be promised: {say(answer.needed.reason, goal.measure)}"
        needed = sizes(answer.needed.low, answer.needed.high)
        return (
            f"{wanted} takes the {answer.learner} about {size(answer.needed.median)} examples "
            f"({needed})"
        )
    value = in_units(answer.value, goal.measure)
    between = interval(answer.low, answer.high, goal.measure)
    return (
        f"with {goal.n:,.0f} examples, {goal.n / pool:g} times those at hand, the "
        f"{answer.learner}'s {measure} would be about {value} ({between})"
    )


def _dropped(advice: Advice, goal: Goal) -> str:
    named = [f"{name} ({chance(p)})" for name, p in advice.dropped.items()]
    return f"{joined(named)}, by the chance to be best with {goal.n:,.0f} examples"


def _next(move: Move, pool: int) -> str:
    return f"{_what(move, pool)} ({', '.join(_costs(move))})"


def _what(move: Move, pool: int) -> str:
    names = joined(move.learners)
    examples = [f"{round(fraction * pool):,}" for fraction in move.fractions]
    if move.kind is Kind.FIRST_SIZES:
        return f"{joined(examples)} examples, {_counted(move.samples, 'sample')}, for {names}"
    if move.kind is Kind.LARGER_SIZE:
        return f"{examples[-1]} examples for {names}"
    if move.kind is Kind.REPLICAS:
        return f"{move.replicas} data seeds of the {names} at {joined(examples)} examples"
    return f"{move.samples} samples for {names} at {len(examples)} sizes"


def _costs(move: Move) -> Iterator[str]:
    yield _counted(move.trials, "trial")
    if move.hours:
        yield f"about {duration(move.hours)} of one worker"
    if not math.isnan(move.narrowing):
        yield f"narrows the range by {move.narrowing:.0%}"


def _left(means: Means) -> str:
    if math.isfinite(means.hours):
        return f"; {duration(means.hours)} of one worker left"
    return f"; {means.trials:,} trials left" if math.isfinite(means.trials) else ""


def _counted(count: int, name: str) -> str:
    return f"{count:,} {name}{'s' * (count != 1)}"


def joined(words: Sequence[str]) -> str:
    """a, b and c."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def duration(hours: float) -> str:
    """12 s, 3 min, 1.5 h."""
    seconds = hours * MINUTE**2
    if seconds < MINUTE:
        return f"{math.ceil(seconds)} s"
    if hours < 1:
        return f"{math.ceil(seconds / MINUTE)} min"
    return f"{hours:.1f} h"
