"""What a launch of a study would do, without doing it."""

from collections.abc import Sequence

from experiments.orchestration.estimate import estimate, table
from experiments.orchestration.grid import resolved, with_replicas
from experiments.orchestration.options import StudyOptions
from experiments.orchestration.processes import cores
from experiments.orchestration.study_runs import (
    check_images,
    losses_of,
    missing,
    renew_keys,
    runs_so_far,
)
from experiments.orchestration.words import headline
from experiments.training.devices import find_device, find_precision
from experiments.training.subsets import Data
from experiments.training.trial import Trial


def dry_run(options: StudyOptions, trials: Sequence[Trial], data: Data) -> str:
    """What is done, what is left and how long that takes. Writes nothing.

    Steps are timed, and the precision is resolved, on this machine, also for a cluster.
    """
    runs = runs_so_far(options.study)
    check_images(options.study, runs, data)
    device = options.device if options.engine == "here" else "auto"
    trials = resolved(trials, device)
    renew_keys(runs, lambda recorded: resolved(recorded, device))
    planned = with_replicas(trials, losses_of(runs), options.replicas)
    rows = estimate(planned, runs, data, device)
    lines = [
        headline(options, trials, missing(trials, runs), data),
        *_precision_elsewhere(options),
        table(rows, options.workers or cores()),
    ]
    return "\n".join(lines)


def _precision_elsewhere(options: StudyOptions) -> list[str]:
    """That a cluster may count other trials as done than this machine does."""
    if options.engine == "here" or options.settings.precision != "auto":
        return []
    found = find_precision("auto", find_device("auto"))
    return [f"precision=auto is {found} on this machine; on the cluster it may be another"]
