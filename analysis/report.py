"""`report`: law, forecasts and warnings per architecture, printed, written as HTML, logged to the study's run.

mlflow run . -e report -P study=digits     or     python -m analysis.report --study digits
python -m analysis.report curve.csv        for measurements made elsewhere
"""

import argparse
import html
import json
import math
import sys
import tempfile
from pathlib import Path

import altair as alt
from mlflow.entities import Metric

from analysis import charts
from analysis.answer import Conclusion, as_json, conclude
from analysis.diagnosis import diagnose
from analysis.held_out import forecast_held_out, held_out, log_scores
from analysis.powerlaw import FitError
from analysis.runs import StoreError, best_runs, load_runs, open_store, points, read_csv, study_run, untuned
from analysis.sections import Section, sections, warnings_of

STYLE = "body{font-family:sans-serif;margin:2em auto;max-width:60em}td,th{padding:.3em .8em;text-align:left}"
MOST_ROWS = 12  # of a table printed for a study of many architectures; the HTML has them all
NEXT = "\nthe runs:  make ui    (mlflow ui)\nthe page:  make app   (streamlit run app/main.py)"


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    if options.forecast_held_out:
        print_held_out(options)
    elif options.csv:
        report_csv(options)
    else:
        report_study(options)


def report_csv(options) -> None:
    table, metric = read_csv(options.csv)
    found = conclude(table, metric, options.confidence, options.target)
    if options.json:
        print_json(options, metric, found)
    else:
        print_answer(options.csv, "", sections(found, None, metric, options.confidence), warnings_of(found))


def report_study(options) -> None:
    study, metric = options.study, options.metric
    runs, note = load_runs(study), study_note(study)
    table = points(best_runs(runs), metric)
    if table.empty:
        raise StoreError(f"study '{study}' has no finished run yet; start it with: make study")
    found = conclude(table, metric, options.confidence, options.target)
    diagnosis = diagnose(runs, held_out(study), metric, options.confidence)
    parts, remarks = sections(found, diagnosis, metric, options.confidence), warnings_of(found, diagnosis)
    title = f"Study {study}"
    if options.json:
        print_json(options, metric, found, note=note, **vars(diagnosis))
    else:
        print_answer(title, note, parts, remarks)
    laws, told = ({one.architecture: getattr(one, what) for one in found if one.law} for what in ("law", "forecast"))
    curves = charts.learning_curves(table, laws, metric, points(best_runs(untuned(runs)), metric), told)
    pictures = [curves, *(part.chart for part in parts if part.chart is not None)]
    log_answer(study, found, parts, curves, as_html(title, note, parts, remarks, pictures), diagnosis.held_out)
    if not options.json:
        print(NEXT)


def print_held_out(options) -> None:
    added = forecast_held_out(options.study, options.forecast_held_out, options.confidence)
    for row in added[added["metric"] == "loss"].itertuples():
        print(f"forecast before training: {row.architecture} at n={row.n:,}: {row.low:.4g} to {row.high:.4g}")
    if added.empty:
        print("nothing to forecast: it was done before, or fewer than 3 sizes are measured")


# --- ways to say it --------------------------------------------------------------------------------


def print_answer(title: str, note: str, parts: list[Section], remarks: list[str]) -> None:
    """The sections one below the other; long tables are cut."""
    print("\n".join(filter(None, [title, note])))
    for part in parts:
        print(f"\n{part.title}: {part.words}\n{part.table.head(MOST_ROWS).to_string(index=False)}")
        if len(part.table) > MOST_ROWS:
            print(f"… {len(part.table) - MOST_ROWS} more rows in the HTML report and on the page")
    if remarks:
        print("\nRemarks")
        print("\n".join(remarks))


def print_json(options, metric: str, found: list[Conclusion], **more) -> None:
    source = {"csv": str(options.csv)} if options.csv else {"study": options.study}
    answer = as_json(found, **source, metric=metric, confidence=options.confidence, **more)
    print(json.dumps(answer, indent=2, allow_nan=False, ensure_ascii=False))


def as_html(title: str, note: str, parts: list[Section], remarks: list[str], pictures: list[alt.Chart]) -> str:
    """One self-contained page: tables and charts, which stay interactive without a network."""
    head = f"<h1>{html.escape(title)}</h1><p>{html.escape(note)}</p>"
    for part in parts:
        table = part.table.to_html(index=False, border=0)
        head += f"<h2>{html.escape(part.title)}</h2><p>{html.escape(part.words)}</p>{table}"
    head += "".join(f"<p>{html.escape(line)}</p>" for line in remarks)
    wide = (chart.properties(width=800) for chart in pictures)
    charted = alt.vconcat(*wide).resolve_scale(color="independent", shape="independent")
    before, body, after = charted.to_html(inline=True).rpartition("\n<body>")  # Vega's own code says <body>, too
    return f"{before}{body}<style>{STYLE}</style>{head}{after}"


def study_note(study: str, tracking_uri: str | None = None) -> str:
    """What the study says about itself wherever it is shown, such as which images it used; '' for nothing."""
    parent = study_run(open_store(tracking_uri), study)
    return parent.data.tags.get("note", "") if parent else ""


def log_answer(study: str, found: list[Conclusion], parts: list[Section], chart, page: str, scored) -> None:
    """Log tables, figure and page to the study's parent run; without one (bare runs of `main`) there is no place."""
    client = open_store()
    parent = study_run(client, study)
    if parent is None:
        return
    run_id = parent.info.run_id
    client.log_batch(run_id, metrics=[Metric(*pair, 0, 0) for pair in logged_values(found)])
    for name, part in zip(("answer", *(part.title for part in parts[1:])), parts):
        file = "".join(letter if letter.isalnum() else "_" for letter in name.lower()).strip("_")
        client.log_text(run_id, part.table.to_csv(index=False), f"report/{file}.csv")
    client.log_text(run_id, page, "report/report.html")
    log_scores(client, run_id, scored)
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("png", "svg"):
            picture = Path(folder) / f"learning_curves.{kind}"
            chart.properties(width=800).save(str(picture), **({"ppi": 144} if kind == "png" else {}))
            client.log_artifact(run_id, str(picture), "report")


def logged_values(found: list[Conclusion]):
    """(name, value) of the study's metrics."""
    for one in found:
        if one.law:
            yield f"exponent.{one.architecture}", one.law.b
            yield f"exponent_low.{one.architecture}", one.law.b_low
            yield f"exponent_high.{one.architecture}", one.law.b_high


# --- the command -----------------------------------------------------------------------------------


def parse(arguments: list[str] | None):
    parser = argparse.ArgumentParser("python -m analysis.report", allow_abbrev=False, description="Print the answer.")
    parser.error = lambda message: refuse(parser, message)
    parser.add_argument("csv", nargs="?", help="measurements: columns n and loss or error; optional se, architecture")
    parser.add_argument("--study", default="scaling-study", help="name of the study (an MLflow experiment)")
    parser.add_argument("--metric", choices=("loss", "error"), default="loss")
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


def refuse(parser, message: str) -> None:
    if message.startswith("unrecognized"):
        message += f"; allowed: {', '.join(name for name in parser._option_string_actions if name.startswith('--'))}"
    parser.exit(2, f"error: {message}\n")


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
    try:
        main()
    except (StoreError, FitError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
