"""Networks on tables, trained by the same gradient descent as those on images."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import LabelBinarizer
from torch import Tensor, nn
from torch.nn import functional as F

from experiments.training.descent import Descent, batches, out_of_patience
from experiments.training.own_architectures import call_builder, check_model, seed_estimator
from experiments.training.preprocessing import make_preparation
from experiments.training.results import Course, Evaluation, Fitted, Score
from experiments.training.table import Rows, Table
from experiments.training.table_fit import fit_constant, quietly
from experiments.training.table_learners import TABLE_LEARNERS, find_table_learner
from experiments.training.table_scores import (
    best_guess,
    measures_of,
    score_rows,
)
from experiments.training.trial import Trial

EVALUATION_BATCH = 5000  # rows
GAIN = 1e-3  # a share of the cost
SMALLEST = 1e-12  # a probability, so that no loss is infinite


@dataclass(frozen=True, eq=False)
class TensorRows:
    """Prepared examples with their targets.

    x: float32 (N, columns).
    labels: int64 (N,), or standardised values, float32 (N, 1).
    """

    x: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Scale:
    """What standardises the targets of a subset: (y - mean) / std; 0 and 1 for classes."""

    mean: float
    std: float


def train_on_table(trial: Trial, table: Table, train: Rows, device: torch.device) -> Course:
    """Train a network on a subset, choose its best weights by the validation set.

    Raises Diverged.
    """
    with quietly():
        preparation = make_preparation(table.columns, train, scaled=True, dense=True)
    if preparation is None or len(np.unique(train.y)) == 1:
        return (yield from fit_constant(table, train))
    with quietly():
        pipeline = Pipeline([("preparation", preparation)])
        seed_estimator(pipeline, trial.seed_for("init"))
        pipeline.fit(train.x)
        descent = _make_descent(trial, table, train, pipeline, device)
    yield from descent.course()
    return _fitted(descent, pipeline, trial, table)


class TableDescent(Descent):
    """Gradient descent on prepared rows: cross-entropy, or squared error of real values."""

    def __init__(self, model: nn.Module, trial: Trial, sets: "TableSets", table: Table):
        self._table = table
        self._reference = math.inf  # the cost at the last gain that counts
        self._gained_at = 0
        super().__init__(model, trial, sets)  # type: ignore[arg-type]

    def score(self, which: str) -> Score:
        """How well the model does on "validation" or "test"."""
        sets: Any = self._sets
        rows = self._table.validation if which == "validation" else self._table.test
        outputs = evaluate_network(self._model, getattr(sets, which).x)
        if self._table.classes:
            predicted = outputs.softmax(1).clamp_min(SMALLEST).numpy()
        else:
            predicted = outputs.numpy()[:, 0] * sets.scale.std + sets.scale.mean
        return score_rows(predicted, rows, len(self._table.classes))

    def _is_out_of_patience(self) -> bool:
        """Only gains above a thousandth count: decaying weights gain a little for ever."""
        newest = self.history[-1]
        if newest.cost < self._reference * (1 - GAIN):
            self._reference = newest.cost
            self._gained_at = newest.step
        last = max(self._gained_at, self._last_drop)
        return self._step >= out_of_patience(last, self._patience)

    def check_restored(self) -> None:
        """Raises AssertionError where the model is not what the best evaluation saw."""
        restored = self._validate(0.0).cost
        if not math.isclose(restored, self.best.cost, rel_tol=1e-4, abs_tol=1e-6):
            raise AssertionError(
                f"restored weights give {restored}, the best evaluation gave {self.best.cost}"
            )

    def _make_batches(self) -> Iterator[Any]:
        rows: Any = self._sets.train
        size = self._trial.hyperparameters["batch_size"]
        seed = self._trial.seed_for("batches")
        for indices in batches(len(rows), size, seed, rows.x.device):
            yield TensorRows(rows.x[indices], rows.labels[indices])

    def _take_step(self, batch: TensorRows) -> Tensor:
        outputs = self._model(batch.x)
        lose = F.cross_entropy if self._table.classes else F.mse_loss
        loss = lose(outputs, batch.labels)
        self._optimiser.zero_grad()
        loss.backward()
        self._optimiser.step()
        return loss.detach()

    def _validate(self, train_loss: float) -> Evaluation:
        sets: Any = self._sets
        first = measures_of(self._table)[0]
        score = self.score("validation")
        train = train_loss if self._table.classes else math.sqrt(train_loss) * sets.scale.std
        return Evaluation(
            step=self._step,
            cost=first.gap(score.values[first.name]),
            val=score.values,
            train={first.name: train},
        )


@dataclass(frozen=True, eq=False)
class TableSets:
    """What one trial is trained on, chosen by and tested on, prepared and on one device."""

    train: TensorRows
    validation: TensorRows
    test: TensorRows
    scale: Scale


def evaluate_network(model: nn.Module, x: Tensor) -> Tensor:
    """Its outputs, float64 (N, outputs) on the CPU; leaves the model in training mode."""
    model.eval()
    with torch.inference_mode():
        parts = [model(part).double().cpu() for part in x.split(EVALUATION_BATCH)]
    model.train()
    return torch.cat(parts)


def _make_descent(
    trial: Trial, table: Table, train: Rows, pipeline: Pipeline, device: torch.device
) -> TableDescent:
    scale = Scale(0.0, 1.0)
    if not table.classes:
        scale = Scale(float(train.y.mean()), float(train.y.std()))
    parts = {"train": train, "validation": table.validation, "test": table.test}
    tensors = {
        which: as_tensors(pipeline.transform(rows.x), rows.y, table, scale, device)
        for which, rows in parts.items()
    }
    model = build_network(trial, tensors["train"].x.shape[1], len(table.classes))
    return TableDescent(model.to(device), trial, TableSets(**tensors, scale=scale), table)


def as_tensors(
    x: Any, y: np.ndarray, table: Table, scale: Scale, device: torch.device
) -> TensorRows:
    """Prepared rows on the device."""
    if table.classes:
        labels = torch.from_numpy(y)
    else:
        labels = torch.from_numpy((y - scale.mean) / scale.std).float()[:, None]
    inputs = torch.from_numpy(np.asarray(x, dtype=np.float32))
    return TensorRows(inputs.to(device), labels.to(device))


def build_network(trial: Trial, columns: int, classes: int) -> nn.Module:
    """The untrained network, initialised from the trial's seed alone. Raises InputError."""
    learner = find_table_learner(trial.architecture)
    own = {name: trial.hyperparameters[name] for name in learner.space}
    name = trial.architecture
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(trial.seed_for("init"))
        if name in TABLE_LEARNERS:
            return learner.build((columns,), classes, **own)
        model = call_builder(learner.build, name, (columns,), classes, own)
        check_model(model, name, True, (columns,), classes)
        return model


