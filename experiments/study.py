"""`study`: the grid of trials, each a child run of the study's own run.

Launched again, it runs what is missing.

    mlflow run . -e study -P study=digits
    python -m experiments.study --study digits
"""

from collections.abc import Sequence

from experiments.orchestration.coordinator import launch
from experiments.orchestration.dry_run import dry_run
from experiments.orchestration.grid import grid
from experiments.orchestration.options import OPTIONS, parse
from experiments.tasks.images import load_data
from experiments.training.subsets import subset_size
from tracking.command import run

__all__ = ["OPTIONS", "main", "parse"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run or estimate a study. Raises InputError for what was asked wrongly."""
    options = parse(arguments)
    trials = grid(options)
    data = load_data(options.settings.dataset, options.data_dir)
    for fraction in {trial.fraction for trial in trials}:
        subset_size(data.pool, fraction)  # raises for one that holds no image
    if options.dry_run:
        print(dry_run(options, trials, data))
    else:
        launch(options, trials, data)


if __name__ == "__main__":
    run(main)
