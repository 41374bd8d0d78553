"""What is asked: measure, target, confidence, architecture and prices, in the sidebar."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from analysis.decision.prices import Engineering, Prices
from analysis.report.numbers import best_of
from analysis.report.study_analysis import Question, StudyAnalysis
from analysis.report.value_axis import titled
from analysis.selection import datasets
from app import address, cache
from app.show import labels, say
from app.source import Source
from tracking.measures import KNOWN, Measure, find_measure
from tracking.text import Text, Verbatim

CONFIDENCES = (0.5, 0.8, 0.9, 0.95)
LEAST_GAP = 1e-6  # between the best value and a target
MOST_VALUE = 1e12  # of a measure without end
MOST_TIMES = 100  # the data: the most examples that can be asked about
DEFAULT = Prices()
GAIN = Text("a gain as below")
NOT_GIVEN = Text("not given")
NO_LIMIT = Text("no limit")


@dataclass(frozen=True)
class Number:
    """A field for one number.

    label: what it is called.
    default: its first value; None: no limit, or not known.
    highest: the largest value allowed.
    step: of its buttons.
    lowest: the smallest value allowed.
    empty: what stands in it while it is empty.
    """

    label: Text
    default: float | None
    highest: float
    step: float
    lowest: float = 0.0
    empty: Text = NOT_GIVEN


NUMBERS = {
    "label_price": Number(Text("Price per label"), DEFAULT.label_price, 1e6, 0.01),
    "fixed_cost": Number(Text("Fixed cost of collecting"), DEFAULT.fixed_cost, 1e9, 100.0),
    "capacity": Number(
        Text("Labels per month"), DEFAULT.capacity, 1e12, 1000.0, lowest=1.0, empty=NO_LIMIT
    ),
    "engineer_price": Number(Text("Engineer, per month"), DEFAULT.engineer_price, 1e9, 500.0),
    "people": Number(Text("Engineers"), DEFAULT.people, 1e4, 1.0),
    "months": Number(Text("Months of engineering"), DEFAULT.months, 240.0, 1.0),
    "gain_low": Number(
        Text("Engineering lowers the {measure} by at least (%)", measure=Text("loss")),
        100 * DEFAULT.engineering.low,
        99.0,
        1.0,
    ),
    "gain_high": Number(
        Text("… and by at most (%)"), 100 * DEFAULT.engineering.high, 99.0, 1.0
    ),
    "success": Number(
        Text("Chance that engineering succeeds (%)"),
        100 * DEFAULT.engineering.success,
        100.0,
        5.0,
    ),
    "gpu_price": Number(Text("GPU, per hour"), DEFAULT.gpu_price, 1e6, 0.5),
    "gpu_hours": Number(
        Text("GPU hours of one training with its search"), DEFAULT.gpu_hours, 1e9, 1.0
    ),
    "deadline": Number(Text("Deadline (months from now)"), None, 240.0, 1.0, empty=NO_LIMIT),
    "value": Number(Text("Worth of {step}", step="0.01"), None, 1e15, 1000.0),
    "wanted": Number(
        Text("Wanted chance of reaching the target (%)"), 100 * DEFAULT.wanted, 99.0, 5.0
    ),
    "budget": Number(Text("Budget: what could it reach?"), None, 1e15, 1000.0),
}
DEFAULTS = {key: one.default for key, one in NUMBERS.items() if one.default is not None}


def choose(source: Source) -> tuple[StudyAnalysis, Question]:
    """The analysis of the chosen dataset by the chosen measure, and the question put to it."""
    with st.sidebar:
        analysis = _analysis(source)
        target = _target(analysis)
        confidence = _confidence()
        names = analysis.names
        architecture = _one_of("architecture", Text("Architecture"), names)
        with st.expander(say(Text("Prices and inputs"))):
            others = ["", *(name for name in names if name != architecture)]
            better = _one_of("better", Text("Engineers bring"), others, {"": GAIN})
            called = _called(analysis.measure)
            chosen = {key: _number(key, called.get(key)) for key in NUMBERS}
            n = _examples(analysis, architecture)
            currency = _currency()
    prices = _prices(chosen, target, n, currency)
    question = Question(architecture, confidence, prices, better or None, chosen["budget"])
    return analysis, question


def _analysis(source: Source) -> StudyAnalysis:
    study = source.study
    dataset = _one_of("dataset", Text("Dataset"), datasets(study))
    measures = study.measures_on(dataset)
    address.start("metric", measures[0], address.one_of(measures))
    if st.session_state["metric"] not in measures:
        st.session_state["metric"] = measures[0]
    measure = st.radio(
        say(Text("Measure")),
        measures,
        format_func=labels({one: Verbatim(_capital(one)) for one in measures}),
        key="metric",
        horizontal=True,
    )
    return cache.analysis(source.key, dataset, measure, study)


def _capital(measure: str) -> str:
    """A measure as a choice: a word begins with a capital, a name stays as it is."""
    known = say(titled(measure))
    return known[:1].upper() + known[1:] if measure in KNOWN else known


def _one_of(
    key: str,
    label: Text,
    names: list[str],
    called: Mapping[str, Text] | None = None,
) -> str | None:
    """A choice among several; what is no choice is not asked for."""
    if len(names) < 2:
        return names[0] if names else None
    address.start(key, names[0], address.one_of(names))
    if st.session_state[key] not in names:
        st.session_state[key] = names[0]
    return st.selectbox(say(label), names, format_func=labels(called or {}), key=key)


def _target(analysis: StudyAnalysis) -> float | None:
    """As the reader knows the measure, shares in per cent; returned as a gap to the best."""
    found = find_measure(analysis.measure)
    key = f"target_{found.name}"
    scale = 100 if found.is_share else 1
    least, most = (scale * end for end in _targets(found))
    address.start(key, None, address.number(least, most))
    empty = Text("20 % below the curve now")
    if found.is_score:
        empty = Text("closes 20 % of the gap to {best}", best=best_of(found.text))
    value = st.number_input(
        say(_target_label(found)),
        least,
        most,
        None,
        format="%g",
        key=key,
        placeholder=say(empty),
    )
    return None if value is None else found.gap(value / scale)


def _targets(found: Measure) -> tuple[float, float]:
    """The smallest and the largest value that may be asked for."""
    if found.is_score:
        return found.best - min(found.most, MOST_VALUE), found.best - LEAST_GAP
    return found.best + LEAST_GAP, min(found.most, MOST_VALUE)


def _target_label(found: Measure) -> Text:
    unit = "%" if found.is_share else found.unit
    if not unit:
        return Text("Target {measure}", measure=found.said)
    return Text("Target {measure} ({unit})", measure=found.said, unit=unit)


def _called(measure: str) -> dict[str, Text]:
    """Labels of NUMBERS that name the measure."""
    found = find_measure(measure)
    known = {"measure": found.said, "best": best_of(measure)}
    low = Text("Engineering lowers the {measure} by at least (%)", **known)
    if found.is_score:
        low = Text("Engineering closes at least (% of the gap to {best})", **known)
    return {"gain_low": low, "value": _worth(found)}


def _worth(found: Measure) -> Text:
    """What 0.01 better is worth, in the measure's units."""
    step = "1 %" if found.is_share else f"0.01 {found.unit}".strip()
    if found.is_score:
        return Text("Worth of {step} more {measure}", step=step, measure=found.said)
    return Text("Worth of {step} less {measure}", step=step, measure=found.said)


