"""What is asked: measure, target, confidence, architecture and prices, in the sidebar."""

import math

import streamlit as st

from analysis.costs.prices import Engineering, Prices
from analysis.evidence import Evidence, Question
from analysis.language import Text
from app import address, cache
from app.show import labels, say
from app.source import Source

MEASURES = {"loss": Text("Loss (nats)"), "error": Text("Error")}
CONFIDENCES = (0.5, 0.8, 0.9, 0.95)
DEFAULT = Prices()
GAIN = Text("a gain as below")
# key: (label, default, highest, step); None: no limit, or not known
MONEY = {
    "label_price": (Text("Price per label"), DEFAULT.label_price, 1e6, 0.01),
    "fixed_cost": (Text("Fixed cost of collecting"), DEFAULT.fixed_cost, 1e9, 100.0),
    "capacity": (Text("Labels per month"), DEFAULT.capacity, 1e12, 1000.0),
    "engineer_price": (Text("Engineer, per month"), DEFAULT.engineer_price, 1e9, 500.0),
    "people": (Text("Engineers"), DEFAULT.people, 1e4, 1.0),
    "months": (Text("Months of engineering"), DEFAULT.months, 240.0, 1.0),
    "gain_low": (Text("Engineering lowers the loss by at least (%)"), 100 * DEFAULT.engineering.low, 99.0, 1.0),
    "gain_high": (Text("… and by at most (%)"), 100 * DEFAULT.engineering.high, 99.0, 1.0),
    "success": (Text("Chance that engineering succeeds (%)"), 100 * DEFAULT.engineering.success, 100.0, 5.0),
    "gpu_price": (Text("GPU, per hour"), DEFAULT.gpu_price, 1e6, 0.5),
    "gpu_hours": (Text("GPU hours of one training with its search"), DEFAULT.gpu_hours, 1e9, 1.0),
    "deadline": (Text("Deadline (months from now)"), None, 240.0, 1.0),
    "value": (Text("Worth of 1 % less error (or 0.01 nats)"), None, 1e15, 1000.0),
    "wanted": (Text("Wanted chance of reaching the target (%)"), 100 * DEFAULT.wanted, 99.0, 5.0),
    "budget": (Text("Budget: what could it reach?"), None, 1e15, 1000.0),
}
NO_LIMIT = {"deadline", "capacity"}


def choose(source: Source) -> tuple[Evidence, Question]:
    """The evidence of the chosen dataset and measure, and the question put to it."""
    with st.sidebar:
        evidence = _evidence(source)
        target = _target(evidence)
        address.start("confidence", 0.9, lambda text: address.one_of(list(map(str, CONFIDENCES)))(text) and float(text))
        confidence = st.select_slider(
            say(Text("Confidence of the intervals")), CONFIDENCES, format_func="{:.0%}".format, key="confidence"
        )
        names = evidence.names
        architecture = _one_of("architecture", Text("Architecture"), names)
        with st.expander(say(Text("Prices and inputs"))):
            better = _one_of(
                "better", Text("Engineers bring"), ["", *(name for name in names if name != architecture)], {"": GAIN}
            )
            chosen = {key: _number(key) for key in MONEY}
            n = _examples(evidence, architecture)
            address.start("currency", DEFAULT.currency, str)
            currency = st.text_input(say(Text("Currency")), key="currency", max_chars=8)
    prices = _prices(chosen, target, n, currency)
    return evidence, Question(architecture, confidence, prices, better or None, chosen["budget"])


def _evidence(source: Source) -> Evidence:
    study = source.study
    dataset = _one_of("dataset", Text("Dataset"), study.datasets)
    address.start("metric", study.metrics[0], address.one_of(study.metrics))
    if st.session_state["metric"] not in study.metrics:
        st.session_state["metric"] = study.metrics[0]
    metric = st.radio(say(Text("Measure")), study.metrics, format_func=labels(MEASURES), key="metric", horizontal=True)
    return cache.evidence(source.key, dataset, metric, study)


def _one_of(key: str, label: Text, names: list[str], said=None) -> str | None:
    """A choice among several; what is no choice is not asked for."""
    if len(names) < 2:
        return names[0] if names else None
    address.start(key, names[0], address.one_of(names))
    if st.session_state[key] not in names:
        st.session_state[key] = names[0]
    return st.selectbox(say(label), names, format_func=labels(said or {}), key=key)


def _target(evidence: Evidence) -> float | None:
    """In units of the metric; an error is asked for in per cent."""
    error = evidence.metric == "error"
    key = f"target_{evidence.metric}"
    most = 100.0 if error else 1e6
    address.start(key, None, address.number(1e-6, most))
    label = Text("Target error (%)") if error else Text("Target loss (nats)")
    ask = say(Text("20 % below the curve now"))
    value = st.number_input(say(label), 1e-6, most, None, format="%g", key=key, placeholder=ask)
    return value / 100 if error and value else value


def _number(key: str) -> float | None:
    label, default, highest, step = MONEY[key]
    lowest = 1.0 if key == "capacity" else 0.0
    address.start(key, default, address.number(lowest, highest))
    placeholder = say(Text("no limit")) if key in NO_LIMIT else say(Text("not given"))
    return st.number_input(say(label), lowest, highest, None, step, "%g", key=key, placeholder=placeholder)


def _examples(evidence: Evidence, architecture: str | None) -> float | None:
    """Examples at hand, within what the curve can be asked."""
    if architecture is None:
        return None
    sizes = evidence.curves[architecture]["n"]
    low, high = float(sizes.min()), float(sizes.max()) * 100
    address.start("n", None, address.number(low, high))
    if st.session_state["n"] is not None and not low <= st.session_state["n"] <= high:
        st.session_state["n"] = None
    placeholder = f"{sizes.max():,.0f}"
    return st.number_input(
        say(Text("Examples you have")), low, high, None, format="%.0f", key="n", placeholder=placeholder
    )


def _prices(chosen: dict, target: float | None, n: float | None, currency: str) -> Prices:
    """What is left empty counts as its default, or as no limit."""
    known = {key: MONEY[key][1] if value is None else value for key, value in chosen.items()}
    low, high = sorted((known["gain_low"] / 100, known["gain_high"] / 100))
    fields = ("label_price", "fixed_cost", "engineer_price", "people", "months", "gpu_price", "gpu_hours")
    return Prices(
        **{name: known[name] for name in fields},
        capacity=math.inf if chosen["capacity"] is None else chosen["capacity"],
        engineering=Engineering(low, high, known["success"] / 100),
        value_per_point=chosen["value"],
        deadline=math.inf if chosen["deadline"] is None else chosen["deadline"],
        target=target,
        n=n,
        wanted=min(max(known["wanted"] / 100, 0.5), 0.99),
        currency=currency or DEFAULT.currency,
    )
