"""The door of `report`: the law, the forecasts and the warnings of each architecture.

mlflow run . -e report -P study=digits             a study of the tracking store
python -m analysis.report --study digits           the same
python -m analysis.report curve.csv                measurements made elsewhere
python -m analysis.report app/example/digits       a study that was exported

The answer is printed; that of a study in the store is logged to its run, too.
"""

import argparse
import math
from dataclasses import dataclass
from pathlib import Path

from analysis.decision.prices import Prices
from analysis.diagnostics.logged_forecasts import forecast_held_out
from analysis.reasons import FitError
from analysis.report.console import print_forecasts, print_report
from analysis.report.failure_words import nothing_finished
from analysis.report.json_answer import print_json
from analysis.report.log_answer import log_answer
from analysis.report.messages import say_error
from analysis.report.study_analysis import Question, StudyAnalysis
from analysis.selection import datasets
from tracking.command import Option, Parser, number, run, sizes
from tracking.errors import InputError, StoreError
from tracking.export import read_export
from tracking.schema import MEASURES
from tracking.study import Study, load_study, read_measured

NEXT = "\nthe runs:  make ui    (mlflow ui)\nthe page:  make app   (streamlit run app/main.py)"


# --- what is asked ---------------------------------------------------------------------------


def measure(text: str) -> str | None:
    """loss or error; None for "", as MLproject says neither in particular."""
    if text.strip() not in ("", *MEASURES):
        raise argparse.ArgumentTypeError(
            f"'{text}' is unknown; allowed: {', '.join(MEASURES)}"
        )
    return text.strip() or None


def target(text: str) -> float | None:
    """A loss or error above 0; None for "", as MLproject says none."""
    if not text.strip():
        return None
    value = number(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"'{text}' is not above 0")
    return value


OPTIONS = (  # the parameters of the entry point in MLproject
    Option("study", "scaling-study", "name of the study (an MLflow experiment)"),
    Option("metric", "", "loss or error; default loss, or what a CSV has", measure),
    Option("target", "", "loss or error to reach: how much data does it need?", target),
    Option("confidence", 0.9, "of the intervals, between 0 and 1", number),
)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = Parser("analysis.report", "Print the answer.", OPTIONS)
    file_help = "measurements: CSV with columns n, loss or error; or an exported study"
    parser.add_argument("file", nargs="?", help=file_help)
    parser.add_argument("--json", action="store_true", help="print the answer for machines")
    ahead_help = "n,n: log forecasts of these sizes before they are trained"
    parser.add(Option("forecast_held_out", (), ahead_help, sizes))
    options = parser.parse_args(arguments)
    if not 0 < options.confidence < 1:
        raise InputError(f"confidence {options.confidence:g} is outside (0, 1)")
    return options


@dataclass(frozen=True)
class Subject:
    """What the answer is about.

    analysis: of the study or CSV.
    title: first line of what is printed.
    source: the same for machines.
    """

    analysis: StudyAnalysis
    title: str
    source: dict[str, str]


# --- what is answered ------------------------------------------------------------------------


def main(arguments: list[str] | None = None) -> None:
    """Raises InputError for what the caller did wrong."""
    options = parse(arguments)
    try:
        if options.forecast_held_out:
            forecast_ahead(options)
        else:
            answer(options)
    except FitError as error:
        raise InputError(say_error(error)) from error


def forecast_ahead(options: argparse.Namespace) -> None:
    """Log forecasts of sizes that have not been trained yet."""
    asked = options.forecast_held_out
    print_forecasts(forecast_held_out(options.study, asked, options.confidence))


def answer(options: argparse.Namespace) -> None:
    subject = subject_of(options)
    analysis = subject.analysis
    question = question_of(options, analysis.measure)
    if options.json:
        print_json(analysis, question, subject.source)
    else:
        print_report(analysis, question, subject.title)
    if not options.file:
        log_answer(analysis, question)
        print("" if options.json else NEXT, end="" if options.json else "\n")


def subject_of(options: argparse.Namespace) -> Subject:
    """A study of the store, an exported one, or a CSV."""
    file = options.file
    if file and not Path(file).is_dir():
        study = read_measured(file, file, options.metric)
        return Subject(StudyAnalysis(study, None, study.measures[0]), file, {"csv": file})
    study = read_export(Path(file)) if file else load_study(options.study)
    analysis = StudyAnalysis(study, main_dataset(study), options.metric or "loss")
    if file:
        title = f"Study {study.name}, exported to {file}{others(analysis)}"
        return Subject(analysis, title, {"export": file})
    source = {"study": study.name, "note": study.note}
    return Subject(analysis, f"Study {study.name}{others(analysis)}", source)


def question_of(options: argparse.Namespace, measure: str) -> Question:
    """Raises InputError for a target that cannot be meant."""
    if measure == "error" and (options.target or 0) > 1:
        raise InputError(f"target {options.target:g} is no error; allowed: above 0, up to 1")
    return Question(confidence=options.confidence, prices=Prices(target=options.target))


def main_dataset(study: Study) -> str:
    """The one with the most runs. Raises StoreError where nothing has finished."""
    assert study.runs is not None
    known = datasets(study)
    if not known:
        start = "; start it with: make study" if study.runs.empty else ""
        raise StoreError(f"{nothing_finished(study.name, study.runs)}{start}")
    return str(study.runs["dataset"].value_counts()[known].idxmax())


def others(analysis: StudyAnalysis) -> str:
    """Which dataset of several the answer is about."""
    rest = [name for name in datasets(analysis.study) if name != analysis.dataset]
    if not rest:
        return ""
    return f", dataset {analysis.dataset}; the page shows the others: {', '.join(rest)}"


if __name__ == "__main__":
    run(main)
