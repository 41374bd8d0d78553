"""Datasets by name: images, or tables."""

import pandas as pd

from experiments.tasks.arrays import is_table
from experiments.tasks.builtin import IMAGES, TABLES
from experiments.tasks.held_back import TRAIN
from experiments.tasks.images import DOWNLOADED, images_of, load_data, load_sets
from experiments.tasks.tables import FILES, load_file, make_table, table_of_frame
from experiments.training.table import Table
from experiments.training.task import Task
from tracking.errors import InputError
from tracking.schema import RunSettings

OF_TABLES = ("target", "text", "group")  # settings that name columns


def load_dataset(settings: RunSettings, data_dir: str = "data") -> Task:
    """The images or the table of the settings. Raises InputError where it cannot be had."""
    name = settings.dataset
    kind, _, rest = name.partition(":")
    if name in TABLES:
        _refuse_columns(settings)
        return _task_of(make_table(TABLES[name](), name, kind=settings.kind))
    if kind in FILES and rest:
        return _task_of(load_file(name, settings.target, **_reading(settings)))
    if name in IMAGES or name in DOWNLOADED or (kind == "folder" and rest):
        _refuse_of_images(settings)
        return load_data(name, data_dir)
    return _of_arrays(settings, data_dir)


def _of_arrays(settings: RunSettings, data_dir: str) -> Task:
    name = settings.dataset
    loaded = load_sets(name, data_dir)
    if isinstance(loaded, pd.DataFrame):
        return _task_of(table_of_frame(loaded, name, settings.target, **_reading(settings)))
    if is_table(loaded[TRAIN][0]):
        if settings.target:
            _refuse_columns(settings)
        return _task_of(make_table(loaded, name, **_reading(settings)))
    _refuse_of_images(settings)
    return images_of(loaded, name)


def _reading(settings: RunSettings) -> dict[str, str]:
    """How a table is read, its target aside."""
    return {"text": settings.text, "kind": settings.kind, "group": settings.group}


def _task_of(table: Table) -> Task:
    from experiments.tasks.table_learning import TableTask  # late: scikit-learn takes a second

    return TableTask(table)


def _refuse_columns(settings: RunSettings) -> None:
    for option in OF_TABLES:
        if value := getattr(settings, option):
            raise InputError(
                f"{option} '{value}' names a column; dataset '{settings.dataset}' needs none"
            )


def _refuse_of_images(settings: RunSettings) -> None:
    _refuse_columns(settings)
    if settings.kind == "regression":
        raise InputError(
            f"kind 'regression' is for tables; dataset '{settings.dataset}' holds images"
        )
