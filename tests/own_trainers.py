"""Trainers as a user brings them along, as `own_trainers:fit`, and wrong ones."""

import math
import time

import numpy as np
import torch
from scipy.stats import loguniform

N = 400
LABELS = np.arange(N) % 4


def curve(n, seed):
    """A loss that falls with n, about 2 n^-0.5, and scatters with the seed."""
    chance = np.random.default_rng(seed).normal()
    return 2 * n**-0.5 * (1 + 0.02 * chance)


def fit(indices, hyperparameters, seed):
    """At one go."""
    loss = curve(len(indices), seed) + 0.01 * abs(math.log10(hyperparameters["lr"] / 0.01))
    return {"val_loss": loss, "test_loss": loss + 0.001, "test_loss_se": 0.01}


fit.examples = LABELS
fit.space = {"lr": (0.01, loguniform(1e-4, 1e-1))}


def fit_more(indices, hyperparameters, seed):
    """Several measures, of which its own chooses."""
    accuracy = 1 - curve(len(indices), seed) / 2
    return {
        "val_loss": 1.0,
        "test_loss": 1.0,
        "val_accuracy": accuracy,
        "test_accuracy": accuracy,
    }


fit_more.examples = LABELS
fit_more.measure = "accuracy"


def steps(indices, hyperparameters, seed):
    """Evaluations over steps; the best comes at step 60, then it overfits."""
    for step in range(10, 1000, 10):
        loss = curve(len(indices), seed) + abs(step - 60) / 100 / hyperparameters["speed"]
        if not (yield {"step": step, "train_loss": 1 / step, "val_loss": loss}):
            break
    return {"test_loss": curve(len(indices), seed), "model": None}


steps.examples = LABELS
steps.space = {"speed": (1.0, [1.0, 2.0, 5.0, 10.0])}


def careless(indices, hyperparameters, seed):
    """Yields what it has, and never listens."""
    for step in range(1, 1000):
        yield {"step": step, "val_loss": 1 + abs(step - 5), "test_loss": 2.0}


careless.examples = N


def stubborn(indices, hyperparameters, seed):
    for step in range(1, 1000):
        yield {"step": step, "val_loss": float(step)}


stubborn.examples = N

# --- wrong ones ------------------------------------------------------------------------------

GOOD = {"val_loss": 0.5, "test_loss": 0.5}


def answering(answer):
    def wrong(indices, hyperparameters, seed):
        return answer

    wrong.examples = N
    return wrong


nothing = answering(None)
a_number = answering(0.5)
not_a_number = answering(GOOD | {"val_loss": math.nan})
endless = answering(GOOD | {"test_loss": math.inf})
negative = answering(GOOD | {"val_loss": -0.5})
half = answering({"val_loss": 0.5})
misnamed = answering({"loss": 0.5, "test_loss": 0.5})
in_words = answering(GOOD | {"val_loss": "low"})
in_per_cent = answering({"val_accuracy": 93, "test_accuracy": 92})
a_number_as_text = answering(GOOD | {"val_loss": "0.5"})
true = answering(GOOD | {"val_loss": True})
several = answering(GOOD | {"val_loss": np.array([0.5, 0.6])})
endless_integer = answering(GOOD | {"val_loss": 10**400})
gigantic = answering(GOOD | {"val_loss": 1e200})
negative_se = answering(GOOD | {"test_loss_se": -0.1})
no_se = answering(GOOD | {"test_loss_se": math.nan})
half_a_step = answering(GOOD | {"steps": 1.5})
with_a_comma = answering({"val_a,b": 0.5, "test_a,b": 0.5})
long_winded = answering({f"val_{'a' * 300}": 0.5, f"test_{'a' * 300}": 0.5})
with_text_as_model = answering(GOOD | {"model": "a text"})
as_numbers_of_numpy_and_torch = answering(
    {"val_loss": np.float32(0.5), "test_loss": torch.tensor(0.5, requires_grad=True)}
)


def raising(indices, hyperparameters, seed):
    raise ValueError("no such\nwidth")


def leaving(indices, hyperparameters, seed):
    raise SystemExit(3)


def other_arguments(x, y):
    return GOOD


def fickle(indices, hyperparameters, seed):
    """Other keys for other trials."""
    if len(indices) > N // 4:
        return {"val_error": 0.5, "test_error": 0.5}
    return GOOD


raising.examples = leaving.examples = other_arguments.examples = fickle.examples = N


class Speechless(Exception):  # noqa: N818
    def __str__(self):
        raise RuntimeError


def speechless(indices, hyperparameters, seed):
    raise Speechless


def unclosable(indices, hyperparameters, seed):
    """Raises when it is ended."""
    try:
        for step in range(1, 10**6):
            yield {"step": step, **GOOD}
    finally:
        raise ValueError("not now")


speechless.examples = unclosable.examples = N


# --- slow ones, to be killed -----------------------------------------------------------------


class Answer:
    """A model of no known kind."""

    def predict(self, inputs):
        return [0.5] * len(inputs)


def slow(indices, hyperparameters, seed):
    time.sleep(0.2)
    return GOOD | {"val_loss": curve(len(indices), seed), "model": Answer()}


def slow_steps(indices, hyperparameters, seed):
    for step in range(10, 60, 10):
        time.sleep(0.05)
        loss = curve(len(indices), seed + step)
        if not (yield {"step": step, "val_loss": loss, "test_loss": loss}):
            break


slow.examples = slow_steps.examples = N
