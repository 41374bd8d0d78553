"""What comes out of training a trial."""

import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tracking.measures import Measure, find_measure

Values = Mapping[str, float]  # name of a measure -> value, as its reader knows it
SliceKey = int | str  # a class by its number, or any slice by its name
CLASSIFICATION = (find_measure("loss"), find_measure("error"))


class Diverged(RuntimeError):  # noqa: N818 - what happened, not a mistake
    """The loss became NaN or infinite: the trial failed, and would fail again."""


class TrainerFailed(RuntimeError):  # noqa: N818 - as above
    """Somebody's own trainer raised, or its command ended with an error."""


@dataclass(frozen=True)
class Score:
    """How well a model does on a set of examples.

    values: of each measure.
    errors: standard errors of those for which there is one, over the examples.
    slices: the same of its parts, where they are known.
    """

    values: Values
    errors: Values = field(default_factory=dict)
    slices: "Mapping[SliceKey, SliceScore]" = field(default_factory=dict)


@dataclass(frozen=True)
class SliceScore:
    """How well a model does on one slice of a set: a class, or a group.

    count: examples of it.
    values, errors: as those of a Score.
    taken_for: of a class, the mean predicted probability of each class, by its number.
    """

    count: int
    values: Values
    errors: Values = field(default_factory=dict)
    taken_for: Mapping[int, float] = field(default_factory=dict)


def classification_score(loss: float, error: float, loss_se: float, count: int) -> Score:
    """The score of a classifier.

    loss: mean over the examples, in nats.
    error: share of them whose class is wrong, in 0–1. Its standard error is
        sqrt(p (1 - p) / N), with one mistake more in p, so that no mistake at all does not
        look certain.
    loss_se: standard error of the loss over the examples, in nats.
    count: examples, N.
    """
    p = (error * count + 1) / (count + 1)
    error_se = math.sqrt(p * (1 - p) / count)
    return Score({"loss": loss, "error": error}, {"loss": loss_se, "error": error_se})


def score_of(loss: float, squares: float, wrong: float, count: int) -> Score:
    """From the sums over `count` examples of losses, of their squares, and of mistakes."""
    mean = loss / count
    variance = max(squares / count - mean**2, 0.0)
    return classification_score(
        loss=mean,
        error=wrong / count,
        loss_se=math.sqrt(variance / max(count - 1, 1)),
        count=count,
    )


@dataclass(frozen=True)
class Evaluation:
    """A row of the history.

    step: after how many steps.
    cost: what chooses the best: the first measure on the validation set, as a cost.
    val: on the validation set.
    train: mean over the steps since the last evaluation; empty where it is not known.
    """

    step: int
    cost: float
    val: Values
    train: Values = field(default_factory=dict)


@dataclass(frozen=True)
class Fitted:
    """A model that was fitted, as it was at its best evaluation.

    history: every evaluation, in order.
    best: the evaluation with the smallest cost.
    test: on the test set.
    measures: that it was judged by; the first chose the best.
    model: on the CPU; None where there is none to keep.
    n_parameters: weights of a network, nodes of a forest's trees; None where unknown.
    steps: of training; None where there are none.
    pruned: ended early, because others of its cell were better.
    budget_bound: ended by max_steps while its patience was not spent.
    guess: what the best constant answer scores on the test set, where it is known.
    log: what a command printed.
    """

    history: tuple[Evaluation, ...] = field(repr=False)
    best: Evaluation
    test: Score
    measures: tuple[Measure, ...] = CLASSIFICATION
    model: Any = field(default=None, repr=False)
    n_parameters: int | None = None
    steps: int | None = None
    pruned: bool = False
    budget_bound: bool = False
    guess: Values = field(default_factory=dict)
    log: str = ""


# Yields each evaluation, receives whether to go on.
Course = Generator[Evaluation, bool | None, Fitted]


@dataclass(frozen=True)
class Slice:
    """A class or a group: how much was learned from, and how well it is known.

    name: of it.
    n_train: its examples in the subset.
    test: how well the model does on it.
    taken_for: of a class, the mean predicted probability of each class, by name.
    """

    name: str
    n_train: int
    test: SliceScore
    taken_for: Values = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Result(Fitted):
    """What a trial gave: what was fitted, and how.

    n_train: examples in the subset.
    seconds: of training and evaluating.
    subset_fingerprint: of the examples it was trained on.
    precision: as resolved: fp32, bf16, or none where it does not apply.
    slices: classes or groups that were told apart; () where there are none.
    """

    n_train: int
    seconds: float
    subset_fingerprint: str
    precision: str
    slices: tuple[Slice, ...] = ()
