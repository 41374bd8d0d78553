"""Networks, trained by stochastic gradient descent."""

import math
from collections.abc import Generator, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from experiments.training.augmentation import augment
from experiments.training.classifier import autocast, evaluate, normalised
from experiments.training.image_sets import Sets, Split
from experiments.training.results import Course, Diverged, Evaluation, Fitted
from experiments.training.sgd import Sgd
from experiments.training.trial import Trial

LR_DROP = 0.1


def fit_network(net: nn.Module, trial: Trial, sets: Sets) -> Course:
    """Train the network, choose its best weights by the validation set and test them once.

    Raises Diverged.
    """
    model = normalised(net, sets.train.images)
    descent = Descent(model, trial, sets)
    yield from descent.course()
    best = descent.best
    model.load_state_dict(descent.best_weights)
    _check_restored(model, best, sets.validation, trial.precision)
    test = evaluate(model, sets.test, trial.precision, slices=True)
    return Fitted(
        history=tuple(descent.history),
        best=best,
        test=test,
        model=model.cpu().eval(),
        n_parameters=sum(weights.numel() for weights in model.parameters()),
        steps=descent.history[-1].step,
        pruned=descent.pruned,
        budget_bound=descent.budget_bound,
    )


def _check_restored(
    model: nn.Module, best: Evaluation, validation: Split, precision: str
) -> None:
    restored = evaluate(model, validation, precision).values["loss"]
    if not math.isclose(restored, best.cost, rel_tol=1e-4, abs_tol=1e-6):
        raise AssertionError(
            f"restored weights give {restored} nats, the best evaluation gave {best.cost}"
        )


class Descent:
    """Gradient descent of one trial until its budget or its patience is spent.

    history: every evaluation so far.
    best_weights: a copy of the model's state at the best of them.
    pruned: whether it was asked to end early.
    budget_bound: whether max_steps ended it while its patience was not spent.
    """

    def __init__(self, model: nn.Module, trial: Trial, sets: Sets):
        self.history: list[Evaluation] = []
        self.best_weights: dict[str, Tensor] = {}
        self.pruned = False
        self.budget_bound = False
        self._patience = patience_in_steps(trial, len(sets.train))
        self._model = model
        self._trial = trial
        self._sets = sets
        self._step = 0
        self._last_drop = 0
        self._drops_left = trial.hyperparameters["lr_drops"]
        self._optimiser = make_optimiser(model, trial.hyperparameters)
        self._batches = self._make_batches()

    @property
    def best(self) -> Evaluation:
        """The evaluation with the smallest validation loss, the first of several."""
        return min(self.history, key=lambda evaluation: evaluation.cost)

    def course(self) -> Generator[Evaluation, bool | None, None]:
        """Yields each evaluation and receives whether to go on. Raises Diverged."""
        self._model.train()
        while self._step < self._trial.max_steps:
            evaluation = self._evaluate(train_loss=self._train())
            self.history.append(evaluation)
            if evaluation is self.best:
                self._keep_weights()
            if self._is_out_of_patience():
                if not self._drops_left:
                    return
                self._drop_learning_rate()
            if not (yield evaluation):
                self.pruned = True
                return
        self.budget_bound = True

    def _train(self) -> float:
        """Train until the next evaluation; returns the mean loss over these steps, in nats."""
        trial = self._trial
        until = min(evaluation_after(self._step, self._patience), trial.max_steps)
        steps = until - self._step
        loss = torch.zeros((), device=self._sets.train.labels.device)
        for _ in range(steps):
            loss += self._take_step(next(self._batches))
        self._step = until
        return loss.item() / steps

    def _make_batches(self) -> Iterator[Split]:
        """Batches of the subset without end, augmented where the trial says so."""
        trial = self._trial
        images = self._sets.train
        size = trial.hyperparameters["batch_size"]
        flip = trial.hyperparameters.get("flip", 0)
        shift = trial.hyperparameters.get("shift", 0)
        generator = torch.Generator().manual_seed(trial.seed_for("augmentation"))
        device = images.labels.device
        for indices in batches(len(images), size, trial.seed_for("batches"), device):
            batch = images.take(indices)
            if flip or shift:
                batch = augment(batch, flip, shift, generator)
            yield batch

    def _take_step(self, batch: Any) -> Tensor:
        """One step; returns the mean loss of the batch, detached."""
        return take_step(self._model, self._optimiser, batch, self._trial.precision)

    def _evaluate(self, train_loss: float) -> Evaluation:
        evaluation = self._validate(train_loss)
        if not (math.isfinite(train_loss) and math.isfinite(evaluation.cost)):
            rate = self._trial.hyperparameters["lr"]
            raise Diverged(
                f"the loss is {evaluation.cost} at step {self._step} (lr {rate:.3g})"
            )
        return evaluation

    def _validate(self, train_loss: float) -> Evaluation:
        score = evaluate(self._model, self._sets.validation, self._trial.precision)
        return Evaluation(
            step=self._step,
            cost=score.values["loss"],
            val=score.values,
            train={"loss": train_loss},
        )

    def _keep_weights(self) -> None:
        state = self._model.state_dict()
        self.best_weights = {name: value.detach().clone() for name, value in state.items()}

    def _is_out_of_patience(self) -> bool:
        last = max(self.best.step, self._last_drop)
        return self._step >= out_of_patience(last, self._patience)

    def _drop_learning_rate(self) -> None:
        """Go on from the best weights at a smaller learning rate."""
        self._drops_left -= 1
        self._last_drop = self._step
        self._model.load_state_dict(self.best_weights)
        self._optimiser.lr *= LR_DROP


