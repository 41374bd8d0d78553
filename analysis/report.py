"""`report`: fits the law per architecture, prints the answer, writes it as HTML, logs it to the study's run.

mlflow run . -e report -P study=digits     or     python -m analysis.report --study digits
python -m analysis.report curve.csv        for measurements made elsewhere
"""

import argparse
import html
import math
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from mlflow.entities import Metric

from analysis import charts
from analysis.powerlaw import FitError, PowerLaw, fit_power_law
from analysis.runs import StoreError, best_runs, load_runs, open_store, points, read_csv, study_run, untuned

COLUMNS = ("architecture", "sizes", "exponent b", "interval", "floor c", "largest n", "test loss", "test error")


STYLE = "body{font-family:sans-serif;margin:2em auto;max-width:60em}td,th{padding:.3em .8em;text-align:left}"


@dataclass(frozen=True)
class Conclusion:
    """What is concluded about one architecture; law is None where it cannot be fitted, and `reason` says why."""

    architecture: str
    law: PowerLaw | None
    reason: str
    sizes: int
    largest_n: float
    loss: float  # nats, measured at largest_n, mean over data seeds; NaN where unknown
    error: float  # fraction


def conclude(table: pd.DataFrame, metric: str = "loss", confidence: float = 0.9) -> list[Conclusion]:
    """Fit the power law to each architecture of a table of points (architecture, n, loss, perhaps se)."""
    return [_conclude(name, curve, metric, confidence) for name, curve in table.groupby("architecture", sort=True)]


def _conclude(name: str, curve: pd.DataFrame, metric: str, confidence: float) -> Conclusion:
    largest = curve[curve["n"] == curve["n"].max()]
    measured = {
        unit: largest[f"test_{unit}"].mean() if f"test_{unit}" in largest else math.nan for unit in ("loss", "error")
    }
    if math.isnan(measured[metric]):
        measured[metric] = largest["loss"].mean()
    law, reason = None, ""
    try:
        se = curve["se"] if "se" in curve and curve["se"].notna().any() else None
        law = fit_power_law(curve["n"], curve["loss"], se=se, confidence=confidence)
    except FitError as error:
        reason = str(error)
    return Conclusion(name, law, reason, curve["n"].nunique(), largest["n"].iloc[0], **measured)


def as_table(conclusions: list[Conclusion]) -> pd.DataFrame:
    """One row per architecture, ready to be read: numbers as text, '–' where there is none."""
    rows = []
    for found in conclusions:
        law = found.law
        rows.append(
            (
                found.architecture,
                found.sizes,
                f"{law.b:.3f}" if law else "–",
                f"{law.b_low:.3f} to {law.b_high:.3f}" if law else found.reason,
                f"{law.c:.3g}" if law else "–",
                f"{found.largest_n:,.0f}",
                "–" if math.isnan(found.loss) else f"{found.loss:.4f}",
                "–" if math.isnan(found.error) else f"{found.error:.2%}",
            )
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def as_html(title: str, note: str, table: pd.DataFrame, warnings: list[str], chart) -> str:
    """One self-contained page: the table and the chart, which stays interactive without a network."""
    head = f"<h1>{html.escape(title)}</h1><p>{html.escape(note)}</p>{table.to_html(index=False, border=0)}"
    head += "".join(f"<p>{html.escape(line)}</p>" for line in warnings)
    style = f"<style>{STYLE}</style>"
    return chart.properties(width=800).to_html(inline=True).replace("<body>", f"<body>{style}{head}", 1)


def warnings_of(conclusions: list[Conclusion]) -> list[str]:
    return [f"{found.architecture}: {line}" for found in conclusions if found.law for line in found.law.warnings]


# --- the command -----------------------------------------------------------------------------------


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    if options.csv:
        table, metric = read_csv(options.csv)
        title, note, runs = options.csv, "", None
    else:
        runs = load_runs(options.study)
        table, metric = points(best_runs(runs), options.metric), options.metric
        title, note = f"Study {options.study}", study_note(options.study)
        if table.empty:
            raise StoreError(f"study '{options.study}' has no finished run yet; start it with: make study")
    conclusions = conclude(table, metric, options.confidence)
    answer = as_table(conclusions)
    print(f"{title}: {metric} = a · n^-b + c, intervals at {options.confidence:.0%}")
    print("\n".join(filter(None, [note, answer.to_string(index=False), *warnings_of(conclusions)])))
    if options.csv:
        return
    laws = {found.architecture: found.law for found in conclusions if found.law}
    chart = charts.learning_curves(table, laws, metric, points(best_runs(untuned(runs)), metric))
    log_answer(options.study, conclusions, answer, chart, as_html(title, note, answer, warnings_of(conclusions), chart))
    print("\nthe runs:  make ui    (mlflow ui)\nthe page:  make app   (streamlit run app/main.py)")


def study_note(study: str, tracking_uri: str | None = None) -> str:
    """What the study says about itself wherever it is shown, such as which images it used; '' for nothing."""
    parent = study_run(open_store(tracking_uri), study)
    return parent.data.tags.get("note", "") if parent else ""


def log_answer(study: str, conclusions: list[Conclusion], answer: pd.DataFrame, chart, page: str) -> None:
    """Log table, figure and page to the study's parent run; without one (bare runs of `main`) there is no place."""
    client = open_store()
    parent = study_run(client, study)
    if parent is None:
        return
    run_id = parent.info.run_id
    values = [
        Metric(f"{name}.{found.architecture}", value, 0, 0)
        for found in conclusions
        if found.law
        for name, value in (
            ("exponent", found.law.b),
            ("exponent_low", found.law.b_low),
            ("exponent_high", found.law.b_high),
        )
    ]
    client.log_batch(run_id, metrics=values)
    client.log_text(run_id, answer.to_csv(index=False), "report/answer.csv")
    client.log_text(run_id, page, "report/report.html")
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("png", "svg"):
            picture = Path(folder) / f"learning_curves.{kind}"
            chart.properties(width=800).save(str(picture), **({"ppi": 144} if kind == "png" else {}))
            client.log_artifact(run_id, str(picture), "report")


def parse(arguments: list[str] | None):
    parser = argparse.ArgumentParser("python -m analysis.report", allow_abbrev=False, description="Print the answer.")
    parser.error = lambda message: parser.exit(2, f"error: {message}\n")
    parser.add_argument("csv", nargs="?", help="measurements: columns n and loss or error; optional se, architecture")
    parser.add_argument("--study", default="scaling-study", help="name of the study (an MLflow experiment)")
    parser.add_argument("--metric", choices=("loss", "error"), default="loss")
    parser.add_argument("--confidence", type=float, default=0.9, help="of the intervals, between 0 and 1")
    options = parser.parse_args(arguments)
    if not 0 < options.confidence < 1:
        raise StoreError(f"confidence {options.confidence:g} is outside (0, 1)")
    return options


if __name__ == "__main__":
    try:
        main()
    except (StoreError, FitError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
