"""The answer in plain words and tables of text, as the report and the page show it."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import altair as alt
import pandas as pd

from analysis.curves.conclusion import TIMES, Conclusion
from analysis.curves.data_needed import DataNeeded
from analysis.curves.forecast import Forecast
from analysis.curves.predictive import NEVER
from analysis.reasons import Reason
from analysis.report.chart_lines import Lines
from analysis.report.charts import learning_curves
from analysis.report.curve_answer import CurveAnswer, curve_answer
from analysis.report.messages import say
from analysis.report.numbers import (
    Link,
    as_known,
    at_most,
    in_units,
    interval,
    percent,
    said_of,
    share,
    sizes,
)
from analysis.report.study_analysis import Question, StudyAnalysis
from tracking.measures import find_measure
from tracking.study import links
from tracking.text import Text, joined

LEAST = 1e-4  # what is smaller gets more digits than its column has
DIGITS = {"loss": "{:.4f}", "error": "{:.2%}"}  # of a column of one precision


@dataclass(frozen=True)
class Section:
    """A piece of the report.

    title: its heading.
    words: a few sentences.
    table: of text.
    chart: draws it in a Theme: `chart(theme=…)`.
    lines: more sentences, one below the other.
    command: to copy into a terminal.
    engineers: whether it is for engineers alone; the page shows it on request.
    What there is none of is empty, or None.
    """

    title: Text
    words: Text | str = ""
    table: pd.DataFrame | None = None
    chart: Callable[..., alt.LayerChart] | None = None
    lines: tuple[Text, ...] = ()
    command: str = ""
    engineers: bool = False


def for_engineers(section: Section) -> Section:
    """The same, shown to engineers alone."""
    return replace(section, engineers=True)


def curve_sections(
    analysis: StudyAnalysis, question: Question, linear: bool = False, ui: str = ""
) -> list[Section]:
    """The curves, their laws and what they forecast.

    linear: axes. ui: address of the MLflow UI, to which points link; "" for none.
    """
    answer = curve_answer(analysis, question)
    points = analysis.table
    if ui:
        points = points.assign(link=links(points, ui))
    measure = analysis.measure
    confidence = question.confidence
    parts = [
        curves(analysis, answer, points, confidence, linear),
        law(answer.conclusions, measure, confidence),
    ]
    known = [one for one in answer.conclusions if one.forecast]
    if known:
        needed = [answer.needed[one.architecture] for one in known]
        parts.append(forecasts(known, measure, confidence))
        parts.append(data_needed(known, needed, measure, confidence))
    return parts


def curves(
    analysis: StudyAnalysis,
    answer: CurveAnswer,
    points: pd.DataFrame,
    confidence: float,
    linear: bool = False,
) -> Section:
    """The chart of all curves; points: those of the analysis, with their links if any."""
    table = measured(points, analysis.measure)
    lines = Lines(
        laws={one.architecture: one.law for one in answer.known if one.law},
        forecasts={one.architecture: one.forecast for one in answer.known if one.forecast},
        untuned=analysis.untuned,
        target=answer.target,
        best_guess=_within(analysis.best_guess, points),
        chosen=answer.asked.architecture if answer.asked else None,
    )
    chosen = Text(
        "Each point is the run of its size with the best validation {measure}, evaluated once "
        "on the test set. Thin and dotted: without tuning.",
        measure=said_of(analysis.chooser),
    )
    drawn = Text(
        "Solid: the fitted law. Dashed: the forecast, in its {confidence} interval. On "
        "logarithmic axes a power law is a straight line.",
        confidence=percent(confidence),
    )
    words = drawn if analysis.runs is None else joined([chosen, drawn])
    chart = partial(learning_curves, points, lines, analysis.measure, linear=linear)
    return Section(Text("Learning curves"), words, table, chart)


def _within(guess: float | None, points: pd.DataFrame) -> float | None:
    """The best guess where it stretches no axis, else None."""
    return guess if guess is not None and guess <= points["value"].max() else None


def measured(table: pd.DataFrame, measure: str) -> pd.DataFrame:
    """What the chart of the curves shows, as a table.

    A row for each point, with its run where it has one.
    """
    rows = table.sort_values(["architecture", "n"])
    shown = {
        Text("architecture"): rows["architecture"].tolist(),
        Text("examples"): [f"{n:,.0f}" for n in rows["n"]],
        Text("test {measure}", measure=said_of(measure)): [
            in_units(value, measure) for value in rows["value"]
        ],
    }
    if "name" in rows:
        addresses = rows["link"] if "link" in rows else [""] * len(rows)
        shown[Text("run")] = [
            Link(name, address) if address else name
            for name, address in zip(rows["name"], addresses)
        ]
    return pd.DataFrame(shown)


def as_table(conclusions: list[Conclusion], measure: str = "loss") -> pd.DataFrame:
    """One row per architecture, ready to be read: numbers as text, '–' where there is none."""
    names = list(dict.fromkeys(name for one in conclusions for name in one.measured))
    head = [
        Text("architecture"),
        Text("sizes"),
        Text("exponent b"),
        Text("interval"),
        Text("ceiling c") if find_measure(measure).is_score else Text("floor c"),
        Text("largest n"),
        *(Text("test {measure}", measure=said_of(name)) for name in names),
    ]
    rows = [_row(found, names, measure) for found in conclusions]
    return pd.DataFrame(rows, columns=head)


def _row(found: Conclusion, names: list[str], measure: str) -> tuple:
    law = found.law
    if law:
        exponent = f"{law.b:.3f}"
        between = Text("{low:.3f} to {high:.3f}", low=law.b_low, high=law.b_high)
        floor = in_units(law.c, measure)
    else:
        exponent = "–"
        between = say(found.reason, measure) if found.reason else Text("–")
        floor = "–"
    return (
        found.architecture,
        found.sizes,
        exponent,
        between,
        floor,
        f"{found.largest_n:,.0f}",
        *(_with_digits(found.measured.get(name, math.nan), name) for name in names),
    )


def _with_digits(value: float, measure: str) -> str:
    """In a column of one precision; what would round to 0 has its own."""
    if measure in DIGITS and (value >= LEAST or value == 0):
        return DIGITS[measure].format(value)
    return as_known(value, measure)


def law(found: list[Conclusion], measure: str, confidence: float) -> Section:
    """The fitted laws, or why there is none."""
    known = {"measure": said_of(measure), "confidence": percent(confidence)}
    words = Text(
        "{measure} = a · n^-b + c, intervals at {confidence}. The exponent b says how fast "
        "more data helps; the floor c remains with any amount of data.",
        **known,
    )
    if find_measure(measure).is_score:
        words = Text(
            "{measure} = c − a · n^-b, intervals at {confidence}. The exponent b says how "
            "fast more data helps; no amount of data leads above the ceiling c.",
            **known,
        )
    table = as_table(found, measure)
    return Section(Text("Power law"), words, table, engineers=True)


def forecasts(found: list[Conclusion], measure: str, confidence: float) -> Section:
    """What each architecture would measure at TIMES the data, with how far that lies."""
    rows = [
        _forecast_row(one.architecture, _forecast(one), place, measure)
        for place in range(len(TIMES))
        for one in found
    ]
    words = Text(
        "What one new training run on that many examples would measure. The interval holds it "
        "with {confidence} probability.",
        confidence=percent(confidence),
    )
    head = [
        Text("examples"),
        Text("of today's"),
        Text("architecture"),
        Text("expected {measure}", measure=said_of(measure)),
        Text("between"),
        Text("trust"),
    ]
    table = pd.DataFrame(rows, columns=head)
    return Section(Text("Forecasts"), words, table, lines=_far(found), engineers=True)


def _forecast_row(architecture: str, found: Forecast, place: int, measure: str) -> tuple:
    return (
        f"{found.at[place]:,.0f}",
        f"{TIMES[place]}×",
        architecture,
        in_units(found.median[place], measure),
        interval(found.low[place], found.high[place], measure),
        found.grades[place],
    )


def _far(found: list[Conclusion]) -> tuple[Text, ...]:
    """How far the forecasts go beyond the data; each way to say it once."""
    warnings = [warning for one in found for warning in _forecast(one).warnings]
    far = [say(one) for one in warnings if one.reason is Reason.FAR_EXTRAPOLATION]
    return tuple(Text("Caution: {why}.", why=why) for why in dict.fromkeys(far))


def data_needed(
    found: list[Conclusion], needed: list[DataNeeded], measure: str, confidence: float
) -> Section:
    """How many examples each architecture needs to reach the target."""
    rows = []
    for one, answer in zip(found, needed):
        least = float(_forecast(one).predictive.curve.n[0])
        rows.append(_needed_row(one.architecture, answer, least, measure))
    target = in_units(needed[0].target, measure)
    words = Text(
        "Examples with which the {measure} reaches {target}. The interval holds their number "
        "with {confidence} probability. Never: not even with {times:,.0f} times the data.",
        measure=said_of(measure),
        target=target,
        confidence=percent(confidence),
        times=NEVER,
    )
    head = [
        Text("examples"),
        Text("architecture"),
        Text("between"),
        Text("chance of never"),
        Text("because"),
    ]
    title = Text("Data needed for {measure} {target}", measure=said_of(measure), target=target)
    return Section(title, words, pd.DataFrame(rows, columns=head), engineers=True)


def _needed_row(architecture: str, found: DataNeeded, least: float, measure: str) -> tuple:
    """least: the smallest size measured."""
    if found.reason is not None:
        examples: str = Text("cannot say")
        because = say(found.reason, measure)
    else:
        examples = at_most(found.median, least)
        because = Text("trust: {grade}", grade=found.grade)
    between = sizes(found.low, found.high)
    return examples, architecture, between, share(found.p_never), because


def _forecast(found: Conclusion) -> Forecast:
    assert found.forecast is not None, f"{found.architecture} has no law"
    return found.forecast
