"""One trial, trained: pure torch and scikit-learn, no MLflow in here."""

import math
import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from experiments import InputError
from experiments.data import Data, Split, fingerprint, subset_indices
from experiments.models import build_model, find_architecture
from experiments.trial import Trial, named_seed

EVALUATION_BATCH = 500  # images; larger batches leave the processor's cache
LR_DROP = 0.1


class Diverged(RuntimeError):  # noqa: N818 - what happened, not a mistake
    """The loss became NaN or infinite: the trial failed, and would fail again."""


@dataclass(frozen=True)
class Evaluation:
    """A row of the history. Losses are means over images in nats, error a fraction in 0–1."""

    step: int
    train_loss: float  # mean over the steps since the last evaluation; NaN where there are no steps
    val_loss: float
    val_error: float


@dataclass(frozen=True)
class Result:
    """What a trial gave; the weights are those of the best evaluation."""

    best_val_loss: float
    best_val_error: float
    best_step: int
    test_loss: float
    test_error: float
    n_train: int
    n_parameters: int
    steps: int
    seconds: float
    history: tuple[Evaluation, ...] = field(repr=False)
    pruned: bool  # ended early, because others of its cell were better
    subset_fingerprint: str
    precision: str  # as resolved: fp32 or bf16
    model: Any = field(repr=False)  # Classifier, or a fitted scikit-learn classifier


Course = Generator[Evaluation, bool, Any]


class Classifier(nn.Module):
    """A network with its normalisation: pixels (N, C, H, W) in 0–255, of any dtype, to logits (N, classes)."""

    def __init__(self, net: nn.Module, mean: Tensor, std: Tensor):
        super().__init__()
        self.net = net
        self.register_buffer("scale", (1 / std).reshape(1, -1, 1, 1))
        self.register_buffer("shift", (-mean / std).reshape(1, -1, 1, 1))

    def forward(self, pixels: Tensor) -> Tensor:
        return self.net(torch.addcmul(self.shift, pixels.to(self.scale.dtype), self.scale))


def train(trial: Trial, data: Data, device: str = "cpu") -> Result:
    """Train one trial, choose on the validation set, evaluate the choice once on the test set.

    A pure function of trial and data on a given machine, `seconds` aside. Raises Diverged, and InputError
    for a fraction that holds no image or an unknown device.
    """
    training = Training(trial, data, device)
    training.advance()
    return training.result


class Training:
    """A trial being trained, which can be paused at any evaluation and goes on as if it had not been.

    best_val_loss: the smallest so far, in nats. result: a Result once it has ended, before that None.
    """

    def __init__(self, trial: Trial, data: Data, device: str = "cpu"):
        self.trial, self.result, self.best_val_loss, self.step = trial, None, math.inf, 0
        device = find_device(device)
        self._course, self._seconds = _course(trial, data, device), 0.0
        self._go_on = None  # a generator's first message
        self._random = RandomState(_seed(trial, "dropout"), device)

    def advance(self, steps: float = math.inf) -> None:
        """Train until an evaluation at `steps` or later, or to the end. Raises Diverged."""
        start = time.perf_counter()
        try:
            while self.step < steps and self.result is None:
                with self._random:
                    evaluation = self._course.send(self._go_on)
                self._go_on = True
                self.best_val_loss = min(self.best_val_loss, evaluation.val_loss)
                self.step = evaluation.step
        except StopIteration as end:
            self._seconds += time.perf_counter() - start
            self.result = replace(end.value, seconds=self._seconds)
            self.best_val_loss = self.result.best_val_loss
        else:
            self._seconds += time.perf_counter() - start

    def stop(self) -> None:
        """End here, with the best weights so far; the result is marked as pruned."""
        self._go_on, steps = False, self.step + 1
        self.advance(steps)


