"""The answer in a few sentences: how many examples, what that costs, how sure it is."""

from collections.abc import Iterator
from dataclasses import dataclass

from analysis.curves.conclusion import Conclusion
from analysis.curves.forecast import DataNeeded, lawless
from analysis.curves.power_law import PowerLaw
from analysis.curves.predictive import NEVER
from analysis.decision.decide import NOTHING, Decision
from analysis.decision.outcomes import CANNOT_SAY
from analysis.decision.prices import LOWER
from analysis.report.decision_words import decision_words, next_measurement
from analysis.report.messages import say
from analysis.report.numbers import MEASURE_NAMES, amount, in_units, percent, size, sizes
from analysis.report.study_analysis import Question, StudyAnalysis
from tracking.text import Text, Verbatim, joined

TRUST = {
    "good": Text("the interval is narrow and the curve has predicted its own past"),
    "fair": Text("good enough to plan with, not to sign a contract"),
    "poor": Text("the interval is wide; treat the number as an order of magnitude"),
    CANNOT_SAY: Text("the data do not support an answer"),
}


@dataclass(frozen=True)
class Headline:
    """The first things to read.

    sentence: the answer.
    money: what to do, and what it costs.
    grade: good, fair, poor or cannot say.
    because: what that means here.
    surer: what to measure next; "" where nothing must be.
    facts: label -> number, for whoever reads no sentences.
    """

    sentence: Text
    money: tuple[Text, ...]
    grade: str
    because: Text
    surer: Text
    facts: dict[str, str]

    @property
    def trust(self) -> str:
        """The grade with its meaning, in one line."""
        return f"Trust: {self.grade} ({self.because.rstrip('.')})"


def headline(analysis: StudyAnalysis, question: Question) -> Headline:
    """The answer to a question; where no law can be fitted it says why."""
    asked = analysis.asked(question)
    if asked is None:
        return _without_law(analysis, question)
    decision = analysis.decision(question)
    needed = analysis.needed(asked.architecture, decision.prices.target, question.confidence)
    surer = [next_measurement(decision), *_ahead(analysis, question, asked)]
    return Headline(
        sentence=_sentence(asked, decision, needed),
        money=_money(asked, decision, needed),
        grade=needed.grade,
        because=_because(needed, asked.law, decision),
        surer=joined(text for text in surer if text is not None),
        facts=_facts(asked, needed, decision),
    )


def _sentence(asked: Conclusion, decision: Decision, needed: DataNeeded) -> Text:
    measure = decision.measure
    prices = decision.prices
    known = {
        "measure": MEASURE_NAMES[measure],
        "name": Verbatim(asked.architecture),
        "target": in_units(prices.target, measure),
        "n": f"{prices.n:,.0f}",
    }
    met = decision.choice == NOTHING  # by the fitted curve
    no_law = _has_no_law(asked)
    if met and not decision.missed:
        return Text(
            "The {name} reaches {measure} {target} with the {n} examples you have.", **known
        )
    if met and not no_law:
        return Text(
            "By its fitted curve the {name} reaches {measure} {target} with the {n} examples "
            "you have, but {measured} was measured with {largest}.",
            measured=in_units(getattr(asked, measure), measure),
            largest=f"{asked.largest_n:,.0f}",
            **known,
        )
    if needed.out_of_reach and not no_law:
        return Text(
            "Even {times:,.0f} times the data would not bring the {name} to {measure} "
            "{target}, as far as can be told; you have {n} examples.",
            times=NEVER,
            **known,
        )
    if needed.reason is not None:
        return Text(
            "Not enough data to estimate how many examples the {name} needs for {measure} "
            "{target}; you have {n}.",
            **known,
        )
    return Text(
        "To reach {measure} {target} with the {name} you need about {median} examples "
        "({confidence}: {between}); you have {n}.",
        median=size(needed.median),
        confidence=percent(needed.confidence),
        between=sizes(needed.low, needed.high),
        **known,
    )


def _has_no_law(asked: Conclusion) -> bool:
    return asked.forecast is None or lawless(asked.forecast.predictive) is not None


