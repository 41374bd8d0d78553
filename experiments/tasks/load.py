"""The task that a run or a study asks for."""

from collections.abc import Sequence
from dataclasses import replace

from experiments.tasks.datasets import load_dataset
from experiments.tasks.own import load_own
from experiments.training.task import Task
from experiments.training.trainers import find_trainer
from tracking.errors import InputError
from tracking.schema import RunSettings

DEFAULT = RunSettings()
OF_TRAINERS = ("examples", "space")  # settings that only a trainer of one's own has
OF_DATASETS = ("target", "text", "group", "kind")  # and that none has


def load_task(
    settings: RunSettings, data_dir: str = "data", trainers: Sequence[str] = ()
) -> Task:
    """The task of the settings: somebody's own trainers', or that of a dataset.

    data_dir: where datasets lie or are downloaded to.
    trainers: of a study; without any, that of the settings.
    Raises InputError where it cannot be had.
    """
    own = trainers or [one for one in (settings.trainer,) if one]
    if own:
        if settings.dataset != DEFAULT.dataset:
            raise InputError(
                f"dataset '{settings.dataset}' and a trainer are both given; "
                "a trainer brings its own examples"
            )
        for name in OF_DATASETS:
            if (value := getattr(settings, name)) != getattr(DEFAULT, name):
                raise InputError(
                    f"{name} '{value}' is of a dataset; a trainer brings its own examples"
                )
        return load_own(own, settings, data_dir)
    for name in OF_TRAINERS:
        if value := getattr(settings, name):
            raise InputError(f"{name} '{value}' is of a trainer; none is given")
    return load_dataset(settings, data_dir)


def with_trainer(settings: RunSettings) -> RunSettings:
    """The settings of one run, whose architecture its trainer is, if it has one.

    Raises InputError where both are given.
    """
    if not settings.trainer:
        return settings
    if settings.architecture != DEFAULT.architecture:
        raise InputError(
            f"architecture '{settings.architecture}' and a trainer are both given; "
            "allowed: one of them"
        )
    name = find_trainer(settings.trainer, settings.space).name
    return replace(settings, architecture=name)


def on_task(settings: RunSettings, task: Task) -> RunSettings:
    """The settings as its runs keep them: what the task is called, and its form."""
    return replace(settings, dataset=task.name, form=task.form)
