"""The task of predicting one column of a table from the others."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy import sparse

from experiments.training.labelled import Labelled
from experiments.training.preprocessing import make_preparation
from experiments.training.results import Course
from experiments.training.subsets import stratified_order
from experiments.training.table import Rows, Table
from experiments.training.table_fit import build_estimator, fit_on_table, quietly
from experiments.training.table_learners import (
    TABLE_LEARNERS,
    TableLearner,
    find_table_learner,
)
from experiments.training.table_network import build_network, train_on_table
from experiments.training.task import Task, Timing
from experiments.training.trial import Trial

TIMED = 2000  # examples of a fit that is timed, at most
CHECKED = 50  # examples that a learner is checked with, at most


@dataclass(frozen=True)
class RowTiming:
    """How fast an estimator is fitted.

    row: seconds of one example, evaluations included.
    """

    row: float
    basis: str = "from a fit timed on this machine"

    def seconds(self, steps: float, patience: int, n: float) -> float:
        """Seconds of a trial, in proportion to its examples."""
        return self.row * n


class TableTask(Task):
    """A table, split once for all studies.

    table: with its pool, validation and test set.
    """

    form = "table"

    def __init__(self, table: Table):
        self.table = table
        self.name = table.name
        self.strata = table.strata
        self.classes = len(table.classes)
        self.slices = table.groups or tuple(map(str, table.classes))
        self.fingerprint = table.fingerprint
        self.has_words = bool(table.columns.text)

    @property
    def slice_of(self) -> np.ndarray:
        """Of each example of the pool, the number of its group, or else of its class."""
        groups = self.table.pool.groups
        return self.strata if groups is None else groups

    def describe(self) -> str:
        """How many examples there are, and what is learned from which columns."""
        table = self.table
        return (
            f"{len(table.pool):,} examples in the pool, "
            f"{len(table.validation):,} for validation, {len(table.test):,} for testing; "
            f"{self.note}"
        )

    @property
    def note(self) -> str:
        """What is learned from which columns."""
        return f"{self._described_target()} from {self._described_columns()}"

    def _described_target(self) -> str:
        if not self.table.classes:
            return "regression"
        return f"classification ({len(self.table.classes)} classes)"

    def _described_columns(self) -> str:
        columns = self.table.columns
        if not columns.used:
            return _count(self.table.pool.x.shape[1], "number", "numbers")
        parts = []
        if columns.numbers:
            parts.append(_count(len(columns.numbers), "number", "numbers"))
        if columns.categories:
            parts.append(_count(len(columns.categories), "category", "categories"))
        if columns.text:
            parts.append(f"the words of '{columns.text}'")
        said = " and ".join(parts)
        left_out = "; ".join(f"'{name}': {why}" for name, why in columns.left_out)
        return f"{said} (left out: {left_out})" if left_out else said

    def course(self, trial: Trial, indices: np.ndarray, device: torch.device) -> Course:
        """Train a network by steps, or fit an estimator."""
        train = self.table.pool.take(indices)
        if trial.by_steps:
            return train_on_table(trial, self.table, train, device)
        return fit_on_table(trial, self.table, train)

    def check(self, trial: Trial) -> None:
        """Build a model of somebody's own, for examples as a few of them are."""
        if trial.architecture in TABLE_LEARNERS:
            return
        few = self.table.pool.take(stratified_order(self.strata, 0)[:CHECKED])
        learner = find_table_learner(trial.architecture)
        columns = _prepared_columns(learner, self.table, few)
        if learner.by_steps:
            build_network(trial, columns, self.classes)
        else:
            build_estimator(learner, trial, self.table, columns)

    def time(self, trials: Sequence[Trial], device: torch.device) -> Timing | None:
        """By a fit to some of the pool; that of networks must be seen."""
        if trials[0].by_steps:
            return None
        few = np.arange(min(TIMED, len(self)))
        start = time.perf_counter()
        for _ in self.course(trials[0], few, device):
            pass
        return RowTiming((time.perf_counter() - start) / len(few))

    def examples(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The rows as MLflow describes them: numbers as an array, or words as text."""
        rows = self.table.pool.take(indices)
        return _as_array(rows), rows.y

    def labelled(self) -> Labelled:
        """All rows with their targets."""
        table = self.table
        return Labelled(table.pool, table.validation, table.test, table.columns, table.places)

    def model_inputs(self, model: Any) -> Any:
        """Two rows as they come; None of a user's network, which takes prepared ones."""
        if isinstance(model, torch.nn.Module):
            return None
        return self.table.pool.take(np.arange(2)).x


def _prepared_columns(learner: TableLearner, table: Table, rows: Rows) -> int:
    """How many numbers a learner gets of each of these rows."""
    if not learner.prepared:
        return rows.x.shape[1]
    with quietly():
        preparation = make_preparation(table.columns, rows, learner.scaled, learner.dense)
        if preparation is None or preparation == "passthrough":
            return rows.x.shape[1]
        return preparation.fit_transform(rows.x).shape[1]


def _count(number: int, one: str, several: str) -> str:
    return f"{number:,} {one if number == 1 else several}"


def _as_array(rows: Rows) -> np.ndarray:
    if isinstance(rows.x, pd.DataFrame):
        return rows.x.to_numpy(dtype=object).astype(str)
    if sparse.issparse(rows.x):
        return np.asarray(rows.x.sum(axis=1))
    return rows.x
