"""What learns: an architecture, or a trainer of somebody's own."""

from dataclasses import dataclass

from experiments.training.networks import find_architecture
from experiments.training.search_spaces import TRAINING, search_space
from experiments.training.spaces import Space
from experiments.training.table_learners import find_table_learner
from experiments.training.trainers import find_trainer
from tracking.errors import InputError
from tracking.schema import RunSettings


@dataclass(frozen=True)
class Learner:
    """What a trial needs to know of what learns.

    space: its hyperparameters.
    by_steps: is trained step by step, so that it may be ended early.
    has_precision: may compute in fp32 or bf16.
    """

    space: Space
    by_steps: bool
    has_precision: bool


def find_learner(settings: RunSettings) -> Learner:
    """What learns in a run of these settings. Raises InputError where there is no such."""
    if settings.trainer:
        return _own(settings)
    if settings.form == "table":
        return _on_tables(settings)
    return _on_images(settings)


def _own(settings: RunSettings) -> Learner:
    if settings.search_space != "default":
        raise InputError(
            f"search_space '{settings.search_space}' is for architectures; "
            f"trainer '{settings.architecture}' has its own"
        )
    trainer = find_trainer(settings.trainer, settings.space)
    return Learner(trainer.space, trainer.by_steps, has_precision=False)


def _on_images(settings: RunSettings) -> Learner:
    found = find_architecture(settings.architecture)
    space = search_space(settings.architecture, settings.search_space)
    return Learner(space, found.trained_by_steps, has_precision=found.trained_by_steps)


def _on_tables(settings: RunSettings) -> Learner:
    if settings.search_space != "default":
        raise InputError(
            f"search_space '{settings.search_space}' is for images; for tables use 'default'"
        )
    found = find_table_learner(settings.architecture)
    space = {**TRAINING, **found.space} if found.by_steps else found.space
    return Learner(space, found.by_steps, has_precision=False)
