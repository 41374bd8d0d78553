"""What a study says about itself: in its first line, and in the description of its run."""

from collections.abc import Collection, Sequence

from experiments.orchestration.options import StudyOptions
from experiments.training.subsets import Data
from experiments.training.trial import Trial
from tracking.schema import SETTINGS_HEADING


def headline(
    options: StudyOptions, trials: Sequence[Trial], todo: Collection[str], data: Data
) -> str:
    """What there is to do, and on what.

    todo: keys of the trials that are missing.
    """
    where = f"{options.workers} workers" if options.workers else "the whole cluster"
    return (
        f"study '{options.study}': {len(trials)} trials, "
        f"{len(trials) - len(todo)} done, {len(todo)} to do on {where}; "
        f"{options.settings.dataset}: {len(data.pool):,} images in the pool, "
        f"{len(data.validation):,} for validation, {len(data.test):,} for testing"
    )


def description(options: StudyOptions, trials: Sequence[Trial], before: str) -> str:
    """The description of the study's run, in Markdown.

    before: the description so far, whose answer stays above the settings.
    """
    answer = before.partition(SETTINGS_HEADING)[0].strip()
    settings = options.settings
    parts = [
        answer,
        SETTINGS_HEADING,
        f"**{settings.dataset}**: {len(options.architectures)} architectures × "
        f"{len(options.fractions)} sizes × {options.samples + 1} samples × "
        f"{len(options.data_seeds)} data seeds = {len(trials)} trials, "
        f"search space `{settings.search_space}`, up to {settings.max_steps:,} steps, "
        f"patience {settings.patience:,}.",
        options.note,
        f"Answer: `python -m analysis.report --study {options.study}`, "
        "page: `streamlit run app/main.py`.",
    ]
    return "\n\n".join(part for part in parts if part)
