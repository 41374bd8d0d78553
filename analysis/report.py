"""`report`: law, forecasts and warnings per architecture, printed, written as HTML, logged to the study's run.

mlflow run . -e report -P study=digits     or     python -m analysis.report --study digits
python -m analysis.report curve.csv        for measurements made elsewhere
python -m analysis.report app/example/digits      for a study that was exported
"""

import argparse
import json
import math
import tempfile
from dataclasses import replace
from pathlib import Path

from mlflow.entities import Metric

from analysis.answer import Conclusion, as_json
from analysis.command import Parser, run
from analysis.costs.prices import Prices
from analysis.evidence import Evidence, Question
from analysis.export import read_export
from analysis.presentation.comparison_sections import summary
from analysis.presentation.headline import Headline, assumed, headline
from analysis.presentation.html_report import as_html
from analysis.presentation.look import picture
from analysis.presentation.note import log_note
from analysis.presentation.parts import PARTS
from analysis.presentation.sections import Section, curve_sections, curves
from analysis.presentation.trust_sections import trust_sections
from analysis.runs import StoreError, open_store, study_run
from analysis.study import METRICS, Study, load_study, read_measured
from analysis.trust.failures import nothing_finished
from analysis.trust.held_out import forecast_held_out, log_scores

MOST_ROWS = 12  # of a table printed for a study of many architectures; the HTML has them all
NEXT = "\nthe runs:  make ui    (mlflow ui)\nthe page:  make app   (streamlit run app/main.py)"


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    if options.forecast_held_out:
        print_held_out(options)
    elif options.file and Path(options.file).is_dir():
        report_export(options)
    elif options.file:
        report_csv(options)
    else:
        report_study(options)


def report_csv(options) -> None:
    study = read_measured(options.file, options.file, options.metric)
    tell(options, Evidence(study, None, study.metrics[0]), {"csv": options.file}, options.file)


def report_export(options) -> None:
    study = read_export(Path(options.file))
    evidence = Evidence(study, main_dataset(study), options.metric or "loss")
    tell(
        options, evidence, {"export": options.file}, f"Study {study.name}, exported to {options.file}{others(evidence)}"
    )


def report_study(options) -> None:
    study = load_study(options.study)
    evidence = Evidence(study, main_dataset(study), options.metric or "loss")
    tell(options, evidence, {"study": study.name, "note": study.note}, f"Study {study.name}{others(evidence)}")
    log_answer(evidence, asked_by(options, evidence.metric))
    if not options.json:
        print(NEXT)


def main_dataset(study: Study) -> str:
    """The one with the most runs. Raises StoreError where nothing has finished."""
    if not study.datasets:
        start = "; start it with: make study" if study.runs.empty else ""
        raise StoreError(f"{nothing_finished(study.name, study.runs)}{start}")
    return study.runs["dataset"].value_counts()[study.datasets].idxmax()


def others(evidence: Evidence) -> str:
    """Which dataset of several the answer is about."""
    rest = [name for name in evidence.study.datasets if name != evidence.dataset]
    return f", dataset {evidence.dataset}; the page shows the others: {', '.join(rest)}" if rest else ""


def asked_by(options, metric: str) -> Question:
    if metric == "error" and (options.target or 0) > 1:
        raise StoreError(f"target {options.target:g} is no error; allowed: above 0, up to 1")
    return Question(confidence=options.confidence, prices=Prices(target=options.target))


def tell(options, evidence: Evidence, source: dict, title: str) -> None:
    """Print the answer, for people or for machines."""
    question = asked_by(options, evidence.metric)
    if options.json:
        print_json(evidence, question, options, source)
        return
    parts = curve_sections(evidence, question)[1:]  # whose first is the chart
    parts += [summary(evidence.comparison(question.confidence))] if len(evidence.known(question.confidence)) > 1 else []
    answer, after = headline(evidence, question), parts + trust_sections(evidence, question)
    print_answer([title, evidence.study.note], answer, assumed(evidence, question), after)


def print_held_out(options) -> None:
    added = forecast_held_out(options.study, options.forecast_held_out, options.confidence)
    for row in added[added["metric"] == "loss"].itertuples():
        print(f"forecast before training: {row.architecture} at n={row.n:,}: {row.low:.4g} to {row.high:.4g}")
    if added.empty:
        print("nothing to forecast: it was done before, or fewer than 3 sizes are measured")


# --- ways to say it --------------------------------------------------------------------------------


