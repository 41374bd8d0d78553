"""The answer in the study's own run: tables, figure, page, exponents and description."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Metric

from analysis.curves.conclusion import Conclusion
from analysis.diagnostics.logged_forecasts import log_scores
from analysis.report.headline import headline
from analysis.report.html_report import as_html
from analysis.report.note import log_note
from analysis.report.parts import PARTS
from analysis.report.sections import Section, curve_sections
from analysis.report.study_analysis import Question, StudyAnalysis
from analysis.report.theme import picture
from tracking.csv_cells import as_csv
from tracking.store import open_store, study_run

FOLDER = "report"  # of the run's artifacts


def log_answer(analysis: StudyAnalysis, question: Question) -> None:
    """Nothing is logged where runs have no study to belong to, as those of `main`."""
    client = open_store(write=True)
    parent = study_run(client, analysis.study.name)
    if parent is None:
        return
    run_id = parent.info.run_id
    found = analysis.conclusions(question.confidence)
    client.log_batch(run_id, metrics=[Metric(*pair, 0, 0) for pair in exponents(found)])
    log_tables(client, run_id, analysis, question)
    client.log_text(run_id, as_html(analysis, question), f"{FOLDER}/report.html")
    diagnosis = analysis.diagnosis(question.confidence)
    assert diagnosis is not None, "a study of the store has runs"
    log_scores(client, run_id, diagnosis.held_out, analysis.measure)
    curves, *sections = curve_sections(analysis, question)
    log_figure(client, run_id, curves)
    log_note(client, parent, headline(analysis, question), sections)


def exponents(found: list[Conclusion]) -> Iterator[tuple[str, float]]:
    """(name, value) of the metrics of the study's run."""
    for one in found:
        if one.law:
            yield f"exponent.{one.architecture}", one.law.b
            yield f"exponent_low.{one.architecture}", one.law.b_low
            yield f"exponent_high.{one.architecture}", one.law.b_high


def log_tables(
    client: MlflowClient, run_id: str, analysis: StudyAnalysis, question: Question
) -> None:
    """Each table of the report as a CSV."""
    for part in PARTS:
        for section in part.sections(analysis, question):
            if section.table is not None:
                file = f"{FOLDER}/{file_name(section.title)}.csv"
                client.log_text(run_id, as_csv(section.table), file)


def log_figure(client: MlflowClient, run_id: str, curves: Section) -> None:
    """The learning curves, for papers and for the run's description."""
    assert curves.chart is not None
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("png", "svg"):
            file = Path(folder) / f"learning_curves.{kind}"
            file.write_bytes(picture(curves.chart(), kind))
            client.log_artifact(run_id, str(file), FOLDER)


def file_name(title: str) -> str:
    """A title in letters, digits and "_"."""
    letters = (letter if letter.isalnum() else "_" for letter in title.lower())
    return "".join(letters).strip("_")
