"""What stands below the chart on a terminal, in a few lines of English."""

import math
from collections.abc import Iterator

from analysis.decision.decide import Decision
from analysis.decision.gains import MoreData
from analysis.decision.outcomes import Outcome
from analysis.decision.prices import Settled
from analysis.decision.questions import Asks
from analysis.diagnostics.evidence import GRADES
from analysis.report.amounts import count, duration, money
from analysis.report.answer_words import Subject
from analysis.report.crossover_words import listed, spans_of
from analysis.report.curve_words import warnings_of
from analysis.report.decision_words import NAMES
from analysis.report.examples_words import labels_words
from analysis.report.failure_words import missing_words
from analysis.report.headline import Headline
from analysis.report.messages import say
from analysis.report.numbers import chance, in_units, said_of
from analysis.report.study_analysis import Question, StudyAnalysis
from tracking.measures import find_measure

FARTHER = 2  # which of the doublings stands below the answer: eight times the data


def how_sure(answer: Headline) -> str:
    """Three steps, the grade, and the evidence for it."""
    steps = GRADES[::-1].index(answer.grade)
    bar = "●" * steps + "○" * (3 - steps)
    return f"How sure: {bar} {answer.grade}: {answer.because}"


def further(analysis: StudyAnalysis, question: Question) -> list[str]:
    """At most eight lines, the most important first."""
    lines = []
    if analysis.asked(question) is not None:
        lines += [*_other_questions(analysis, question), _law(analysis, question)]
        lines += _best_model(analysis, question)
    lines += [*_blind(analysis, question), *labels_words(analysis, question)]
    lines += _warnings(analysis, question)
    if analysis.asked(question) is not None:
        lines.append(_assumed(analysis.decision(question).prices, analysis.measure))
    return lines


def _other_questions(analysis: StudyAnalysis, question: Question) -> Iterator[str]:
    """More data and the target, as far as the answer has not said it."""
    decision = analysis.decision(question)
    asked = analysis.asked(question)
    assert asked is not None
    about = Subject(asked.architecture, analysis.measure, decision.prices.currency)
    found = analysis.doublings(question)
    if question.asked_for is not Asks.MORE_DATA:
        yield _more(found[0], about)
    yield _more(found[FARTHER], about)
    if question.asked_for is not Asks.TARGET:
        yield _target(decision, about)


def _more(found: MoreData, about: Subject) -> str:
    value, low, high = about.values([found.value], found.low, found.high)
    price = "" if math.isinf(found.price) else f", {about.money(found.price)}"
    return (
        f"{found.times:g} times the data: {said_of(about.measure)} about {value} "
        f"({low} to {high}){price}; trust: {found.sure.grade}"
    )


def _target(decision: Decision, about: Subject) -> str:
    goal = f"{said_of(about.measure)} {in_units(decision.prices.target, about.measure)}"
    chosen = decision.chosen
    if chosen is not None:
        return (
            f"For {goal}: {about.money(chosen.cost)} with {chance(chosen.chance)} "
            f"probability, {_way(chosen)}{_other(decision, about)}; trust: {chosen.grade}"
        )
    reason = decision.reason or decision.outcome("data").shortfall
    why = say(reason, about.measure) if reason else "it is met already"
    return f"For {goal}: no price; {why}"


def _other(decision: Decision, about: Subject) -> str:
    """The cheapest of the other ways, with its price."""
    others = [one for one in decision.outcomes if one is not decision.chosen]
    able = [one for one in others if one.reason is None and one.shortfall is None]
    if decision.chosen is None or not able:
        return ""
    cheapest = min(able, key=lambda one: one.cost)
    return f" ({NAMES[cheapest.name]}: {about.money(cheapest.cost)})"


def _way(chosen: Outcome) -> str:
    if chosen.name == "model":
        return f"engineers for {duration(chosen.duration)}"
    more = f"{count(chosen.more)} more examples"
    return f"engineers first, then {more}" if chosen.name == "both" else more


def _law(analysis: StudyAnalysis, question: Question) -> str:
    asked = analysis.asked(question)
    assert asked is not None and asked.law is not None
    law = asked.law
    measure = analysis.measure
    found = find_measure(measure)
    limit = in_units(law.c, measure)
    said = f"{law.a:.3g} · n^-{law.b:.3g}"
    if found.is_score:
        said = f"{limit} − {said}"
    elif law.c > 0:
        said = f"{said} + {limit}"
    return (
        f"Law of {asked.architecture}: {said_of(measure)} = {said}; "
        f"exponent {law.b_low:.2f} to {law.b_high:.2f}"
    )


def _best_model(analysis: StudyAnalysis, question: Question) -> Iterator[str]:
    """Which architecture leads where, if several have a law."""
    if len(analysis.names) < 2:
        return
    spans = spans_of(analysis.comparison(question.confidence))
    if spans:
        yield f"Best model by number of examples: {listed(spans)}"
    else:
        yield "Best model: none is clearly ahead at any size"


def _blind(analysis: StudyAnalysis, question: Question) -> Iterator[str]:
    """How many forecasts that were logged before training held."""
    diagnosis = analysis.diagnosis(question.confidence)
    if diagnosis is None:
        return
    known = diagnosis.held_out[diagnosis.held_out["measured"].notna()]
    if len(known):
        inside = int(known["inside"].sum())
        yield f"Forecasts logged before training: {inside} of {len(known)} held"


def _warnings(analysis: StudyAnalysis, question: Question) -> Iterator[str]:
    """The first warning about the curve that was asked for, and how many more there are."""
    found = analysis.conclusions(question.confidence)
    asked = analysis.asked(question)
    name = asked.architecture if asked else ""
    found = sorted(found, key=lambda one: one.architecture != name)
    missing = [] if analysis.runs is None else missing_words(analysis.runs)
    diagnosis = analysis.diagnosis(question.confidence)
    lines = [*missing, *warnings_of(found, diagnosis, analysis.measure)]
    if lines:
        rest = f" (and {len(lines) - 1} more)" if len(lines) > 1 else ""
        yield f"Warning: {lines[0]}{rest}"


def _assumed(prices: Settled, measure: str) -> str:
    """The prices that the answer rests on."""
    labels = "no labels for sale"
    if math.isfinite(prices.label_price):
        labels = f"{money(prices.label_price, prices.currency)} a label"
    training = f"{money(prices.gpu_price, prices.currency)} an hour of training"
    return f"Assumed: {labels}; {_team(prices)}; {training}"


def _team(prices: Settled) -> str:
    if not math.isfinite(prices.engineer_price):
        return "no engineers to be had"
    team = f"{_counted(prices.people, 'engineer')} for {_counted(prices.months, 'month')}"
    gain = f"{prices.engineering.low:.0%} to {prices.engineering.high:.0%}"
    return f"{team} at {money(prices.engineer_price, prices.currency)} a month, {gain} better"


def _counted(number: float, of: str) -> str:
    return f"{number:g} {of}{'' if number == 1 else 's'}"