def _confidence() -> float:
    address.start("confidence", Question().confidence, _a_confidence)
    return st.select_slider(
        say(Text("Confidence of the intervals")),
        CONFIDENCES,
        format_func="{:.0%}".format,
        key="confidence",
    )


def _a_confidence(text: str) -> float:
    if float(text) not in CONFIDENCES:
        raise ValueError(text)
    return float(text)


def _number(key: str, called: Text | None = None) -> float | None:
    field = NUMBERS[key]
    address.start(key, field.default, address.number(field.lowest, field.highest))
    return st.number_input(
        say(called or field.label),
        field.lowest,
        field.highest,
        None,
        field.step,
        "%g",
        key=key,
        placeholder=say(field.empty),
    )


def _examples(analysis: StudyAnalysis, architecture: str | None) -> float | None:
    """Examples at hand, within what the curve can be asked."""
    if architecture is None:
        return None
    sizes = analysis.curves[architecture]["n"]
    low = float(sizes.min())
    high = float(sizes.max()) * MOST_TIMES
    address.start("n", None, address.number(low, high))
    if st.session_state["n"] is not None and not low <= st.session_state["n"] <= high:
        st.session_state["n"] = None
    return st.number_input(
        say(Text("Examples you have")),
        low,
        high,
        None,
        format="%.0f",
        key="n",
        placeholder=f"{sizes.max():,.0f}",
    )


def _currency() -> str:
    address.start("currency", DEFAULT.currency, str)
    return st.text_input(say(Text("Currency")), key="currency", max_chars=8)


def _prices(
    chosen: Mapping[str, float | None], target: float | None, n: float | None, currency: str
) -> Prices:
    """What is left empty counts as its default, or as no limit."""
    known = {key: value for key, value in chosen.items() if value is not None}
    known = DEFAULTS | known
    low, high = sorted((known["gain_low"] / 100, known["gain_high"] / 100))
    return Prices(
        label_price=known["label_price"],
        fixed_cost=known["fixed_cost"],
        capacity=_or_no_limit(chosen["capacity"]),
        engineer_price=known["engineer_price"],
        people=known["people"],
        months=known["months"],
        engineering=Engineering(low, high, known["success"] / 100),
        gpu_price=known["gpu_price"],
        gpu_hours=known["gpu_hours"],
        value_per_point=chosen["value"],
        deadline=_or_no_limit(chosen["deadline"]),
        target=target,
        n=n,
        wanted=min(max(known["wanted"] / 100, 0.5), 0.99),
        currency=currency or DEFAULT.currency,
    )


def _or_no_limit(value: float | None) -> float:
    return math.inf if value is None else value
