"""The answer in the description of the study's run.

MLflow shows its first lines in a list of runs; the settings stay below the answer.
"""

from mlflow import MlflowClient
from mlflow.entities import Run

from analysis.report.headline import Headline
from analysis.report.sections import Section
from tracking.schema import SETTINGS_HEADING

TAG = "mlflow.note.content"
SECTIONS = 2  # the law and the forecasts
FIGURE = "![Learning curves](get-artifact?path=report/learning_curves.svg&run_uuid={})"
MORE = "All of it: `report/report.html` under Artifacts."


def log_note(
    client: MlflowClient, study: Run, answer: Headline, sections: list[Section]
) -> None:
    """Write the answer, the figure and the first sections above the study's settings.

    The figure must have been logged.
    """
    settings = "".join(study.data.tags.get(TAG, "").partition(SETTINGS_HEADING)[1:])
    paragraphs = [
        f"**{answer.sentence}** Trust: {answer.grade}. {answer.because}",
        *answer.money,
        FIGURE.format(study.info.run_id),
        *map(as_markdown, sections[:SECTIONS]),
        MORE,
        settings,
    ]
    client.set_tag(study.info.run_id, TAG, "\n\n".join(paragraphs))


def as_markdown(section: Section) -> str:
    """A section with its table."""
    table = section.table
    assert table is not None
    head = [table.columns, ["---"] * len(table.columns)]
    rows = [*head, *table.itertuples(index=False, name=None)]
    lines = "\n".join(f"| {' | '.join(map(str, row))} |" for row in rows)
    return f"### {section.title}\n\n{section.words}\n\n{lines}"
