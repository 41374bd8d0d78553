"""The answer in a few sentences: how many examples the target takes, what that costs, and how sure it is."""

from dataclasses import dataclass

from analysis.costs.advice import amount
from analysis.costs.prices import LOWER
from analysis.evidence import Evidence, Question
from analysis.fits.predictive import NEVER
from analysis.forecast import lawless
from analysis.language import Text, joined
from analysis.presentation.wording import percent, size, sizes, value

METRICS = {"loss": Text("loss"), "error": Text("error")}
TRUST = {
    "good": Text("the interval is narrow and the curve has foretold its own past"),
    "fair": Text("good enough to plan with, not to sign a contract"),
    "poor": Text("the interval is wide; treat the number as an order of magnitude"),
    "cannot say": Text("the data do not carry an answer"),
}


@dataclass(frozen=True)
class Headline:
    """sentence: the answer. money: what to do, and what it costs. grade: good, fair, poor or cannot say; because: what
    that means here. surer: what to measure next. facts: the numbers by their names, for whoever reads no sentences."""

    sentence: Text
    money: tuple[Text, ...]
    grade: str
    because: Text
    surer: Text | str
    facts: dict[str, str]

    @property
    def trust(self) -> str:
        return f"Trust: {self.grade} ({self.because.rstrip('.')})"


def headline(evidence: Evidence, question: Question) -> Headline:
    """The answer to a question; where no law can be fitted it says why."""
    asked = evidence.asked(question)
    if asked is None:
        return _without_law(evidence, question)
    decision = evidence.decision(question)
    prices, name = decision.prices, asked.architecture
    needed = evidence.needed(name, prices.target, question.confidence)
    met, no_law = decision.choice == "nothing", bool(lawless(asked.forecast.predictive))
    money = () if no_law and not met else decision.words
    return Headline(
        sentence=_sentence(evidence, question, asked, needed, prices, met, decision.missed, no_law),
        money=tuple(text for text in money if not needed.reason or needed.reason not in text),
        grade=needed.grade,
        because=_because(needed, asked.law, prices.target, evidence.metric),
        surer=joined(filter(None, [decision.measure, *_ahead(evidence, question, asked)])),
        facts=_facts(evidence, asked, needed, decision),
    )


def _sentence(evidence, question, asked, needed, prices, met, missed, no_law):
    """met: by the fitted curve; missed: by what was measured all the same."""
    measured = getattr(asked, evidence.metric)
    known = {"metric": METRICS[evidence.metric], "name": asked.architecture}
    known |= {"target": value(prices.target, evidence.metric), "measured": value(measured, evidence.metric)}
    known |= {"n": f"{prices.n:,.0f}", "median": size(needed.median), "confidence": percent(question.confidence)}
    known |= {"between": sizes(needed.low, needed.high), "largest": f"{asked.largest_n:,.0f}"}
    if met and not missed:
        return Text("The {name} reaches {metric} {target} with the {n} examples you have.", **known)
    if met and not no_law:
        return Text(
            "By its fitted curve the {name} reaches {metric} {target} with the {n} examples you have, but {measured} "
            "was measured with {largest}.",
            **known,
        )
    if needed.out_of_reach and not no_law:
        return Text(
            "Even {times:,.0f} times the data would not bring the {name} to {metric} {target}, as far as can be told; "
            "you have {n} examples.",
            times=NEVER,
            **known,
        )
    if needed.reason:
        return Text(
            "Nobody can say yet how many examples the {name} needs for {metric} {target}; you have {n}.", **known
        )
    return Text(
        "To reach {metric} {target} with the {name} you need about {median} examples ({confidence}: {between}); "
        "you have {n}.",
        **known,
    )


def _ahead(evidence, question, asked):
    """Architectures without a law that have measured less than the one asked for."""
    metric = evidence.metric
    for one in evidence.conclusions(question.confidence):
        if one.law is None and getattr(one, metric) < getattr(asked, metric):
            yield Text(
                "Look at the {name}, too: with {n:,.0f} examples its {metric} is {loss} already, below the {measured} "
                "of the {asked}, but nothing can be fitted yet ({reason}).",
                name=one.architecture, n=one.largest_n, asked=asked.architecture, reason=one.reason,
                metric=METRICS[metric], loss=value(getattr(one, metric), metric),
                measured=value(getattr(asked, metric), metric),
            )  # fmt: skip


def _because(needed, law, target, metric):
    if needed.reason:
        return Text("{reason}.", reason=needed.reason)
    if law and law.c > target:
        return Text(
            "{trust}; by the law alone, whose floor is {floor}, no amount of data would do",
            trust=TRUST[needed.grade], floor=value(law.c, metric),
        )  # fmt: skip
    return TRUST[needed.grade]


def assumed(evidence: Evidence, question: Question) -> str:
    """The target and the prices that the answer rests on, for those who did not choose them; "" without a law."""
    if evidence.asked(question) is None:
        return ""
    prices, metric, given = evidence.decision(question).prices, evidence.metric, question.prices.target is not None
    target = "" if given else f"a target {1 - LOWER:.0%} below what the curve says of today's size; "
    gain = f"{prices.engineering.low:.0%} to {prices.engineering.high:.0%}"
    return (
        f"Assumed: {target}{prices.label_price:g} {prices.currency} per label; {prices.people:g} people for "
        f"{prices.months:g} months at {prices.engineer_price:,g} {prices.currency} a month each, expected to bring the "
        f"{METRICS[metric]} {gain} lower; {prices.gpu_price:g} {prices.currency} for an hour of training, "
        f"{prices.gpu_hours:g} of them at today's size; {prices.capacity:,g} labels a month."
    )


def _facts(evidence, asked, needed, decision):
    """Label -> value; money only where it can be said."""
    prices, currency = decision.prices, decision.prices.currency
    facts = {
        Text("measured now"): value(getattr(asked, evidence.metric), evidence.metric),
        Text("target"): value(prices.target, evidence.metric),
        Text("examples needed"): Text("cannot say") if needed.reason else size(needed.median),
        Text("you have"): f"{prices.n:,.0f}",
    }
    for name, label in (("data", Text("by data")), ("model", Text("by engineers"))):
        outcome = decision.outcome(name)
        known = outcome.grade != "cannot say" and not outcome.shortfall and decision.choice != "nothing"
        facts[label] = f"{amount(outcome.cost)} {currency}" if known else "–"
    return facts


def _without_law(evidence, question):
    found = evidence.conclusions(question.confidence)
    why = joined(Text("{name}: {reason}.", name=one.architecture, reason=one.reason) for one in found)
    return Headline(
        sentence=Text("No power law can be fitted yet."),
        money=(),
        grade="cannot say",
        because=why,
        surer=Text("Measure more sizes: a law takes at least 3, a forecast that tests itself 5."),
        facts={},
    )