def print_answer(heading: list[str], answer: Headline, prices: str, parts: list[Section]) -> None:
    """The answer, then the sections one below the other; long tables of numbers are cut."""
    print("\n".join(filter(None, heading)) + "\n")
    said = [answer.sentence, answer.trust, *answer.money, answer.surer, prices]
    print("\n".join(filter(None, said)))
    for part in parts:
        print(f"\n{part.title}: {part.words}".rstrip())
        print(*part.lines, sep="\n", end="\n" if part.lines else "")
        if part.table is not None:
            most = MOST_ROWS if len(part.table.columns) > 1 else len(part.table)  # remarks are never cut
            print(part.table.head(most).to_string(index=False))
            if len(part.table) > most:
                print(f"… {len(part.table) - most} more rows on the page")


def print_json(evidence: Evidence, question: Question, options, source: dict) -> None:
    found, confidence = evidence.conclusions(question.confidence), question.confidence
    more = vars(diagnosis) if (diagnosis := evidence.diagnosis(confidence)) else {}
    known = [one.architecture for one in evidence.known(confidence)]
    if known:
        more = more | {"decision": evidence.decision(question).record()}
        more |= {"comparison": evidence.comparison(confidence).words}
    if question.prices.target is not None:
        needed = {name: evidence.needed(name, question.prices.target, confidence) for name in known}
        found = [replace(one, needed=needed.get(one.architecture)) for one in found]
    answer = as_json(
        found, evidence.backtests(confidence), **source, metric=evidence.metric, confidence=confidence, **more
    )
    print(json.dumps(answer, indent=2, allow_nan=False, ensure_ascii=False))


def log_answer(evidence: Evidence, question: Question) -> None:
    """Log tables, figure and page to the study's parent run; without one (bare runs of `main`) there is no place."""
    client, study = open_store(), evidence.study.name
    parent = study_run(client, study)
    if parent is None:
        return
    run_id, found = parent.info.run_id, evidence.conclusions(question.confidence)
    client.log_batch(run_id, metrics=[Metric(*pair, 0, 0) for pair in logged_values(found)])
    told = [section for part in PARTS for section in part.sections(evidence, question)]
    for part in (part for part in told if part.table is not None):
        client.log_text(run_id, part.table.to_csv(index=False), f"report/{file_name(part.title)}.csv")
    client.log_text(run_id, as_html(evidence, question), "report/report.html")
    log_scores(client, run_id, evidence.diagnosis(question.confidence).held_out)
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("png", "svg"):
            file = Path(folder) / f"learning_curves.{kind}"
            file.write_bytes(picture(curves(evidence, question).chart(), kind))
            client.log_artifact(run_id, str(file), "report")
    log_note(client, parent, headline(evidence, question), curve_sections(evidence, question)[1:])


def file_name(title: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in title.lower()).strip("_")


def logged_values(found: list[Conclusion]):
    """(name, value) of the study's metrics."""
    for one in found:
        if one.law:
            yield f"exponent.{one.architecture}", one.law.b
            yield f"exponent_low.{one.architecture}", one.law.b_low
            yield f"exponent_high.{one.architecture}", one.law.b_high


# --- the command -----------------------------------------------------------------------------------


def parse(arguments: list[str] | None):
    parser = Parser("analysis.report", "Print the answer.")
    parser.add_argument("file", nargs="?", help="measurements: CSV with columns n, loss or error; or an exported study")
    parser.add_argument("--study", default="scaling-study", help="name of the study (an MLflow experiment)")
    parser.add_argument("--metric", type=metric, default="", help="loss or error; default loss, or what a CSV has")
    parser.add_argument("--confidence", type=float, default=0.9, help="of the intervals, between 0 and 1")
    parser.add_argument("--target", type=target, default="", help="loss or error to reach: how much data does it need?")
    parser.add_argument("--json", action="store_true", help="print the answer for machines")
    parser.add_argument(
        "--forecast_held_out", type=sizes, default=(), help="n,n: log forecasts of these sizes before they are trained"
    )
    options = parser.parse_args(arguments)
    if not 0 < options.confidence < 1:
        raise StoreError(f"confidence {options.confidence:g} is outside (0, 1)")
    return options


def metric(text: str) -> str | None:
    """loss or error; '' for neither in particular, as MLproject's default says it."""
    if text.strip() not in ("", *METRICS):
        raise argparse.ArgumentTypeError(f"'{text}' is unknown; allowed: {', '.join(METRICS)}")
    return text.strip() or None


def target(text: str) -> float | None:
    """A loss or error above 0; '' for none, as MLproject's default says it."""
    if not text.strip():
        return None
    value = number(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"'{text}' is not above 0")
    return value


def sizes(text: str) -> tuple[int, ...]:
    values = [number(part) for part in text.split(",") if part.strip()]
    if not all(value >= 1 and value == int(value) for value in values if math.isfinite(value)) or math.inf in values:
        raise argparse.ArgumentTypeError(f"'{text}' are not whole numbers of examples")
    return tuple(sorted({int(value) for value in values}))


def number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number") from None


if __name__ == "__main__":
    run(main)