class RandomState:
    """A random state of a training's own, for dropout and whatever else asks torch's global one."""

    def __init__(self, seed: int, device: torch.device):
        self.generators = [torch.default_generator]
        if device.type == "cuda":
            torch.cuda.init()
            self.generators.append(torch.cuda.default_generators[device.index or 0])
        self.states = [torch.Generator(g.device).manual_seed(seed).get_state() for g in self.generators]

    def __enter__(self):
        self._swap()

    def __exit__(self, *_):
        self._swap()

    def _swap(self) -> None:
        others = [generator.get_state() for generator in self.generators]
        for generator, state in zip(self.generators, self.states):
            generator.set_state(state)
        self.states = others


def _course(trial: Trial, data: Data, device: torch.device) -> Course:
    """Yields each evaluation, receives whether to go on, and returns the Result."""
    if find_architecture(trial.architecture).trained_by_steps:
        fit, precision = _fit_network, find_precision(trial.precision, device)
    else:
        fit, precision, device = _fit_estimator, "fp32", torch.device("cpu")
    indices, *splits = _splits(data, trial.fraction, trial.data_seed, device)
    fitted = yield from fit(trial, data, *splits, precision)
    return Result(
        best_val_loss=fitted.best.val_loss,
        best_val_error=fitted.best.val_error,
        best_step=fitted.best.step,
        test_loss=fitted.test[0],
        test_error=fitted.test[1],
        n_train=len(indices),
        n_parameters=fitted.n_parameters,
        steps=fitted.history[-1].step,
        seconds=math.nan,  # the clock is Training's
        history=tuple(fitted.history),
        pruned=fitted.pruned,
        subset_fingerprint=fingerprint(indices),
        precision=precision,
        model=fitted.model,
    )


@lru_cache(maxsize=1)  # the samples of a cell, all under way at once, share the images
def _splits(
    data: Data, fraction: float, data_seed: int, device: torch.device
) -> tuple[np.ndarray, Split, Split, Split]:
    """The indices of a subset into the pool; subset, validation and test set on the device."""
    indices = subset_indices(data.pool, fraction, data_seed)
    parts = data.pool.take(indices), data.validation, data.test
    return indices, *(Split(part.images.to(device), part.labels.to(device)) for part in parts)


@dataclass(frozen=True)
class Fitted:
    """A fitted model: its history, the best evaluation, and (loss, error) on the test set."""

    model: Any
    history: list
    best: Evaluation
    n_parameters: int
    test: tuple[float, float]
    pruned: bool = False


