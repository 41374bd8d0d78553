"""What somebody's own trainer answers: checked, and refused in one line that names it."""

import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from experiments.training.results import (
    Diverged,
    Evaluation,
    Fitted,
    Score,
    SliceKey,
    SliceScore,
    TrainerFailed,
    Values,
)
from experiments.training.trainers import Trainer
from tracking.errors import InputError, one_line
from tracking.measures import Measure, check_value, find_measure, from_text

NAME = 100  # characters of a measure's name, at most
NAMES = re.compile(rf"[\w. /-]{{1,{NAME}}}")  # as MLflow takes them
EXAMPLE = "{'val_loss': 0.41, 'test_loss': 0.43}"
KINDS = ("val", "test", "train", "guess")  # before the name of a measure
CHECKED = ("val", "test")
SE = "_se"  # behind the name of a measure: the standard error of a test value
OTHERS = ("step", "steps", "n_parameters", "model")
SLICES = "slices"
ALLOWED = (
    "val_…, test_…, test_…_se, train_…, guess_… of measures, steps, n_parameters, model, "
    + SLICES
)
A_SLICE = "{'shirt': {'count': 120, 'error': 0.3}, …}, of the test set"
MOST = 1e150  # of a value: the analysis squares it


@dataclass
class Answer:
    """What a trainer said: values of measures by their names, and what else there is.

    measures: those it named, in its order.
    """

    val: dict[str, float] = field(default_factory=dict)
    test: dict[str, float] = field(default_factory=dict)
    se: dict[str, float] = field(default_factory=dict)
    train: dict[str, float] = field(default_factory=dict)
    guess: dict[str, float] = field(default_factory=dict)
    others: dict[str, Any] = field(default_factory=dict)
    slices: dict[SliceKey, SliceScore] = field(default_factory=dict)
    measures: dict[str, Measure] = field(default_factory=dict)


def wrong(trainer: Trainer, what: str) -> InputError:
    """The error that a trainer has done something that is not allowed."""
    return InputError(f"{trainer.said} {what}")


@contextmanager
def failing(trainer: Trainer) -> Iterator[None]:
    """What a trainer raises ends its trial, and never the worker. Raises TrainerFailed."""
    try:
        yield
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:  # SystemExit, too
        raise TrainerFailed(
            f"{trainer.said} raised {type(error).__name__}: {one_line(error)}"
        ) from error


def fitted(trainer: Trainer, said: Any, log: str = "") -> Fitted:
    """The answer of a trainer that was run at one go. Raises Diverged and InputError."""
    answer = read_answer(trainer, said)
    measures = in_order(trainer, answer)
    check_complete(trainer, answer.val, answer.test)
    best = evaluation(answer, step=count(trainer, answer, "steps") or 1, first=measures[0])
    return Fitted(
        history=(best,),
        best=best,
        test=Score(answer.test, answer.se, answer.slices),
        measures=measures,
        model=answer.others.get("model"),
        n_parameters=count(trainer, answer, "n_parameters"),
        steps=count(trainer, answer, "steps"),
        guess=answer.guess,
        log=log,
    )


def evaluation(answer: Answer, step: int, first: Measure) -> Evaluation:
    """A row of the history; the first measure is the one that chooses."""
    cost = first.gap(answer.val[first.name])
    return Evaluation(step=step, cost=cost, val=answer.val, train=answer.train)


def read_answer(trainer: Trainer, said: Any) -> Answer:
    """What a trainer said, if it is allowed.

    Raises InputError for what is not, and Diverged for a value that is not finite.
    """
    if not isinstance(said, Mapping):
        what = "None" if said is None else type(said).__name__
        raise wrong(trainer, f"returned {what}; allowed: a mapping such as {EXAMPLE}")
    answer = Answer()
    for name, value in said.items():
        if name in OTHERS:
            answer.others[name] = value
        elif name == SLICES:
            answer.slices = _read_slices(trainer, value)
        else:
            _read_value(trainer, answer, name, value)
    return answer


def _read_value(trainer: Trainer, answer: Answer, name: Any, value: Any) -> None:
    kind, _, text = str(name).partition("_")
    is_se = kind == "test" and text.endswith(SE)
    text = text.removesuffix(SE) if is_se else text
    if kind not in KINDS or not text:
        raise wrong(trainer, f"returned '{name}'; allowed: {ALLOWED}")
    measure = _declared(trainer).get(text.partition(":")[0]) or find_measure(text)
    number = _number(trainer, name, value)
    if kind == "train":
        if math.isfinite(number):
            answer.train[measure.name] = number
    elif is_se:
        _check_se(trainer, name, number)
        answer.se[measure.name] = number
    else:
        _check_measured(trainer, measure, name, number)
        getattr(answer, kind)[measure.name] = number
    if kind in CHECKED and not is_se:
        answer.measures[measure.name] = measure


