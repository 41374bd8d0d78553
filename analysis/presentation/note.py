"""The answer in the description of the study's run, of which MLflow shows the first lines; the settings stay below."""

from mlflow.entities import Run

from analysis.presentation.headline import Headline
from analysis.presentation.sections import Section

TAG = "mlflow.note.content"
SETTINGS = "## Settings"  # written by the study, which keeps what stands above
SECTIONS = 2  # the law and the forecasts
FIGURE = "![Learning curves](get-artifact?path=report/learning_curves.svg&run_uuid={})"
MORE = "All of it: `report/report.html` under Artifacts."


def log_note(client, study: Run, answer: Headline, parts: list[Section]) -> None:
    """Write the answer, the figure, which must have been logged, and the first sections above the study's settings."""
    settings = "".join(study.data.tags.get(TAG, "").partition(SETTINGS)[1:])
    words = f"**{answer.sentence}** Trust: {answer.grade}. {answer.because}"
    told = [f"### {part.title}\n\n{part.words}\n\n{as_markdown(part)}" for part in parts[:SECTIONS]]
    said = [words, *answer.money, FIGURE.format(study.info.run_id), *told, MORE, settings]
    client.set_tag(study.info.run_id, TAG, "\n\n".join(said))


def as_markdown(part: Section) -> str:
    rows = [part.table.columns, ["---"] * len(part.table.columns), *part.table.itertuples(index=False, name=None)]
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in rows)
