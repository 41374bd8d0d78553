"""What may vary in one run: the Trial, the search spaces and the seeded draw from them."""

import hashlib
import json
import math
from dataclasses import dataclass, field, fields

import numpy as np
from scipy.stats import loguniform, randint
from sklearn.model_selection import ParameterSampler

from experiments import InputError
from experiments.models import find_architecture

# Each line: hyperparameter = (untuned default, distribution or list of choices).
# What every network is trained with; batch sizes start at 16 because smaller ones cost more than they gain.
TRAINING = {
    "lr": (0.01, loguniform(5e-4, 2e-1)),
    "momentum": (0.9, [0.8, 0.9, 0.95]),
    "weight_decay": (1e-4, loguniform(1e-6, 1e-2)),
    "batch_size": (32, [16, 32, 64]),
    "lr_drops": (1, [1]),
}

# Mirrored and shifted images help photographs and harm digits: the search finds out which.
AUGMENTATION = {"flip": (0, [0, 1]), "shift": (0, [0, 1, 2, 4])}

# The 2019 notebook's ranges, exactly. Its batches of 4 become 16: the same loss in a fraction of the time.
NOTEBOOK_TRAINING = {
    "lr": (1e-3, loguniform(1e-6, 1e-1)),
    "momentum": (0.9, loguniform(1e-1, 1e0)),
    "weight_decay": (1e-6, loguniform(1e-6, 1e-3)),
    "batch_size": (16, [16]),
    "lr_drops": (0, [0]),
}
NOTEBOOK_MODEL = {
    "conv1_size": (6, randint(10, 101)),
    "conv2_size": (16, randint(10, 101)),
    "fc1_size": (120, randint(30, 201)),
    "fc2_size": (84, randint(30, 201)),
}
SEARCH_SPACES = ("default", "augmented", "notebook")
PRECISIONS = ("auto", "fp32", "bf16")


def search_space(architecture: str, name: str = "default") -> dict:
    """The hyperparameters of an architecture: name -> (untuned default, distribution or choices).

    Raises InputError for an unknown search space, or where the notebook's does not apply.
    """
    if name not in SEARCH_SPACES:
        raise InputError(f"search_space '{name}' is unknown; allowed: {', '.join(SEARCH_SPACES)}")
    found = find_architecture(architecture)
    if name == "notebook":
        if architecture != "cnn":
            raise InputError(f"search_space 'notebook' describes the cnn only, not '{architecture}'; use 'default'")
        return NOTEBOOK_TRAINING | NOTEBOOK_MODEL
    training = TRAINING | (AUGMENTATION if name == "augmented" else {})
    if taken := sorted({field.name for field in fields(Trial)} & found.space.keys()):
        raise InputError(f"architecture '{architecture}': a hyperparameter cannot have an option's name, '{taken[0]}'")
    return (training if found.trained_by_steps else {}) | dict(found.space)


def draw(architecture: str, sample: int, search_seed: int = 0, space: str = "default") -> dict:
    """Hyperparameters of one sample: 0 is the untuned default, 1, 2, … are independent random draws.

    A draw depends on its own number only, so that a larger K extends a study and never changes it.
    """
    chosen = search_space(architecture, space)
    if sample == 0:
        return _plain(architecture, {name: default for name, (default, _) in chosen.items()})
    distributions = {name: choices for name, (_, choices) in chosen.items()}
    state = named_seed("search", architecture, space, search_seed, sample)
    (values,) = ParameterSampler(distributions, n_iter=1, random_state=state)
    return _plain(architecture, values)


def _plain(architecture: str, values: dict) -> dict:
    """Hyperparameters as MLflow and a trial's key take them: numbers, text, true and false."""
    values = {name: value.item() if isinstance(value, np.generic) else value for name, value in values.items()}
    for name, value in values.items():
        if not isinstance(value, bool | int | float | str | None):
            raise InputError(
                f"architecture '{architecture}': {name} is {value!r}; allowed: numbers, text, true or false (such as "
                "a name that your function looks up)"
            )
    return values


def named_seed(*names) -> int:
    """A 32-bit seed for one purpose: the same names give the same seed in every process."""
    return int.from_bytes(hashlib.sha256(json.dumps(names).encode()).digest()[:4], "big")


@dataclass(frozen=True)
class Trial:
    """Everything that decides one run; the same Trial twice gives the same metrics on the same machine.

    Raises InputError where a value is out of range.
    """

    dataset: str = "digits"  # a name, folder:PATH, npz:PATH or package.module:function
    architecture: str = "cnn"  # a name or package.module:function
    fraction: float = 1.0  # of the training pool, in (0, 1]
    sample: int = 0  # 0 = untuned defaults, 1..K = random draws
    data_seed: int = 0  # shuffles the pool
    search_seed: int = 0  # draws the hyperparameters
    seed: int = 0  # initialisation and batches
    search_space: str = "default"
    max_steps: int = 10_000  # budget in optimiser steps
    patience: int = 1000  # steps without a better validation loss
    precision: str = "auto"  # auto | fp32 | bf16
    bracket: int = 0  # K, where of the samples 0..K of a cell most networks are ended early; 0 = trained to the end
    hyperparameters: dict = field(init=False, hash=False)

    def __post_init__(self):
        if not (math.isfinite(self.fraction) and 0 < self.fraction <= 1):
            raise InputError(f"fraction {self.fraction:g} is outside (0, 1]")
        for name in ("sample", "data_seed", "search_seed", "seed"):
            if getattr(self, name) < 0:
                raise InputError(f"{name} {getattr(self, name)} is negative; allowed: 0, 1, 2, …")
        for name in ("max_steps", "patience"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} {getattr(self, name)} is too small; allowed: 1 step or more")
        if self.precision not in PRECISIONS:
            raise InputError(f"precision '{self.precision}' is unknown; allowed: {', '.join(PRECISIONS)}")
        values = draw(self.architecture, self.sample, self.search_seed, self.search_space)
        object.__setattr__(self, "hyperparameters", values)

    @property
    def key(self) -> str:
        """A hash of every field: what tells whether a study has run this trial already."""
        return hashlib.sha256(json.dumps(self.as_dict(), sort_keys=True).encode()).hexdigest()[:16]

    def as_dict(self) -> dict:
        return {**self.__dict__, "hyperparameters": dict(self.hyperparameters)}  # flat enough for JSON
