"""A trial: what one run is asked, with the hyperparameters drawn for it."""

from copy import copy
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

import torch

from experiments.training.devices import find_precision
from experiments.training.learners import find_learner
from experiments.training.search_spaces import draw, named_seed
from tracking import schema
from tracking.errors import InputError
from tracking.schema import ANY_PRECISION, RunSettings


@dataclass(frozen=True)
class Trial(RunSettings):
    """Everything that decides one run: the same Trial gives the same metrics on one machine.

    Raises InputError where a value is out of range.

    hyperparameters: drawn for its sample, name -> number, text, true or false.
    """

    hyperparameters: dict[str, Any] = field(init=False, hash=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        learner = find_learner(self)
        values = draw(
            self.architecture, self.sample, self.search_seed, self.search_space, learner.space
        )
        object.__setattr__(self, "hyperparameters", values)
        if self.precision == ANY_PRECISION and learner.has_precision:
            raise InputError(
                f"precision '{self.precision}' is for what is not trained by steps, which "
                f"'{self.architecture}' is; allowed: auto, fp32, bf16"
            )

    @cached_property
    def key(self) -> str:
        """A hash of every field, which tells whether a study has run this trial already.

        Raises ValueError for a trial that is not resolved.
        """
        if not self.is_resolved:
            raise ValueError(
                f"precision '{self.precision}' is not resolved; use Trial.resolved(device).key"
            )
        return schema.key(self.as_dict())

    @property
    def is_resolved(self) -> bool:
        """Whether the precision is the one that the trial is trained in."""
        if find_learner(self).has_precision:
            return self.precision != "auto"
        return self.precision == ANY_PRECISION

    def resolved(self, device: torch.device) -> "Trial":
        """The trial with the precision that it is trained in on the device.

        That is fp32 or bf16, or "none" where neither applies.
        """
        return self.resolved_as(find_precision("auto", device))

    def resolved_as(self, automatic: str) -> "Trial":
        """The same where precision=auto comes to `automatic`, fp32 or bf16."""
        if self.is_resolved:
            return self
        precise = find_learner(self).has_precision
        found = copy(self)  # all else is checked and drawn already
        object.__setattr__(found, "precision", automatic if precise else ANY_PRECISION)
        return found

    def seed_for(self, purpose: str) -> int:
        """A seed for one purpose, such as "init" or "batches"."""
        return named_seed(purpose, self.seed, self.data_seed, self.sample)

    def as_dict(self) -> dict[str, Any]:
        """Its fields by name, flat enough for JSON."""
        told = {one.name: getattr(self, one.name) for one in fields(self)}
        return told | {"hyperparameters": dict(self.hyperparameters)}

    @property
    def by_steps(self) -> bool:
        """Whether it is trained step by step, so that it may be ended early."""
        return find_learner(self).by_steps
