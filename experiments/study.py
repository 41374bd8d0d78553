"""`study`: the grid of trials, each a child run of the study's own run.

Launched again, it runs what is missing.

    mlflow run . -e study -P study=digits
    python -m experiments.study --study digits
"""

from collections.abc import Sequence

from experiments.orchestration.options import OPTIONS, StudyOptions, parse
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
    from experiments.orchestration.ready import check, ready

    options, task = ready(options)
    trials = grid(options)
    check(trials, task)
    if options.dry_run:
        print(dry_run(options, trials, task))
    else:
        launch(options, trials, task)


if __name__ == "__main__":
    run(main)
