"""What a launch of a study would do, without doing it."""

from collections.abc import Sequence

from experiments.orchestration.data_check import check_lines
from experiments.orchestration.estimate import estimate
from experiments.orchestration.options import StudyOptions
from experiments.orchestration.processes import cores
from experiments.orchestration.replicas import with_replicas
from experiments.orchestration.standing import check_shares, standing_of
from experiments.orchestration.study_runs import runs_so_far
from experiments.orchestration.words import headline, precision_elsewhere, table
from experiments.training.devices import find_device, find_precision
from experiments.training.task import Task
from experiments.training.trial import Trial


def dry_run(options: StudyOptions, trials: Sequence[Trial], task: Task) -> str:
    """What is done, what is left and how long that takes. Writes nothing.

    Steps are timed, and the precision is resolved, on this machine, also for a cluster.
    """
    device = find_device(options.device if options.engine == "here" else "auto")
    precision = find_precision("auto", device)
    trials = [trial.resolved_as(precision) for trial in trials]
    runs = runs_so_far(options.study)
    check_shares(options.study, runs, options.settings)
    standing = standing_of(options.study, runs, task, precision)
    todo = standing.missing(trials)
    planned = with_replicas(trials, standing.costs, options.replicas)
    rows = estimate(planned, standing, task, device)
    lines = [
        headline(options, trials, todo, task),
        *precision_elsewhere(options, precision),
        table(rows, options.workers or cores(), check_lines(options, task, rows, standing)),
    ]
    return "\n".join(lines)