# --- steps ---------------------------------------------------------------------------------


def make_optimiser(model: nn.Module, hyperparameters: Mapping[str, Any]) -> Sgd:
    """Stochastic gradient descent with the hyperparameters lr, momentum and weight_decay.

    Raises InputError for a negative one.
    """
    return Sgd(
        model.parameters(),
        lr=hyperparameters["lr"],
        momentum=hyperparameters["momentum"],
        weight_decay=hyperparameters["weight_decay"],
    )


def take_step(model: nn.Module, optimiser: Sgd, batch: Split, precision: str) -> Tensor:
    """One step of gradient descent, without waiting for the device.

    Returns the mean loss of the batch in nats, detached.
    """
    with autocast(batch, precision):
        logits = model(batch.images)
    loss = F.cross_entropy(logits.float(), batch.labels)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return loss.detach()


def batches(n: int, size: int, seed: int, device: torch.device) -> Iterator[Tensor]:
    """Indices of one batch after another, without end: slices of one permutation per epoch.

    Each batch holds min(size, n) images, but at least 2 (batch normalisation needs a spread).
    """
    size = max(2, min(size, n))
    generator = torch.Generator().manual_seed(seed)
    left = torch.empty(0, dtype=torch.int64)
    while True:
        while len(left) < size:
            left = torch.cat([left, torch.randperm(n, generator=generator)])
        yield left[:size].to(device)
        left = left[size:]


# --- when to evaluate and when to stop ------------------------------------------------------


def patience_in_steps(trial: Trial, n: int) -> int:
    """Steps without a better validation loss that a trial on n examples waits.

    `patience` steps or `patience_epochs` epochs, whichever is longer: on few examples an epoch
    is a few steps, on many a thousand steps are less than one, and say nothing yet. Where
    nothing says how large a batch is, a step counts as an epoch.
    """
    batch = trial.hyperparameters.get("batch_size", n)
    return longer_patience(trial.patience, trial.patience_epochs, batch, n)


def longer_patience(steps: int, epochs: float, batch: int, n: int) -> int:
    """Steps, or as many as the epochs of n examples in batches have, whichever is more."""
    epoch = math.ceil(n / max(2, min(batch, n)))
    return max(steps, math.ceil(epochs * epoch))


def evaluation_after(step: int, patience: int) -> int:
    """The step of the next evaluation: a fifth of the steps so far later.

    Losses change on a logarithmic clock. It comes at least 5 steps and a twentieth of the
    patience later, because the first evaluations would cost more than the training, and at
    most a quarter of the patience later, so that no more than the patience is waited.
    """
    return step + max(1, min(max(5, patience // 20, step // 5), patience // 4))


def out_of_patience(best_step: int, patience: int) -> int:
    """The step at which a best that came at `best_step` is taken as final.

    It waits as many steps again as the best took, at least a fifth of the patience and at most
    all of it.
    """
    return best_step + min(patience, max(patience // 5, best_step))