def _money(asked: Conclusion, decision: Decision, needed: DataNeeded) -> tuple[Text, ...]:
    """Nothing is priced where the curve shows no law."""
    if decision.choice != NOTHING and _has_no_law(asked):
        return ()
    return decision_words(decision, reason_said=needed.reason is not None)


def _ahead(analysis: StudyAnalysis, question: Question, asked: Conclusion) -> Iterator[Text]:
    """Architectures without a law that have measured less than the one asked for."""
    measure = analysis.measure
    measured = getattr(asked, measure)
    for one in analysis.conclusions(question.confidence):
        value = getattr(one, measure)
        if one.reason is not None and value < measured:
            yield Text(
                "Look at the {name}, too: with {n:,.0f} examples its {measure} is {value} "
                "already, below the {measured} of the {asked}, but nothing can be fitted yet "
                "({reason}).",
                name=Verbatim(one.architecture),
                n=one.largest_n,
                asked=Verbatim(asked.architecture),
                reason=say(one.reason),
                measure=MEASURE_NAMES[measure],
                value=in_units(value, measure),
                measured=in_units(measured, measure),
            )


def _because(needed: DataNeeded, law: PowerLaw | None, decision: Decision) -> Text:
    if needed.reason is not None:
        return Text("{reason}.", reason=say(needed.reason))
    if law and law.c > decision.prices.target:
        return Text(
            "{trust}; by the law alone, whose floor is {floor}, no amount of data would do",
            trust=TRUST[needed.grade],
            floor=in_units(law.c, decision.measure),
        )
    return TRUST[needed.grade]


def assumed(analysis: StudyAnalysis, question: Question) -> str:
    """The target and the prices that the answer rests on, for those who did not choose them.

    "" without a law.
    """
    if analysis.asked(question) is None:
        return ""
    prices = analysis.decision(question).prices
    target = f"a target {1 - LOWER:.0%} below what the curve says of today's size; "
    gain = f"{prices.engineering.low:.0%} to {prices.engineering.high:.0%}"
    return (
        f"Assumed: {target if question.prices.target is None else ''}"
        f"{prices.label_price:g} {prices.currency} per label; {prices.people:g} people for "
        f"{prices.months:g} months at {prices.engineer_price:,g} {prices.currency} a month "
        f"each, expected to bring the {MEASURE_NAMES[analysis.measure]} {gain} lower; "
        f"{prices.gpu_price:g} {prices.currency} for an hour of training, "
        f"{prices.gpu_hours:g} of them at today's size; {prices.capacity:,g} labels a month."
    )


def _facts(asked: Conclusion, needed: DataNeeded, decision: Decision) -> dict[str, str]:
    """Label -> number; money only where it can be said."""
    measure = decision.measure
    unknown = needed.reason is not None
    return {
        Text("measured now"): in_units(getattr(asked, measure), measure),
        Text("target"): in_units(decision.prices.target, measure),
        Text("examples needed"): Text("cannot say") if unknown else size(needed.median),
        Text("you have"): f"{decision.prices.n:,.0f}",
        Text("by data"): _cost(decision, "data"),
        Text("by engineers"): _cost(decision, "model"),
    }


def _cost(decision: Decision, strategy: str) -> str:
    outcome = decision.outcome(strategy)
    unknown = outcome.grade == CANNOT_SAY or outcome.shortfall is not None
    if unknown or decision.choice == NOTHING:
        return "–"
    return f"{amount(outcome.cost)} {decision.prices.currency}"


def _without_law(analysis: StudyAnalysis, question: Question) -> Headline:
    found = analysis.conclusions(question.confidence)
    why = [
        Text("{name}: {reason}.", name=Verbatim(one.architecture), reason=say(one.reason))
        for one in found
        if one.reason is not None
    ]
    return Headline(
        sentence=Text("No power law can be fitted yet."),
        money=(),
        grade=CANNOT_SAY,
        because=joined(why),
        surer=Text(
            "Measure more sizes: a law takes at least 3, a forecast that tests itself 5."
        ),
        facts={},
    )
