"""`study`: the grid of trials, each a child run of the study's own run.

Launched again, it runs what is missing.

    mlflow run . -e study -P study=digits
    python -m experiments.study --study digits
"""

from collections.abc import Sequence
from dataclasses import replace

from experiments.orchestration.options import OPTIONS, StudyOptions, on_form, parse
from tracking.command import run

__all__ = ["OPTIONS", "main", "parse"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run or estimate a study. Raises InputError for what was asked wrongly."""
    start(parse(arguments))


def start(options: StudyOptions) -> None:
    """Run or estimate a study. Raises InputError."""
    # late: --help needs neither torch nor MLflow
    from experiments.orchestration.coordinator import launch
    from experiments.orchestration.dry_run import dry_run
    from experiments.orchestration.grid import grid
    from experiments.tasks.load import load_task, on_task
    from experiments.training.subsets import subset_size

    task = load_task(options.settings, options.data_dir, options.trainers)
    options = on_form(options, task.form)
    options = replace(options, settings=on_task(options.settings, task))
    trials = grid(options)
    for trial in {trial.architecture: trial for trial in reversed(trials)}.values():
        task.check(trial)
    for fraction in {trial.fraction for trial in trials}:
        subset_size(task, fraction)  # raises for one that holds no example
    if options.dry_run:
        print(dry_run(options, trials, task))
    else:
        launch(options, trials, task)


if __name__ == "__main__":
    run(main)
