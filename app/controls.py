"""What is asked: the measure, the model, and the prices, each in its popover."""

import math
from collections.abc import Mapping
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.decision.prices import Engineering, Prices
from analysis.report.numbers import best_of
from analysis.report.study_analysis import Question, StudyAnalysis
from analysis.selection import datasets
from app import address, cache
from app.fields import DEFAULT, DEFAULTS, ENGINEERS, LABELS, TRAINING, Number
from app.show import label as field_label
from app.show import labels, say
from app.shown import Source
from tracking.measures import KNOWN, Measure, find_measure
from tracking.text import Text, Verbatim

CONFIDENCES = (0.5, 0.8, 0.9, 0.95)
MOST_TIMES = 100  # the data: the most examples that can be asked about
MOST_LETTERS = 8  # of a currency
GAIN = Text("a gain as below")


def choose(
    source: Source, data: DeltaGenerator, prices: DeltaGenerator
) -> tuple[StudyAnalysis, Question]:
    """The analysis of the chosen dataset by the chosen measure, and what is asked of it.

    data, prices: where the choices stand.
    """
    with data:
        analysis = _analysis(source)
        names = analysis.names
        architecture = _one_of("architecture", Text("Model"), names)
        confidence = _confidence()
    with prices:
        chosen, better, n, currency = _inputs(analysis, architecture)
    address.check()
    found = prices_of(chosen, n, currency)
    return analysis, Question(architecture, confidence, found, better)


def _analysis(source: Source) -> StudyAnalysis:
    study = source.study
    dataset = _one_of("dataset", Text("Dataset"), datasets(study))
    measures = study.measures_on(dataset)
    address.start("metric", _first(measures), address.one_of(measures))
    if st.session_state["metric"] not in measures:
        st.session_state["metric"] = _first(measures)
    measure = st.radio(
        say(Text("Measure")),
        measures,
        format_func=labels({one: Verbatim(_capital(one)) for one in measures}),
        key="metric",
        horizontal=True,
    )
    return cache.analysis(source.key, dataset, measure, study)


def _first(measures: tuple[str, ...]) -> str:
    """That of a target in the address, else one in per cent, which everybody reads."""
    asked = [one for one in measures if f"target_{find_measure(one).name}" in st.query_params]
    if asked:
        return asked[0]
    shares = [one for one in measures if find_measure(one).is_share]
    return (shares or list(measures))[0]


def _capital(measure: str) -> str:
    """A measure as a choice: a word begins with a capital, a name stays as it is."""
    known = say(find_measure(measure).said)
    return known[:1].upper() + known[1:] if measure in KNOWN else known


def _one_of(
    key: str,
    label: Text,
    names: list[str],
    called: Mapping[str, Text] | None = None,
) -> str | None:
    """A choice among several; what is no choice is not asked for."""
    if len(names) < 2:
        address.only(key, names)
        return names[0] if names else None
    address.start(key, names[0], address.one_of(names))
    if st.session_state[key] not in names:
        st.session_state[key] = names[0]
    return st.selectbox(say(label), names, format_func=labels(called or {}), key=key)


def _confidence() -> float:
    address.start("confidence", Question().confidence, _a_confidence)
    return st.select_slider(
        say(Text("Confidence of the intervals")),
        CONFIDENCES,
        format_func="{:.0%}".format,
        key="confidence",
    )


def _a_confidence(text: str) -> float:
    known = {str(one): one for one in CONFIDENCES}
    return known[address.one_of(known)(text)]


# --- prices ----------------------------------------------------------------------------------


def _inputs(
    analysis: StudyAnalysis, architecture: str | None
) -> tuple[dict[str, float | None], str | None, float | None, str]:
    """Numbers by their keys, the model to change to, the examples at hand, the currency."""
    address.start("currency", DEFAULT.currency, str)
    currency = st.session_state["currency"] or DEFAULT.currency
    known = _named(analysis.measure, currency)
    groups = [Text("Labels"), Text("Engineers"), Text("Training and goal")]
    first, second, third = st.tabs([say(group) for group in groups])
    with first:
        chosen = _numbers(LABELS, known)
        n = _examples(analysis, architecture)
    with second:
        others = ["", *(name for name in analysis.names if name != architecture)]
        better = _one_of("better", Text("Engineers bring"), others, {"": GAIN})
        chosen |= _numbers(ENGINEERS, known)
    with third:
        chosen |= _numbers(TRAINING, known)
        st.text_input(say(Text("Currency")), key="currency", max_chars=MOST_LETTERS)
    return chosen, better or None, n, currency


def _named(measure: str, currency: str) -> dict[str, Any]:
    """What labels of numbers name."""
    found = find_measure(measure)
    return {
        "currency": Verbatim(currency),
        "measure": found.said,
        "best": best_of(measure),
        "step": _step(found),
    }


def _step(found: Measure) -> Text:
    """0.01 better, in the measure's units."""
    step = "1 %" if found.is_share else "0.01"
    if found.is_score:
        return Text("{step} more {measure}", step=step, measure=found.said)
    return Text("{step} less {measure}", step=step, measure=found.said)


def _numbers(
    fields: Mapping[str, Number], known: Mapping[str, Any]
) -> dict[str, float | None]:
    return {key: _number(key, one, known) for key, one in fields.items()}


def _number(key: str, field: Number, known: Mapping[str, Any]) -> float | None:
    address.start(key, field.default, address.number(field.lowest, field.highest))
    said = Text(field.label, **known)
    if key == "gain_low" and find_measure(st.session_state["metric"]).is_score:
        said = Text("They close at least (% of the gap to {best})", **known)
    return st.number_input(
        field_label(said),
        field.lowest,
        field.highest,
        None,
        field.step,
        "%g",
        key=key,
        help=say(field.help),
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
        help=say(Text("At hand today; empty for the most that were measured.")),
        placeholder=f"{sizes.max():,.0f}",
    )


def prices_of(chosen: Mapping[str, float | None], n: float | None, currency: str) -> Prices:
    """What is left empty counts as its default, or as no limit."""
    known = DEFAULTS | {key: value for key, value in chosen.items() if value is not None}
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
        n=n,
        wanted=known["wanted"] / 100,
        currency=currency,
    )


def _or_no_limit(value: float | None) -> float:
    return math.inf if value is None else value