def _read_slices(trainer: Trainer, said: Any) -> dict[SliceKey, SliceScore]:
    """How well the model does on each class or group of the test set."""
    rows = said if isinstance(said, Mapping) else {"": None}
    found: dict[SliceKey, SliceScore] = {}
    for name, row in rows.items():
        if not isinstance(row, Mapping) or "count" not in row:
            raise wrong(trainer, f"returned slices {said!r:.60}; allowed: {A_SLICE}")
        count = _number(trainer, f"count of slice '{name}'", row["count"])
        if not (count >= 1 and count.is_integer()):
            raise wrong(
                trainer, f"returned count {count:g} of slice '{name}'; allowed: 1, 2, …"
            )
        answer = Answer()
        for measure in row.keys() - {"count"}:
            _read_value(trainer, answer, f"test_{measure}", row[measure])
        found[str(name)] = SliceScore(int(count), answer.test, answer.se)
    return found


def _check_measured(trainer: Trainer, measure: Measure, name: str, number: float) -> None:
    if not NAMES.fullmatch(measure.name):
        raise wrong(
            trainer,
            f"returned '{name:.{NAME + 10}}'; allowed in the name of a measure: "
            f"up to {NAME} letters, digits, spaces, . - _ /",
        )
    if not math.isfinite(number):
        raise Diverged(f"{trainer.said}: {name} is {number:g}; allowed: {measure.allowed}")
    if abs(number) > MOST:
        raise wrong(trainer, f"returned {name} = {number:g}; allowed: up to {MOST:g}")
    check_value(measure, number, trainer.said)


def _check_se(trainer: Trainer, name: str, number: float) -> None:
    if not 0 <= number <= MOST:
        raise wrong(trainer, f"returned {name} = {number:g}; allowed: 0 or more, finite")


def _number(trainer: Trainer, name: Any, value: Any) -> float:
    """A number, also as numpy and torch have it. Raises InputError for what is none."""
    try:
        one = value.item() if hasattr(value, "item") else value
        if not isinstance(one, str | bytes | bool):
            return float(one)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        pass
    raise wrong(trainer, f"returned {name} = {value!r:.60}; allowed: a number")


def _declared(trainer: Trainer) -> dict[str, Measure]:
    """The measures that the attribute `measure` of a function names."""
    said = getattr(trainer.fit, "measure", "")
    text = said if isinstance(said, str) else ",".join(said)
    return {one.name: one for one in from_text(text)}


def in_order(trainer: Trainer, answer: Answer) -> tuple[Measure, ...]:
    """The measures of an answer, that which chooses first.

    It is the one that the function declares; without any the loss, else that named first. The
    others follow by their names, so that trials which name them in another order agree.
    """
    named = [one for name, one in answer.measures.items() if name in answer.val]
    if not named:
        raise wrong(trainer, f"returned no val_…; allowed: a mapping such as {EXAMPLE}")
    declared = list(_declared(trainer))
    if missing := [name for name in declared if name not in answer.val]:
        known = ", ".join(one.name for one in named)
        raise wrong(trainer, f"returned no val_{missing[0]}, its measure; it has: {known}")
    first = declared or ["loss" if "loss" in answer.val else named[0].name]
    others = sorted(name for name in answer.val if name not in first)
    return tuple(answer.measures[name] for name in [*first, *others])


def check_complete(trainer: Trainer, val: Values, test: Values) -> None:
    """Raises InputError where a measure is of one set only."""
    for name in val.keys() ^ test.keys():
        has, lacks = ("val", "test") if name in val else ("test", "val")
        raise wrong(trainer, f"returned {has}_{name} without {lacks}_{name}; allowed: both")


def count(trainer: Trainer, answer: Answer, name: str) -> int | None:
    """A whole number that the answer may hold. Raises InputError for what is none."""
    value = answer.others.get(name)
    if value is None:
        return None
    number = _number(trainer, name, value)
    if not (number >= 0 and number.is_integer()):  # neither nan nor infinite
        raise wrong(trainer, f"returned {name} = {number:g}; allowed: 0, 1, 2, …")
    return int(number)