def _fitted(descent: TableDescent, pipeline: Pipeline, trial: Trial, table: Table) -> Fitted:
    network = descent._model
    network.load_state_dict(descent.best_weights)
    descent.check_restored()
    test = descent.score("test")
    network.cpu().eval()
    model: Any = network
    if trial.architecture in TABLE_LEARNERS:
        sets: Any = descent._sets
        pipeline.steps.append(("model", as_estimator(network, len(table.classes), sets.scale)))
        model = pipeline
    return Fitted(
        history=tuple(descent.history),
        best=descent.best,
        test=test,
        measures=measures_of(table),
        model=model,
        n_parameters=sum(weights.numel() for weights in network.parameters()),
        steps=descent.history[-1].step,
        pruned=descent.pruned,
        budget_bound=descent.budget_bound,
        guess=best_guess(table),
    )


# --- as scikit-learn has it ------------------------------------------------------------------


def as_estimator(network: nn.Module, classes: int, scale: Scale) -> Any:
    """The same perceptron as scikit-learn's, which loads without this project's code.

    network: layers with ReLU between them.
    """
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
    weights = [layer.weight.detach().double().numpy().T for layer in layers]
    shifts = [layer.bias.detach().double().numpy() for layer in layers]
    model: Any = MLPClassifier() if classes else MLPRegressor()
    if classes == 2:  # the logistic of the difference is the softmax of two
        weights[-1] = weights[-1][:, 1:] - weights[-1][:, :1]
        shifts[-1] = shifts[-1][1:] - shifts[-1][:1]
    if not classes:
        weights[-1] = weights[-1] * scale.std
        shifts[-1] = shifts[-1] * scale.std + scale.mean
    model.hidden_layer_sizes = tuple(len(shift) for shift in shifts[:-1])
    model.coefs_ = weights
    model.intercepts_ = shifts
    model.n_layers_ = len(layers) + 1
    model.n_outputs_ = len(shifts[-1])
    model.n_features_in_ = len(weights[0])
    model.out_activation_ = _activation(classes)
    if classes:
        model.classes_ = np.arange(classes)
        model._label_binarizer = LabelBinarizer().fit(model.classes_)
    return model


def _activation(classes: int) -> str:
    if not classes:
        return "identity"
    return "logistic" if classes == 2 else "softmax"
