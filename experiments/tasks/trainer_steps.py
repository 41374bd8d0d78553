"""A trainer that yields evaluations over steps, and ends where the study says so."""

import math
from collections.abc import Generator
from typing import Any

from experiments.tasks.trainer_answers import (
    Answer,
    check_complete,
    count,
    evaluation,
    failing,
    in_order,
    read_answer,
    wrong,
)
from experiments.training.descent import out_of_patience, patience_in_steps
from experiments.training.results import Course, Evaluation, Fitted, Score
from experiments.training.trainers import Trainer
from experiments.training.trial import Trial
from tracking.measures import Measure

ENDING = "if not (yield {…}): break"


def fit_by_steps(
    trainer: Trainer, trial: Trial, n: int, running: Generator[Any, Any, Any]
) -> Course:
    """Have a trainer train until its budget or its patience is spent.

    It is told at each `yield` whether to go on. Raises Diverged, InputError for what is not
    allowed, and TrainerFailed for what it raises.

    n: examples in its subset.
    running: what it returned when it was called.
    """
    steps = Steps(trainer, trial, n)
    goes_on: bool | None = None  # a generator's first message
    while True:
        try:
            with failing(trainer):
                said = running.send(goes_on)
        except StopIteration as end:
            return steps.fitted(end.value)
        if goes_on is False:
            if not steps.answers[steps.best.step].test:
                raise wrong(trainer, f"goes on though it was told to end; allowed: {ENDING}")
            with failing(trainer):
                running.close()
            return steps.fitted(None)
        row = steps.take(said)
        goes_on = steps.goes_on()
        if not (yield row):
            steps.pruned = True
            goes_on = False


class Steps:
    """What a trainer has yielded so far.

    history: every evaluation.
    answers: by step, what was said there.
    pruned: whether it was ended because others are better.
    budget_bound: whether max_steps ended it while its patience was not spent.
    """

    def __init__(self, trainer: Trainer, trial: Trial, n: int):
        self.trainer = trainer
        self.max_steps = trial.max_steps
        self.patience = patience_in_steps(trial, n)
        self.history: list[Evaluation] = []
        self.answers: dict[int, Answer] = {}
        self.measures: tuple[Measure, ...] = ()
        self.pruned = False
        self.budget_bound = False

    @property
    def best(self) -> Evaluation:
        """The evaluation with the smallest cost, the first of several."""
        return min(self.history, key=lambda row: row.cost)

    def take(self, said: Any) -> Evaluation:
        """An evaluation that was yielded. Raises Diverged and InputError."""
        answer = read_answer(self.trainer, said)
        step = count(self.trainer, answer, "step")
        last = self.history[-1].step if self.history else 0
        if step is None or step <= last:
            raise wrong(
                self.trainer, f"yielded step {step}; allowed: a step beyond the last, {last}"
            )
        measures = in_order(self.trainer, answer)
        self.measures = self.measures or measures
        if set(measures) != set(self.measures):
            names = ", ".join(one.name for one in self.measures)
            raise wrong(self.trainer, f"yielded other measures than before; allowed: {names}")
        row = evaluation(answer, step, self.measures[0])
        self.history.append(row)
        self.answers = {self.best.step: self.answers.get(self.best.step, answer)}
        return row

    def goes_on(self) -> bool:
        """Whether it is to go on after its last evaluation."""
        step = self.history[-1].step
        if step >= out_of_patience(self.best.step, self.patience):
            return False
        self.budget_bound = step >= self.max_steps
        return not self.budget_bound

    def fitted(self, said: Any) -> Fitted:
        """What came out, with what the trainer returned at its end; None for nothing."""
        if not self.history:
            raise wrong(self.trainer, "yielded nothing; allowed: {'step': 10, 'val_loss': …}")
        last = Answer() if said is None else read_answer(self.trainer, said)
        self._check_best(last)
        tested = last if last.test else self.answers[self.best.step]
        check_complete(self.trainer, self.best.val, tested.test)
        return Fitted(
            history=tuple(self.history),
            best=self.best,
            test=Score(tested.test, tested.se, tested.slices),
            measures=self.measures,
            model=last.others.get("model"),
            n_parameters=count(self.trainer, last, "n_parameters"),
            steps=self.history[-1].step,
            pruned=self.pruned,
            budget_bound=self.budget_bound and not self.pruned,
            guess=tested.guess,
        )

    def _check_best(self, last: Answer) -> None:
        """What it returns must be of its best evaluation, as far as that can be seen."""
        first = self.measures[0].name
        value = last.val.get(first)
        best = self.best.val[first]
        if value is not None and not math.isclose(value, best, rel_tol=1e-4, abs_tol=1e-6):
            raise wrong(
                self.trainer,
                f"returned val_{first} {value:g}, its best evaluation gave {best:g}; "
                "allowed: test values of the best",
            )
