"""The answer in plain words and tables of text: what the report prints, its HTML and the page all show."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import altair as alt
import pandas as pd

from analysis.answer import TIMES, Conclusion
from analysis.evidence import Evidence, Question
from analysis.fits.predictive import NEVER
from analysis.language import Text, joined
from analysis.presentation.charts import Lines, learning_curves
from analysis.presentation.headline import METRICS
from analysis.presentation.wording import Link, interval, percent, share, size, sizes, value
from analysis.study import links
from analysis.trust.diagnosis import Diagnosis

COLUMNS = (
    *(Text("architecture"), Text("sizes"), Text("exponent b"), Text("interval"), Text("floor c"), Text("largest n")),
    *(Text("test loss"), Text("test error")),
)


@dataclass(frozen=True)
class Section:
    """A heading, a few sentences, a table of text, a chart drawn for a Look (`chart(look=…)`), as far as there are.

    lines: more sentences, one below the other. command: to copy into a terminal, "" for none.
    """

    title: Text
    words: Text | str = ""
    table: pd.DataFrame | None = None
    chart: Callable[..., alt.LayerChart] | None = None
    lines: tuple[Text, ...] = ()
    command: str = ""


def curve_sections(evidence: Evidence, question: Question, linear: bool = False, ui: str = "") -> list[Section]:
    """The curves, their laws and what they forecast; points link to the MLflow UI where its address is given."""
    confidence, metric = question.confidence, evidence.metric
    found = evidence.conclusions(confidence)
    parts = [curves(evidence, question, linear, ui), law(found, metric, confidence)]
    if told := [one for one in found if one.forecast]:
        needed = [evidence.needed(one.architecture, target_of(evidence, question), confidence) for one in told]
        parts += [forecasts(told, metric, confidence), data_needed(told, needed, metric, confidence)]
    return parts


def target_of(evidence: Evidence, question: Question) -> float:
    """The target asked for, or the decision's own."""
    return question.prices.settled(evidence.asked(question).forecast.predictive).target


def warnings_of(conclusions: list[Conclusion], diagnosis: Diagnosis | None = None) -> list[Text]:
    """Remarks, each after the architecture it is about."""
    lines = []
    for found in conclusions:
        if found.law:
            known = [line for line in found.forecast.warnings if not line.startswith("the ")]  # the law says those too
            about = (*found.law.warnings, *known)
        else:
            about = (found.reason,)
        lines += [Text("{name}: {remark}", name=found.architecture, remark=line) for line in about]
    if diagnosis is not None:
        for name, cells in diagnosis.adequacy.query("falling == True").groupby("architecture"):
            at = ", ".join(f"{n:,}" for n in cells["n"])
            lines.append(
                Text(
                    "{name}: the search was too short at n = {at}; more samples would lower the loss", name=name, at=at
                )
            )
    return lines


def curves(evidence: Evidence, question: Question, linear: bool = False, ui: str = "") -> Section:
    """The chart of all curves."""
    asked, found = evidence.asked(question), evidence.known(question.confidence)
    lines = Lines(
        laws={one.architecture: one.law for one in found},
        forecasts={one.architecture: one.forecast for one in found},
        untuned=evidence.untuned,
        target=target_of(evidence, question) if asked else None,
        best_guess=evidence.best_guess,
        chosen=asked.architecture if asked else None,
    )
    points = Text(
        "Each point is the run with the smallest validation loss among those of its size, measured once on the test "
        "set; thin and dotted: without tuning."
    )
    drawn = Text(
        "Solid: the fitted law. Dashed, in its {confidence} interval: the forecast. On logarithmic axes a power "
        "law is a straight line.",
        confidence=percent(question.confidence),
    )
    words = drawn if evidence.runs is None else joined([points, drawn])
    table = evidence.table.assign(link=links(evidence.table, ui)) if ui else evidence.table
    chart = partial(learning_curves, table, lines, evidence.metric, linear=linear)
    return Section(Text("Learning curves"), words, measured(table, evidence.metric), chart)


def measured(table: pd.DataFrame, metric: str) -> pd.DataFrame:
    """What the chart of the curves shows, as a table: a row for each point, with its run where it has one."""
    rows = table.sort_values(["architecture", "n"])
    head = [Text("architecture"), Text("examples"), Text("test {metric}", metric=METRICS[metric])]
    cells = zip(rows["architecture"], rows["n"].map("{:,.0f}".format), [value(loss, metric) for loss in rows["loss"]])
    shown = pd.DataFrame(cells, columns=head)
    if "name" in rows:
        links = rows["link"] if "link" in rows else [""] * len(rows)
        shown[Text("run")] = [Link(name, link) if link else name for name, link in zip(rows["name"], links)]
    return shown


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
                Text("{low:.3f} to {high:.3f}", low=law.b_low, high=law.b_high) if law else found.reason,
                f"{law.c:.3g}" if law else "–",
                f"{found.largest_n:,.0f}",
                _measured(found.loss, 1e-4, "{:.4f}", "loss"),
                _measured(found.error, 1e-4, "{:.2%}", "error"),
            )
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _measured(number: float, least: float, digits: str, metric: str) -> str:
    """In a column of one precision; what would round to 0 has its own."""
    return digits.format(number) if number >= least or number == 0 else value(number, metric)


def law(found: list[Conclusion], metric: str, confidence: float) -> Section:
    words = Text(
        "{metric} = a · n^-b + c, intervals at {confidence}: the exponent b says how fast data helps, the floor c "
        "what no amount of data takes away.",
        metric=METRICS[metric],
        confidence=percent(confidence),
    )
    return Section(Text("Power law"), words, as_table(found))


def forecasts(told: list[Conclusion], metric: str, confidence: float) -> Section:
    rows, grades = [], {one.architecture: one.forecast.grades for one in told}
    for i, times in enumerate(TIMES):
        for one in told:
            n, low, middle, high = (getattr(one.forecast, name)[i] for name in ("at", "low", "median", "high"))
            cells = f"{n:,.0f}", f"{times}×", one.architecture, value(middle, metric), interval(low, high, metric)
            rows.append((*cells, grades[one.architecture][i]))
    words = Text(
        "What a new training run on that many examples would measure; with {confidence} probability between.",
        confidence=percent(confidence),
    )
    expected = Text("expected {metric}", metric=METRICS[metric])
    head = [Text("examples"), Text("of today's"), Text("architecture"), expected, Text("between"), Text("trust")]
    return Section(Text("Forecasts"), words, pd.DataFrame(rows, columns=head))


def data_needed(told: list[Conclusion], needed: list, metric: str, confidence: float) -> Section:
    rows = []
    for one, found in zip(told, needed):
        least = one.forecast.predictive.curve.n[0]
        examples = Text("cannot say") if found.reason else _at_most(found.median, least)
        between = sizes(found.low, found.high)
        because = found.reason or Text("trust: {grade}", grade=found.grade)
        rows.append((examples, one.architecture, between, share(found.p_never), because))
    target = value(needed[0].target, metric)
    words = Text(
        "Examples with which the {metric} reaches {target}; with {confidence} probability between. Never: not with "
        "{times:,.0f} times the data.",
        metric=METRICS[metric], target=target, confidence=percent(confidence), times=NEVER,
    )  # fmt: skip
    head = [Text("examples"), Text("architecture"), Text("between"), Text("chance of never"), Text("because")]
    title = Text("Data needed for {metric} {target}", metric=METRICS[metric], target=target)
    return Section(title, words, pd.DataFrame(rows, columns=head))


def _at_most(n: float, least: float) -> str:
    return size(n) if n > least else Text("at most {n}", n=size(least))
