"""The answer in the study's own run: metrics, tags, tables, figures, pages and description."""

import math
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Metric, RunTag

from analysis.curves.conclusion import Conclusion
from analysis.decision.questions import for_target
from analysis.diagnostics.logged_forecasts import log_scores
from analysis.report.answer_chart import answer_chart
from analysis.report.headline import Headline, headline
from analysis.report.html_report import as_html, summary_html
from analysis.report.note import log_note
from analysis.report.parts import PARTS
from analysis.report.sections import Section, curve_sections
from analysis.report.study_analysis import Question, StudyAnalysis
from analysis.report.theme import picture
from tracking.csv_cells import as_csv
from tracking.measures import find_measure
from tracking.store import open_store, study_run

FOLDER = "report"  # of the run's artifacts
FIGURE = "answer"
CURVES = "learning_curves"
DESCRIPTION = "description.png"
SMALL = {"width": 620, "height": 260}  # pixels
# What tells MLflow's page that an experiment holds training runs.
TRAINING = ("mlflow.experimentKind", "custom_model_development")


def log_answer(analysis: StudyAnalysis, question: Question) -> None:
    """Nothing is logged where runs have no study to belong to, as those of `main`."""
    client = open_store(write=True)
    parent = study_run(client, analysis.study.name)
    if parent is None:
        return
    run_id = parent.info.run_id
    answer = headline(analysis, question)
    client.set_experiment_tag(parent.info.experiment_id, *TRAINING)
    log_numbers(client, run_id, analysis, question, answer)
    log_tables(client, run_id, analysis, question)
    client.log_text(run_id, summary_html(analysis, question), f"{FOLDER}/summary.html")
    client.log_text(run_id, as_html(analysis, question), f"{FOLDER}/report.html")
    diagnosis = analysis.diagnosis(question.confidence)
    assert diagnosis is not None, "a study of the store has runs"
    log_scores(client, run_id, diagnosis.held_out, analysis.measure)
    curves, *sections = curve_sections(analysis, question)
    figure = log_figures(client, run_id, analysis, question, curves)
    log_note(client, parent, answer, sections, figure)


def log_numbers(
    client: MlflowClient,
    run_id: str,
    analysis: StudyAnalysis,
    question: Question,
    answer: Headline,
) -> None:
    """The answer as metrics and tags, by which MLflow sorts and filters studies."""
    found = analysis.conclusions(question.confidence)
    pairs = [*exponents(found), *answered(analysis, question)]
    now = int(1000 * time.time())  # of two values MLflow shows the later one
    client.log_batch(
        run_id,
        metrics=[Metric(*pair, now, 0) for pair in pairs],
        tags=[
            RunTag("answer", answer.sentence),
            RunTag("grade", answer.grade),
            RunTag("next", answer.surer),
            RunTag("measure", find_measure(analysis.measure).name),
        ],
    )


def exponents(found: list[Conclusion]) -> Iterator[tuple[str, float]]:
    """(name, value) of the exponents of all laws."""
    for one in found:
        if one.law:
            yield f"exponent.{one.architecture}", one.law.b
            yield f"exponent_low.{one.architecture}", one.law.b_low
            yield f"exponent_high.{one.architecture}", one.law.b_high


def answered(analysis: StudyAnalysis, question: Question) -> Iterator[tuple[str, float]]:
    """(name, value) of the answer to each question; values are as their reader knows them.

    nan is what cannot be said, and replaces what an earlier report has said.
    """
    now = twice = low = high = target = examples = price = math.nan
    if analysis.asked(question) is not None:
        shown = find_measure(analysis.measure).shown
        more = analysis.doublings(question)[0]
        goal = for_target(analysis.decision(question))
        now, twice, target = (shown(gap) for gap in (more.now, more.value, goal.target))
        low, high = sorted(shown(gap) for gap in (more.low, more.high))
        examples, price = goal.n, goal.price
    yield "value_now", now
    yield "value_at_twice_the_data", twice
    yield "value_at_twice_the_data_low", low
    yield "value_at_twice_the_data_high", high
    yield "target", target
    yield "examples_at_target", examples if math.isfinite(examples) else math.nan
    yield "price_of_target", price if math.isfinite(price) else math.nan


def log_tables(
    client: MlflowClient, run_id: str, analysis: StudyAnalysis, question: Question
) -> None:
    """Each table of the report as a CSV."""
    for part in PARTS:
        for section in part.sections(analysis, question):
            if section.table is not None:
                file = f"{FOLDER}/{file_name(section.title)}.csv"
                client.log_text(run_id, as_csv(section.table), file)


def log_figures(
    client: MlflowClient,
    run_id: str,
    analysis: StudyAnalysis,
    question: Question,
    curves: Section,
) -> str:
    """The chart of the answer and that of all curves, for papers and the description.

    Returns the path of the description's figure among the artifacts: a small PNG, as MLflow's
    page shows it in its own size, and no SVG at all.
    """
    assert curves.chart is not None
    charts = {CURVES: curves.chart()}
    if analysis.asked(question) is not None:
        charts[FIGURE] = answer_chart(analysis, question)
    with tempfile.TemporaryDirectory() as folder:
        for name, chart in charts.items():
            for kind in ("png", "svg"):
                (Path(folder) / f"{name}.{kind}").write_bytes(picture(chart, kind))
        small = charts.get(FIGURE, charts[CURVES]).properties(background="white", **SMALL)
        small.save(f"{folder}/{DESCRIPTION}", ppi=72)
        client.log_artifacts(run_id, folder, FOLDER)
    return f"{FOLDER}/{DESCRIPTION}"


def file_name(title: str) -> str:
    """A title in letters, digits and "_"."""
    letters = (letter if letter.isalnum() else "_" for letter in title.lower())
    return "".join(letters).strip("_")
