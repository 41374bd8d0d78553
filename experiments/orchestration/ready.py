"""A study and its task before the first trial: loaded, brought together, and checked."""

from collections.abc import Sequence
from dataclasses import replace

from experiments.orchestration.options import StudyOptions, on_form
from experiments.tasks.load import load_task, on_task
from experiments.training.task import Task
from experiments.training.trial import Trial


def ready(options: StudyOptions) -> tuple[StudyOptions, Task]:
    """The task, and the options as it takes them. Raises InputError."""
    task = load_task(options.settings, options.data_dir, options.trainers)
    options = on_form(options, task.form)
    return replace(options, settings=on_task(options.settings, task)), task


def check(trials: Sequence[Trial], task: Task) -> None:
    """Each learner and each subset once. Raises InputError for one that cannot be trained."""
    for trial in {trial.architecture: trial for trial in reversed(trials)}.values():
        task.check(trial)
    for trial in {trial.fraction: trial for trial in trials}.values():
        task.check_subset(trial.shares, trial.fraction)
