"""The door of `report`: the law, the forecasts and the warnings of each architecture.

mlflow run . -e report -P study=digits             a study of the tracking store
python -m analysis.report --study digits           the same
python -m analysis.report curve.csv                measurements made elsewhere
python -m analysis.report --experiment NAME --columns n=train_size,loss=val/loss
                                                   any MLflow experiment, by its own names
python -m analysis.report app/example/digits       a study that was exported

The answer is printed; that of a study in the store is logged to its run, too.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.diagnostics.logged_forecasts import forecast_held_out
from analysis.reasons import FitError
from analysis.report.console import print_forecasts, print_report
from analysis.report.failure_words import nothing_finished
from analysis.report.given_prices import read_prices
from analysis.report.json_answer import print_json
from analysis.report.messages import say_error
from analysis.report.study_analysis import Question, StudyAnalysis
from analysis.selection import datasets
from tracking.command import Option, Parser, file_name, number, run, short, sizes
from tracking.errors import InputError, StoreError
from tracking.export import read_export
from tracking.measures import find_measure, read_target
from tracking.runs import load_runs
from tracking.study import Study, load_experiment, load_study, read_measured
from tracking.tables.reading import Reading, read_pairs

MANY_CURVES = 10  # from which on progress is told
MORE = "More: --full prints everything; --summary FILE, --html FILE write pages"
OF_STORE = "; make app (streamlit run app/main.py) shows it, make ui (mlflow ui) the runs"

LEAST, MOST = 0.01, 0.999  # confidence that an interval can be given for


# --- what is asked ---------------------------------------------------------------------------


def given(text: str) -> str | None:
    """None for "", as MLproject says nothing in particular."""
    return text.strip() or None


def target(text: str) -> str | None:
    """A number, perhaps in per cent; None for "". Its measure says what is allowed."""
    if given(text) is not None:
        number(text.strip().removesuffix("%"))
    return given(text)


def told(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """What an option reads, so that bad input names the option."""

    def reading(text: str) -> Any:
        try:
            return read(text)
        except InputError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return reading


COLUMNS_HELP = "what is what: n=train_size,loss=val/loss,architecture=model"
PRICES_HELP = "what costs what: label_price=0.5,engineer_price=9000,gain_high=30%%"
OPTIONS = (  # the parameters of the entry point in MLproject
    Option("study", "scaling-study", "name of the study (an MLflow experiment)"),
    Option("metric", "", "measure: loss, accuracy, rmse, …; default: what chose", given),
    Option("target", "", "of the measure: how much data does it need?", target),
    Option("architecture", "", "the model asked about; default: the best", given),
    Option("experiment", "", "any MLflow experiment, read by --columns", given),
    Option("columns", "", COLUMNS_HELP, told(read_pairs)),
    Option("only", "", "rows that count: epoch=20,split=test; epoch=last", told(read_pairs)),
    Option("prices", "", PRICES_HELP, told(read_prices)),
    Option("confidence", 0.9, "of the intervals, between 0 and 1", number),
)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = Parser("analysis.report", "Print the answer.", OPTIONS)
    file_help = "measurements: CSV with columns n and a measure; or an exported study"
    parser.add_argument("file", nargs="?", type=file_name, help=file_help)
    parser.add_argument("--json", action="store_true", help="print the answer for machines")
    parser.add_argument("--full", action="store_true", help="print everything there is")
    parser.add_argument("--summary", metavar="FILE", help="write one page to mail (HTML)")
    parser.add_argument("--html", metavar="FILE", help="write the full report (HTML)")
    ahead_help = "n,n: log forecasts of these sizes before they are trained"
    parser.add(Option("forecast_held_out", (), ahead_help, sizes))
    options = parser.parse_args(arguments)
    if not LEAST <= options.confidence <= MOST:
        raise InputError(
            f"confidence {options.confidence:g} is outside (0, 1); allowed: {LEAST} to {MOST}"
        )
    check_one_source(options)
    return options


def check_one_source(options: argparse.Namespace) -> None:
    """Raises InputError where the answer could be about several things."""
    sources = {
        "file": options.file,
        "experiment": options.experiment,
        "study": None if options.study == OPTIONS[0].default else options.study,
    }
    told = [f"{name} '{short(str(value))}'" for name, value in sources.items() if value]
    if len(told) > 1:
        raise InputError(f"{' and '.join(told)} are given; allowed: one of them")
    if options.forecast_held_out and (options.file or options.experiment):
        raise InputError(f"forecast_held_out is of a study, not of {told[0]}")


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
    check_trainable(options.study, asked)
    print_forecasts(forecast_held_out(options.study, asked, options.confidence))


def check_trainable(study: str, sizes: tuple[int, ...]) -> None:
    """Raises InputError for sizes that the study can never train."""
    runs = load_runs(study)
    pools = pd.to_numeric(runs["pool"], errors="coerce")
    if "fraction" in runs:  # of runs that others logged, which say no pool
        pools = pools.fillna((runs["n_train"] / runs["fraction"]).round())
    pools = pools.dropna()
    if len(pools) and max(sizes) > pools.max():
        raise InputError(
            f"forecast_held_out {max(sizes):,} is more than the {pools.max():,.0f} examples "
            f"of study '{study}'"
        )


def answer(options: argparse.Namespace) -> None:
    subject = subject_of(options)
    analysis = subject.analysis
    show_progress(analysis, options.confidence)
    question = question_of(options, analysis)
    stored = not (options.file or options.experiment)
    if options.json:
        print_json(analysis, question, subject.source)
    else:
        more = f"{MORE}{OF_STORE if stored else ''}"
        print_report(analysis, question, subject.title, more, options.full)
    write_pages(options, analysis, question)
    if stored:
        from analysis.report.log_answer import log_answer  # loads MLflow

        log_answer(analysis, question)


def write_pages(
    options: argparse.Namespace, analysis: StudyAnalysis, question: Question
) -> None:
    """The summary and the full report, where they are asked for."""
    if not (options.summary or options.html):
        return
    from analysis.report.html_report import as_html, summary_html  # loads altair

    for file, make in ((options.summary, summary_html), (options.html, as_html)):
        if file:
            write(Path(file), make(analysis, question))


def write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"'{file}' cannot be written: {error.strerror}") from error


def show_progress(analysis: StudyAnalysis, confidence: float) -> None:
    """Of many curves, each of which takes a second, on a terminal's standard error."""
    count = len(analysis.curves)
    if count < MANY_CURVES:
        return
    for i, name in enumerate(analysis.curves, 1):
        analysis.conclusion(name, confidence)
        print(f"\rcurve {i} of {count}", end="", file=sys.stderr, flush=True)
    print("; now they are compared", file=sys.stderr)