def find_device(name: str) -> torch.device:
    """'auto' is the GPU where there is one. Raises InputError for a device that is not here."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError):
        here = "cpu, cuda" if torch.cuda.is_available() else "cpu (no GPU is visible)"
        raise InputError(f"device '{name}' cannot be used; allowed: auto, {here}") from None
    return device


def find_precision(name: str, device: torch.device) -> str:
    """'auto' is bf16 where the hardware multiplies it natively, because only there it is faster."""
    if name != "auto":
        return name
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    return "bf16" if torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported() else "fp32"


# --- networks --------------------------------------------------------------------------------------


def _fit_network(trial: Trial, data: Data, images: Split, validation: Split, test: Split, precision: str) -> Course:
    net = build_model(trial.architecture, data.image_shape, data.classes, trial.hyperparameters, _seed(trial, "init"))
    model = Classifier(net, *pixel_statistics(images.images))
    model = model.to(images.labels.device).to(memory_format=torch.channels_last)
    history, best, state, pruned = yield from _descend(model, trial, images, validation, precision)
    model.load_state_dict(state)
    restored, _ = evaluate(model, validation, precision)
    if not math.isclose(restored, best.val_loss, rel_tol=1e-4, abs_tol=1e-6):
        raise AssertionError(f"restored weights give {restored} nats, the best evaluation gave {best.val_loss}")
    n_parameters = sum(weights.numel() for weights in model.parameters())
    tested = evaluate(model, test, precision)
    return Fitted(model.cpu().eval(), history, best, n_parameters, tested, pruned)


def _descend(model: nn.Module, trial: Trial, images: Split, validation: Split, precision: str) -> Course:
    """Stochastic gradient descent until the budget or the patience is spent; the best weights are copied."""
    hyperparameters, device = trial.hyperparameters, images.labels.device
    optimiser = make_optimiser(model, hyperparameters)
    drops_left = hyperparameters["lr_drops"]
    stream = batches(len(images), hyperparameters["batch_size"], _seed(trial, "batches"), device)
    augmentation = torch.Generator().manual_seed(_seed(trial, "augmentation"))
    flip, shift = hyperparameters.get("flip", 0), hyperparameters.get("shift", 0)
    history, best, state, last_drop, pruned = [], None, None, 0, False
    steps_since, loss_since = 0, torch.zeros((), device=device)
    next_evaluation = evaluation_after(0, trial.patience)
    model.train()
    for step in range(1, trial.max_steps + 1):
        batch = images.take(next(stream))
        if flip or shift:
            batch = augment(batch, flip, shift, augmentation)
        loss_since += take_step(model, optimiser, batch, precision)
        steps_since += 1
        if step < next_evaluation and step < trial.max_steps:
            continue
        evaluation = Evaluation(step, loss_since.item() / steps_since, *evaluate(model, validation, precision))
        if not (math.isfinite(evaluation.train_loss) and math.isfinite(evaluation.val_loss)):
            raise Diverged(f"the loss is {evaluation.val_loss} at step {step} (lr {hyperparameters['lr']:.3g})")
        history.append(evaluation)
        steps_since, loss_since = 0, torch.zeros((), device=device)
        if best is None or evaluation.val_loss < best.val_loss:
            best = evaluation
            state = {name: value.detach().clone() for name, value in model.state_dict().items()}
        elif step >= out_of_patience(max(best.step, last_drop), trial.patience):
            if not drops_left:
                break
            drops_left, last_drop = drops_left - 1, step
            model.load_state_dict(state)
            for group in optimiser.param_groups:
                group["lr"] *= LR_DROP
        next_evaluation = evaluation_after(step, trial.patience)
        if not (yield evaluation):
            pruned = True
            break
    return history, best, state, pruned


def make_optimiser(model: nn.Module, hyperparameters: Mapping) -> torch.optim.Optimizer:
    names = ("lr", "momentum", "weight_decay")
    return torch.optim.SGD(model.parameters(), **{name: hyperparameters[name] for name in names}, fused=True)


def take_step(model: nn.Module, optimiser: torch.optim.Optimizer, batch: Split, precision: str) -> Tensor:
    """One step of gradient descent; returns the mean loss of the batch, detached, without waiting for the device."""
    with torch.autocast(batch.labels.device.type, torch.bfloat16, enabled=precision == "bf16"):
        logits = model(batch.images)
    loss = F.cross_entropy(logits.float(), batch.labels)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    optimiser.step()
    return loss.detach()


def batches(n: int, size: int, seed: int, device: torch.device) -> Iterator[Tensor]:
    """Indices of one batch after another, without end: slices of one random permutation per epoch.

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


def augment(batch: Split, flip: int, shift: int, generator: torch.Generator) -> Split:
    """Each image mirrored with probability 1/2 (if `flip`) and moved by up to `shift` pixels each way, black behind.

    One gather over the padded pixels: no copy per image, no loop.
    """
    n, _, height, width = batch.images.shape
    rows, columns = torch.arange(height).expand(n, -1), torch.arange(width).expand(n, -1)
    if flip:
        mirrored = torch.randint(2, (n, 1), generator=generator, dtype=torch.bool)
        columns = torch.where(mirrored, columns.flip(1), columns)
    moves = torch.randint(2 * shift + 1, (2, n, 1), generator=generator)
    rows, columns = rows + moves[0], columns + moves[1]
    device = batch.labels.device
    padded = F.pad(batch.images, [shift] * 4).permute(0, 2, 3, 1)
    which = torch.arange(n, device=device)[:, None, None]
    moved = padded[which, rows.to(device)[:, :, None], columns.to(device)[:, None, :]]
    return Split(moved.permute(0, 3, 1, 2), batch.labels)


