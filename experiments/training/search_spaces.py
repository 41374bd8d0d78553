"""Which hyperparameters are searched, and the seeded draws from them."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from experiments.training.distributions import Distribution, loguniform, randint
from experiments.training.networks import find_architecture
from experiments.training.spaces import Space
from tracking import schema
from tracking.errors import InputError, one_line

# Each line: hyperparameter -> (untuned default, distribution or list of choices).
# What every network is trained with; smaller batches than 16 cost more than they gain.
TRAINING: Space = {
    "lr": (0.01, loguniform(5e-4, 2e-1)),
    "momentum": (0.9, [0.8, 0.9, 0.95]),
    "weight_decay": (1e-4, loguniform(1e-6, 1e-2)),
    "batch_size": (32, [16, 32, 64]),
    "lr_drops": (1, [1]),
}
# Mirrored and shifted images help photographs and harm digits: the search finds out which.
AUGMENTATION: Space = {
    "flip": (0, [0, 1]),
    "shift": (0, [0, 1, 2, 4]),
}
# The 2019 notebook's ranges, exactly, but for its batches of 4: 16 reach the same loss in a
# fraction of the time.
NOTEBOOK_TRAINING: Space = {
    "lr": (1e-3, loguniform(1e-6, 1e-1)),
    "momentum": (0.9, loguniform(1e-1, 1e0)),
    "weight_decay": (1e-6, loguniform(1e-6, 1e-3)),
    "batch_size": (16, [16]),
    "lr_drops": (0, [0]),
}
NOTEBOOK_MODEL: Space = {
    "conv1_size": (6, randint(10, 101)),
    "conv2_size": (16, randint(10, 101)),
    "fc1_size": (120, randint(30, 201)),
    "fc2_size": (84, randint(30, 201)),
}
DRAWS = 4096  # remembered: all sizes and data seeds of a study share them
MOST_LETTERS = 2000  # of a hyperparameter that is text; MLflow cuts off what is longer
(NAME,) = [one for one in schema.SETTINGS if one.name == "search_space"]
SEARCH_SPACES = NAME.choices


def search_space(architecture: str, name: str = "default") -> Space:
    """The hyperparameters of an architecture, with their untuned defaults and ranges.

    Raises InputError for an unknown search space, where the notebook's does not apply, and for
    a hyperparameter that has an option's name.
    """
    NAME.check(name)
    found = find_architecture(architecture)
    if name == "notebook":
        return _notebook_space(architecture)
    if not found.trained_by_steps:
        return dict(found.space)
    augmentation = AUGMENTATION if name == "augmented" else {}
    return {**TRAINING, **augmentation, **found.space}


def _notebook_space(architecture: str) -> Space:
    if architecture != "cnn":
        raise InputError(
            f"search_space 'notebook' describes the cnn only, not '{architecture}'; "
            "use 'default'"
        )
    return {**NOTEBOOK_TRAINING, **NOTEBOOK_MODEL}


def draw(
    architecture: str,
    sample: int,
    search_seed: int = 0,
    space: str = "default",
    ranges: Space | None = None,
) -> dict[str, Any]:
    """Hyperparameters of one sample: 0 is the untuned default, 1, 2, … are random draws.

    A draw depends on its own number only, so that a larger K extends a study and never changes
    it. Raises InputError as search_space does, and for a value that is not plain.

    ranges: what is drawn from; where there are none, those of the architecture.
    """
    chosen = search_space(architecture, space) if ranges is None else ranges
    return dict(_drawn(architecture, sample, search_seed, space, _Ranges.of(chosen)))


@dataclass(frozen=True)
class _Ranges:
    """A search space as a key: equal ones give the same draws."""

    key: tuple[Any, ...]
    space: Space = field(compare=False)

    @classmethod
    def of(cls, space: Space) -> "_Ranges":
        items = [
            (name, repr(default), _told_by(choices))
            for name, (default, choices) in space.items()
        ]
        return cls(tuple(items), space)


def _told_by(choices: Any) -> Any:
    """What tells choices from others; the key keeps them alive, so no id is given twice."""
    if isinstance(choices, Distribution):
        return choices
    return repr(choices) if isinstance(choices, list) else id(choices)


@lru_cache(DRAWS)
def _drawn(
    architecture: str, sample: int, search_seed: int, space: str, ranges: _Ranges
) -> dict[str, Any]:
    chosen = ranges.space
    if sample == 0:
        return _plain(architecture, {name: default for name, (default, _) in chosen.items()})
    if not chosen:
        return {}
    from sklearn.model_selection import ParameterSampler  # late: it takes a second

    distributions = {name: choices for name, (_, choices) in chosen.items()}
    state = named_seed("search", architecture, space, search_seed, sample)
    try:
        (values,) = ParameterSampler(distributions, n_iter=1, random_state=state)
    except Exception as error:  # of a distribution of the user's own
        raise InputError(
            f"'{architecture}': its space cannot be drawn: {one_line(error)}"
        ) from None
    return _plain(architecture, values)


def _plain(architecture: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Hyperparameters as MLflow and a trial's key take them: numbers, text, true and false."""
    plain = {}
    for name, value in values.items():
        plain[name] = value.item() if isinstance(value, np.generic) else value
        if not _is_plain(plain[name]):
            raise InputError(
                f"'{architecture}': {name} is {value!r:.60}; allowed: numbers, text of up to "
                f"{MOST_LETTERS:,} letters, true or false (such as a name that your function "
                "looks up)"
            )
    return plain


def _is_plain(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, str):
        return len(value) <= MOST_LETTERS
    return isinstance(value, bool | int | None)


def named_seed(*names: str | int) -> int:
    """A 32-bit seed for one purpose: the same names give the same seed in every process."""
    return int.from_bytes(hashlib.sha256(json.dumps(names).encode()).digest()[:4], "big")