def subject_of(options: argparse.Namespace) -> Subject:
    """A study of the store, an exported one, a CSV, or any experiment."""
    file = options.file
    if options.experiment:
        return measured(options, "experiment", options.experiment)
    if file and not Path(file).is_dir():
        return measured(options, "csv", file)
    if options.columns or options.only:
        raise InputError("--columns and --only are of a CSV, or of an --experiment")
    study = read_export(Path(file)) if file else load_study(options.study)
    dataset = main_dataset(study)
    analysis = StudyAnalysis(study, dataset, measure_of(study, dataset, options.metric))
    if file:
        title = f"Study {study.name}, exported to {file}{others(analysis)}"
        return Subject(analysis, title, {"export": file})
    source = {"study": study.name, "note": study.note}
    return Subject(analysis, f"Study {study.name}{others(analysis)}", source)


def measured(options: argparse.Namespace, kind: str, name: str) -> Subject:
    """What others measured, read as --columns and --only say."""
    reading = Reading(options.columns or {}, options.only or {})
    load = load_experiment if kind == "experiment" else partial(read_measured, name)
    study = load(name, reading=reading, measure=options.metric)
    measure = measure_of(study, None, options.metric)
    return Subject(StudyAnalysis(study, None, measure), name, {kind: name})


def measure_of(study: Study, dataset: str | None, wanted: str | None) -> str:
    """The measure asked for by its name, else the one that chose. Raises InputError."""
    known = study.measures_on(dataset)
    named = {find_measure(one).name: one for one in known} | {one: one for one in known}
    if wanted is None:
        return known[0]
    if wanted not in named:
        names = ", ".join(find_measure(one).name for one in known)
        raise InputError(f"metric '{short(wanted)}' is unknown; allowed: {names}")
    return named[wanted]


def question_of(options: argparse.Namespace, analysis: StudyAnalysis) -> Question:
    """Raises InputError for a target that cannot be meant, or an unknown architecture."""
    target = None
    if options.target is not None:
        target = read_target(options.target, find_measure(analysis.measure))
    name = options.architecture
    if name is not None and name not in analysis.curves:
        known = ", ".join(analysis.curves)
        raise InputError(f"architecture '{short(name)}' is unknown; allowed: {known}")
    return Question(name, options.confidence, replace(options.prices, target=target))


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