def evaluation_after(step: int, patience: int) -> int:
    """When to evaluate next: a fifth of the way come so far, since losses change on a logarithmic clock.

    At least 5 steps and a twentieth of the patience later, because the first evaluations would cost more than the
    training, and a quarter of it at most, so that it is spent when it is said to be.
    """
    return step + max(1, min(max(5, patience // 20, step // 5), patience // 4))


def out_of_patience(best_step: int, patience: int) -> int:
    """The step at which a best that came at `best_step` is taken as final: as many steps again as it took,
    at least a fifth of the patience and at most all of it."""
    return best_step + min(patience, max(patience // 5, best_step))


def evaluate(model: nn.Module, split: Split, precision: str) -> tuple[float, float]:
    """Mean loss in nats and error as a fraction, over every image of the split; leaves the model training."""
    loss, wrong = 0.0, 0
    model.eval()
    with torch.inference_mode(), torch.autocast(split.labels.device.type, torch.bfloat16, enabled=precision == "bf16"):
        for images, labels in zip(split.images.split(EVALUATION_BATCH), split.labels.split(EVALUATION_BATCH)):
            logits = model(images).float()
            loss += F.cross_entropy(logits, labels, reduction="sum").item()
            wrong += (logits.argmax(1) != labels).sum().item()
    model.train()
    return loss / len(split), wrong / len(split)


def pixel_statistics(images: Tensor, block: int = 2000) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation per channel of uint8 (N, C, H, W), each (C,), of these images only."""
    total = torch.zeros(2, images.shape[1], dtype=torch.float64)
    for part in images.split(block):  # in blocks: the whole set as floats would be four times its size
        values = part.double()
        total += torch.stack([values.sum((0, 2, 3)), values.square().sum((0, 2, 3))]).cpu()
    mean, square = total / (images.numel() / images.shape[1])
    return mean.float(), (square - mean.square()).clamp_min(1.0).sqrt().float()


def _seed(trial: Trial, purpose: str) -> int:
    return named_seed(purpose, trial.seed, trial.data_seed, trial.sample)


# --- scikit-learn classifiers ----------------------------------------------------------------------


def _fit_estimator(trial: Trial, data: Data, images: Split, validation: Split, test: Split, precision: str) -> Course:
    model = build_model(trial.architecture, data.image_shape, data.classes, trial.hyperparameters, _seed(trial, "init"))
    model.fit(_flat(images), images.labels.numpy())
    best = Evaluation(1, math.nan, *evaluate_estimator(model, validation, data.classes))
    trees = getattr(model, "estimators_", ())
    n_parameters = int(sum(tree.tree_.node_count for tree in trees if hasattr(tree, "tree_")))
    yield from ()  # fitted at one go: there is nothing to pause
    return Fitted(model, [best], best, n_parameters, evaluate_estimator(model, test, data.classes))


def evaluate_estimator(model, split: Split, classes: int) -> tuple[float, float]:
    """Mean loss in nats and error as a fraction. One more vote, spread evenly over the classes, keeps a
    class that no tree voted for from costing an infinite loss (Laplace's rule)."""
    probabilities = np.zeros((len(split), classes))
    probabilities[:, model.classes_] = model.predict_proba(_flat(split))
    votes = len(getattr(model, "estimators_", ())) or 100
    smoothed = (probabilities * votes + 1 / classes) / (votes + 1)
    labels = split.labels.numpy()
    loss = -np.log(smoothed[np.arange(len(labels)), labels]).mean()
    return float(loss), float((probabilities.argmax(1) != labels).mean())


def _flat(split: Split) -> np.ndarray:
    return split.images.reshape(len(split), -1).numpy().astype(np.float32)
