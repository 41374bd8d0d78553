"""What a study says about itself: its first line, its run's description, a dry run."""

import math
from collections.abc import Collection, Sequence

from experiments.orchestration.estimate import Row
from experiments.orchestration.options import StudyOptions
from experiments.training.task import Task
from experiments.training.trial import Trial
from tracking.command import command_line
from tracking.schema import SETTINGS_HEADING


def headline(
    options: StudyOptions, trials: Sequence[Trial], todo: Collection[str], task: Task
) -> str:
    """What there is to do, and on what.

    todo: keys of the trials that are missing.
    """
    where = f"{options.workers} workers" if options.workers else "the whole cluster"
    return (
        f"study '{options.study}': {len(trials)} trials, "
        f"{len(trials) - len(todo)} done, {len(todo)} to do on {where}; "
        f"{options.settings.dataset}: {task.describe()}"
    )


def precision_elsewhere(options: StudyOptions, precision: str) -> list[str]:
    """That a cluster may count other trials as done than this machine does.

    precision: what precision=auto comes to on this machine.
    """
    if options.engine == "here" or options.settings.precision != "auto":
        return []
    said = f"precision=auto is {precision} on this machine; on the cluster it may be another"
    return [said]


def description(options: StudyOptions, trials: Sequence[Trial], before: str) -> str:
    """The description of the study's run, in Markdown.

    before: the description so far, whose answer stays above the settings.
    """
    answer = before.partition(SETTINGS_HEADING)[0].strip()
    settings = options.settings
    learners = "trainers" if options.trainers else "architectures"
    parts = [
        answer,
        SETTINGS_HEADING,
        f"**{settings.dataset}**: {len(options.learners)} {learners} × "
        f"{len(options.fractions)} sizes × {options.samples + 1} samples × "
        f"{len(options.data_seeds)} data seeds = {len(trials)} trials, "
        f"search space `{settings.search_space}`, up to {settings.max_steps:,} steps, "
        f"patience {settings.patience:,}.",
        options.note,
        f"Answer: `{command_line('analysis.report', study=options.study)}`, "
        "page: `streamlit run app/main.py`.",
    ]
    return "\n\n".join(part for part in parts if part)


# --- how long it takes


def table(rows: Sequence[Row], workers: int, more: Sequence[str] = ()) -> str:
    """What a dry run says.

    more: lines below the rows.
    """
    width = max([16, *(len(row.architecture) + 1 for row in rows)])
    line = ("{:<" + str(width) + "}{:>7}{:>10}{:>7}{:>15}{:>10}   {}").format
    lines = [line("architecture", "done", "diverged", "to do", "failed before", "time", "")]
    for row in rows:
        lines.append(
            line(
                row.architecture,
                row.done,
                row.diverged,
                row.to_do,
                row.failed_before,
                clock(row.seconds),
                row.basis,
            )
        )
    lines += more
    lines.append(f"{in_all(rows, workers)}; this was a dry run, nothing was written")
    return "\n".join(lines)


def in_all(rows: Sequence[Row], workers: int) -> str:
    """How long it takes in all: at least as long as the longest job.

    What no trial has told yet is left out, and said to be.
    """
    known = [row for row in rows if not math.isnan(row.seconds)]
    if rows and not known:
        return f"it is not known how long it takes on {workers} workers"
    shared = sum(row.seconds for row in known) / workers
    longest = max((row.longest for row in known), default=0.0)
    more = " and more" if len(known) < len(rows) else ""
    return f"about {clock(max(shared, longest))}{more} on {workers} workers"


def clock(seconds: float) -> str:
    """Minutes and seconds, from an hour on hours too: 1:05, 2:00:00; NaN is unknown."""
    if math.isnan(seconds):
        return "unknown"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}:{rest:02}"
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"
