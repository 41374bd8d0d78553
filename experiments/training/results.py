"""What comes out of training a trial."""

import math
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any


class Diverged(RuntimeError):  # noqa: N818 - what happened, not a mistake
    """The loss became NaN or infinite: the trial failed, and would fail again."""


@dataclass(frozen=True)
class Score:
    """How well a model does on a set of images.

    loss: mean over the images, in nats.
    error: share of them whose class is wrong, in 0–1.
    loss_se: standard error of the loss over the images, in nats.
    count: images.
    """

    loss: float
    error: float
    loss_se: float
    count: int

    @property
    def error_se(self) -> float:
        """Standard error of the error over the images: sqrt(p (1 - p) / N), a fraction.

        One mistake more is added to p, so that no mistake at all does not look certain.
        """
        p = (self.error * self.count + 1) / (self.count + 1)
        return math.sqrt(p * (1 - p) / self.count)


@dataclass(frozen=True)
class Evaluation:
    """A row of the history.

    step: after how many steps.
    train_loss: in nats, mean over the steps since the last evaluation; NaN where there are no
        steps.
    val_loss: in nats, mean over the validation set.
    val_error: on the validation set, a fraction in 0–1.
    """

    step: int
    train_loss: float
    val_loss: float
    val_error: float


@dataclass(frozen=True)
class Fitted:
    """A model that was fitted, with the weights of its best evaluation.

    model: Classifier, or a fitted scikit-learn classifier; on the CPU.
    history: every evaluation, in order.
    best: the evaluation with the smallest validation loss.
    n_parameters: weights of a network, nodes of a forest's trees.
    test: on the test set.
    pruned: ended early, because others of its cell were better.
    budget_bound: ended by max_steps while its patience was not spent.
    """

    model: Any
    history: tuple[Evaluation, ...]
    best: Evaluation
    n_parameters: int
    test: Score
    pruned: bool = False
    budget_bound: bool = False


# Yields each evaluation, receives whether to go on.
Course = Generator[Evaluation, bool | None, Fitted]


@dataclass(frozen=True)
class Result:
    """What a trial gave; the weights are those of the best evaluation.

    best_val_loss, best_val_error, best_step: of the evaluation with the smallest validation
        loss, in nats, as a fraction and in steps.
    test_loss, test_error: of the same weights on the test set.
    test_loss_se, test_error_se: standard errors of the two over the test images.
    n_train: images in the subset.
    n_parameters: weights of a network, nodes of a forest's trees.
    steps: of training, all of them.
    seconds: of training and evaluating.
    history: every evaluation, in order.
    pruned: ended early, because others of its cell were better.
    budget_bound: ended by max_steps while its patience was not spent.
    subset_fingerprint: of the images it was trained on.
    precision: as resolved: fp32, bf16, or none for what is not trained by steps.
    model: Classifier, or a fitted scikit-learn classifier.
    """

    best_val_loss: float
    best_val_error: float
    best_step: int
    test_loss: float
    test_error: float
    test_loss_se: float
    test_error_se: float
    n_train: int
    n_parameters: int
    steps: int
    seconds: float
    history: tuple[Evaluation, ...] = field(repr=False)
    pruned: bool
    budget_bound: bool
    subset_fingerprint: str
    precision: str
    model: Any = field(repr=False)
