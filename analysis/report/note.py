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
FIGURE = "![{sentence}](get-artifact?path={path}&run_uuid={run})"
MORE = (
    "One page to mail: `report/summary.html` under Artifacts; all of it: `report/report.html`."
)


def log_note(
    client: MlflowClient,
    study: Run,
    answer: Headline,
    sections: list[Section],
    figure: str,
) -> None:
    """Write the answer, the figure and the first sections above the study's settings.

    figure: its path among the run's artifacts.
    """
    settings = "".join(study.data.tags.get(TAG, "").partition(SETTINGS_HEADING)[1:])
    run_id = study.info.run_id
    paragraphs = [
        f"**{answer.sentence}** {answer.trust}.",
        FIGURE.format(sentence=answer.sentence, path=figure, run=run_id),
        answer.doubt or "",
        answer.surer,
        *answer.money,
        *map(as_markdown, sections[:SECTIONS]),
        MORE,
        settings,
    ]
    client.set_tag(run_id, TAG, "\n\n".join(filter(None, paragraphs)))


def as_markdown(section: Section) -> str:
    """A section with its table."""
    table = section.table
    assert table is not None
    head = [table.columns, ["---"] * len(table.columns)]
    rows = [*head, *table.itertuples(index=False, name=None)]
    lines = "\n".join(f"| {' | '.join(map(str, row))} |" for row in rows)
    return f"### {section.title}\n\n{section.words}\n\n{lines}"
